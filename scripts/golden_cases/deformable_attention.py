"""Golden cases of `multi_scale_deformable_attention`: transformers' own module, in float32 and in float64.

Some inputs are what Deformable-DETR's attention layer hands to it: values behind a projection, locations from reference
points and learnt offsets, weights from a softmax.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from transformers import DeformableDetrConfig
from transformers.models.deformable_detr.modeling_deformable_detr import (
    DeformableDetrMultiscaleDeformableAttention,
    MultiScaleDeformableAttention,
)

from .case import Array, GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError

Shapes = list[tuple[int, int]]  # height and width of each level

FRAMEWORK = "models/deformable_detr/modeling_deformable_detr.py MultiScaleDeformableAttention, in float32 and in float64"


def deformable_attention(value: Array, shapes: Shapes, locations: Array, weights: Array, dtype: torch.dtype) -> Array:
    """[B, Q, h·d] in `dtype` of f32 inputs: `value` [B, S, h, d], `locations` [B, Q, h, levels, P, 2], `weights`."""
    given = (torch.from_numpy(array).to(dtype) for array in (value, locations, weights))
    value_of_dtype, *others = given
    # The level's starts and the step of im2col are for the CUDA kernel alone.
    out = MultiScaleDeformableAttention()(value_of_dtype, torch.tensor(shapes), shapes, None, *others, 64)
    assert out.dtype == dtype
    return numpy_of(out)


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the operator."""
    yield _layer_case("layer_4_levels", 200, [(10, 17), (5, 9), (3, 5), (2, 3)], queries=7, heads=2, width=64, points=4)
    yield _layer_case("layer_b3", 201, [(4, 7), (2, 4)], queries=5, heads=3, width=24, points=2, images=3)
    yield _random_case("one_level", 202, [(5, 7)], extents=(2, 6, 3, 5, 3))
    yield _random_case("unequal_levels", 203, [(3, 8), (7, 2), (1, 5), (6, 1), (1, 1)], extents=(3, 4, 2, 7, 2))
    yield _random_case("one_of_all", 204, [(4, 3)], extents=(1, 1, 1, 1, 1))
    yield _random_case("features_37", 205, [(4, 3), (3, 2)], extents=(1, 5, 2, 37, 3))
    yield _random_case("many_points", 206, [(6, 5), (3, 4)], extents=(1, 3, 1, 2, 67))
    yield _random_case("locations_near_zero", 207, [(31, 17), (5, 9)], extents=(1, 9, 2, 3, 2), within=(-(2.0**-12), 2.0**-12))
    yield _random_case("mostly_outside", 208, [(4, 6), (2, 3)], extents=(2, 9, 2, 4, 3), within=(-3, 4))
    yield _far_case()
    for height, width in ((5, 7), (8, 4), (3, 1)):
        yield _half_pixels_case(height, width)


def _random_case(
    case: str,
    seed: int,
    shapes: Shapes,
    extents: tuple[int, int, int, int, int],
    within: tuple[float, float] = (-0.1, 1.1),
) -> GoldenCase:
    """`extents` are B, Q, h, d and P; weights that do not sum to one."""
    images, queries, heads, features, points = extents
    rng = generator(seed)
    value = _random_value(rng, images, shapes, heads, features)
    locations = rng.uniform(*within, (images, queries, heads, len(shapes), points, 2)).astype(np.float32)
    weights = rng.uniform(-0.1, 0.4, (images, queries, heads, len(shapes), points)).astype(np.float32)
    note = f"locations in {within[0]:.3g} to {within[1]:.3g}; inputs from {philox(seed)}"
    return _case(case, value, shapes, locations, weights, note)


def _random_value(rng: np.random.Generator, images: int, shapes: Shapes, heads: int, features: int) -> Array:
    """f32 [B, S, h, d], standard normal."""
    tokens = sum(height * width for height, width in shapes)
    return rng.standard_normal((images, tokens, heads, features), dtype=np.float32)


