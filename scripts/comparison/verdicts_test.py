"""Verdicts of rows and of the whole, from result files made in memory."""

from __future__ import annotations

import math
import random
import unittest
from typing import Any

from results.errors import INCONCLUSIVE, OK, REGRESSION
from results.examples import noise
from results.result_file import ResultFile, Row

from . import resampling, verdicts
from .verdicts import AMBIGUOUS, FASTER, MISSING, NEW_ONLY, SAME, SLOWER, Settings


def timed(name: str, median_ns: float = 1000, **how: Any) -> Row:
    """A row that PASSED with `noise`."""
    return Row(name, "hot", "once", "PASSED", "", tuple(noise(median_ns, **how)))


def untimed(name: str, verdict: str, reason: str = "") -> Row:
    """A row without a time."""
    return Row(name, "hot", "once", verdict, reason)


def file(*rows: Row, **more: Any) -> ResultFile:
    """As if read."""
    return ResultFile("f.json", {row.key: row for row in rows}, machine_hash="00ff", **more)


def compare(base: ResultFile, new: ResultFile, **settings: Any) -> verdicts.Comparison:
    """With the default band."""
    return verdicts.compare(base, new, Settings(**settings))


def verdict_of(factor: float, **settings: Any) -> str:
    """Of one quiet row that takes `factor` times as long in NEW."""
    return compare(file(timed("a", seed=1)), file(timed("a", 1000 * factor, seed=2)), **settings).rows[0].verdict


