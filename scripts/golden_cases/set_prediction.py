"""Golden cases of the set prediction family.

Boxes are torchvision's `box_convert` and `generalized_box_iou`. `matching_cost` is the cost of transformers'
`HungarianMatcher`, caught where it hands it to the solver; `set_criterion` its `ImageLoss`, `postprocess_detections`
its `DetrImageProcessor`.

`hungarian_assignment` is scipy's solver on each image's own block of the cost, as DETR calls it. Some costs come out of
the `HungarianMatcher`; the rest are made to order. The result is one optimal assignment of perhaps several: Assay
judges it by its total cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torchvision.ops import box_convert, generalized_box_iou
from transformers import DetrImageProcessor
from transformers.loss import loss_for_object_detection

from .case import Array, GoldenCase, generator, numpy_of, package, philox, source_note
from .errors import RecordingError

# Query and target indices of one image, the queries ascending.
Assignment = tuple[Array, Array]


def blocks_of(cost: Array, sizes: list[int]) -> list[Array]:
    """Image b's own block [Q, T_b] of the cost [B, Q, T]: its queries against its targets."""
    ends = list(accumulate(sizes))
    return [cost[image, :, end - size : end] for image, (end, size) in enumerate(zip(ends, sizes))]


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    yield from _convert_cases()
    yield from _giou_cases()
    yield from _cost_cases()
    yield from _matcher_cases()
    yield from _random_cases()
    yield from _special_cases()
    yield from _criterion_cases()
    yield from _detection_cases()


def _convert_cases() -> Iterator[GoldenCase]:
    yield _convert_case("predictions_q31", 170, _centred_boxes(generator(170), 31))
    yield _convert_case("one_box", 171, _centred_boxes(generator(171), 1))
    placed = [(5, 3, 4, 2), (0, 0, 0, 0), (0.5, 0.25, 0, 1), (1, -2, -3, 8), (1000, 2, 0.5, 2.0**-10), (-0.0, 1, 0, 3)]
    yield _convert_case("placed_zero_and_negative", None, np.array(placed, np.float32))


def _convert_case(case: str, seed: int | None, boxes: Array) -> GoldenCase:
    corners = {
        kind: box_convert(torch.from_numpy(boxes.astype(kind)), "cxcywh", "xyxy") for kind in ("float32", "float64")
    }
    made = "boxes placed by hand" if seed is None else f"boxes from {philox(seed)}"
    return GoldenCase(
        operator="box_cxcywh_to_xyxy",
        case=case,
        params={},
        source=source_note(f"{package('torchvision')} ops/boxes.py box_convert", made),
        inputs={"boxes": boxes},
        outputs={"boxes": numpy_of(corners["float32"])},
        outputs64={"boxes": numpy_of(corners["float64"])},
    )


