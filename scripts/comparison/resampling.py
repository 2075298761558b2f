"""The statistics: the bootstrap interval of the log-ratio of two medians, how far a run drifts, tails, Holm's method.

Times are in nanoseconds; effects, intervals and drifts are natural logarithms of ratios, so that a factor and its
inverse are alike. Figures in the comments are from simulations (`simulate.py` and the tests) and from 40 real runs of
one binary with 40 rows each, on a virtual machine of two cores with other work beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

CONFIDENCE = 0.95

# The ends of the interval then waver by 2.4 % of its half-width from one seed to another (200 samples, 60 seeds), which
# moves no verdict that was not at the edge; 30 rows of 200 samples take 0.7 s.
RESAMPLES = 2000

# Below it no interval between two samples holds the median with 95 %: 2·0.5ⁿ ≤ 0.05 from n = 6 on.
LEAST_SAMPLES = 6

# Resampled values held at once: 32 MB. A row of thousands of samples is done in portions.
MOST_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """log(median of NEW / median of BASE), its interval, and the degrees of freedom behind the interval's width."""

    log_ratio: float
    low: float
    high: float
    freedom: float


def block_length(n: int) -> int:
    """How many neighbouring samples are drawn together.

    Neighbours are alike, because the machine's state outlasts a sample: their rank correlation was 0.15 at the median
    over the real rows and 0.69 at worst. Single draws take them for independent: of 300 intervals at 200 samples that
    promise 95 %, single draws held the truth in 88 % and blocks in 96 % where that correlation was 0.3, and in 68 %
    and 89 % where it was 0.7. n^(1/3) is the rate at which a block bootstrap of a variance is most accurate (Künsch
    1989; Hall, Horowitz and Jing 1995); n^(1/2) held 93 % and 94 %, but at 20 samples only 89 % against 92 %. Longer
    trends are left to `drift`.
    """
    return max(1, round(n ** (1 / 3)))


def bootstrap_medians(
    samples: np.ndarray, length: int, rng: np.random.Generator, resamples: int = RESAMPLES
) -> np.ndarray:
    """Medians of `resamples` series made of blocks of the samples.

    Blocks start anywhere and run over the end to the beginning (Politis and Romano 1992), so that each sample is drawn
    as often as any other; blocks of one sample are the ordinary bootstrap.
    """
    n = len(samples)
    ring = np.concatenate([samples, samples[: length - 1]])
    blocks = math.ceil(n / length)
    portion = max(1, MOST_AT_ONCE // n)
    medians = []
    for start in range(0, resamples, portion):
        count = min(portion, resamples - start)
        first = rng.integers(0, n, size=(count, blocks))
        series = ring[first[:, :, None] + np.arange(length)].reshape(count, -1)[:, :n]
        medians.append(np.median(series, axis=1))
    return np.concatenate(medians)


def estimate(base: Sequence[float], new: Sequence[float], seed: int, length: int | None = None) -> Estimate:
    """The percentile interval of the log-ratio of the medians; `length` is for tests (default: `block_length`)."""
    medians, freedom = [], -2.0
    # Two streams that do not depend on each other's length: a file's medians are the same whatever stands beside it.
    for samples, stream in zip((base, new), np.random.SeedSequence(seed).spawn(2), strict=True):
        block = length or block_length(len(samples))
        medians.append(np.log(bootstrap_medians(np.asarray(samples, float), block, np.random.default_rng(stream))))
        freedom += len(samples) / block
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians[1] - medians[0], [tail, 1 - tail])
    log_ratio = math.log(np.median(new)) - math.log(np.median(base))
    # Each block counts as one observation in either file; at least 1, which has the widest tail of all.
    return Estimate(log_ratio, float(low), float(high), max(freedom, 1.0))


def drift(samples: Sequence[float]) -> float:
    """|log of the ratio of the medians of a run's first and second half|: a comparison of the row with itself.

    It sees what outlasts a block, above all a machine that changed its pace in the middle. Over all pairs of the 40
    real runs, rows beyond the tolerance were 20.1 % without it and 16.9 % with it. A row's samples lay within
    milliseconds of each other there; with files put together from ten runs each, so that drift can show, they were 0
    of 80.
    """
    middle = len(samples) // 2
    return abs(math.log(np.median(samples[:middle])) - math.log(np.median(samples[middle:])))


def exceedance(effect: Estimate, bar: float) -> float:
    """Two-sided p-value of 'the log-ratio lies within ±bar'.

    The tail is Student's, scaled by the interval's own half-width on the side of the bar: counting 2,000 resamples
    could not go below 1/2000, and Holm's first step asks for 0.05/N of N rows.
    """
    towards = effect.log_ratio - effect.low if effect.log_ratio > 0 else effect.high - effect.log_ratio
    distance = abs(effect.log_ratio) - bar
    if not distance > 0:
        return 1.0
    scale = max(towards, 0.0) / special.ndtri((1 + CONFIDENCE) / 2)
    if scale == 0:
        return 0.0
    return float(min(1.0, 2 * special.stdtr(effect.freedom, -distance / scale)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (Holm 1979): in rising order, each times the number of rows that are left, never falling."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
