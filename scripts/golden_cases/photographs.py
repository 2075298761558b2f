"""Real photographs as DETR would see them: scikit-learn's two sample images, cropped to unequal shapes and resized.

`resized_size` is the rule of facebookresearch/detr's `RandomResize` with one size; the packages that ship today
compute the long side differently, so the rule is written out here.
"""

from __future__ import annotations

from functools import cache

import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torchvision.transforms import functional as tvf

from .case import package

SHORT_SIDE = 64
LONG_SIDE_CAP = 107  # 64 · 1333 / 800, DETR's own ratio of cap to short side
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # DETR's normalisation


def resized_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) after DETR's rule: short side `SHORT_SIDE`, smaller if the long side would pass the cap.

    Python's `round` is banker's rounding and `int` truncates; both are part of the rule.
    """
    short, long = min(height, width), max(height, width)
    side = SHORT_SIDE
    if long / short * side > LONG_SIDE_CAP:
        side = int(round(LONG_SIDE_CAP * short / long))
    if short == side:
        return height, width
    other = int(side * long / short)
    return (side, other) if height < width else (other, side)


@cache
def photographs() -> tuple[torch.Tensor, ...]:
    """u8 [3, h, w]: china.jpg 64×95, a portrait of flower.jpg 91×64, and a strip of china.jpg 33×105 (the cap)."""
    china, flower = load_sample_image("china.jpg"), load_sample_image("flower.jpg")
    crops = (china, flower[:, 150:450], china[150:350])
    return tuple(_resized(Image.fromarray(crop)) for crop in crops)


def _resized(image: Image.Image) -> torch.Tensor:
    """u8 [3, h, w] of a picture, resized as torchvision resizes a PIL image (bilinear, antialiased)."""
    return tvf.pil_to_tensor(tvf.resize(image, list(resized_size(image.height, image.width))))


def normalised(image: torch.Tensor) -> torch.Tensor:
    """f32 [3, h, w]: u8 to [0, 1], then ImageNet's mean and deviation, as DETR feeds its backbone."""
    return tvf.normalize(tvf.convert_image_dtype(image, torch.float32), IMAGENET_MEAN, IMAGENET_STD)


def photographs_note() -> str:
    """Where the photographs come from, for a `source` entry."""
    return (
        f"china.jpg, flower.jpg[:, 150:450] and china.jpg[150:350] of {package('scikit-learn')}, resized by DETR's rule"
        f" (short side {SHORT_SIDE}, cap {LONG_SIDE_CAP}) with {package('torchvision')} and {package('pillow')}"
    )
