"""Golden cases of the six samplers, from the classes of `torch.utils.data` themselves.

Every list of indices is what the class yields. Orders are recorded as they come; draws with weights are as good as any
other draws and are judged by their statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from .case import Array, GoldenCase, generator, philox, source_note
from .errors import RecordingError

SAMPLER = "torch.utils.data"


def cases() -> Iterator[GoldenCase]:
    """Every golden case of the family."""
    yield from _sequential_cases()
    yield from _random_cases()
    yield from _subset_cases()
    yield from _weighted_cases()
    yield from _batch_cases()
    yield from _distributed_cases()


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _indices(values: Iterable[int]) -> Array:
    return np.array(list(values), dtype=np.int64)


def _case(
    operator: str, case: str, params: dict[str, Any], inputs: dict[str, Array], outputs: dict[str, Array], note: str
) -> GoldenCase:
    return GoldenCase(
        operator=operator, case=case, params=params, source=note, inputs=inputs, outputs=outputs
    )


# Orders.


def _sequential_cases() -> Iterator[GoldenCase]:
    for case, length in {"empty": 0, "one": 1, "primes_997": 997, "coco_val": 5000}.items():
        indices = _indices(SequentialSampler(range(length)))
        note = source_note(f"{SAMPLER}.SequentialSampler")
        yield _case("sequential_sampler", case, {"length": length}, {}, {"indices": indices}, note)


def _random_cases() -> Iterator[GoldenCase]:
    settings = {
        "one": (1, 1),
        "two": (2, 5),
        "three": (3, 0),
        "one_state": (625, 7),
        "two_states": (626, 7),
        "primes_997": (997, 42),
        "coco_val": (5000, 42),
        "seed_beyond_32_bits": (97, 0x500000003),
        "seed_negative": (97, -3),
        "seed_sign_of_32_bits": (97, 0x80000000),
        "seed_largest": (97, 2**63 - 1),
        "seed_smallest": (97, -(2**63)),
    }
    for case, (length, seed) in settings.items():
        indices = _indices(RandomSampler(range(length), generator=_seeded(seed)))
        note = source_note(f"{SAMPLER}.RandomSampler with torch.Generator().manual_seed({seed})")
        yield _case("random_sampler", case, {"length": length, "seed": seed}, {}, {"indices": indices}, note)
    # RandomSampler itself refuses a dataset without entries.
    empty = torch.randperm(0, generator=_seeded(1)).numpy()
    note = source_note("torch.randperm of length 0, which RandomSampler calls")
    yield _case("random_sampler", "empty", {"length": 0, "seed": 1}, {}, {"indices": empty}, note)


def _subset_cases() -> Iterator[GoldenCase]:
    rng = generator(400)
    subsets = {
        "empty": (3, np.zeros(0, np.int64)),
        "one": (3, np.array([41], np.int64)),
        "imagenet_val_rank3": (0, np.arange(3, 50000, 8, dtype=np.int64)),
        "not_its_own_order": (5, np.array([50, 40, 30, 20, 10, 0, -10, 10**12, 7, 7, 3], np.int64)),
        "scattered_631": (11, rng.integers(0, 118287, 631)),
        "seed_negative": (-7, rng.integers(0, 118287, 64)),
    }
    for case, (seed, subset) in subsets.items():
        indices = _indices(SubsetRandomSampler(subset.tolist(), generator=_seeded(seed)))
        note = source_note(f"{SAMPLER}.SubsetRandomSampler with torch.Generator().manual_seed({seed})")
        yield _case("subset_random_sampler", case, {"seed": seed}, {"subset": subset}, {"indices": indices}, note)


# Batches and ranks.


def _batch_cases() -> Iterator[GoldenCase]:
    settings = {
        "empty": (0, 4, False),
        "ten_by_three": (10, 3, False),
        "ten_by_three_dropped": (10, 3, True),
        "fewer_than_a_batch": (5, 8, False),
        "fewer_than_a_batch_dropped": (5, 8, True),
        "nothing_left_over": (12, 4, False),
        "nothing_left_over_dropped": (12, 4, True),
        "single_indices": (7, 1, False),
        "coco_val_b2": (5000, 2, False),
        "primes_997_by_31": (997, 31, False),
        "primes_997_by_31_dropped": (997, 31, True),
    }
    for seed, (case, (n, batch_size, drop_last)) in enumerate(settings.items(), start=420):
        indices = generator(seed).integers(0, 118287, n)
        batches = list(BatchSampler(indices.tolist(), batch_size, drop_last))
        offsets = np.cumsum([0, *map(len, batches)], dtype=np.int64)
        joined = [index for batch in batches for index in batch]
        if joined != indices.tolist()[: offsets[-1]]:
            raise RecordingError(f"batch_sampler/{case}: the batches are not the indices in their order.")
        params = {"batch_size": batch_size, "drop_last": drop_last}
        note = source_note(f"{SAMPLER}.BatchSampler, the running sum of its batches' lengths", f"indices from {philox(seed)}")
        yield _case("batch_sampler", case, params, {"indices": indices}, {"offsets": offsets}, note)


def _distributed_cases() -> Iterator[GoldenCase]:
    # length, world, rank, shuffle, seed, epoch, drop_last
    settings = {
        "wraps_once": (8, 3, 2, False, 0, 0, False),
        "wraps_in_random_order": (13, 5, 4, True, 11, 3, False),
        "cut": (8, 3, 1, True, 1, 1, True),
        "cut_in_order": (8, 3, 2, False, 1, 1, True),
        "more_ranks_than_indices": (3, 8, 7, True, 2, 0, False),
        "more_ranks_in_order": (3, 8, 4, False, 0, 0, False),
        "more_ranks_cut": (3, 8, 2, True, 2, 0, True),
        "one_index_for_seven": (1, 7, 6, True, 0, 5, False),
        "one_rank": (31, 1, 0, True, 4, 1, False),
        "nothing_left_over": (24, 4, 3, True, 0, 9, False),
        "empty": (0, 4, 3, True, 1, 1, False),
        "negative_seed": (17, 2, 1, True, -5, 2, False),
        "seed_beyond_32_bits": (17, 2, 0, True, 2**32, 7, False),
        "primes_997_w31": (997, 31, 17, True, 42, 299, False),
        "coco_val_w8": (5000, 8, 5, True, 0, 3, False),
        "imagenet_val_w8": (50000, 8, 5, False, 0, 0, False),
    }
    for case, (length, world, rank, shuffle, seed, epoch, drop_last) in settings.items():
        sampler = DistributedSampler(range(length), world, rank, shuffle, seed, drop_last)
        sampler.set_epoch(epoch)
        params = {
            "length": length,
            "world": world,
            "rank": rank,
            "shuffle": shuffle,
            "seed": seed,
            "epoch": epoch,
            "drop_last": drop_last,
        }
        note = source_note(f"{SAMPLER}.DistributedSampler, set_epoch({epoch})")
        yield _case("distributed_sampler", case, params, {}, {"indices": _indices(sampler)}, note)


# Draws with weights.


def _weighted_cases() -> Iterator[GoldenCase]:
    example = np.array([0.1, 0.9, 0.4, 0.7, 3.0, 0.6])
    yield _weighted_case("documented_weights", example, 20000, True, 1, "weights of torch's documentation")
    once = np.array([0.9, 0.4, 0.05, 0.2, 0.3, 0.1])
    yield _weighted_case("documented_weights_once", once, 5, False, 1, "weights of torch's documentation")
    zeros = np.array([0, 0, 1, 0, 0, 2, 4, 0, 0], np.float64)
    yield _weighted_case("zeros_at_both_ends", zeros, 5000, True, 2, "weights of 0 at both ends and between others")
    yield _weighted_case("all_that_are_left", zeros, 3, False, 2, "as many draws as weights above 0")
    steep = 2.0 ** np.array([-120, 0, -200, -40, -2000, -160, -80])
    yield _weighted_case("certain_order", steep, 6, False, 3, "weights 2⁴⁰ times one another, and 0")
    yield _weighted_case("one_weight", np.array([0.5]), 7, True, 4, "nothing to choose from")
    random = generator(440).random(997) ** 3
    yield _weighted_case("cubes_997", random, 15000, True, 5, f"cubes of uniform numbers from {philox(440)}")
    yield _weighted_case("cubes_997_once", random, 800, False, 6, f"cubes of uniform numbers from {philox(440)}")
    small = generator(441).random(31) * 1e-300
    yield _weighted_case("small", small, 4000, True, 7, f"uniform numbers times 1e-300 from {philox(441)}")


def _weighted_case(case: str, weights: Array, draws: int, replacement: bool, seed: int, note: str) -> GoldenCase:
    sampler = WeightedRandomSampler(torch.from_numpy(weights), draws, replacement, _seeded(seed))
    params = {"num_samples": draws, "replacement": replacement, "seed": seed}
    framework = f"{SAMPLER}.WeightedRandomSampler with torch.Generator().manual_seed({seed})"
    return _case(
        "weighted_random_sampler",
        case,
        params,
        {"weights": weights.astype(np.float64)},
        {"indices": _indices(sampler)},
        source_note(framework, note),
    )
