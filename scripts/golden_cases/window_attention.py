"""Golden cases of Swin's `relative_position_index`, `relative_position_bias` and `window_softmax`.

Index and bias are recorded from one of torchvision, timm and transformers and must be the same from all that take the
window. The softmax is timm's whole `WindowAttention.forward`: queries are set to the scores and keys to the identity,
so that the module's own product gives exactly the scores that are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import torch
from timm.models.swin_transformer import SwinTransformerBlock, WindowAttention, get_relative_position_index
from torchvision.models.swin_transformer import ShiftedWindowAttention
from transformers.models.swin.modeling_swin import SwinRelativePositionBias, eager_attention_forward

from .case import Array, GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError

Window = tuple[int, int]

TIMM = "models/swin_transformer.py"
TORCHVISION = "models/swin_transformer.py"
TRANSFORMERS = "models/swin/modeling_swin.py"


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    yield from _index_cases()
    yield from _bias_cases()
    yield from _softmax_cases()


def _params(window: Window) -> dict[str, int]:
    return {"window_h": window[0], "window_w": window[1]}


# Relative position index and bias.


def _index_cases() -> Iterator[GoldenCase]:
    windows = {"seed_2x2": (2, 2), "ws7_h3": (7, 7), "ws12_h4": (12, 12), "ws7x12_h6": (7, 12)}
    shapes = [(1, 1), (1, 7), (5, 1), (2, 3), (3, 2), (8, 4), (3, 11), (13, 5)]
    for case, window in (windows | {f"window_{h}x{w}": (h, w) for h, w in shapes}).items():
        yield _index_case(case, window)


def _index_case(case: str, window: Window) -> GoldenCase:
    area = window[0] * window[1]
    index = get_relative_position_index(*window)
    others = (
        ShiftedWindowAttention(1, list(window), [0, 0], 1).relative_position_index,
        SwinRelativePositionBias(1, window).relative_position_index,
    )
    if not all(torch.equal(index, other.view(area, area)) for other in others):
        raise RecordingError(f"relative_position_index/{case}: timm, torchvision and transformers disagree.")
    return GoldenCase(
        operator="relative_position_index",
        case=case,
        params=_params(window),
        source=source_note(
            f"{package('timm')} {TIMM} get_relative_position_index",
            f"the same from {package('torchvision')} {TORCHVISION} ShiftedWindowAttention and "
            f"{package('transformers')} {TRANSFORMERS} SwinRelativePositionBias",
        ),
        inputs={},
        outputs={"index": numpy_of(index)},
    )


def _bias_cases() -> Iterator[GoldenCase]:
    # The worked example's table counts its entries, so that a wrong one shows its origin.
    counting = np.arange(9, dtype=np.float32)[:, None] + np.array([[0, 100, 200]], dtype=np.float32)
    yield _bias_case("seed_2x2", (2, 2), counting, "table[k, head] = k + 100·head")
    named = {"ws7_h3": ((7, 7), 3), "ws12_h4": ((12, 12), 4), "ws7x12_h6": ((7, 12), 6)}
    shapes = [((1, 1), 1), ((1, 7), 2), ((5, 1), 5), ((2, 3), 3), ((3, 2), 4), ((8, 4), 1), ((3, 11), 3)]
    cases = named | {f"window_{h}x{w}_h{heads}": ((h, w), heads) for (h, w), heads in shapes}
    for seed, (case, (window, heads)) in enumerate(cases.items(), start=70):
        table = _table(generator(seed), window, heads)
        yield _bias_case(case, window, table, f"table standard normal from {philox(seed)}")
    special = _table(generator(90), (3, 2), 2)
    special.flat[:6] = [-0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-40]
    yield _bias_case("special_values", (3, 2), special, f"table from {philox(90)}, its head written by hand")


def _table(rng: np.random.Generator, window: Window, heads: int) -> Array:
    """f32 [(2Wh−1)(2Ww−1), heads], standard normal."""
    return rng.standard_normal(((2 * window[0] - 1) * (2 * window[1] - 1), heads), dtype=np.float32)


def _window_attention(window: Window, table: Array, dtype: torch.dtype) -> WindowAttention:
    """timm's module with the given relative position bias table, [(2Wh−1)(2Ww−1), heads]."""
    heads = table.shape[1]
    module = WindowAttention(heads, heads, window_size=window, dtype=dtype).eval()
    module.relative_position_bias_table.data = torch.from_numpy(table).to(dtype)
    return module


