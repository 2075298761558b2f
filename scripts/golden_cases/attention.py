"""Golden cases of `flatten_tokens`: feature maps as the sequences that a transformer takes.

DETR's own line is `src.flatten(2).permute(2, 0, 1)`. The same line is recorded from transformers' SAM 2, which flattens
the levels of its feature pyramid with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import torch
from transformers import Sam2VideoModel

from .case import GoldenCase, generator, numpy_of, package, philox, source_note
from .photographs import normalised, photographs, photographs_note


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    shapes = {
        "seed_4x4": (1, 20, 4, 4),
        "coco_pair_16_channels": (2, 16, 25, 38),
        "one_cell": (3, 7, 1, 1),
        "one_channel": (5, 1, 3, 7),
        "one_image": (1, 13, 5, 9),
        "cube": (5, 5, 5, 5),
        "tile_tails": (3, 37, 11, 13),
        "whole_tiles": (2, 32, 4, 8),
    }
    for seed, (case, shape) in enumerate(shapes.items(), start=180):
        features = torch.from_numpy(generator(seed).standard_normal(shape, dtype=np.float32))
        yield _case(case, features, f"features from {philox(seed)}")
    for seed, (case, shape) in enumerate({"tile_tails_u8": (3, 19, 7, 23), "whole_tiles_u8": (2, 16, 8, 8)}.items(), 190):
        features = torch.from_numpy(generator(seed).integers(0, 256, size=shape, dtype=np.uint8))
        yield _case(case, features, f"features from {philox(seed)}")
    china = photographs()[0]
    yield _case("photograph_u8", china[None], photographs_note())
    yield _case("photograph_f32", normalised(china)[None, :, :33, :47].contiguous(), photographs_note() + "; normalised")
    special = torch.tensor([-0.0, float("inf"), float("-inf"), float("nan"), 1e-45, -1e-40, 3.4028235e38, 0.0])
    yield _case("special_values", special.reshape(1, 2, 2, 2), "values written by hand")


def flatten_tokens(features: torch.Tensor) -> torch.Tensor:
    """[H·W, B, C] of features [B, C, H, W], by the model's own method on a vision encoder that has computed them."""
    encoded = SimpleNamespace(fpn_hidden_states=[features] * 3, fpn_position_encoding=[features] * 3)
    decoder = SimpleNamespace(conv_s0=torch.nn.Identity(), conv_s1=torch.nn.Identity())
    model = SimpleNamespace(
        config=SimpleNamespace(return_dict=True), vision_encoder=lambda *_, **__: encoded, mask_decoder=decoder
    )
    return Sam2VideoModel.get_image_features(model, torch.empty(0)).fpn_hidden_states[0]


def _case(case: str, features: torch.Tensor, note: str) -> GoldenCase:
    return GoldenCase(
        operator="flatten_tokens",
        case=case,
        params={},
        source=source_note(
            f"{package('transformers')} models/sam2_video/modeling_sam2_video.py Sam2VideoModel.get_image_features, as in "
            "facebookresearch/detr models/transformer.py",
            note,
        ),
        inputs={"features": numpy_of(features)},
        outputs={"tokens": numpy_of(flatten_tokens(features))},
        dtype="u8" if features.dtype == torch.uint8 else None,
    )
