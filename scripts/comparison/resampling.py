"""The statistics: the bootstrap interval of the log-ratio of two medians, how far a run drifts, tails, Holm's method.

Times are in nanoseconds; effects, intervals and drifts are natural logarithms of ratios, so that a factor and its
inverse have the same size. Figures in the comments are from simulations (`simulate.py` and the tests) and from 40 real
runs of one binary with 40 rows each, on a virtual machine of two cores that did other work too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

CONFIDENCE = 0.95

# With 2000, the ends of the interval vary by 2.4 % of its half-width between seeds (200 samples, 60 seeds): only
# verdicts at the edge change. 30 rows of 200 samples take 0.7 s.
RESAMPLES = 2000

# With fewer, no interval between two samples holds the median with 95 %: 2·0.5ⁿ ≤ 0.05 from n = 6 on.
LEAST_SAMPLES = 6

# Resampled values in memory at once: 32 MB. A row of thousands of samples is resampled in portions.
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

    Neighbouring samples are alike, because the machine's state lasts longer than a sample: their rank correlation was
    0.15 at the median over the real rows and 0.69 at worst. Drawing single samples ignores that. Of 300 intervals of
    95 % at 200 samples, this share held the truth:

    | correlation | single draws | blocks of n^(1/3) | blocks of n^(1/2) |
    |---|---|---|---|
    | 0.3 | 88 % | 96 % | 93 % |
    | 0.7 | 68 % | 89 % | 94 % |

    At 20 samples n^(1/2) held 89 % and n^(1/3) 92 %. n^(1/3) is the most accurate rate for a block bootstrap of a
    variance (Künsch 1989; Hall, Horowitz and Jing 1995). `drift` sees longer trends.
    """
    return max(1, round(n ** (1 / 3)))


def bootstrap_medians(
    samples: np.ndarray, length: int, rng: np.random.Generator, resamples: int = RESAMPLES
) -> np.ndarray:
    """Medians of `resamples` series made of blocks of the samples.

    A block starts anywhere and continues at the beginning when it reaches the end (Politis and Romano 1992), so all
    samples are equally likely. Blocks of one sample are the ordinary bootstrap.
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
    # One random stream for each file: the medians of one do not depend on the number of samples of the other.
    for samples, stream in zip((base, new), np.random.SeedSequence(seed).spawn(2), strict=True):
        block = length or block_length(len(samples))
        medians.append(np.log(bootstrap_medians(np.asarray(samples, float), block, np.random.default_rng(stream))))
        freedom += len(samples) / block
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians[1] - medians[0], [tail, 1 - tail])
    log_ratio = math.log(np.median(new)) - math.log(np.median(base))
    # Each block counts as one observation. 1 degree of freedom is the least, with the widest tail.
    return Estimate(log_ratio, float(low), float(high), max(freedom, 1.0))


def drift(samples: Sequence[float]) -> float:
    """|log of the ratio of the medians of a run's first and second half|: a comparison of the row with itself.

    It sees changes that last longer than a block, such as another clock frequency from the middle on. Over all pairs
    of the 40 real runs, 20.1 % of the rows were beyond the tolerance without it and 16.9 % with it; a row's samples
    lay within milliseconds of each other there. With files made of ten runs each, where drift can show, 0 of 80 were.
    """
    middle = len(samples) // 2
    return abs(math.log(np.median(samples[:middle])) - math.log(np.median(samples[middle:])))


def exceedance(effect: Estimate, bar: float) -> float:
    """Two-sided p-value of 'the log-ratio lies within ±bar'.

    The tail is Student's, scaled by the interval's half-width on the side of the bar. The share of 2,000 resamples
    could not be below 1/2000, but Holm's first step needs 0.05/N for N rows.
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