def _far_case() -> GoldenCase:
    """Locations that no integer of 32 or 64 bits holds, beside ordinary ones."""
    rng, shapes, seed = generator(209), [(4, 6), (2, 3)], 209
    value = _random_value(rng, 1, shapes, 2, 4)
    choices = np.array([-1e30, -1e12, -3e9, -2, 0.3, 0.45, 0.6, 0.75, 3, 3e9, 1e12, 1e30], np.float32)
    locations = rng.choice(choices, (1, 11, 2, 2, 3, 2))
    weights = rng.uniform(0, 0.4, (1, 11, 2, 2, 3)).astype(np.float32)
    return _case("beyond_integers", value, shapes, locations, weights, f"inputs from {philox(seed)}")


def _half_pixels_case(height: int, width: int) -> GoldenCase:
    """Every pixel coordinate from −1.5 on in steps of one half, a pixel beyond the last: middles, borders, outside."""
    rng, seed = generator(210 + width), 210 + width
    x = (np.arange(-3, 2 * width + 2) / 2 + 0.5) / width
    y = (np.arange(-3, 2 * height + 2) / 2 + 0.5) / height
    locations = np.stack(np.meshgrid(x, y), axis=-1).reshape(1, -1, 1, 1, 1, 2).astype(np.float32)
    value = _random_value(rng, 1, [(height, width)], 1, 3)
    weights = rng.uniform(0.5, 1, locations.shape[:-1]).astype(np.float32)
    note = f"locations on every half pixel of {height}×{width}; values and weights from {philox(seed)}"
    return _case(f"half_pixels_{height}x{width}", value, [(height, width)], locations, weights, note)


def _layer_case(
    case: str, seed: int, shapes: Shapes, queries: int, heads: int, width: int, points: int, images: int = 1
) -> GoldenCase:
    """What Deformable-DETR's layer passes to the operator, its weights and its inputs drawn at random."""
    rng = generator(seed)
    config = DeformableDetrConfig(d_model=width, num_feature_levels=len(shapes), disable_custom_kernels=True)
    layer = DeformableDetrMultiscaleDeformableAttention(config, num_heads=heads, n_points=points).eval()
    for parameter in layer.parameters():
        parameter.data = torch.from_numpy(0.3 * rng.standard_normal(tuple(parameter.shape), dtype=np.float32))
    seen: list[tuple] = []
    layer.attn.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    tokens = sum(h * w for h, w in shapes)
    layer(
        torch.from_numpy(rng.standard_normal((images, queries, width), dtype=np.float32)),
        encoder_hidden_states=torch.from_numpy(rng.standard_normal((images, tokens, width), dtype=np.float32)),
        reference_points=torch.from_numpy(rng.random((images, queries, len(shapes), 2), dtype=np.float32)),
        spatial_shapes=torch.tensor(shapes),
        spatial_shapes_list=shapes,
    )
    value, _, _, _, locations, weights, _ = seen[0]
    note = f"inputs from DeformableDetrMultiscaleDeformableAttention with weights and inputs from {philox(seed)}"
    return _case(case, numpy_of(value), shapes, numpy_of(locations), numpy_of(weights), note)


def _case(case: str, value: Array, shapes: Shapes, locations: Array, weights: Array, note: str) -> GoldenCase:
    out, out64 = (
        deformable_attention(value, shapes, locations, weights, dtype) for dtype in (torch.float32, torch.float64)
    )
    if not np.isfinite(out64).all():
        raise RecordingError(f"multi_scale_deformable_attention/{case}: the module's result is not finite.")
    return GoldenCase(
        operator="multi_scale_deformable_attention",
        case=case,
        params={},
        source=source_note(f"{package('transformers')} {FRAMEWORK}", note),
        inputs={
            "value": value,
            "spatial_shapes": np.array(shapes, np.int64),
            "sampling_locations": locations,
            "attention_weights": weights,
        },
        outputs={"out": out},
        outputs64={"out": out64},
    )
