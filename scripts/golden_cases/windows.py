"""Golden cases of Swin's windows: `log_position_bias`, `shifted_window_mask`, `window_partition`, `window_reverse`.

All come out of timm's modules as they run: the bias is what the softmax of Swin V2's attention is given when all scores
are zero, windows are what the attention of a block is given, and maps are what the block makes of its answer.
transformers and torchvision must give the same where they take the same windows and shifts.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from timm.models.swin_transformer import SwinTransformerBlock
from timm.models.swin_transformer_v2 import WindowAttention
from torchvision.models.swin_transformer import ShiftedWindowAttentionV2
from transformers import Swinv2Config
from transformers.models.swin import modeling_swin
from transformers.models.swinv2.modeling_swinv2 import Swinv2SelfAttention

from .case import Array, GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError
from .photographs import normalised, photographs, photographs_note

Window = tuple[int, int]

TIMM = "models/swin_transformer.py"
TIMM_V2 = "models/swin_transformer_v2.py"


def cases() -> Iterator[GoldenCase]:
    """Every golden case of these operators."""
    yield from _log_bias_cases()
    yield from _mask_cases()
    yield from _partition_cases()
    yield from _reverse_cases()


# Swin V2's position bias.


def _weights(rng: np.random.Generator, units: int, heads: int) -> dict[str, Array]:
    """f32 weights of the bias network, under their names in a state dict."""
    return {
        "mlp.0.weight": rng.uniform(-0.7, 0.7, (units, 2)).astype(np.float32),
        "mlp.0.bias": rng.uniform(-0.7, 0.7, units).astype(np.float32),
        "mlp.2.weight": 0.1 * rng.standard_normal((heads, units), dtype=np.float32),
    }


def _network(weights: dict[str, Array], dtype: torch.dtype) -> torch.nn.Sequential:
    """The network as all three frameworks build it."""
    heads, units = weights["mlp.2.weight"].shape
    network = torch.nn.Sequential(
        torch.nn.Linear(2, units), torch.nn.ReLU(inplace=True), torch.nn.Linear(units, heads, bias=False)
    ).to(dtype)
    network.load_state_dict({name.removeprefix("mlp."): torch.from_numpy(array) for name, array in weights.items()})
    return network


def _timm_bias(window: Window, pretrained: Window, weights: dict[str, Array], dtype: torch.dtype) -> torch.Tensor:
    """[heads, N, N] in `dtype`: what the softmax of timm's Swin V2 attention is given when all scores are zero."""
    heads, area = len(weights["mlp.2.weight"]), window[0] * window[1]
    arange = torch.arange

    def arange_in_dtype(*bounds: int, **options: object) -> torch.Tensor:
        # The module counts its distances in float32 whatever its dtype: as a witness it must not.
        wanted = options.get("dtype")
        return arange(*bounds, **(options | {"dtype": dtype if wanted == torch.float32 else wanted}))

    with mock.patch.object(torch, "arange", arange_in_dtype):
        module = WindowAttention(
            heads, window, heads, qkv_bias=False, pretrained_window_size=pretrained, dtype=dtype
        ).eval()
    module.cpb_mlp = _network(weights, dtype)
    module.qkv.weight.zero_()
    seen: list[torch.Tensor] = []
    module.softmax.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))
    module(torch.zeros(1, area, heads, dtype=dtype))
    return seen[0][0]


def _transformers_bias(window: Window, pretrained: Window, weights: dict[str, Array]) -> torch.Tensor:
    """f32 [heads, N, N]: the same of transformers' Swin V2."""
    heads, area = len(weights["mlp.2.weight"]), window[0] * window[1]
    module = Swinv2SelfAttention(Swinv2Config(), heads, heads, window, pretrained_window_size=pretrained).eval()
    module.continuous_position_bias_mlp = _network(weights, torch.float32)
    for layer in (module.query, module.key):
        for parameter in layer.parameters():
            parameter.zero_()
    softmax = torch.nn.functional.softmax
    with mock.patch.object(torch.nn.functional, "softmax", side_effect=softmax) as called:
        module(torch.zeros(1, area, heads))
    return called.call_args.args[0][0]


def _torchvision_bias(window: Window, weights: dict[str, Array]) -> torch.Tensor:
    """f32 [heads, N, N] of torchvision's Swin V2, which knows no window of pre-training."""
    heads = len(weights["mlp.2.weight"])
    module = ShiftedWindowAttentionV2(heads, list(window), [0, 0], heads)
    module.cpb_mlp = _network(weights, torch.float32)
    return module.get_relative_position_bias()[0]