class OneRow(unittest.TestCase):
    """What a row becomes."""

    def test_beyond_the_band(self) -> None:
        self.assertEqual(verdict_of(1.10), SLOWER)
        self.assertEqual(verdict_of(1 / 1.10), FASTER)

    def test_within_the_band(self) -> None:
        for factor in (0.98, 1.0, 1.02):
            self.assertEqual(verdict_of(factor), SAME)

    def test_at_the_bands_edge(self) -> None:
        self.assertEqual(verdict_of(1.05), AMBIGUOUS)
        self.assertEqual(verdict_of(1 / 1.05), AMBIGUOUS)

    def test_one_slow_round_is_no_regression(self) -> None:
        quiet, slow = noise(1000, seed=2), noise(1900, seed=3)
        for factor, expected in ((1.0, SAME), (1.10, SLOWER)):
            times = [factor * ns for ns in slow + quiet + quiet]
            new = Row("a", "hot", "once", "PASSED", "", tuple(times), rounds=(40, 40, 40))
            self.assertEqual(compare(file(timed("a")), file(new)).rows[0].verdict, expected)

    def test_rounds_that_all_differ_leave_doubt(self) -> None:
        times = noise(1300, seed=2) + noise(1000, seed=3) + noise(1900, seed=4)
        new = Row("a", "hot", "once", "PASSED", "", tuple(times), rounds=(40, 40, 40))
        row = compare(file(timed("a")), file(new)).rows[0]
        self.assertEqual(row.verdict, AMBIGUOUS)
        self.assertRegex(row.reason, r"^one run differs from itself by (29|30|31)\.\d %$")

    def test_the_band_is_the_users(self) -> None:
        self.assertEqual(verdict_of(1.10, band=0.2), SAME)
        self.assertEqual(verdict_of(1.04, band=0.03), SLOWER)

    def test_a_factor_and_its_inverse_are_alike(self) -> None:
        base, new = file(timed("a", seed=1)), file(timed("a", 1100, seed=2))
        there, back = compare(base, new).rows[0].effect, compare(new, base).rows[0].effect
        self.assertAlmostEqual(there.log_ratio, -back.log_ratio, places=12)
        self.assertAlmostEqual(there.low, -back.high, delta=0.001)

    def test_noise_is_not_sameness(self) -> None:
        """Medians agree, but a change of the band's size would not have been seen."""
        row = compare(file(timed("a", spread=0.3, seed=1)), file(timed("a", spread=0.3, seed=2))).rows[0]
        self.assertEqual(row.verdict, AMBIGUOUS)

    def test_a_wide_interval(self) -> None:
        self.assertEqual(
            verdicts.judge(resampling.Estimate(0.0, -0.1, 0.1, 20), 0.0, 1.0, 0.05),
            (AMBIGUOUS, "the interval is wider than the tolerance"),
        )

    def test_an_interval_across_the_edge(self) -> None:
        self.assertEqual(
            verdicts.judge(resampling.Estimate(0.04, 0.02, 0.06, 20), 0.0, 1.0, 0.05),
            (AMBIGUOUS, "the interval reaches across the tolerance's edge"),
        )

    def test_beyond_but_not_by_holm(self) -> None:
        self.assertEqual(
            verdicts.judge(resampling.Estimate(0.08, 0.06, 0.1, 20), 0.0, 0.07, 0.05),
            (AMBIGUOUS, "beyond the tolerance, but not by Holm's method over all rows (p = 0.07)"),
        )

    def test_beyond_the_tolerance_but_not_beyond_the_drift(self) -> None:
        for sign in (1, -1):
            ends = sorted((sign * 0.15, sign * 0.25))
            self.assertEqual(
                verdicts.judge(resampling.Estimate(sign * 0.2, *ends, 20), 0.18, 0.0, 0.05),
                (AMBIGUOUS, "one run differs from itself by 19.7 %"),
            )

    def test_nan_is_ambiguous(self) -> None:
        nan = math.nan
        good = resampling.Estimate(0.0, -0.01, 0.01, 20)
        for effect, drift, p in (
            (resampling.Estimate(nan, nan, nan, nan), 0.0, 0.0),
            (resampling.Estimate(0.0, nan, 0.01, 9.0), 0.0, 0.0),
            (resampling.Estimate(0.0, -0.01, nan, 9.0), 0.0, 0.0),
            (resampling.Estimate(0.2, 0.1, 0.3, 9.0), 0.0, nan),
            (good, nan, 0.0),
        ):
            self.assertEqual(verdicts.judge(effect, drift, p, 0.05)[0], AMBIGUOUS)
        self.assertEqual(verdicts.judge(good, 0.0, 1.0, 0.05)[0], SAME)

    def test_a_run_that_drifts_by_more_than_the_change(self) -> None:
        """The second half of NEW is 30 % slower than the first: 12 % more than BASE is nothing to go by."""
        drifting = [*noise(1000, 20, seed=3), *noise(1300, 20, seed=4)]
        new = Row("a", "hot", "once", "PASSED", "", tuple(drifting))
        for base in (timed("a", 1000), timed("a", 1150)):
            row = compare(file(base), file(new)).rows[0]
            self.assertEqual(row.verdict, AMBIGUOUS)
            self.assertRegex(row.reason, r"^one run differs from itself by (29|30|31)\.\d %$")

    def test_a_change_beyond_even_the_drift(self) -> None:
        drifting = [*noise(2000, 20, seed=3), *noise(2200, 20, seed=4)]
        row = compare(file(timed("a")), file(Row("a", "hot", "once", "PASSED", "", tuple(drifting)))).rows[0]
        self.assertEqual(row.verdict, SLOWER)

    def test_too_few_samples(self) -> None:
        for n, m in ((1, 40), (40, 5), (5, 5)):
            row = compare(file(timed("a", n=n)), file(timed("a", 2000, n=m))).rows[0]
            self.assertEqual(row.verdict, AMBIGUOUS)
            self.assertEqual(row.reason, f"{n} samples in BASE and {m} in NEW, but an interval takes at least 6")
        self.assertEqual(compare(file(timed("a", n=6)), file(timed("a", 2000, n=6))).rows[0].verdict, SLOWER)

    def test_exact_samples(self) -> None:
        exact = Row("a", "hot", "once", "PASSED", "", (100.0,) * 10)
        self.assertEqual(compare(file(exact), file(exact)).rows[0].verdict, SAME)


