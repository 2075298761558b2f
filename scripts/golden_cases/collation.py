"""Golden cases of `nested_tensor`, `stack_collate` and `yolo_collate`: how samples become a batch.

`nested_tensor` puts images of unequal sizes on one canvas, with a mask that says what is padding. The canvas is
torchvision's `batch_images`, the mask that of DETR's image processor in transformers; where the channels are equal the
processor's own padding must give the same canvas. `stack_collate` is torch's `default_collate`. `yolo_collate` is the
lines of PyTorch-YOLOv3's and YOLOv5's collate functions, which are in no package: interpolate, stack, number, cat.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import default_collate
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.transforms.functional import convert_image_dtype
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
    yield from _nested_tensor_cases()
    yield from _stack_cases()
    yield from _yolo_cases()


def _nested_tensor_cases() -> Iterator[GoldenCase]:
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
    return _case(case, _random_tensors(seed, shapes, dtype), f"images from {philox(seed)}", size_divisible)


def _random_tensors(seed: int, shapes: Sequence[tuple[int, ...]], dtype: str) -> list[torch.Tensor]:
    rng = generator(seed)
    if dtype == "u8":
        # From 1 on: a zero could not be told from padding.
        return [torch.from_numpy(rng.integers(1, 256, size=shape, dtype=np.uint8)) for shape in shapes]
    return [torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)) for shape in shapes]


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


def _stack_cases() -> Iterator[GoldenCase]:
    china, flower, strip = photographs()
    squares = [image[:, :33, :33] for image in (china, flower, strip)]
    yield _stack_case("photographs_u8", squares, f"33×33 corners of {photographs_note()}")
    note = f"33×33 corners of {photographs_note()}; normalised"
    yield _stack_case("photographs_f32", [normalised(image) for image in squares[:2]], note)
    yield _random_stack("images_b5_odd_tails", 70, 5, (3, 7, 11))
    yield _random_stack("images_b5_odd_tails_u8", 71, 5, (3, 7, 11), dtype="u8")
    yield _random_stack("one_sample", 72, 1, (3, 5, 4))
    yield _random_stack("scalars_b67", 73, 67, ())
    yield _random_stack("scalars_b17_u8", 74, 17, (), dtype="u8")
    yield _random_stack("vectors_b3", 75, 3, (19,))
    yield _random_stack("rank_7", 76, 2, (2, 1, 3, 1, 2, 1, 5))
    yield _random_stack("batch_of_260_u8", 77, 260, (2, 3), dtype="u8")
    special = _special_values()
    yield _stack_case("special_values", [special, -special, special.flip(2)], "values written by hand")


def _random_stack(case: str, seed: int, count: int, shape: tuple[int, ...], dtype: str = "f32") -> GoldenCase:
    return _stack_case(case, _random_tensors(seed, [shape] * count, dtype), f"samples from {philox(seed)}")


def _stack_case(case: str, samples: list[torch.Tensor], note: str) -> GoldenCase:
    return GoldenCase(
        operator="stack_collate",
        case=case,
        params={},
        source=source_note(f"{package('torch')} utils/data/_utils/collate.py default_collate", note),
        inputs={f"samples.{i}": numpy_of(sample) for i, sample in enumerate(samples)},
        outputs={"batch": numpy_of(default_collate(samples))},
        dtype="u8" if samples[0].dtype == torch.uint8 else None,
    )


def yolo_collate(
    images: list[torch.Tensor], targets: list[torch.Tensor], image_size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """`images` [B, 3, S, S] of square images [3, S_i, S_i], and `targets` [N, 6] with column 0 the image's number."""
    # PyTorch-YOLOv3 utils/datasets.py: resize() and ListDataset.collate_fn.
    resized = [torch.nn.functional.interpolate(image.unsqueeze(0), size=image_size, mode="nearest") for image in images]
    # YOLOv5 utils/dataloaders.py LoadImagesAndLabels.collate_fn: PyTorch-YOLOv3 numbers after dropping empty targets.
    numbered = [own.clone() for own in targets]
    for i, own in enumerate(numbered):
        own[:, 0] = i
    return torch.stack([image.squeeze(0) for image in resized]), torch.cat(numbered, 0)


def _yolo_cases() -> Iterator[GoldenCase]:
    china, flower, strip = photographs()
    squares = [convert_image_dtype(crop, torch.float32) for crop in (china[:, :, :64], flower[:, :64], strip[:, :, :33])]
    yield _yolo_case("photographs_48", squares, [3, 0, 5], 80, 48, f"square crops of {photographs_note()}, in 0..1")
    yield _random_yolo("unequal_b4_13", 81, [(17, 2), (5, 0), (29, 4), (13, 1)], 13)
    yield _random_yolo("empty_first_and_last", 82, [(9, 0), (7, 3), (8, 2), (11, 0)], 9)
    yield _random_yolo("no_targets", 83, [(6, 0), (4, 0)], 5)
    yield _random_yolo("one_image", 84, [(11, 7)], 7)
    yield _random_yolo("float32_index_26_to_22", 85, [(26, 1), (26, 2)], 22)
    yield _random_yolo("float32_index_14_to_46", 86, [(14, 1)], 46)
    yield _random_yolo("same_size", 87, [(10, 1), (10, 3)], 10)
    yield _random_yolo("doubled_and_halved", 88, [(8, 2), (32, 2)], 16)
    yield _random_yolo("one_pixel", 89, [(1, 2), (5, 1), (1, 0)], 3)
    yield _random_yolo("to_one_pixel", 90, [(4, 1), (1, 1), (7, 2)], 1)
    yield _random_yolo("batch_of_9", 91, [(3 + i % 4, i % 3) for i in range(9)], 4)
    special = _special_values().flatten()[torch.arange(27) % 10].reshape(3, 3, 3)
    yield _yolo_case("special_values", [special, special.flip(0)], [2, 1], 192, 4, "pixels written by hand")


def _random_yolo(case: str, seed: int, samples: list[tuple[int, int]], image_size: int) -> GoldenCase:
    """Images of the sizes given, each with as many targets."""
    rng = generator(seed)
    images = [torch.from_numpy(rng.random((3, size, size), dtype=np.float32)) for size, _ in samples]
    counts = [count for _, count in samples]
    return _yolo_case(case, images, counts, seed + 100, image_size, f"images from {philox(seed)}")


def _yolo_case(
    case: str, images: list[torch.Tensor], counts: list[int], seed: int, image_size: int, note: str
) -> GoldenCase:
    rng = generator(seed)
    targets = [torch.from_numpy(rng.random((count, 6), dtype=np.float32)) for count in counts]
    for own in targets:
        own[:, 1] = (own[:, 1] * 80).floor()  # a class of COCO
    batch, rows = yolo_collate(images, targets, image_size)
    framework = (
        "torch.nn.functional.interpolate(mode='nearest') and torch.stack as eriklindernoren/PyTorch-YOLOv3 "
        "utils/datasets.py ListDataset.collate_fn, targets numbered and torch.cat as ultralytics/yolov5 "
        "utils/dataloaders.py LoadImagesAndLabels.collate_fn"
    )
    named = [("images", images), ("targets", targets)]
    return GoldenCase(
        operator="yolo_collate",
        case=case,
        params={"image_size": image_size},
        source=source_note(framework, note, f"targets from {philox(seed)}"),
        inputs={f"{name}.{i}": numpy_of(tensor) for name, tensors in named for i, tensor in enumerate(tensors)},
        outputs={"images": numpy_of(batch), "targets": numpy_of(rows)},
    )