def _log_bias_cases() -> Iterator[GoldenCase]:
    yield _log_bias_case("window_8x8_h2", 130, (8, 8), heads=2)
    yield _log_bias_case("window_4x4_h3", 131, (4, 4), heads=3)
    yield _log_bias_case("window_3x5_h4", 132, (3, 5), heads=4)
    yield _log_bias_case("window_7x2_67_units", 133, (7, 2), heads=3, units=67)
    yield _log_bias_case("window_6x6_pretrained_4x4", 134, (6, 6), heads=1, pretrained=(4, 4))
    yield _log_bias_case("window_5x3_pretrained_12x7", 135, (5, 3), heads=3, pretrained=(12, 7))
    yield _log_bias_case("window_1x1", 136, (1, 1), heads=5)
    yield _log_bias_case("window_1x7", 137, (1, 7), heads=2)
    yield _log_bias_case("window_7x1", 138, (7, 1), heads=2)
    yield _log_bias_case("window_1x3_pretrained_4x4", 139, (1, 3), heads=3, pretrained=(4, 4), units=31)


def _log_bias_case(
    case: str, seed: int, window: Window, heads: int, pretrained: Window = (0, 0), units: int = 512
) -> GoldenCase:
    weights = _weights(generator(seed), units, heads)
    bias = numpy_of(_timm_bias(window, pretrained, weights, torch.float32))
    others = {}
    # Along an axis of one token transformers divides by 0, or leaves the other axis undivided; torchvision divides.
    if min(window) > 1 or min(pretrained) > 1:
        others["transformers models/swinv2/modeling_swinv2.py Swinv2SelfAttention"] = _transformers_bias(
            window, pretrained, weights
        )
    if min(window) > 1 and pretrained == (0, 0):
        others["torchvision models/swin_transformer.py ShiftedWindowAttentionV2"] = _torchvision_bias(window, weights)
    for name, other in others.items():
        if numpy_of(other).tobytes() != bias.tobytes():
            raise RecordingError(f"log_position_bias/{case}: timm and {name} disagree.")
    note = ["the same bits from " + " and ".join(_with_version(name) for name in others)] if others else []
    params = {"window_h": window[0], "window_w": window[1]}
    if pretrained != (0, 0):
        params |= {"pretrained_window_h": pretrained[0], "pretrained_window_w": pretrained[1]}
    return GoldenCase(
        operator="log_position_bias",
        case=case,
        params=params,
        source=source_note(
            f"{package('timm')} {TIMM_V2} WindowAttention.forward, the bias that its softmax is given, in float32 and, "
            "with its distances counted in float64 too, in float64",
            *note,
            f"weights from {philox(seed)}",
        ),
        inputs=weights,
        outputs={"bias": bias},
        outputs64={"bias": numpy_of(_timm_bias(window, pretrained, weights, torch.float64))},
    )


def _with_version(name: str) -> str:
    """ "timm models/…" with the package's version after its name."""
    framework, rest = name.split(" ", 1)
    return f"{package(framework)} {rest}"


# The mask of shifted windows.


def _block(grid: Window, window: Window, shift: Window, channels: int = 1) -> SwinTransformerBlock:
    """timm's block with these windows and shifts, also where the map is one window."""
    return SwinTransformerBlock(
        channels, grid, num_heads=1, window_size=window, shift_size=shift, always_partition=True
    ).eval()


def _mask_cases() -> Iterator[GoldenCase]:
    yield _mask_case("seed_2x2", (4, 4), (2, 2), (1, 1))
    yield _mask_case("ws7_14x21", (14, 21), (7, 7), (3, 3))
    yield _mask_case("shifted_in_h_only", (10, 6), (5, 3), (2, 0))
    yield _mask_case("shifted_in_w_only", (6, 10), (3, 5), (0, 2))
    yield _mask_case("shifted_by_all_but_one", (9, 8), (3, 4), (2, 3))
    yield _mask_case("one_window", (5, 7), (5, 7), (2, 3))
    yield _mask_case("one_row_of_windows", (3, 22), (3, 11), (1, 5))
    yield _mask_case("window_1x5", (3, 15), (1, 5), (0, 2))
    yield _mask_case("rows_and_columns_differ", (12, 6), (2, 3), (1, 1))


