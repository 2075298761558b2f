#!/usr/bin/env python3
"""How often the comparison is right, on simulated runs whose truth is known.

    .venv/bin/python scripts/comparison/simulate.py [--pairs 1000] [--runs 100]

The noise is like that of real runs: a log-normal core, a heavy right tail, neighbouring samples that are alike, a slow
drift, and a shift of the whole run between processes. The sizes in `typical` are the medians over 40 real runs of 40
rows on a busy virtual machine; `quiet` and `noisy` are about their lower and upper quartiles. `bursts` is `typical`
with one round in fourteen slow from its first sample to its last, as happened when something slowed that machine for a
second. Like `assay bench`, a run goes through all rows three times.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the folder of the packages
    from comparison.interpreter import require_packages

    require_packages()

import numpy as np

from comparison import verdicts
from results.result_file import PASSED, ResultFile, Row

ROUNDS = 3
SAMPLE_COUNTS = (10, 20, 50, 100, 200)  # in each round
SETTLED = 0  # as many samples as `assay bench` takes: until the interval of the median is within 1 %
MOST_SAMPLES = 400


@dataclass(frozen=True)
class Noise:
    """One machine's noise; sizes are relative."""

    name: str
    spread: float  # standard deviation of the log-normal core
    likeness: float  # correlation of neighbouring samples
    drift: float  # standard deviation of the change from the beginning of a round to its end
    shift: float  # standard deviation of the run as a whole
    tail_share: float = 0.04  # share of samples that something interrupted
    tail_size: float = 0.2  # the mean of their delay, exponentially distributed
    burst_share: float = 0.0  # share of a row's rounds that are slow from end to end
    burst_size: float = 0.3  # how much slower these are


TYPICAL = Noise("typical", spread=0.009, likeness=0.2, drift=0.005, shift=0.009)
PROFILES = (
    Noise("quiet", spread=0.003, likeness=0.1, drift=0.002, shift=0.005),
    TYPICAL,
    Noise("noisy", spread=0.025, likeness=0.5, drift=0.02, shift=0.02),
    replace(TYPICAL, name="bursts", burst_share=0.07),
)


def run_of_row(noise: Noise, count: int, median_ns: float, rng: np.random.Generator) -> list[tuple[float, ...]]:
    """The rounds of one row in one run."""
    shifted = median_ns * np.exp(noise.shift * rng.normal())
    return [samples(noise, count, shifted, rng) for _ in range(ROUNDS)]


def samples(noise: Noise, count: int, median_ns: float, rng: np.random.Generator) -> tuple[float, ...]:
    """One round of one row; `count` may be SETTLED."""
    n = count or MOST_SAMPLES
    innovations = rng.normal(size=n) * np.sqrt(1 - noise.likeness**2)
    core = np.empty(n)
    core[0] = rng.normal()
    for i in range(1, n):
        core[i] = noise.likeness * core[i - 1] + innovations[i]
    wander = np.cumsum(rng.normal(size=n)) / np.sqrt(n)  # a random walk that ends one standard deviation away
    tail = (rng.random(n) < noise.tail_share) * rng.exponential(noise.tail_size, n)
    whole = (rng.random() < noise.burst_share) * noise.burst_size
    values = median_ns * np.exp(noise.spread * core + noise.drift * wander + whole) * (1 + tail)
    return tuple(values[: count or settled(values)].tolist())


def settled(values: np.ndarray) -> int:
    """Where `assay bench` would have stopped: the 95 % interval of the median is within 1 % of it, from 10 samples."""
    for n in range(10, len(values)):
        ordered = np.sort(values[:n])
        half = 1.96 * np.sqrt(n) / 2
        low, high = int(max(np.floor(n / 2 - half), 1)), int(min(np.ceil(n / 2 + half) + 1, n))
        middle = np.median(ordered)
        if middle - ordered[low - 1] <= 0.01 * middle and ordered[high - 1] - middle <= 0.01 * middle:
            return n
    return len(values)


def result_file(rows: Iterator[tuple[str, list[tuple[float, ...]]]]) -> ResultFile:
    """As if read from a file; each row comes with its rounds."""
    made = [
        Row(name, "hot", "once", PASSED, "", sum(rounds, ()), rounds=tuple(map(len, rounds))) for name, rounds in rows
    ]
    return ResultFile("simulated", {row.key: row for row in made}, machine_hash="simulated")


