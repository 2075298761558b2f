"""Golden cases of the position encodings: of the masks' pixels by sines (DETR §A.4) or learned, and of queries.

Those of `sine_position_encoding` have a float64 witness each. The values come from the modules of transformers wherever
one has the parameters: DETR's, Deformable-DETR's (offset −0.5) and DAB-DETR's (two temperatures). Those modules fix eps at 1e-6 and know no other offset; for the rest, and for
the float64 of DAB-DETR (which hardcodes float32), `sine_formula` is DETR's formula in torch. It must agree with every
module used here. Masks are True = padding; transformers wants the opposite.

`learned_position_encoding` is DETR's module in transformers with tables of any length. `query_position_encoding` is the
function that its Conditional-DETR and DAB-DETR call gen_sine_position_embeddings in earlier versions; it computes dim_t
in float32 always and knows no other scale, so that `query_formula` stands in for float64 and for other scales. It must
give the function's own bits in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import torch
from transformers.models.conditional_detr import modeling_conditional_detr
from transformers.models.dab_detr import modeling_dab_detr
from transformers.models.dab_detr.modeling_dab_detr import DabDetrSinePositionEmbedding
from transformers.models.deformable_detr.modeling_deformable_detr import DeformableDetrSinePositionEmbedding
from transformers.models.detr.modeling_detr import DetrLearnedPositionEmbedding, DetrSinePositionEmbedding

from .case import GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError
from .masking import SEED_2IMG_SIZES, mask_downsample, padding_mask, photograph_mask, random_mask
from .photographs import photographs_note

HAND = "mask written by hand"
ALL_VALID = "mask all valid"


@dataclass(frozen=True)
class Sine:
    """The operator's parameters and their defaults; a file's `params` holds those a case sets."""

    num_pos_feats: int = 64
    temperature_h: float = 10000
    temperature_w: float = 10000
    normalize: bool = False
    scale: float = 2 * math.pi
    eps: float = 1e-6
    offset: float = 0.0
    channels_last: bool = False


Evaluate = Callable[[Sine, torch.Tensor, torch.dtype], torch.Tensor]  # (parameters, mask [B,H,W], dtype) → [B,2F,H,W]


def sine_formula(sine: Sine, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[B, 2F, H, W] in `dtype`: DETR's formula in torch operations, with the parameters no module has."""
    valid = (~mask).to(dtype)
    halves = []
    for axis, temperature in ((1, sine.temperature_h), (2, sine.temperature_w)):  # channels are y, then x
        position = valid.cumsum(axis)
        if sine.normalize:
            last = position.narrow(axis, position.shape[axis] - 1, 1)
            position = (position + sine.offset) / (last + sine.eps) * sine.scale
        exponent = 2 * (torch.arange(sine.num_pos_feats, dtype=dtype) // 2) / sine.num_pos_feats
        angle = position[..., None] / temperature**exponent
        interleaved = torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), dim=-1)
        halves.append(interleaved.flatten(3))
    return torch.cat(halves, dim=3).permute(0, 3, 1, 2)


