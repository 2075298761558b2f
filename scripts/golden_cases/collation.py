"""Golden cases of `nested_tensor`: images of unequal sizes on one canvas, and the mask that says what is padding.

The canvas is torchvision's `batch_images`, the mask that of DETR's image processor in transformers; where the channels
are equal the processor's own padding must give the same canvas.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from transformers import DetrImageProcessor

from .case import GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError
from .masking import SEED_2IMG_SIZES, padding_mask
from .photographs import normalised, photographs, photographs_note

Shape = tuple[int, int, int]


def nested_tensor(images: list[torch.Tensor], size_divisible: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """`tensors` [B, C, H, W] and `mask` BOOL [B, H, W] of images [C_i, h_i, w_i].

    The largest channels, height and width may come from three images; `size_divisible` rounds height and width up.
    """
    # Only batch_images runs: sizes and normalisation of the constructor play no part in it.
    transform = GeneralizedRCNNTransform(min_size=800, max_size=1333, image_mean=[0.0], image_std=[1.0])
    tensors = transform.batch_images(images, size_divisible)
    _check_same_canvas(images, tensors)
    return tensors, padding_mask([tuple(image.shape[1:]) for image in images], *tensors.shape[2:])


def _check_same_canvas(images: list[torch.Tensor], tensors: torch.Tensor) -> None:
    """Where all channels are equal, DETR's own padding must give torchvision's canvas bit for bit."""
    if len({image.shape[0] for image in images}) > 1:
        return
    padded = torch.stack([DetrImageProcessor().pad(image, tuple(tensors.shape[2:]))[0] for image in images])
    if numpy_of(padded).tobytes() != numpy_of(tensors).tobytes():
        raise RecordingError("nested_tensor: torchvision's batch_images and DETR's image processor differ.")


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    # In bytes, as images are decoded: in f32 this one file would be a quarter of all golden tensors together.
    yield _random_case("seed_2img", 40, [(3, *size) for size in SEED_2IMG_SIZES], dtype="u8")
    china, flower, strip = photographs()
    yield _case("photographs_u8", [china, flower, strip], photographs_note())
    yield _case("photographs_u8_div32", [flower, strip], photographs_note(), size_divisible=32)
    yield _case("photographs_f32", [normalised(china), normalised(flower)], photographs_note() + "; normalised")
    # Each maximum in another image, the largest not among the first two.
    yield _random_case("maxima_from_different_images", 41, [(3, 5, 7), (3, 6, 4), (3, 13, 3), (3, 2, 17)])
    yield _random_case("channels_differ", 42, [(1, 6, 5), (4, 3, 8), (3, 7, 2)])
    yield _random_case("channels_differ_u8_div4", 43, [(3, 6, 5), (1, 9, 3), (2, 2, 10)], dtype="u8", size_divisible=4)
    yield _random_case("one_image", 44, [(3, 11, 13)])
    yield _random_case("one_pixel", 45, [(1, 1, 1)], dtype="u8")
    yield _random_case("div32_one_over", 46, [(3, 33, 31), (3, 30, 32)], size_divisible=32)
    yield _random_case("div32_already_divisible", 47, [(2, 32, 64), (2, 31, 40)], dtype="u8", size_divisible=32)
    yield _random_case("div7_channels_stay", 48, [(3, 8, 13), (3, 5, 15), (3, 7, 14)], size_divisible=7)
    yield _random_case("odd_tails_b5", 49, [(3, 17, 33), (3, 16, 31), (3, 1, 35), (3, 19, 1), (3, 7, 9)])
    yield _random_case("odd_tails_b4_u8", 50, [(3, 9, 67), (3, 11, 63), (3, 1, 65), (3, 13, 1)], dtype="u8")
    yield _case("special_values", [_special_values(), torch.full((1, 3, 2), -1.5)], "values written by hand")


def _random_case(case: str, seed: int, shapes: list[Shape], dtype: str = "f32", size_divisible: int = 1) -> GoldenCase:
    rng = generator(seed)
    if dtype == "u8":
        # From 1 on: a zero could not be told from padding.
        images = [torch.from_numpy(rng.integers(1, 256, size=shape, dtype=np.uint8)) for shape in shapes]
    else:
        images = [torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)) for shape in shapes]
    return _case(case, images, f"images from {philox(seed)}", size_divisible)


def _special_values() -> torch.Tensor:
    """f32 [1, 2, 5]: what a copy must carry over bit by bit, −0, infinities, a NaN and a subnormal among them."""
    values = [-0.0, float("inf"), float("-inf"), float("nan"), 1e-45, -1e-40, 3.4028235e38, 0.0, 1.0, -1.0]
    return torch.tensor(values).reshape(1, 2, 5)


def _case(case: str, images: list[torch.Tensor], note: str, size_divisible: int = 1) -> GoldenCase:
    framework = (
        f"{package('torchvision')} models/detection/transform.py GeneralizedRCNNTransform.batch_images (the tensors), "
        f"{package('transformers')} models/detr/image_processing_detr.py DetrImageProcessor.pad (the mask, inverted)"
    )
    tensors, mask = nested_tensor(images, size_divisible)
    return GoldenCase(
        operator="nested_tensor",
        case=case,
        params={} if size_divisible == 1 else {"size_divisible": size_divisible},
        source=source_note(framework, note),
        inputs={f"images.{i}": numpy_of(image) for i, image in enumerate(images)},
        outputs={"tensors": numpy_of(tensors), "mask": numpy_of(mask)},
        dtype="u8" if images[0].dtype == torch.uint8 else None,
    )