def _centred_boxes(rng: np.random.Generator, *shape: int, zero: float = 0.125) -> Array:
    """f32 [*shape, 4], centre and size; that share of the extents is zero."""
    centre, extent = rng.uniform(0, 1, (*shape, 2)), rng.uniform(2.0**-10, 0.5, (*shape, 2))
    extent[rng.random(extent.shape) < zero] = 0
    return np.concatenate((centre, extent), axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Batch:
    """Predictions of a batch, and its targets, whose boxes have an area: the matcher makes a number of every NaN."""

    seed: int
    logits: Array  # f32 [B, Q, K]
    boxes: Array  # f32 [B, Q, 4]
    labels: Array  # i64 [T]
    target_boxes: Array  # f32 [T, 4]
    sizes: list[int]

    @classmethod
    def drawn(cls, seed: int, queries: int, sizes: list[int], classes: int) -> Batch:
        """Seeded; the labels leave out the last class, no object, unless there is no other."""
        rng, images = generator(seed), len(sizes)
        return cls(
            seed,
            2 * rng.standard_normal((images, queries, classes), dtype=np.float32),
            _centred_boxes(rng, images, queries),
            rng.integers(0, max(classes - 1, 1), sum(sizes)),
            _centred_boxes(rng, sum(sizes), zero=0),
            sizes,
        )

    def outputs(self, kind: str) -> dict[str, torch.Tensor]:
        """What DETR's model gives, at one dtype."""
        return {
            "logits": torch.from_numpy(self.logits.astype(kind)),
            "pred_boxes": torch.from_numpy(self.boxes.astype(kind)),
        }

    def targets(self, kind: str) -> list[dict[str, torch.Tensor]]:
        """What DETR's loss is given, image by image."""
        labels = torch.from_numpy(self.labels).split(self.sizes)
        boxes = torch.from_numpy(self.target_boxes.astype(kind)).split(self.sizes)
        return [{"class_labels": of_labels, "boxes": of_boxes} for of_labels, of_boxes in zip(labels, boxes)]

    def inputs(self) -> dict[str, Array]:
        """The tensors that the operators share."""
        named = {"logits": self.logits, "boxes": self.boxes, "labels": self.labels}
        return named | {"target_boxes": self.target_boxes}


def _matched(batch: Batch, kind: str, weights: tuple[float, float, float]) -> tuple[Array, list[Assignment]]:
    """The matcher's cost [B, Q, T] for weights of class, L1 and GIoU, and its pairs, image by image."""
    seen: list[torch.Tensor] = []

    def solver(block: torch.Tensor) -> Assignment:
        seen.append(block)
        return linear_sum_assignment(block)

    matcher = loss_for_object_detection.HungarianMatcher(*weights)
    with patch.object(loss_for_object_detection, "linear_sum_assignment", solver):
        pairs = matcher(batch.outputs(kind), batch.targets(kind))
    images, queries, all_targets = len(batch.sizes), batch.logits.shape[1], sum(batch.sizes)
    # Each block is a view of the whole cost, whose images lie one behind the other.
    strides = (queries * all_targets, all_targets, 1)
    cost = torch.as_strided(seen[0], (images, queries, all_targets), strides, storage_offset=0)
    return numpy_of(cost), [(numpy_of(query), numpy_of(target)) for query, target in pairs]


def _cost_cases() -> Iterator[GoldenCase]:
    yield _cost_case("detr_b2_q20", Batch.drawn(180, 20, [3, 6], 92), (1, 5, 2))
    yield _cost_case("deformable_weights", Batch.drawn(181, 13, [4, 2, 1], 12), (2, 5, 2))
    yield _cost_case("no_targets_in_one", Batch.drawn(182, 7, [2, 0, 3], 5), (1, 5, 2))
    yield _cost_case("more_targets_than_queries", Batch.drawn(183, 3, [11, 5], 7), (1, 5, 2))
    yield _cost_case("one_class", Batch.drawn(184, 5, [2, 1], 1), (1, 5, 2))
    yield _cost_case("class_alone", Batch.drawn(185, 6, [3, 2], 7), (1, 0, 0))
    yield _cost_case("l1_alone", Batch.drawn(186, 6, [3, 2], 7), (0, 1, 0))
    yield _cost_case("giou_alone", Batch.drawn(187, 6, [3, 2], 7), (0, 0, 1))
    yield _cost_case("primes_b3_q31_k13", Batch.drawn(188, 31, [5, 7, 11], 13), (1, 5, 2))


def _cost_case(case: str, batch: Batch, weights: tuple[float, float, float]) -> GoldenCase:
    cost = {kind: _matched(batch, kind, weights)[0] for kind in ("float32", "float64")}
    if any((array == np.finfo(array.dtype).max).any() for array in cost.values()):
        raise RecordingError(f"matching_cost/{case}: the matcher made a number of a NaN.")
    framework = f"{package('transformers')} loss/loss_for_object_detection.py HungarianMatcher, its cost matrix"
    return GoldenCase(
        operator="matching_cost",
        case=case,
        params=dict(zip(("class_weight", "bbox_weight", "giou_weight"), map(float, weights))),
        source=source_note(framework, f"logits, boxes and labels from {philox(batch.seed)}"),
        inputs=batch.inputs(),
        outputs={"cost": cost["float32"]},
        outputs64={"cost": cost["float64"]},
    )


def _criterion_cases() -> Iterator[GoldenCase]:
    yield _criterion_case("detr_b2_q20", Batch.drawn(190, 20, [3, 6], 92))
    yield _criterion_case("no_targets_in_one", Batch.drawn(191, 7, [2, 0, 3], 5))
    yield _criterion_case("no_targets", Batch.drawn(192, 5, [0, 0], 5))
    yield _criterion_case("more_targets_than_queries", Batch.drawn(193, 3, [11, 2, 5], 7))
    yield _criterion_case("one_class", Batch.drawn(194, 5, [2, 1], 2))
    yield _criterion_case("one_query_one_target", Batch.drawn(195, 1, [1], 4))
    yield _criterion_case("eos_coef_1", Batch.drawn(196, 9, [4, 1], 7), eos_coef=1.0)
    yield _criterion_case("eos_coef_0", Batch.drawn(197, 9, [4, 1], 7), eos_coef=0.0)
    yield _criterion_case("primes_b3_q31_k13", Batch.drawn(198, 31, [5, 7, 11], 13))


def _criterion_case(case: str, batch: Batch, eos_coef: float = 0.1) -> GoldenCase:
    """The losses of the matcher's own pairs; without any target there are none, and no matcher to ask."""
    empty = np.zeros(0, np.int64)
    pairs = _matched(batch, "float64", (1, 5, 2))[1] if batch.labels.size else [(empty, empty) for _ in batch.sizes]
    losses = {kind: _losses(batch, kind, pairs, eos_coef) for kind in ("float32", "float64")}
    query, target = (np.concatenate(indices).astype(np.int64) for indices in zip(*pairs))
    framework = f"{package('transformers')} loss/loss_for_object_detection.py ImageLoss.loss_labels and loss_boxes"
    return GoldenCase(
        operator="set_criterion",
        case=case,
        params={"eos_coef": eos_coef},
        source=source_note(framework, f"the HungarianMatcher's pairs of a batch from {philox(batch.seed)}"),
        inputs=batch.inputs() | {"sizes": np.array(batch.sizes, np.int64), "query": query, "target": target},
        outputs=losses["float32"],
        outputs64=losses["float64"],
    )


def _losses(batch: Batch, kind: str, pairs: list[Assignment], eos_coef: float) -> dict[str, Array]:
    """Each loss as [1]."""
    criterion = loss_for_object_detection.ImageLoss(None, batch.logits.shape[2] - 1, eos_coef, [])
    criterion.to(getattr(torch, kind))
    criterion.empty_weight[-1] = eos_coef  # again: the module has rounded it to float32
    indices = [(torch.from_numpy(query), torch.from_numpy(target)) for query, target in pairs]
    given = (batch.outputs(kind), batch.targets(kind), indices, max(sum(batch.sizes), 1))
    losses = criterion.loss_labels(*given) | criterion.loss_boxes(*given)
    return {name: numpy_of(loss.reshape(1)) for name, loss in losses.items()}


def _detection_cases() -> Iterator[GoldenCase]:
    yield _detection_case("detr_b2_q20", Batch.drawn(200, 20, [0, 0], 92), [(480, 640), (427, 640)])
    yield _detection_case("one_class", Batch.drawn(201, 5, [0, 0, 0], 2), [(3, 7), (11, 5), (1, 1)])
    yield _detection_case("primes_b3_q31_k13", Batch.drawn(202, 31, [0, 0, 0], 13), [(31, 17), (3, 101), (61, 7)])
    yield _detection_case("one_query", Batch.drawn(203, 1, [0], 4), [(800, 1333)])
    ties = generator(204).integers(0, 3, (2, 9, 7)).astype(np.float32)
    batch = Batch(204, ties, _centred_boxes(generator(205), 2, 9), np.zeros(0), np.zeros((0, 4)), [0, 0])
    yield _detection_case("ties", batch, [(20, 30), (40, 10)])


def _detection_case(case: str, batch: Batch, target_sizes: list[tuple[int, int]]) -> GoldenCase:
    sizes = np.array(target_sizes, np.int64)
    found = {kind: _detections(batch, kind, torch.from_numpy(sizes)) for kind in ("float32", "float64")}
    framework = (
        f"{package('transformers')} models/detr/image_processing_detr.py "
        "DetrImageProcessor.post_process_object_detection, no detection left out"
    )
    return GoldenCase(
        operator="postprocess_detections",
        case=case,
        params={},
        source=source_note(framework, f"logits and boxes from {philox(batch.seed)}"),
        inputs={"logits": batch.logits, "boxes": batch.boxes, "target_sizes": sizes},
        outputs=found["float32"],
        outputs64={name: array for name, array in found["float64"].items() if name != "labels"},
    )


def _detections(batch: Batch, kind: str, target_sizes: torch.Tensor) -> dict[str, Array]:
    """Scores, labels and boxes of all queries of all images."""
    outputs = SimpleNamespace(**batch.outputs(kind))
    images = DetrImageProcessor().post_process_object_detection(outputs, threshold=-1, target_sizes=target_sizes)
    return {name: numpy_of(torch.stack([image[name] for image in images])) for name in ("scores", "labels", "boxes")}


def _giou_cases() -> Iterator[GoldenCase]:
    yield _giou_case("matching_q31_t13", 160, _random_boxes(160, 31), _random_boxes(161, 13))
    yield _giou_case("one_pair", 162, _random_boxes(162, 1), _random_boxes(163, 1))
    yield _giou_case("nested_touching_and_apart", None, _placed_boxes(), _placed_boxes())


def _random_boxes(seed: int, count: int) -> Array:
    """f32 [count, 4], corners; one extent in eight is zero, so that some unions are."""
    rng = generator(seed)
    centre, extent = rng.uniform(0, 1, (count, 2)), rng.uniform(2.0**-10, 0.5, (count, 2))
    extent[rng.random(extent.shape) < 0.125] = 0
    return np.concatenate((centre - extent / 2, centre + extent / 2), axis=1).astype(np.float32)


def _placed_boxes() -> Array:
    """f32 [8, 4]: a box, one inside it, one that touches it, one apart, one that shares a corner, lines and a point."""
    corners = [(0, 0, 4, 2), (1, 0.5, 3, 1), (4, 0, 6, 2), (7, 5, 9, 8), (4, 2, 5, 3), (0, 0, 4, 0), (2, 0, 2, 2)]
    return np.array([*corners, (1, 1, 1, 1)], np.float32)


def _giou_case(case: str, seed: int | None, a: Array, b: Array) -> GoldenCase:
    made = "boxes placed by hand" if seed is None else f"boxes from {philox(seed)} and {seed + 1}"
    giou = {kind: generalized_box_iou(*(torch.from_numpy(x.astype(kind)) for x in (a, b))) for kind in ("f4", "f8")}
    return GoldenCase(
        operator="generalized_box_iou",
        case=case,
        params={},
        source=source_note(f"{package('torchvision')} ops/boxes.py generalized_box_iou", made),
        inputs={"a": a, "b": b},
        outputs={"giou": numpy_of(giou["f4"])},
        outputs64={"giou": numpy_of(giou["f8"])},
    )


def _matcher_cases() -> Iterator[GoldenCase]:
    yield _matcher_case("matcher_b2_q100", 130, queries=100, sizes=[20, 60])
    yield _matcher_case("matcher_b3_q7_more_targets", 131, queries=7, sizes=[3, 11, 7])
    yield _matcher_case("matcher_b4_q13_no_targets_in_one", 132, queries=13, sizes=[2, 0, 5, 1])


def _matcher_case(case: str, seed: int, queries: int, sizes: list[int], classes: int = 92) -> GoldenCase:
    """DETR's own cost (1·class, 5·L1, 2·GIoU) on random predictions and targets."""
    rng = generator(seed)

    def boxes(*shape: int) -> torch.Tensor:
        centre, extent = rng.uniform(0.2, 0.8, (*shape, 2)), rng.uniform(0.02, 0.4, (*shape, 2))
        return torch.from_numpy(np.concatenate((centre, extent), axis=-1).astype(np.float32))

    logits = torch.from_numpy(rng.standard_normal((len(sizes), queries, classes), dtype=np.float32))
    outputs = {"logits": logits, "pred_boxes": boxes(len(sizes), queries)}
    targets = [
        {"class_labels": torch.from_numpy(rng.integers(0, classes - 1, size)), "boxes": boxes(size)} for size in sizes
    ]
    seen: list[Array] = []

    def solver(block: torch.Tensor) -> Assignment:
        # The matcher passes a view of its whole cost matrix: Q × T_b of one image.
        seen.append(numpy_of(block))
        return linear_sum_assignment(block)

    matcher = loss_for_object_detection.HungarianMatcher(class_cost=1, bbox_cost=5, giou_cost=2)
    with patch.object(loss_for_object_detection, "linear_sum_assignment", solver):
        pairs = matcher(outputs, targets)
    cost = _filled_cost(seen, queries, sizes)
    note = f"class, L1 and GIoU cost of random logits and boxes from {philox(seed)}, in blocks that are not solved 0"
    framework = f"{package('transformers')} loss/loss_for_object_detection.py HungarianMatcher over {package('scipy')}"
    return _golden(case, cost, sizes, [(numpy_of(query), numpy_of(target)) for query, target in pairs], framework, note)


def _filled_cost(blocks: list[Array], queries: int, sizes: list[int]) -> Array:
    """f32 [B, Q, T] with each image's block in its place; the blocks of other images' targets are zero.

    The zeros are the trap: a solver that reads another image's block finds a cheaper total there.
    """
    cost = np.zeros((len(sizes), queries, sum(sizes)), np.float32)
    for place, block in zip(blocks_of(cost, sizes), blocks):
        place[...] = block
    return cost


def _random_cases() -> Iterator[GoldenCase]:
    yield _random_case("random_b3_unequal", 140, queries=9, sizes=[4, 2, 7])
    yield _random_case("square", 141, queries=8, sizes=[8, 8])
    yield _random_case("more_targets_than_queries", 142, queries=5, sizes=[9, 3, 6])
    yield _random_case("no_targets_in_first_and_last", 143, queries=6, sizes=[0, 4, 0, 3, 0])
    yield _random_case("one_query", 144, queries=1, sizes=[3, 1, 0])
    yield _random_case("one_target_each", 145, queries=17, sizes=[1, 1, 1, 1])
    yield _random_case("primes_q31", 146, queries=31, sizes=[13, 29])
    yield _random_case("targets_63", 147, queries=67, sizes=[63])


def _random_case(case: str, seed: int, queries: int, sizes: list[int]) -> GoldenCase:
    cost = generator(seed).standard_normal((len(sizes), queries, sum(sizes)), dtype=np.float32)
    return _solved(case, cost, sizes, f"costs standard normal from {philox(seed)}")


def _special_cases() -> Iterator[GoldenCase]:
    yield _solved("no_targets", np.zeros((2, 5, 0), np.float32), [0, 0], "no targets at all")
    yield _solved("all_equal", np.full((2, 5, 6), 0.5, np.float32), [2, 4], "every cost 0.5: all are optimal")
    ties = generator(150).integers(0, 3, (3, 6, 13)).astype(np.float32)
    yield _solved("ties", ties, [4, 6, 3], f"costs 0, 1 or 2 from {philox(150)}")
    # Products i·j are dearest on the diagonal that a greedy choice of the smallest entry leads to.
    greedy = np.outer(np.arange(1, 7), np.arange(1, 7)).astype(np.float32)[None]
    yield _solved("greedy_is_worst", greedy, [6], "cost (i+1)·(j+1): cheapest first is the dearest")
    yield _solved("infinite_entries", _infinite(151), [4, 7, 2], f"{philox(151)}, half +inf off a finite diagonal")
    yield _solved("one_finite_assignment", _one_finite(152), [5], f"+inf but for one permutation, {philox(152)}")
    close = (1000 + generator(153).integers(0, 4, (2, 7, 9)) * 2.0**-13).astype(np.float32)
    note = f"1000 plus 0 to 3 steps of 2⁻¹³ from {philox(153)}: float32 sums blur them"
    yield _solved("close_costs", close, [5, 4], note)
    wide = generator(154)
    magnitudes = wide.standard_normal((2, 6, 8)) * 10.0 ** wide.integers(-6, 7, (2, 6, 8))
    note = f"1e-6 to 1e6, both signs, from {philox(154)}"
    yield _solved("wide_magnitudes", magnitudes.astype(np.float32), [3, 5], note)
    yield _other_images_are_cheaper(155)


def _infinite(seed: int) -> Array:
    """f32 [3, 8, 13], half of it +inf, with a finite diagonal in each image's block so that an assignment exists."""
    rng = generator(seed)
    cost = rng.standard_normal((3, 8, 13), dtype=np.float32)
    cost[rng.random(cost.shape) < 0.5] = np.inf
    for block in blocks_of(cost, [4, 7, 2]):
        np.fill_diagonal(block, rng.standard_normal(8, dtype=np.float32)[: block.shape[1]] + 3)
    return cost


def _one_finite(seed: int) -> Array:
    """f32 [1, 5, 5], finite on one permutation only, and dear there."""
    cost = np.full((1, 5, 5), np.inf, np.float32)
    cost[0, np.arange(5), generator(seed).permutation(5)] = 1000
    return cost


def _other_images_are_cheaper(seed: int) -> GoldenCase:
    """Each image's own block costs about 10, the blocks of the other images' targets about −10."""
    sizes = [3, 2, 4]
    cost = generator(seed).standard_normal((3, 6, 9), dtype=np.float32) - 10
    for block in blocks_of(cost, sizes):
        block += 20
    note = f"own block about 10, other images' blocks about −10, from {philox(seed)}"
    return _solved("other_images_are_cheaper", cost, sizes, note)


def _solved(case: str, cost: Array, sizes: list[int], note: str) -> GoldenCase:
    pairs = [linear_sum_assignment(block) for block in blocks_of(cost, sizes)]
    framework = f"{package('scipy')} optimize.linear_sum_assignment, as in facebookresearch/detr models/matcher.py"
    return _golden(case, cost, sizes, pairs, framework, note)


def _golden(
    case: str,
    cost: Array,
    sizes: list[int],
    pairs: list[Assignment],
    framework: str,
    note: str,
) -> GoldenCase:
    for block, (query, target) in zip(blocks_of(cost, sizes), pairs, strict=True):
        _check_assignment(f"hungarian_assignment/{case}", block, query, target)
    query, target = (np.concatenate(indices).astype(np.int64) for indices in zip(*pairs))
    return GoldenCase(
        operator="hungarian_assignment",
        case=case,
        params={},
        source=source_note(framework, note),
        inputs={"cost": cost, "sizes": np.array(sizes, np.int64)},
        outputs={"query": query, "target": target},
    )


def _check_assignment(path: str, block: Array, query: Array, target: Array) -> None:
    """Refuses an assignment that is not one to one, not ascending, not complete or not finite."""
    complete = len(query) == len(target) == min(block.shape)
    one_to_one = len(set(target.tolist())) == len(target) and bool(np.all(np.diff(query) > 0))
    if not (complete and one_to_one and np.isfinite(block[query, target]).all()):
        raise RecordingError(f"{path}: the solver's answer is not a finite one-to-one assignment.")