def _mask_case(case: str, grid: Window, window: Window, shift: Window) -> GoldenCase:
    mask = _block(grid, window, shift).attn_mask
    also = []
    if window[0] == window[1] and shift[0] == shift[1]:
        layer = SimpleNamespace(window_size=window[0], shift_size=shift[0])
        other = modeling_swin.SwinLayer.get_attn_mask(layer, *grid, dtype=torch.float32, device=torch.device("cpu"))
        if not torch.equal(mask, other):
            raise RecordingError(f"shifted_window_mask/{case}: timm and transformers disagree.")
        also = [f"the same from {package('transformers')} models/swin/modeling_swin.py SwinLayer.get_attn_mask"]
    return GoldenCase(
        operator="shifted_window_mask",
        case=case,
        params=_map_params(grid) | _window_params(window) | {"shift_h": shift[0], "shift_w": shift[1]},
        source=source_note(f"{package('timm')} {TIMM} SwinTransformerBlock.get_attn_mask", *also),
        inputs={},
        outputs={"mask": numpy_of(mask)},
    )


def _map_params(grid: Window) -> dict[str, int]:
    return {"height": grid[0], "width": grid[1]}


def _window_params(window: Window) -> dict[str, int]:
    return {"window_h": window[0], "window_w": window[1]}


def _shift_params(shift: Window) -> dict[str, int]:
    """Shifts of 0 are left to their default."""
    return {name: value for name, value in zip(("shift_h", "shift_w"), shift) if value != 0}


# Maps and their windows.