def detr_module(sine: Sine, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[B, 2F, H, W] from transformers' DETR module; its cumulative sums and powers follow `dtype`."""
    return _transformers_module(DetrSinePositionEmbedding, sine, mask, dtype)


def deformable_detr_module(sine: Sine, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[B, 2F, H, W] from transformers' Deformable-DETR module, whose offset is −0.5."""
    return _transformers_module(DeformableDetrSinePositionEmbedding, sine, mask, dtype)


def _transformers_module(module: type, sine: Sine, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    # A scale without normalize is refused by the module, so it is passed only with it.
    embedding = module(
        sine.num_pos_feats, sine.temperature_h, sine.normalize, scale=sine.scale if sine.normalize else None
    )
    batch, height, width = mask.shape
    return embedding(torch.Size((batch, 0, height, width)), mask.device, dtype, mask=~mask)


def dab_detr_module(sine: Sine, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """[B, 2F, H, W] from transformers' DAB-DETR module in float32; it has no float64, the formula stands in there."""
    if dtype == torch.float64:
        return sine_formula(sine, mask, dtype)
    # The settings which the module reads, as a plain namespace: DabDetrConfig refuses temperatures like 37.5.
    config = SimpleNamespace(
        hidden_size=2 * sine.num_pos_feats,
        temperature_height=sine.temperature_h,
        temperature_width=sine.temperature_w,
        sine_position_embedding_scale=sine.scale,
    )
    return DabDetrSinePositionEmbedding(config)(torch.zeros(0), ~mask)


SOURCES: dict[Evaluate, str] = {
    detr_module: "models/detr/modeling_detr.py DetrSinePositionEmbedding, in float32 and in float64",
    deformable_detr_module: (
        "models/deformable_detr/modeling_deformable_detr.py DeformableDetrSinePositionEmbedding, in float32 and float64"
    ),
    dab_detr_module: (
        "models/dab_detr/modeling_dab_detr.py DabDetrSinePositionEmbedding in float32; float64 is the formula of "
        "facebookresearch/detr models/position_encoding.py with two temperatures, in torch"
    ),
    sine_formula: (
        "the formula of facebookresearch/detr models/position_encoding.py PositionEmbeddingSine in torch, its offset, "
        "eps and temperatures free, in float32 and in float64"
    ),
}


def _source(evaluate: Evaluate, note: str) -> str:
    framework = SOURCES[evaluate] if evaluate is sine_formula else f"{package('transformers')} {SOURCES[evaluate]}"
    return source_note(framework, note)


def _case(case: str, mask: torch.Tensor, note: str, evaluate: Evaluate = detr_module, **params: Any) -> GoldenCase:
    sine = Sine(**params)
    path = f"sine_position_encoding/{case}"
    _check_module_has(evaluate, sine, path)
    out, out64 = (evaluate(sine, mask, dtype) for dtype in (torch.float32, torch.float64))
    assert out.dtype == torch.float32 and out64.dtype == torch.float64
    # Bit for bit in float64: the formula used where no module fits is the formula of the modules.
    if not torch.equal(out64.nan_to_num(nan=9.0), sine_formula(sine, mask, torch.float64).nan_to_num(nan=9.0)):
        raise RecordingError(f"{path}: DETR's formula and {evaluate.__name__} differ in float64.")
    if sine.channels_last:
        out, out64 = out.permute(0, 2, 3, 1), out64.permute(0, 2, 3, 1)
    return GoldenCase(
        operator="sine_position_encoding",
        case=case,
        params=params,
        source=_source(evaluate, note),
        inputs={"mask": numpy_of(mask)},
        outputs={"encoding": numpy_of(out)},
        outputs64={"encoding": numpy_of(out64)},
    )


def _check_module_has(evaluate: Evaluate, sine: Sine, path: str) -> None:
    """Refuses parameters which the module would silently ignore."""
    fixed: dict[Evaluate, dict[str, Any]] = {
        detr_module: {"eps": 1e-6, "offset": 0.0, "temperature_w": sine.temperature_h},
        deformable_detr_module: {"eps": 1e-6, "offset": -0.5, "temperature_w": sine.temperature_h, "normalize": True},
        dab_detr_module: {"eps": 1e-6, "offset": 0.0, "normalize": True},
    }
    given = asdict(sine)
    wrong = [name for name, value in fixed.get(evaluate, {}).items() if given[name] != value]
    if wrong:
        raise RecordingError(f"{path}: {evaluate.__name__} does not have this {wrong[0]}.")


def _rows(*rows: str) -> torch.Tensor:
    """BOOL [H, W] drawn with one character a cell: '#' is padding, '.' is valid."""
    return torch.tensor([[cell == "#" for cell in row] for row in rows])


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    yield from _worked_examples()
    yield from _masks()
    yield from _parameters()
    yield from _degenerate_lines()
    yield from _learned_cases()
    yield from _query_cases()


def _worked_examples() -> Iterator[GoldenCase]:
    seed_4x4 = padding_mask([(3, 3)], 4, 4)
    yield _case("seed_4x4", seed_4x4, "4×4, 3×3 of it valid", num_pos_feats=10, channels_last=True)
    seed_2img = mask_downsample(padding_mask(SEED_2IMG_SIZES), (24, 32))
    note = "padding mask of 200×200 and 200×250, brought to 24×32"
    yield _case("seed_2img", seed_2img, note, num_pos_feats=128, normalize=True)
    photographs = mask_downsample(photograph_mask(), (3, 4))
    note = f"padding mask at stride 32 of {photographs_note()}"
    yield _case("photographs_stride32", photographs, note, num_pos_feats=128, normalize=True)


def _masks() -> Iterator[GoldenCase]:
    """One parameter set or two, masks of every shape."""
    yield _case("defaults", padding_mask([(3, 5), (2, 4)]), HAND)
    unequal = padding_mask([(5, 3), (2, 7), (4, 6)])
    yield _case("unequal_b3", unequal, HAND, num_pos_feats=16)
    yield _case("unequal_b3_normalized", unequal, HAND, num_pos_feats=16, normalize=True)
    yield _case("unequal_b3_channels_last", unequal, HAND, num_pos_feats=10, normalize=True, channels_last=True)
    primes = padding_mask([(11, 13), (7, 5)])
    yield _case("primes_11x13", primes, HAND, num_pos_feats=10, normalize=True)
    holes = random_mask(60, (3, 6, 9))
    yield _case("random_holes", holes, f"mask from {philox(60)}", num_pos_feats=8)
    yield _case("random_holes_normalized", holes, f"mask from {philox(60)}", num_pos_feats=8, normalize=True)
    yield _case("padding_first", _rows("###..", "#....", "##.#.")[None], HAND, num_pos_feats=6, normalize=True)
    between = padding_mask([(4, 5), (4, 5), (3, 2)])
    between[1] = True
    yield _case("fully_padded_image", between, HAND, num_pos_feats=16, normalize=True)
    yield _case("fully_padded_image_unnormalized", between, HAND, num_pos_feats=6)
    yield _case("all_valid", padding_mask([(5, 8)] * 2), ALL_VALID, num_pos_feats=64, normalize=True)
    yield _case("one_cell", padding_mask([(1, 1)]), ALL_VALID, num_pos_feats=2, normalize=True)
    yield _case("one_row", padding_mask([(1, 97), (1, 61)]), HAND, num_pos_feats=10)
    yield _case("one_column", padding_mask([(67, 1), (41, 1)]), HAND, num_pos_feats=10, normalize=True)
    yield _case("smallest_num_pos_feats", padding_mask([(6, 5), (3, 4)]), HAND, num_pos_feats=2)
    yield _case("num_pos_feats_128", padding_mask([(3, 2), (2, 3)]), HAND, num_pos_feats=128)


def _parameters() -> Iterator[GoldenCase]:
    """Temperatures, scale, offset and eps, each away from its default."""
    unequal = padding_mask([(5, 3), (2, 7), (4, 6)])
    dino = {"temperature_h": 20, "temperature_w": 20, "normalize": True}
    yield _case("dino_temperature_20", unequal, HAND, num_pos_feats=16, **dino)
    two = {"temperature_h": 20, "temperature_w": 10000, "normalize": True}
    yield _case("temperature_h_20", unequal, HAND, dab_detr_module, num_pos_feats=16, **two)
    two = {"temperature_h": 10000.0, "temperature_w": 37.5, "normalize": True, "scale": 3.0}
    yield _case("temperature_w_37.5_scale_3", unequal, HAND, dab_detr_module, num_pos_feats=10, **two)
    two = {"temperature_h": 300, "temperature_w": 20}
    yield _case("two_temperatures_unnormalized", unequal, HAND, sine_formula, num_pos_feats=8, **two)
    yield _case("scale_1", unequal, HAND, num_pos_feats=10, normalize=True, scale=1.0)
    yield _case("scale_20", unequal, HAND, num_pos_feats=10, normalize=True, scale=20)
    yield _case("scale_2pi_spelt_out", unequal, HAND, num_pos_feats=6, normalize=True, scale=6.283185307179586)
    yield _case("eps_0.01", unequal, HAND, sine_formula, num_pos_feats=6, normalize=True, eps=0.01)
    # A fully padded line with an offset is 'unspecified', so these masks leave every line a valid cell.
    deformable = {"normalize": True, "offset": -0.5}
    full = padding_mask([(7, 11)] * 2)
    yield _case("deformable_7x11", full, ALL_VALID, deformable_detr_module, num_pos_feats=16, **deformable)
    stairs = torch.stack((_rows(".....", "....#", "..###", ".####"), _rows("..#..", "#....", "...##", ".####")))
    yield _case("deformable_no_line_fully_padded", stairs, HAND, deformable_detr_module, num_pos_feats=10, **deformable)
    yield _case("offset_0.25", stairs, HAND, sine_formula, num_pos_feats=6, normalize=True, offset=0.25)
    everything = {"temperature_h": 50, "temperature_w": 700, "scale": 4.5, "eps": 0.001, "offset": -0.25}
    everything |= {"normalize": True, "channels_last": True}
    yield _case("every_parameter", stairs, HAND, sine_formula, num_pos_feats=12, **everything)
    unused = {"scale": 1.5, "eps": 0.5, "offset": -0.5}
    yield _case("unused_without_normalize", unequal, HAND, sine_formula, num_pos_feats=6, **unused)


def _degenerate_lines() -> Iterator[GoldenCase]:
    """eps = 0, visible only where the last cumulative sum is 1 or 0."""
    no_eps = {"normalize": True, "eps": 0}
    row = padding_mask([(1, 6), (1, 4)], 1, 6)
    valid = padding_mask([(1, 6)] * 2)
    yield _case("eps_0_lines_of_length_1", valid, ALL_VALID, sine_formula, num_pos_feats=8, **no_eps)
    column = padding_mask([(5, 1)])
    yield _case("eps_0_columns_of_length_1", column, ALL_VALID, sine_formula, num_pos_feats=8, **no_eps)
    single = _rows(".###", "#.##", "###.", "##.#")[None]
    yield _case("eps_0_one_valid_cell_a_line", single, HAND, sine_formula, num_pos_feats=6, **no_eps)
    yield _case("eps_0_nan_padded_columns", row, f"{HAND}; NaN is 0/0", sine_formula, num_pos_feats=6, **no_eps)
    padded = padding_mask([(3, 4), (4, 2)], 5, 4)
    yield _case("eps_0_nan_padded_lines", padded, f"{HAND}; NaN is 0/0", sine_formula, num_pos_feats=6, **no_eps)


def _learned_cases() -> Iterator[GoldenCase]:
    # DETR's tables have 50 rows, whatever the map.
    yield _learned_case("detr_25x38", 100, (2, 25, 38), 8, (50, 50))
    yield _learned_case("unequal_b3", 101, (3, 5, 9), 6, (50, 50))
    yield _learned_case("whole_tables", 102, (3, 7, 11), 5, (7, 11))
    yield _learned_case("tables_of_unequal_length", 103, (2, 4, 6), 7, (5, 13))
    yield _learned_case("one_cell", 104, (3, 1, 1), 4, (50, 50))
    yield _learned_case("one_row", 105, (2, 1, 37), 3, (50, 50))
    yield _learned_case("one_column", 106, (2, 41, 1), 3, (50, 50))
    yield _learned_case("square_map", 107, (1, 8, 8), 16, (50, 50))
    yield _learned_case("one_channel", 108, (5, 13, 17), 1, (19, 23))
    infinity, nan = float("inf"), float("nan")
    special = torch.tensor([-0.0, infinity, -infinity, nan, 1e-45, -1e-40, 3.4028235e38, 0.0]).reshape(4, 2)
    yield _table_case("special_values", special, -special.flip(0), (2, 4, 3), "tables written by hand")


def _learned_case(
    case: str, seed: int, extents: tuple[int, int, int], num_pos_feats: int, rows: tuple[int, int]
) -> GoldenCase:
    """`rows` are those of row_embed and of col_embed."""
    rng = generator(seed)
    row_embed, col_embed = (torch.from_numpy(rng.random((n, num_pos_feats), dtype="float32")) for n in rows)
    return _table_case(case, row_embed, col_embed, extents, f"tables from {philox(seed)}")


def _table_case(
    case: str, row_embed: torch.Tensor, col_embed: torch.Tensor, extents: tuple[int, int, int], note: str
) -> GoldenCase:
    """`extents` are batch, height and width."""
    module = DetrLearnedPositionEmbedding(row_embed.shape[1])
    module.row_embeddings = torch.nn.Embedding.from_pretrained(row_embed)
    module.column_embeddings = torch.nn.Embedding.from_pretrained(col_embed)
    batch, height, width = extents
    encoding = module(torch.Size((batch, 0, height, width)), torch.device("cpu"), torch.float32)
    framework = f"{package('transformers')} models/detr/modeling_detr.py DetrLearnedPositionEmbedding"
    return GoldenCase(
        operator="learned_position_encoding",
        case=case,
        params={"batch": batch, "height": height, "width": width},
        source=source_note(framework, note),
        inputs={"row_embed": numpy_of(row_embed), "col_embed": numpy_of(col_embed)},
        outputs={"encoding": numpy_of(encoding)},
    )


@dataclass(frozen=True)
class Query:
    """The parameters of `query_position_encoding` and their defaults."""

    num_pos_feats: int = 128
    temperature: float = 10000
    scale: float = 2 * math.pi


def query_formula(query: Query, pos: torch.Tensor) -> torch.Tensor:
    """[Q, B, n·F] in the dtype of `pos`: gen_sineembed_for_position of Conditional-DETR, its dim_t in that dtype too."""
    i = torch.arange(query.num_pos_feats, dtype=pos.dtype)
    dim_t = query.temperature ** (2 * torch.div(i, 2, rounding_mode="floor") / query.num_pos_feats)
    blocks = []
    for coordinate in (1, 0, 2, 3)[: pos.shape[-1]]:  # y, x, w, h
        angle = pos[..., coordinate, None] * query.scale / dim_t
        blocks.append(torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), dim=-1).flatten(-2))
    return torch.cat(blocks, dim=-1)


def _query_cases() -> Iterator[GoldenCase]:
    yield _query_case("conditional_detr_q25", _random_pos(120, (25, 2, 2)), philox(120))
    yield _query_case("dab_detr_q15", _random_pos(121, (15, 2, 4)), philox(121))
    yield _query_case("unequal_b3", _random_pos(122, (5, 3, 4)), philox(122), num_pos_feats=6)
    yield _query_case("primes_q7_b5", _random_pos(123, (7, 5, 2)), philox(123), num_pos_feats=34)
    yield _query_case("one_query", _random_pos(124, (1, 1, 4)), philox(124), num_pos_feats=2)
    ends = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0, -0.0, 1e-40, 1 - 2**-24]).reshape(1, 2, 4)
    yield _query_case("ends", ends, "positions written by hand", num_pos_feats=16)
    yield _query_case("temperature_20", _random_pos(125, (9, 3, 4)), philox(125), num_pos_feats=16, temperature=20)
    yield _query_case("temperature_1", _random_pos(126, (4, 3, 2)), philox(126), num_pos_feats=8, temperature=1)
    yield _query_case("scale_1", _random_pos(127, (6, 2, 4)), philox(127), num_pos_feats=10, scale=1.0)
    every = {"num_pos_feats": 12, "temperature": 37.5, "scale": 3.0}
    yield _query_case("every_parameter", _random_pos(128, (3, 4, 4)), philox(128), **every)


