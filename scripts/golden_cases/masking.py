"""Golden cases of `padding_mask` and `mask_downsample`. True is padding everywhere in Assay.

`padding_mask` is DETR's image processor in transformers, whose pixel mask says 1 for a pixel: inverted here.
`mask_downsample` is the line of DETR's backbone that brings that mask to the size of a feature map.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from transformers import DetrImageProcessor

from .case import Array, GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError
from .photographs import photographs, photographs_note

Sizes = list[tuple[int, int]]

SEED_2IMG_SIZES: Sizes = [(200, 200), (200, 250)]  # the worked example: two images of unequal width

# in → out pairs on which floor(float32(i)·(float32(in)/float32(out))) is not floor(i·in/out) for some i. Found by
# trying all pairs up to 140 → 79; 26 → 22 is the smallest of the down-sampling ones, at i = 11.
FLOAT32_INDEX_PAIRS_DOWN = [((26, 39), (22, 33)), ((62, 52), (28, 44)), ((54, 56), (38, 46))]
FLOAT32_INDEX_PAIRS_UP = [((14, 6), (46, 74)), ((39, 21), (66, 69))]


@cache
def _image_processor() -> DetrImageProcessor:
    """DETR's image processor; only its `pad` is used, which has no settings."""
    return DetrImageProcessor()


def padding_mask(sizes: Sizes, height: int = 0, width: int = 0) -> torch.Tensor:
    """BOOL [B, H, W] from the (height, width) of each image, on the canvas given or on the batch's maximum (0)."""
    canvas = (height or max(h for h, _ in sizes), width or max(w for _, w in sizes))
    pixel_masks = [_image_processor().pad(torch.zeros(1, *size), canvas)[1] for size in sizes]
    return torch.stack(pixel_masks) == 0


