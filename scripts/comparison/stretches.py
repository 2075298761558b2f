"""Which samples of a row are compared: those of its quietest stretch.

Whatever else a machine does only ever slows a kernel down, and for a while. Of 233 rows that were timed in one go,
twice with one binary on a virtual machine, 15 medians differed by more than 5 % and up to a factor of two, all
backends of a case alike. Rounds lie apart in time, and within a round samples are in the order in which they were
taken, so that most rows have a stretch in which nothing disturbed them.
"""

from __future__ import annotations

import numpy as np

from results.result_file import Row

from .resampling import LEAST_SAMPLES

# How many samples of a round are compared. On simulated typical noise 97 % of slow-downs of 10 % are found with 10
# samples and 99 % with 20. More samples take longer, so that a disturbance is likelier to fall among them.
STRETCH = 20

Samples = tuple[float, ...]


def stretches_ns(row: Row) -> list[Samples]:
    """The quietest stretch of each round, the one with the lowest median first; at least one.

    A row without two rounds that have enough samples for an interval is one stretch.
    """
    ends = np.cumsum(row.rounds, dtype=int)
    rounds = [row.samples_ns[end - count : end] for end, count in zip(ends, row.rounds, strict=True)]
    rounds = [samples for samples in rounds if len(samples) >= LEAST_SAMPLES]
    if len(rounds) < 2:
        return [row.samples_ns]
    return sorted((_quietest(samples) for samples in rounds), key=np.median)


def quietest_ns(row: Row) -> Samples:
    """The samples that a row is compared by."""
    return stretches_ns(row)[0]


def median_ns(row: Row) -> float | None:
    """The median of these samples; None if the row has no time."""
    return float(np.median(quietest_ns(row))) if row.is_timed else None


def _quietest(samples: Samples) -> Samples:
    """Of the stretches of STRETCH samples, one after the other, that with the lowest median."""
    starts = range(0, max(1, len(samples) - STRETCH + 1), STRETCH)
    return min((samples[start : start + STRETCH] for start in starts), key=np.median)
