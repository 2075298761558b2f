"""Golden cases of `generalized_box_iou` (torchvision's) and `hungarian_assignment`: scipy's solver on each image's own block of the cost, as DETR calls it.

Some costs come out of transformers' `HungarianMatcher`, caught where it hands them to the solver; the rest are made to
order. The result is one optimal assignment of perhaps several: Assay judges it by its total cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from unittest.mock import patch

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torchvision.ops import generalized_box_iou
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
    yield from _giou_cases()
    yield from _matcher_cases()
    yield from _random_cases()
    yield from _special_cases()


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