def mask_downsample(mask: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """BOOL [B, h, w] from BOOL [B, H, W]: nearest neighbours through float, as DETR's backbone does it."""
    return torch.nn.functional.interpolate(mask[None].float(), size=size).to(torch.bool)[0]


def photograph_sizes() -> Sizes:
    """(height, width) of each photograph."""
    return [(image.shape[1], image.shape[2]) for image in photographs()]


def photograph_mask() -> torch.Tensor:
    """BOOL [3, 91, 105]: the padding mask of the photographs."""
    return padding_mask(photograph_sizes())


def random_mask(seed: int, shape: tuple[int, int, int], padding: float = 0.5) -> torch.Tensor:
    """BOOL `shape`, each cell padding with the given probability: no rectangle, so no rule can hide behind one."""
    return torch.from_numpy(generator(seed).random(shape) < padding)


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    yield from _padding_mask_cases()
    yield from _mask_downsample_cases()


def _padding_mask_case(case: str, sizes: Sizes, note: str = "sizes written by hand", **canvas: int) -> GoldenCase:
    framework = (
        f"{package('transformers')} models/detr/image_processing_detr.py DetrImageProcessor.pad, "
        "its pixel_mask (1 = pixel) inverted"
    )
    return GoldenCase(
        operator="padding_mask",
        case=case,
        params=canvas,
        source=source_note(framework, note),
        inputs={"sizes": np.array(sizes, dtype=np.int64)},
        outputs={"mask": numpy_of(padding_mask(sizes, **canvas))},
    )


def _padding_mask_cases() -> Iterator[GoldenCase]:
    yield _padding_mask_case("seed_4x4", [(3, 3)], height=4, width=4)
    yield _padding_mask_case("seed_2img", SEED_2IMG_SIZES)
    yield _padding_mask_case("photographs", photograph_sizes(), photographs_note())
    # The tallest image is not the widest one: the canvas takes each maximum from another image.
    yield _padding_mask_case("maxima_from_different_images", [(5, 17), (19, 3), (11, 11)])
    yield _padding_mask_case("largest_image_last", [(2, 3), (7, 5), (6, 4), (13, 29)])
    yield _padding_mask_case("height_given", [(4, 6), (7, 3)], height=9)
    yield _padding_mask_case("width_given", [(4, 6), (7, 3), (1, 1)], width=32)
    yield _padding_mask_case("canvas_divisible_by_32", [(33, 40), (20, 65), (32, 96)], height=64, width=96)
    yield _padding_mask_case("one_pixel", [(1, 1)])
    yield _padding_mask_case("one_pixel_images_on_a_line", [(1, 1), (1, 67), (1, 34)])
    # Named for what it is: the right answer is all false, and so is that of a kernel which writes only zeros.
    yield _padding_mask_case("all_valid_all_false", [(7, 11), (7, 11), (7, 11)])
    sizes = [tuple(int(x) for x in row) for row in generator(11).integers(1, 48, size=(8, 2))]
    yield _padding_mask_case("random_b8", sizes, f"sizes from {philox(11)}", height=53, width=47)


def _mask_downsample_case(
    case: str, mask: torch.Tensor, size: tuple[int, int], note: str = "mask written by hand"
) -> GoldenCase:
    framework = (
        f"torch.nn.functional.interpolate(mask[None].float(), size).to(torch.bool)[0], as in "
        f"{package('transformers')} models/detr/modeling_detr.py DetrConvEncoder.forward"
    )
    return GoldenCase(
        operator="mask_downsample",
        case=case,
        params={"out_height": size[0], "out_width": size[1]},
        source=source_note(framework, note),
        inputs={"mask": numpy_of(mask)},
        outputs={"mask": numpy_of(mask_downsample(mask, size))},
    )


def _mask_downsample_cases() -> Iterator[GoldenCase]:
    yield _mask_downsample_case("seed_4x4", padding_mask([(3, 3)], 4, 4), (2, 2))
    seed_2img = padding_mask(SEED_2IMG_SIZES)
    yield _mask_downsample_case("seed_2img", seed_2img, (7, 8), "padding mask of 200×200 and 200×250")
    yield _mask_downsample_case("seed_2img_24x32", seed_2img, (24, 32), "padding mask of 200×200 and 200×250")
    for stride in (32, 16, 8):
        height, width = (-(-extent // stride) for extent in photograph_mask().shape[1:])
        yield _mask_downsample_case(
            f"photographs_stride{stride}", photograph_mask(), (height, width), photographs_note()
        )
    pairs = FLOAT32_INDEX_PAIRS_DOWN + FLOAT32_INDEX_PAIRS_UP
    yield from (_float32_index_case(seed, *pair) for seed, pair in enumerate(pairs, start=20))
    yield _random_downsample("identity", 30, (3, 5, 9), (5, 9))
    yield _random_downsample("halved", 31, (3, 14, 26), (7, 13))
    yield _random_downsample("doubled", 32, (2, 7, 5), (14, 10))
    yield _random_downsample("primes_down", 33, (3, 53, 37), (7, 11))
    yield _random_downsample("primes_up", 34, (3, 5, 3), (17, 13))
    yield _random_downsample("down_in_h_up_in_w", 35, (2, 31, 4), (6, 19))
    yield _random_downsample("to_one_cell", 36, (5, 6, 7), (1, 1), padding=0.6)
    yield _mask_downsample_case("from_one_cell", torch.tensor([[[True]], [[False]], [[True]]]), (3, 5))
    padded_between = padding_mask([(9, 13), (13, 6), (4, 5)], 13, 15)
    padded_between[1] = True
    yield _mask_downsample_case("fully_padded_image", padded_between, (4, 5), "padding masks, image 1 wholly padded")
    # Named for what it is: the right answer is all false, and so is that of a kernel which writes only zeros.
    yield _mask_downsample_case("all_valid_all_false", torch.zeros(2, 12, 10, dtype=torch.bool), (3, 4))


def _random_downsample(
    case: str, seed: int, shape: tuple[int, int, int], size: tuple[int, int], padding: float = 0.5
) -> GoldenCase:
    return _mask_downsample_case(case, random_mask(seed, shape, padding), size, f"mask from {philox(seed)}")


def _float32_index_case(seed: int, extents: tuple[int, int], size: tuple[int, int]) -> GoldenCase:
    """A case on which exact integer indices give another answer, along each axis by itself."""
    name = f"float32_index_{extents[0]}x{extents[1]}_to_{size[0]}x{size[1]}"
    case = _random_downsample(name, seed, (2, *extents), size)
    mask = case.inputs["mask"]
    rows, columns = (np.arange(out) * extent // out for extent, out in zip(extents, size))
    right = case.outputs["mask"]
    for axis, integer in ((1, rows), (2, columns)):
        # The framework's own index along the other axis is left as it is: only this axis may make the difference.
        if np.array_equal(_downsample_one_axis(mask, right, axis, integer), right):
            raise RecordingError(f"{case.path}: integer arithmetic along axis {axis} gives the same mask.")
    return case


def _downsample_one_axis(mask: Array, right: Array, axis: int, integer: Array) -> Array:
    """BOOL of `right`'s shape: integer indices along `axis`, torch's along the other one."""
    taken = torch.from_numpy(np.take(mask, integer, axis=axis))
    return numpy_of(mask_downsample(taken, right.shape[1:]))