class ManyRows(unittest.TestCase):
    """Holm over the rows, order, seeds."""

    def test_a_borderline_row_is_slower_alone_and_ambiguous_among_many(self) -> None:
        base, new = timed("a", spread=0.02, n=60, seed=1), timed("a", 1061, spread=0.02, n=60, seed=2)
        alone = compare(file(base), file(new))
        self.assertEqual(alone.rows[0].verdict, SLOWER)
        others = [timed(f"b{i}") for i in range(100)]
        among = compare(file(base, *others), file(new, *others))
        row = next(row for row in among.rows if row.row.name == "a")
        self.assertEqual((row.verdict, row.effect), (AMBIGUOUS, alone.rows[0].effect))
        self.assertIn("Holm", row.reason)
        self.assertAlmostEqual(row.p_holm, min(1, 101 * row.p))

    def test_a_clear_row_is_slower_among_many(self) -> None:
        others = [timed(f"b{i}") for i in range(100)]
        among = compare(file(timed("a"), *others), file(timed("a", 1100), *others))
        self.assertEqual((among.rows[0].row.name, among.rows[0].verdict, among.count(SAME)), ("a", SLOWER, 100))

    def test_the_order_of_rows_in_the_files_does_not_matter(self) -> None:
        rows = [(timed(f"r{i}", seed=i), timed(f"r{i}", 1000 * (0.8 + 0.02 * i), seed=50 + i)) for i in range(20)]
        straight = compare(file(*(old for old, _ in rows)), file(*(new for _, new in rows)))
        random.Random(1).shuffle(rows)
        shuffled = compare(file(*(old for old, _ in rows)), file(*(new for _, new in reversed(rows))))
        self.assertEqual(straight.rows, shuffled.rows)

    def test_worst_first(self) -> None:
        factors = {"same": 1.0, "faster": 0.8, "slower": 1.2, "slowest": 1.5, "edge": 1.05}
        old = [*(timed(name) for name in factors), timed("gone"), timed("wrong")]
        fresh = [
            *(timed(name, 1000 * by, seed=2) for name, by in factors.items()),
            untimed("wrong", "FAILED"),
            timed("added"),
        ]
        names = [row.row.name for row in compare(file(*old), file(*fresh)).rows]
        self.assertEqual(names, ["slowest", "slower", "wrong", "gone", "edge", "faster", "added", "same"])

    def test_cold_is_another_row_than_hot(self) -> None:
        cold = Row("a", "cold", "once", "PASSED", "", tuple(noise(5000)))
        made = compare(file(timed("a"), cold), file(timed("a", 1100, seed=2)))
        self.assertEqual([(row.row.label, row.verdict) for row in made.rows], [("a", SLOWER), ("a (cold)", MISSING)])


class Floor(unittest.TestCase):
    """The A/A floor."""

    def test_the_larger_of_both_files(self) -> None:
        for one, other in ((0.12, None), (None, 0.12), (0.01, 0.12), (0.12, 0.01)):
            made = compare(file(timed("a"), aa_floor=one), file(timed("a", 1100, seed=2), aa_floor=other))
            self.assertEqual((made.floor, made.floor_is_recorded, made.tolerance), (0.12, True, 0.12))
            self.assertEqual(made.rows[0].verdict, AMBIGUOUS)

    def test_a_floor_below_the_band_changes_nothing(self) -> None:
        made = compare(file(timed("a"), aa_floor=0.01), file(timed("a", 1100, seed=2), aa_floor=0.0))
        self.assertEqual((made.floor, made.tolerance, made.rows[0].verdict), (0.01, 0.05, SLOWER))

    def test_one_is_assumed_where_none_is_recorded(self) -> None:
        made = compare(file(timed("a")), file(timed("a", 1020, seed=2)), band=0.0)
        self.assertEqual((made.floor, made.floor_is_recorded), (verdicts.UNRECORDED_FLOOR, False))
        self.assertEqual(made.rows[0].verdict, AMBIGUOUS)

    def test_a_recorded_zero_is_believed(self) -> None:
        made = compare(file(timed("a"), aa_floor=0.0), file(timed("a", 1020, seed=2)), band=0.0)
        self.assertEqual((made.floor, made.rows[0].verdict), (0.0, SLOWER))

    def test_green_means_that_the_band_could_be_seen(self) -> None:
        pair = file(timed("a"), aa_floor=0.12), file(timed("a", 1100, seed=2))
        self.assertEqual(compare(*pair).exit_code, OK)
        self.assertTrue(compare(*pair).is_blind_to_band)
        self.assertEqual(compare(*pair, strict=True).exit_code, INCONCLUSIVE)
        self.assertEqual(compare(*pair, strict=True, band=0.15).exit_code, OK)