def _random_pos(seed: int, shape: tuple[int, int, int]) -> torch.Tensor:
    return torch.from_numpy(generator(seed).random(shape, dtype="float32"))


def _query_case(case: str, pos: torch.Tensor, note: str, **params: Any) -> GoldenCase:
    query = Query(**params)
    out, out64 = query_formula(query, pos), query_formula(query, pos.double())
    formula = (
        "the formula of Atten4Vis/ConditionalDETR models/transformer.py gen_sineembed_for_position in torch, its scale "
        "and the dtype of dim_t free"
    )
    if query.scale == Query.scale:
        _check_transformers_encodes_alike(case, query, pos, out)
        formula = (
            f"{package('transformers')} models/conditional_detr/modeling_conditional_detr.py and "
            "models/dab_detr/modeling_dab_detr.py encode_sinusoidal_position_embedding, in float32; float64 is " + formula
        )
    return GoldenCase(
        operator="query_position_encoding",
        case=case,
        params=params,
        source=source_note(formula, f"positions: {note}"),
        inputs={"pos": numpy_of(pos)},
        outputs={"encoding": numpy_of(out)},
        outputs64={"encoding": numpy_of(out64)},
    )


def _check_transformers_encodes_alike(case: str, query: Query, pos: torch.Tensor, out: torch.Tensor) -> None:
    """What is recorded as theirs must be theirs bit for bit."""
    for module in (modeling_conditional_detr, modeling_dab_detr):
        encoding = module.encode_sinusoidal_position_embedding(pos, query.num_pos_feats, query.temperature)
        if not torch.equal(encoding, out):
            raise RecordingError(f"query_position_encoding/{case}: the formula and {module.__name__} differ in float32.")