class Windows(torch.nn.Module):
    """Stands where the block has its attention: remembers the windows that come in, and answers with others."""

    def __init__(self, answer: torch.Tensor | None = None) -> None:
        super().__init__()
        self.answer, self.seen = answer, torch.empty(0)

    def forward(self, windows: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """[B·nW, N, C] in and out."""
        del mask
        self.seen = windows
        return windows if self.answer is None else self.answer.view(windows.shape)


def _partitioned(x: torch.Tensor, window: Window, shift: Window) -> torch.Tensor:
    """[B·nW, Wh, Ww, C]: the windows that the attention of timm's block is given for the map x [B, H, W, C]."""
    block = _block((x.shape[1], x.shape[2]), window, shift)
    block.attn = Windows()
    if not torch.equal(block._attn(x).nan_to_num(), x.nan_to_num()):
        raise RecordingError("window_partition: timm's block does not put its windows together again.")
    return block.attn.seen.view(-1, *window, x.shape[3])


def _reversed(windows: torch.Tensor, grid: Window, shift: Window) -> torch.Tensor:
    """[B, H, W, C]: the map that timm's block makes of the windows its attention answers with."""
    window, channels = (windows.shape[1], windows.shape[2]), windows.shape[3]
    images = len(windows) * window[0] * window[1] // (grid[0] * grid[1])
    block = _block(grid, window, shift)
    block.attn = Windows(windows)
    return block._attn(torch.zeros((images, *grid, channels), dtype=windows.dtype)).contiguous()


def _check_transformers(operator: str, case: str, x: torch.Tensor, windows: torch.Tensor, shift: Window) -> list[str]:
    """For square windows and one shift transformers must give the same both ways; returns what to note of it."""
    side = windows.shape[1]
    if side != windows.shape[2] or shift[0] != shift[1]:
        return []
    layer, roll = SimpleNamespace(shift_size=shift[0]), modeling_swin.SwinLayer.cyclic_shift
    cut = modeling_swin.window_partition(roll(layer, x), side)
    merged = roll(layer, modeling_swin.window_reverse(windows, side, x.shape[1], x.shape[2]), reverse=True)
    if numpy_of(cut).tobytes() != numpy_of(windows).tobytes() or numpy_of(merged).tobytes() != numpy_of(x).tobytes():
        raise RecordingError(f"{operator}/{case}: timm and transformers disagree.")
    return [f"the same from {package('transformers')} models/swin/modeling_swin.py {operator} and cyclic_shift"]


def _special_values(shape: tuple[int, ...]) -> torch.Tensor:
    """f32: what a copy must carry over bit by bit, −0, infinities, a NaN and a subnormal among them."""
    values = torch.tensor([-0.0, float("inf"), float("-inf"), float("nan"), 1e-45, -1e-40, 3.4028235e38, 0.0, 1.0])
    return values.repeat(int(np.prod(shape)) // len(values) + 1)[: int(np.prod(shape))].reshape(shape)


def _drawn(seed: int, shape: tuple[int, ...], dtype: str) -> torch.Tensor:
    rng = generator(seed)
    if dtype == "u8":
        return torch.from_numpy(rng.integers(0, 256, size=shape, dtype=np.uint8))
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


SHAPES: dict[str, tuple[tuple[int, ...], Window, Window, str]] = {
    # map [B, H, W, C], window, shift, dtype
    "seed_2x2": ((1, 4, 4, 1), (2, 2), (1, 1), "f32"),
    "unshifted": ((2, 6, 8, 5), (3, 4), (0, 0), "f32"),
    "unshifted_u8": ((3, 8, 6, 3), (4, 2), (0, 0), "u8"),
    "square_shifted": ((2, 14, 21, 3), (7, 7), (3, 3), "f32"),
    "shifted_in_h_only": ((3, 10, 6, 2), (5, 3), (2, 0), "f32"),
    "shifted_in_w_only_u8": ((3, 6, 10, 7), (3, 5), (0, 2), "u8"),
    "shifted_by_all_but_one": ((2, 9, 8, 4), (3, 4), (2, 3), "f32"),
    "one_window": ((4, 5, 7, 3), (5, 7), (2, 3), "f32"),
    "windows_of_one": ((2, 3, 5, 11), (1, 1), (0, 0), "f32"),
    "window_1x5_u8": ((3, 3, 15, 1), (1, 5), (0, 2), "u8"),
    "primes_b3": ((3, 11, 26, 17), (11, 13), (5, 6), "f32"),
}


def _partition_cases() -> Iterator[GoldenCase]:
    for seed, (case, (shape, window, shift, dtype)) in enumerate(SHAPES.items(), start=140):
        yield _partition_case(case, _drawn(seed, shape, dtype), window, shift, f"map from {philox(seed)}")
    china = photographs()[0][:, :56, :84]
    for case, image in (("photograph_u8", china), ("photograph_f32", normalised(china)[:, :28, :42])):
        x = image.permute(1, 2, 0)[None].contiguous()
        yield _partition_case(case, x, (7, 7), (3, 3), photographs_note() + "; cut to a multiple of 7")
    special = _special_values((1, 4, 6, 2))
    yield _partition_case("special_values", special, (2, 3), (1, 2), "values written by hand")


def _partition_case(case: str, x: torch.Tensor, window: Window, shift: Window, note: str) -> GoldenCase:
    windows = _partitioned(x, window, shift)
    also = _check_transformers("window_partition", case, x, windows, shift)
    return GoldenCase(
        operator="window_partition",
        case=case,
        params=_window_params(window) | _shift_params(shift),
        source=source_note(
            f"{package('timm')} {TIMM} SwinTransformerBlock, the windows that its attention is given", *also, note
        ),
        inputs={"x": numpy_of(x)},
        outputs={"windows": numpy_of(windows)},
        dtype="u8" if x.dtype == torch.uint8 else None,
    )


def _reverse_cases() -> Iterator[GoldenCase]:
    for seed, (case, (shape, window, shift, dtype)) in enumerate(SHAPES.items(), start=160):
        images, height, width, channels = shape
        count = images * height * width // (window[0] * window[1])
        windows = _drawn(seed, (count, *window, channels), dtype)
        yield _reverse_case(case, windows, (height, width), shift, f"windows from {philox(seed)}")
    special = _special_values((4, 2, 3, 2))
    yield _reverse_case("special_values", special, (4, 6), (1, 2), "values written by hand")


def _reverse_case(case: str, windows: torch.Tensor, grid: Window, shift: Window, note: str) -> GoldenCase:
    x = _reversed(windows, grid, shift)
    also = _check_transformers("window_reverse", case, x, windows, shift)
    return GoldenCase(
        operator="window_reverse",
        case=case,
        params=_map_params(grid) | _window_params((windows.shape[1], windows.shape[2])) | _shift_params(shift),
        source=source_note(
            f"{package('timm')} {TIMM} SwinTransformerBlock, the map it makes of its attention's windows", *also, note
        ),
        inputs={"windows": numpy_of(windows)},
        outputs={"x": numpy_of(x)},
        dtype="u8" if windows.dtype == torch.uint8 else None,
    )