class Absent(unittest.TestCase):
    """Rows that one of the files does not time."""

    def only(self, base: list[Row], new: list[Row]) -> verdicts.Compared:
        """The one row that is made of these, besides one that is SAME."""
        made = compare(file(timed("same"), *base), file(timed("same"), *new))
        return next(row for row in made.rows if row.row.name != "same")

    def test_missing_says_why(self) -> None:
        for fresh, reason in (
            ([], "absent in NEW"),
            ([untimed("a", "UNAVAILABLE", "no device")], "UNAVAILABLE in NEW: no device"),
            ([untimed("a", "UNSUPPORTED")], "UNSUPPORTED in NEW"),
            ([untimed("a", "PASSED")], "PASSED in NEW, but interrupted before it was timed"),
        ):
            row = self.only([timed("a")], fresh)
            self.assertEqual((row.verdict, row.reason, row.parity_failure), (MISSING, reason, False))

    def test_a_row_that_failed_parity(self) -> None:
        for verdict in ("FAILED", "INVALID", "MISTRUSTED"):
            row = self.only([timed("a")], [untimed("a", verdict, "3 of 9 elements")])
            self.assertEqual((row.verdict, row.parity_failure), (MISSING, True))
            self.assertEqual(row.reason, f"{verdict} in NEW: 3 of 9 elements")

    def test_only_in_new(self) -> None:
        for old, reason in (
            ([], "absent in BASE"),
            ([untimed("a", "FAILED")], "FAILED in BASE"),
            ([untimed("a", "PASSED")], "not timed in BASE"),
        ):
            row = self.only(old, [timed("a")])
            self.assertEqual((row.verdict, row.reason), (NEW_ONLY, reason))

    def test_a_new_row_that_failed_is_listed(self) -> None:
        row = self.only([], [untimed("a", "FAILED", "element 3")])
        self.assertEqual((row.verdict, row.reason), (NEW_ONLY, "absent in BASE, FAILED in NEW: element 3"))
        self.assertFalse(row.parity_failure, "it did not pass before")

    def test_left_out_but_counted(self) -> None:
        made = compare(
            file(
                timed("same"),
                untimed("a", "UNAVAILABLE"),
                untimed("b", "UNAVAILABLE"),
                untimed("c", "FAILED"),
                untimed("d", "INVALID"),
            ),
            file(
                timed("same"),
                untimed("a", "UNAVAILABLE"),
                untimed("b", "FAILED"),
                untimed("c", "FAILED"),
                untimed("e", "UNSUPPORTED"),
            ),
        )
        self.assertEqual(len(made.rows), 1)
        self.assertEqual(
            made.left_out,
            {
                "UNAVAILABLE in both": 1,
                "FAILED in both": 1,
                "UNAVAILABLE in BASE and FAILED in NEW": 1,
                "INVALID in BASE and absent in NEW": 1,
                "absent in BASE and UNSUPPORTED in NEW": 1,
            },
        )


class ExitCodes(unittest.TestCase):
    """What the gate says."""

    def code(self, base: list[Row], new: list[Row], **settings: Any) -> int:
        return compare(file(*base), file(*new), **settings).exit_code

    def both(self, base: list[Row], new: list[Row]) -> tuple[int, int]:
        """Without and with --strict."""
        return self.code(base, new), self.code(base, new, strict=True)

    def test_all(self) -> None:
        same, slower = timed("s"), timed("a", 1100, seed=2)
        self.assertEqual(self.both([same], [same]), (OK, OK))
        self.assertEqual(self.both([same, timed("a")], [same, slower]), (REGRESSION, REGRESSION))
        self.assertEqual(self.both([same, timed("a")], [same, timed("a", 800, seed=2)]), (OK, OK))
        self.assertEqual(self.both([same, timed("a")], [same, timed("a", 1050, seed=2)]), (OK, INCONCLUSIVE))
        self.assertEqual(self.both([same, timed("a")], [same]), (OK, INCONCLUSIVE))
        self.assertEqual(self.both([same], [same, timed("a")]), (OK, OK))
        self.assertEqual(self.both([same, timed("a")], [same, untimed("a", "FAILED")]), (REGRESSION, REGRESSION))
        self.assertEqual(self.both([timed("b"), timed("a")], [slower]), (REGRESSION, REGRESSION))

    def test_nothing_compared_is_not_green(self) -> None:
        self.assertEqual(self.both([timed("a")], [timed("b")]), (INCONCLUSIVE, INCONCLUSIVE))
        self.assertEqual(self.both([], []), (INCONCLUSIVE, INCONCLUSIVE))
        self.assertEqual(self.both([timed("a")], [untimed("a", "FAILED")]), (REGRESSION, REGRESSION))

    def test_across_machines_there_is_no_gate(self) -> None:
        for new in ([timed("a", 1500)], [untimed("a", "FAILED")], []):
            self.assertEqual(self.code([timed("a")], new, across_machines=True, strict=True), OK)


if __name__ == "__main__":
    unittest.main()