def _bias_case(case: str, window: Window, table: Array, note: str) -> GoldenCase:
    heads, weights = table.shape[1], torch.from_numpy(table)
    torchvision_module = ShiftedWindowAttention(heads, list(window), [0, 0], heads)
    transformers_module = SwinRelativePositionBias(heads, window)
    for module in (torchvision_module, transformers_module):
        module.relative_position_bias_table.data = weights
    bias = numpy_of(torchvision_module.get_relative_position_bias()[0])
    others = (_window_attention(window, table, torch.float32)._get_rel_pos_bias(), transformers_module())
    if not all(bias.tobytes() == numpy_of(other[0]).tobytes() for other in others):
        raise RecordingError(f"relative_position_bias/{case}: timm, torchvision and transformers disagree.")
    return GoldenCase(
        operator="relative_position_bias",
        case=case,
        params=_params(window),
        source=source_note(
            f"{package('torchvision')} {TORCHVISION} ShiftedWindowAttention.get_relative_position_bias",
            f"the same bits from {package('timm')} {TIMM} WindowAttention and {package('transformers')} {TRANSFORMERS}"
            " SwinRelativePositionBias",
            note,
        ),
        inputs={"table": table},
        outputs={"bias": bias},
    )


# Window softmax.


class Precomputed(torch.nn.Module):
    """Stands where the attention module has its query-key-value projection, and gives what was computed before."""

    def __init__(self, qkv: torch.Tensor) -> None:
        super().__init__()
        self.qkv = qkv

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        """[B·nW, N, 3·heads·N], whatever comes in."""
        return self.qkv


def attention_probabilities(
    window: Window, scores: Array, table: Array | None, mask: Array | None, dtype: torch.dtype
) -> torch.Tensor:
    """[B·nW, heads, N, N] in `dtype`: what timm's `WindowAttention.forward` gets from its softmax.

    `scores` f32 [B·nW, heads, N, N] before bias and mask; `table` f32 [(2Wh−1)(2Ww−1), heads] or None for none;
    `mask` f32 [nW, N, N] or None.
    """
    windows, heads, area, _ = scores.shape
    if table is None:
        table = np.zeros(((2 * window[0] - 1) * (2 * window[1] - 1), heads), np.float32)
    module = _window_attention(window, table, dtype)
    query = torch.from_numpy(scores).to(dtype)
    identity = torch.eye(area, dtype=dtype).expand_as(query)
    # [B·nW, N, 3, heads, N]: how the module unpacks its projection. score·1 plus zeros is exact in any order.
    qkv = torch.stack((query, identity, identity)).permute(1, 3, 0, 2, 4).reshape(windows, area, -1)
    module.qkv, module.proj = Precomputed(qkv), torch.nn.Identity()
    module.scale, module.fused_attn = 1.0, False
    seen: list[torch.Tensor] = []
    module.softmax.register_forward_hook(lambda _, inputs, output: seen.extend((*inputs, output)))
    module(torch.zeros(windows, area, 1, dtype=dtype), None if mask is None else torch.from_numpy(mask).to(dtype))
    logits, probs = seen
    if mask is None and not table.any() and not torch.equal(logits, query):
        raise RecordingError("window_softmax: the attention module did not reproduce the scores.")
    return probs


def transformers_probabilities(scores: Array, bias: Array, mask: Array) -> torch.Tensor:
    """f32 [B·nW, heads, N, N] from the eager attention of transformers' Swin, which adds bias + mask in one piece."""
    query = torch.from_numpy(scores)
    identity = torch.eye(scores.shape[-1]).expand_as(query)
    copies = scores.shape[0] // mask.shape[0]
    combined = torch.from_numpy(bias)[None] + torch.from_numpy(mask).repeat(copies, 1, 1)[:, None]
    return eager_attention_forward(SimpleNamespace(training=False), query, identity, identity, combined, scaling=1.0)[1]


def shifted_window_mask(grid: Window, window: Window, shift: Window) -> Array:
    """f32 [nW, N, N]: timm's mask, −100 between tokens of different regions of a `grid` of height and width."""
    block = SwinTransformerBlock(1, grid, num_heads=1, window_size=window, shift_size=shift)
    return numpy_of(block.attn_mask)


def _softmax_case(
    case: str,
    window: Window,
    scores: Array,
    note: str,
    table: Array | None = None,
    mask: Array | None = None,
    by_transformers: bool = False,
) -> GoldenCase:
    bias = None if table is None else numpy_of(_window_attention(window, table, torch.float32)._get_rel_pos_bias()[0])
    probs, probs64 = (
        numpy_of(attention_probabilities(window, scores, table, mask, dtype))
        for dtype in (torch.float32, torch.float64)
    )
    framework = f"{package('timm')} {TIMM} WindowAttention.forward, its softmax, in float32 and in float64"
    if by_transformers:
        probs = numpy_of(transformers_probabilities(scores, bias, mask))
        # transformers' Swin does its softmax in float32 whatever the inputs are: no witness there.
        framework = (
            f"{package('transformers')} {TRANSFORMERS} eager_attention_forward in float32; float64 from "
            f"{package('timm')} {TIMM} WindowAttention.forward"
        )
    optional = {"bias": bias, "mask": mask}
    return GoldenCase(
        operator="window_softmax",
        case=case,
        params={},
        source=source_note(framework, note),
        inputs={"scores": scores} | {name: array for name, array in optional.items() if array is not None},
        outputs={"probs": probs},
        outputs64={"probs": probs64},
    )


