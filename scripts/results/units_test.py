"""Times and shares as they are shown, held against the examples that `assay` is held against too."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable
from pathlib import Path

from . import units

EXAMPLES = Path(__file__).resolve().parents[2] / "bench" / "base" / "units_examples.json"


class Units(unittest.TestCase):
    """Every example of one kind is shown as the file says."""

    def expect_examples(self, kind: str, shown: Callable[[float], str]) -> None:
        """The examples of this kind."""
        examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))[kind]
        self.assertGreater(len(examples), 10)
        for value, expected in examples:
            self.assertEqual(shown(value), expected, value)

    def test_a_time_has_three_digits(self) -> None:
        self.expect_examples("time_of_ns", units.time)

    def test_a_share_is_in_percent(self) -> None:
        self.expect_examples("share", units.share)


if __name__ == "__main__":
    unittest.main()
