"""Golden cases of `detr_joiner`: transformers' DETR from a list of images to the mask and encoding of a feature map.

The image processor's padding gives the pixel mask, the model's own `F.interpolate` brings it to the feature map's size,
and DetrSinePositionEmbedding encodes it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from .case import GoldenCase, generator, numpy_of, package, philox, source_note
from .collation import nested_tensor
from .masking import mask_downsample
from .photographs import normalised, photographs, photographs_note
from .position_encoding import Sine, detr_module

Shape = tuple[int, int, int]


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the operator."""
    china, flower, strip = photographs()
    images = [normalised(image)[:1] for image in (china, flower, strip)]
    yield _case("photographs_stride8", images, f"{photographs_note()}; normalised, red alone", stride=8, num_pos_feats=8)
    yield _random_case("two_images", 220, [(3, 20, 20), (3, 20, 25)], stride=3, num_pos_feats=10)
    yield _random_case("stride_32", 221, [(1, 65, 33), (1, 33, 96), (1, 64, 97)], num_pos_feats=12)
    yield _random_case("defaults_one_image", 222, [(1, 33, 65)])
    yield _random_case("stride_1", 223, [(2, 5, 3), (1, 2, 7), (3, 4, 4)], stride=1, num_pos_feats=6)
    yield _random_case("one_cell", 224, [(1, 5, 7), (1, 3, 11)], stride=64, num_pos_feats=4)
    yield _random_case("two_channels_of_encoding", 225, [(1, 13, 17), (1, 26, 9)], stride=2, num_pos_feats=2)
    largest_last = [(1, 11, 19), (1, 13, 5), (1, 7, 23), (1, 29, 3), (1, 2, 31)]
    yield _random_case("largest_last_b5", 226, largest_last, stride=4, num_pos_feats=4)
    # Row 113 of 228 in float32 and row 114 in integers: cell 23 of 46 is the first image's last valid row, or padding.
    yield _random_case("float32_index", 227, [(1, 114, 2), (1, 228, 3)], stride=5, num_pos_feats=2)


def _random_case(case: str, seed: int, shapes: list[Shape], **params: int) -> GoldenCase:
    rng = generator(seed)
    images = [torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)) for shape in shapes]
    return _case(case, images, f"images from {philox(seed)}", **params)


def _case(case: str, images: list[torch.Tensor], note: str, **params: int) -> GoldenCase:
    stride = params.get("stride", 32)
    sine = Sine(num_pos_feats=params.get("num_pos_feats", 128), normalize=True)
    whole = nested_tensor(images)[1]
    size = tuple(-(-extent // stride) for extent in whole.shape[1:])
    # The model interpolates the mask of valid pixels; a cell shows one pixel, so that the other mask gives the opposite.
    mask = ~mask_downsample(~whole, size)
    encoding, encoding64 = (detr_module(sine, mask, dtype) for dtype in (torch.float32, torch.float64))
    framework = (
        f"{package('transformers')} models/detr: DetrImageProcessor.pad (the mask, inverted), F.interpolate of it as in "
        "modeling_detr.py, and DetrSinePositionEmbedding, in float32 and in float64"
    )
    return GoldenCase(
        operator="detr_joiner",
        case=case,
        params=params,
        source=source_note(framework, note),
        inputs={f"images.{i}": numpy_of(image) for i, image in enumerate(images)},
        outputs={"mask": numpy_of(mask), "encoding": numpy_of(encoding)},
        outputs64={"encoding": numpy_of(encoding64)},
    )
