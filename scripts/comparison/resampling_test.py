"""The statistics against SciPy's own, hand-worked cases and what must hold by symmetry."""

from __future__ import annotations

import math
import unittest

import numpy as np
from scipy import stats

from results.examples import noise

from . import resampling


def correlated(n: int, likeness: float, rng: np.random.Generator) -> np.ndarray:
    """Normal noise of standard deviation 1 in which neighbours have this correlation."""
    values = rng.normal(size=n)
    for i in range(1, n):
        values[i] = likeness * values[i - 1] + math.sqrt(1 - likeness**2) * values[i]
    return values


class Interval(unittest.TestCase):
    """The bootstrap interval of the log-ratio of medians."""

    def test_single_draws_agree_with_scipy(self) -> None:
        """With blocks of one sample it is the ordinary percentile bootstrap."""
        for n, m, seed in ((25, 40, 1), (101, 60, 2)):
            base, new = np.array(noise(1000, n, 0.05, seed)), np.array(noise(1080, m, 0.05, seed + 10))
            own = resampling.estimate(base, new, seed, length=1)
            theirs = stats.bootstrap(
                (base, new),
                lambda x, y, axis: np.log(np.median(y, axis=axis) / np.median(x, axis=axis)),
                n_resamples=9_999,
                method="percentile",
                rng=np.random.default_rng(seed),
            ).confidence_interval
            # Ends from 2,000 resamples waver by some 2 % of the half-width; a wrong quantile is off by far more.
            tolerance = 0.15 * (theirs.high - theirs.low) / 2
            self.assertAlmostEqual(own.low, theirs.low, delta=tolerance)
            self.assertAlmostEqual(own.high, theirs.high, delta=tolerance)
            self.assertAlmostEqual(own.log_ratio, math.log(1.08), places=12)

    def test_blocks_hold_the_truth_where_single_draws_do_not(self) -> None:
        """Neighbours that are alike: 95 % is promised; single draws kept 68 % and blocks 89 % in 300 trials."""
        rng = np.random.default_rng(7)
        trials, held = 60, {1: 0, 6: 0}
        for trial in range(trials):
            base, new = (np.exp(0.02 * correlated(200, 0.7, rng)) for _ in range(2))
            for length in held:
                effect = resampling.estimate(base, new, trial, length=length)
                held[length] += effect.low <= 0 <= effect.high
        self.assertGreater(held[6], 0.75 * trials)
        self.assertLess(held[1], held[6] - 0.1 * trials)

    def test_the_same_seed_gives_the_same_interval(self) -> None:
        base, new = noise(1000, seed=1), noise(1100, seed=2)
        first, again = (resampling.estimate(base, new, 42) for _ in range(2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, resampling.estimate(base, new, 43))

    def test_a_factor_moves_the_interval_and_nothing_else(self) -> None:
        base, new = noise(1000, seed=1), np.array(noise(1000, seed=2))
        plain, doubled = resampling.estimate(base, new, 5), resampling.estimate(base, 2 * new, 5)
        for name in ("log_ratio", "low", "high"):
            self.assertAlmostEqual(getattr(doubled, name), getattr(plain, name) + math.log(2), places=12)
        self.assertEqual(plain.freedom, doubled.freedom)

    def test_constant_samples_have_no_width(self) -> None:
        effect = resampling.estimate([5.0] * 10, [10.0] * 10, 1)
        self.assertAlmostEqual(effect.low, math.log(2), places=12)
        self.assertAlmostEqual(effect.high, math.log(2), places=12)
        self.assertLess(resampling.exceedance(effect, 0.05), 1e-9)

    def test_portions_do_not_change_how_many_there_are(self) -> None:
        """More samples than are held at once."""
        rng = np.random.default_rng(1)
        n = resampling.MOST_AT_ONCE // 30
        medians = resampling.bootstrap_medians(np.arange(1.0, n + 1), 50, rng, resamples=70)
        self.assertEqual(medians.shape, (70,))
        self.assertTrue(np.all((medians > 0.45 * n) & (medians < 0.55 * n)))

    def test_a_block_is_neighbours_and_runs_over_the_end(self) -> None:
        """With one block as long as the series each resample is the series, turned round: its median never changes."""
        samples = np.array([9.0, 1.0, 5.0, 7.0, 3.0])
        medians = resampling.bootstrap_medians(samples, 5, np.random.default_rng(1), resamples=50)
        self.assertTrue(np.all(medians == 5.0))

    def test_block_lengths(self) -> None:
        self.assertEqual([resampling.block_length(n) for n in (6, 10, 27, 64, 200, 1000)], [2, 2, 3, 4, 6, 10])


class Drift(unittest.TestCase):
    """A run against itself."""

    def test_halves(self) -> None:
        self.assertAlmostEqual(resampling.drift([10, 10, 10, 11, 11, 11]), math.log(1.1))
        self.assertAlmostEqual(resampling.drift([11, 11, 11, 10, 10, 10]), math.log(1.1))
        self.assertAlmostEqual(resampling.drift([10, 12, 11, 10, 11, 12, 99]), math.log(11.5 / 11))
        self.assertEqual(resampling.drift([7] * 9), 0)


class Tails(unittest.TestCase):
    """p-values."""

    def test_within_the_bar_there_is_nothing_to_find(self) -> None:
        effect = resampling.Estimate(0.04, 0.03, 0.05, 20)
        self.assertEqual(resampling.exceedance(effect, 0.04), 1.0)
        self.assertEqual(resampling.exceedance(effect, 0.1), 1.0)
        self.assertEqual(resampling.exceedance(resampling.Estimate(0.05, 0.05, 0.05, 20), 0.05), 1.0, "at the bar")

    def test_student_with_the_intervals_own_width(self) -> None:
        half = 0.0196
        effect = resampling.Estimate(0.1, 0.1 - half, 0.2, 12)
        expected = 2 * stats.t.sf((0.1 - 0.05) / (half / stats.norm.ppf(0.975)), 12)
        self.assertAlmostEqual(resampling.exceedance(effect, 0.05), expected, places=12)

    def test_both_directions_are_alike(self) -> None:
        up = resampling.Estimate(0.1, 0.08, 0.15, 9)
        down = resampling.Estimate(-0.1, -0.15, -0.08, 9)
        self.assertEqual(resampling.exceedance(up, 0.05), resampling.exceedance(down, 0.05))

    def test_no_width_is_certain(self) -> None:
        self.assertEqual(resampling.exceedance(resampling.Estimate(0.1, 0.1, 0.1, 5), 0.05), 0.0)

    def test_nan_is_never_significant(self) -> None:
        self.assertEqual(resampling.exceedance(resampling.Estimate(math.nan, math.nan, math.nan, 5), 0.05), 1.0)


class Holm(unittest.TestCase):
    """Holm's method."""

    def test_by_hand(self) -> None:
        """Sorted: 0.005·4 = 0.02, 0.01·3 = 0.03, 0.03·2 = 0.06, then 0.04·1, which may not fall below 0.06."""
        adjusted = resampling.holm([0.01, 0.04, 0.03, 0.005])
        for got, expected in zip(adjusted, [0.03, 0.06, 0.06, 0.02], strict=True):
            self.assertAlmostEqual(got, expected, places=15)

    def test_ends(self) -> None:
        self.assertEqual(resampling.holm([]), [])
        self.assertEqual(resampling.holm([0.04]), [0.04])
        self.assertEqual(resampling.holm([0.6, 0.9, 1.0]), [1.0, 1.0, 1.0])

    def test_it_is_gentler_than_bonferroni_and_not_gentler_than_no_correction(self) -> None:
        p = np.random.default_rng(3).random(50) ** 3
        adjusted = np.array(resampling.holm(list(p)))
        self.assertTrue(np.all(adjusted >= p))
        self.assertTrue(np.all(adjusted <= np.minimum(50 * p, 1)))
        self.assertTrue(np.all(np.diff(adjusted[np.argsort(p)]) >= 0))


if __name__ == "__main__":
    unittest.main()