def _softmax_cases() -> Iterator[GoldenCase]:
    yield _random_softmax("seed_2x2", 100, (2, 2), heads=2, images=1, grid=(4, 4), shift=(1, 1))
    yield _random_softmax("scores_only", 101, (3, 3), heads=3, images=6, bias=False)
    yield _random_softmax("bias_only", 102, (3, 3), heads=3, images=5)
    yield _random_softmax("mask_only", 103, (3, 3), heads=2, images=2, grid=(9, 6), shift=(1, 2), bias=False)
    yield _random_softmax("bias_and_mask_b3", 104, (2, 4), heads=3, images=3, grid=(6, 8), shift=(1, 2))
    yield _random_softmax("mask_shifted_in_w_only", 105, (3, 5), heads=1, images=2, grid=(6, 10), shift=(0, 2))
    yield _random_softmax("mask_shifted_in_h_only", 106, (5, 3), heads=2, images=1, grid=(10, 6), shift=(2, 0))
    yield _random_softmax("ws7_h3_2windows", 107, (7, 7), heads=3, images=1, grid=(14, 7), shift=(3, 0))
    yield _random_softmax("window_1x1", 108, (1, 1), heads=3, images=4)
    yield _random_softmax("window_1x11", 109, (1, 11), heads=2, images=2, grid=(3, 22), shift=(0, 5))
    yield _random_softmax("window_1x2_h1", 110, (1, 2), heads=1, images=3, bias=False)
    for case, seed, window in (("transformers_swin_3x3", 111, (3, 3)), ("transformers_swin_4x4", 112, (4, 4))):
        grid = (2 * window[0], 3 * window[1])
        yield _random_softmax(case, seed, window, heads=3, images=2, grid=grid, shift=(1, 1), by_transformers=True)
    uniform = np.full((2, 2, 6, 6), -3.5, np.float32)
    yield _softmax_case("equal_scores", (2, 3), uniform, "all scores −3.5")
    yield _large_logits_case()


def _random_softmax(
    case: str,
    seed: int,
    window: Window,
    heads: int,
    images: int,
    grid: Window | None = None,
    shift: Window = (0, 0),
    bias: bool = True,
    by_transformers: bool = False,
) -> GoldenCase:
    """Scores of deviation 2 for `images` times the windows of `grid` (one window without a grid), mask from `shift`."""
    rng, area = generator(seed), window[0] * window[1]
    mask = None if grid is None else shifted_window_mask(grid, window, shift)
    windows = images * (1 if mask is None else len(mask))
    scores = 2 * rng.standard_normal((windows, heads, area, area), dtype=np.float32)
    table = _table(rng, window, heads) if bias else None
    shape = f"window {window[0]}×{window[1]}"
    if grid is not None:
        shape += f" on {grid[0]}×{grid[1]} shifted by {shift[0]},{shift[1]}"
    return _softmax_case(case, window, scores, f"{shape}; inputs from {philox(seed)}", table, mask, by_transformers)


def _large_logits_case() -> GoldenCase:
    """Logits as large as Swin V2's clamp allows (cosine times 100): −100 does not always keep a masked key out."""
    window, grid, shift, seed = (4, 3), (8, 6), (2, 1), 120
    rng = generator(seed)
    mask = shifted_window_mask(grid, window, shift)
    scores = np.clip(60 * rng.standard_normal((2 * len(mask), 3, 12, 12), dtype=np.float32), -100, 100)
    note = f"scores of deviation 60, clipped to ±100, bias from {philox(seed)}; in some rows a masked key wins"
    case = _softmax_case("large_logits_masked_key_wins", window, scores, note, _table(rng, window, 3), mask)
    best = case.outputs["probs"].argmax(axis=-1)  # [B·nW, heads, N]
    masked = np.tile(mask, (2, 1, 1))[:, None] != 0
    if not np.take_along_axis(np.broadcast_to(masked, scores.shape), best[..., None], axis=-1).any():
        raise RecordingError(f"{case.path}: no masked key wins in any row.")
    return case
