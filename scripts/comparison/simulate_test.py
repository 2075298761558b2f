"""The simulation in small: few false alarms on runs of one program, and planted slow-downs are found."""

from __future__ import annotations

import unittest

import numpy as np

from . import simulate
from .verdicts import AMBIGUOUS, FASTER, SAME, SLOWER

# All is seeded, so these are facts about the code and not chances; the bounds leave room for other versions of NumPy.
PAIRS = 60


class Simulation(unittest.TestCase):
    """Rates over pairs of simulated files."""

    def test_the_same_program_is_same(self) -> None:
        shares = simulate.verdict_shares(simulate.TYPICAL, 50, 1.0, PAIRS, seed=1)
        self.assertEqual((shares[SLOWER], shares[FASTER]), (0, 0))
        self.assertGreaterEqual(shares[SAME], 0.95)

    def test_few_samples_are_ambiguous_rather_than_wrong(self) -> None:
        shares = simulate.verdict_shares(simulate.TYPICAL, 10, 1.0, PAIRS, seed=2)
        self.assertEqual((shares[SLOWER], shares[FASTER]), (0, 0))

    def test_ten_percent_are_found(self) -> None:
        shares = simulate.verdict_shares(simulate.TYPICAL, 50, 1.10, PAIRS, seed=3)
        self.assertGreaterEqual(shares[SLOWER], 0.95)
        self.assertEqual(shares[SAME] + shares[FASTER], 0)

    def test_at_the_bands_edge_much_is_ambiguous(self) -> None:
        shares = simulate.verdict_shares(simulate.TYPICAL, 50, 1.05, PAIRS, seed=4)
        self.assertGreater(shares[AMBIGUOUS], 0.1)
        self.assertEqual(shares[FASTER], 0)

    def test_runs_of_thirty_rows_raise_no_alarm(self) -> None:
        shares = simulate.run_shares(simulate.TYPICAL, rows=30, runs=5, seed=5, count=20)
        self.assertEqual(shares.no_alarm, 1)
        self.assertLess(shares.ambiguous_rows, 0.05)

    def test_a_round_that_was_slowed_is_no_regression(self) -> None:
        bursts = simulate.replace(simulate.TYPICAL, burst_share=0.1)
        shares = simulate.verdict_shares(bursts, 50, 1.0, PAIRS, seed=6)
        self.assertEqual((shares[SLOWER], shares[FASTER]), (0, 0))
        self.assertGreaterEqual(shares[SAME], 0.9)

    def test_rounds_that_were_all_slowed_are_beyond_any_comparison_of_two_files(self) -> None:
        """The alarm is wrong and cannot be told from a right one: the simulation says so instead of leaving it out."""
        always = simulate.replace(simulate.TYPICAL, burst_share=1.0)
        rng = np.random.default_rng(1)
        self.assertGreater(np.median(simulate.samples(always, 50, 1000.0, rng)), 1200)


class Samples(unittest.TestCase):
    """The noise itself."""

    def test_sizes(self) -> None:
        rng = np.random.default_rng(6)
        calm = simulate.replace(simulate.TYPICAL, drift=0)
        medians = [np.median(simulate.run_of_row(calm, 100, 1000.0, rng)[0]) for _ in range(200)]
        self.assertAlmostEqual(np.median(medians), 1000, delta=5)
        self.assertAlmostEqual(np.std(np.log(medians)), simulate.TYPICAL.shift, delta=0.003)

    def test_settling_stops_where_the_interval_is_narrow(self) -> None:
        exact = np.full(50, 7.0)
        self.assertEqual(simulate.settled(exact), 10)
        wild = np.exp(np.random.default_rng(1).normal(size=50))
        self.assertEqual(simulate.settled(wild), 50)


if __name__ == "__main__":
    unittest.main()
