"""Which samples of a row are compared."""

from __future__ import annotations

import unittest

from results.result_file import Row

from . import stretches


def row(samples: list[float], *rounds: int) -> Row:
    """A row whose samples were taken in these rounds."""
    return Row("a", "hot", "once", "PASSED", "", tuple(samples), rounds=rounds)


class Stretches(unittest.TestCase):
    """The quietest of each round."""

    def test_samples_of_one_go_are_one_stretch(self) -> None:
        self.assertEqual(stretches.stretches_ns(row([3.0, 1.0, 2.0])), [(3.0, 1.0, 2.0)])

    def test_the_quietest_round(self) -> None:
        slow, quiet, short = [9.0] * 6, [5.0] * 6, [1.0] * 5
        timed = row(slow + quiet + short, 6, 6, 5)
        self.assertEqual(stretches.stretches_ns(timed), [tuple(quiet), tuple(slow)], "five samples leave no interval")
        self.assertEqual(stretches.quietest_ns(timed), tuple(quiet))

    def test_the_quietest_stretch_of_a_round(self) -> None:
        first = [9.0] * 20 + [5.0] * 20 + [1.0] * 19  # what is left over at the end is too short for one
        self.assertEqual(stretches.stretches_ns(row(first + [6.0] * 7, 59, 7)), [(5.0,) * 20, (6.0,) * 7])

    def test_rounds_that_are_all_short_are_one(self) -> None:
        self.assertEqual(stretches.quietest_ns(row([3.0, 1.0, 2.0], 2, 1, 0)), (3.0, 1.0, 2.0))

    def test_the_median(self) -> None:
        self.assertEqual(stretches.median_ns(row([3.0, 1.0, 2.0])), 2.0)
        self.assertIsNone(stretches.median_ns(Row("a", "hot", "once", "FAILED", "")))


if __name__ == "__main__":
    unittest.main()