def run_pair(
    noise: Noise, rows: int, factor: float, counts: Callable[[], int], rng: np.random.Generator
) -> verdicts.Comparison:
    """Two runs of `rows` rows, compared with the default band; NEW takes `factor` times as long."""
    medians = np.exp(rng.uniform(np.log(1e2), np.log(1e7), rows))  # from 100 ns to 10 ms
    tag = rng.integers(1 << 62)  # the bootstrap's seed comes from the rows' names: another one for each pair
    base, new = (
        result_file(
            (f"{tag}/{i}", run_of_row(noise, counts(), median * times, rng)) for i, median in enumerate(medians)
        )
        for times in (1.0, factor)
    )
    return verdicts.compare(base, new, verdicts.Settings())


def verdict_shares(noise: Noise, count: int, factor: float, pairs: int, seed: int) -> dict[str, float]:
    """Shares of the verdicts over pairs of files of one row each."""
    rng = np.random.default_rng([seed, count])
    found = Counter(run_pair(noise, 1, factor, lambda: count, rng).rows[0].verdict for _ in range(pairs))
    order = (verdicts.SLOWER, verdicts.AMBIGUOUS, verdicts.SAME, verdicts.FASTER)
    return {verdict: found[verdict] / pairs for verdict in order}


@dataclass(frozen=True)
class RunShares:
    """Over A/A runs of many rows: how many were all SAME, had no SLOWER, no alarm; and the AMBIGUOUS share of rows."""

    all_same: float
    no_slower: float
    no_alarm: float
    ambiguous_rows: float


def run_shares(noise: Noise, rows: int, runs: int, seed: int, count: int | None = None) -> RunShares:
    """Row for row another number of samples, out of SAMPLE_COUNTS, unless `count` is given."""
    rng = np.random.default_rng([seed, rows])
    counts = (lambda: count) if count is not None else (lambda: int(rng.choice(SAMPLE_COUNTS)))
    made = [run_pair(noise, rows, 1.0, counts, rng) for _ in range(runs)]
    return RunShares(
        all_same=float(np.mean([c.count(verdicts.SAME) == rows for c in made])),
        no_slower=float(np.mean([c.count(verdicts.SLOWER) == 0 for c in made])),
        no_alarm=float(np.mean([c.count(verdicts.SLOWER) + c.count(verdicts.FASTER) == 0 for c in made])),
        ambiguous_rows=float(np.mean([c.count(verdicts.AMBIGUOUS) / rows for c in made])),
    )


def print_pairs(pairs: int, seed: int) -> None:
    """One line for each profile, planted slow-down and number of samples."""
    print(f"Verdicts in % of {pairs} pairs of one row, band 5 %, no recorded A/A floor\n")
    print("| noise | samples a round | planted | SLOWER | AMBIGUOUS | SAME | FASTER |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for noise in PROFILES:
        for factor in (1.0, 1.10, 1.05):
            for count in (*SAMPLE_COUNTS, SETTLED):
                shares = verdict_shares(noise, count, factor, pairs, seed)
                cells = " | ".join(f"{100 * share:.1f}" for share in shares.values())
                print(f"| {noise.name} | {count or 'settled'} | {factor - 1:+.0%} | {cells} |", flush=True)


def print_runs(runs: int, seed: int, rows: int = 30) -> None:
    """One line for each profile and way of choosing the number of samples."""
    print(f"{runs} A/A runs of {rows} rows: runs in % and the share of rows that are AMBIGUOUS\n")
    print("| noise | samples a round | all SAME | no SLOWER | neither SLOWER nor FASTER | AMBIGUOUS rows |")
    print("|---|---|---:|---:|---:|---:|")
    for noise in PROFILES:
        for count, name in ((None, "10 to 200"), (SETTLED, "settled")):
            shares = run_shares(noise, rows, runs, seed, count)
            whole = (shares.all_same, shares.no_slower, shares.no_alarm)
            cells = " | ".join(f"{100 * share:.0f}" for share in whole)
            print(f"| {noise.name} | {name} | {cells} | {100 * shares.ambiguous_rows:.2f} |", flush=True)


def main() -> None:
    """Prints both tables; with the defaults it takes some fifteen minutes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of files for each line")
    parser.add_argument("--runs", type=int, default=100, help="A/A runs of 30 rows for each line")
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    print_runs(options.runs, options.seed)
    print()
    print_pairs(options.pairs, options.seed)


if __name__ == "__main__":
    main()
