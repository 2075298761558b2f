"""Which gaps are problems, what an excuse does, and that nothing passes for want of counts."""

from __future__ import annotations

import unittest

from .coverage import excuses_of, judge
from .gcov import merge
from .gcov_test import CALLER, branch, document, function, line

NAME = "backends/scalar/a.cpp"
TEXT = """int f(int a) {
  if (a > 0) return 1;
  return 2;  // unreached: no case is negative
}
"""


def judged(text: str, *lines: dict) -> list[str]:
    counted = document([function(CALLER, 1, 1, 1)], list(lines), f"/root/{NAME}")
    return judge(merge("/root", [counted]), {NAME: text})[0]


class Judging(unittest.TestCase):
    """Of the counts of one small file."""

    def test_a_gap_is_named_with_its_line(self) -> None:
        plain = TEXT.replace("  // unreached: no case is negative", "")
        found = judged(plain, line(2, 1, CALLER, branch(1), branch(0)), line(3, 0, CALLER))
        self.assertEqual(
            found,
            [
                f"{NAME}:2: branch 2 of 2 is never taken: if (a > 0) return 1;",
                f"{NAME}:3: never runs: return 2;",
            ],
        )

    def test_an_excuse_covers_its_line_alone(self) -> None:
        found = judged(TEXT, line(2, 1, CALLER, branch(1), branch(0)), line(3, 0, CALLER))
        self.assertEqual(found, [f"{NAME}:2: branch 2 of 2 is never taken: if (a > 0) return 1;"])

    def test_an_excuse_covers_the_branches_of_its_line(self) -> None:
        text = "int f(int a) {\n  if (a > 0) return 1;  // unreached: a is never negative\n}\n"
        self.assertEqual(judged(text, line(2, 1, CALLER, branch(1), branch(0))), [])

    def test_an_excuse_for_what_is_reached_is_a_problem(self) -> None:
        found = judged(TEXT, line(2, 2, CALLER, branch(1), branch(1)), line(3, 1, CALLER))
        self.assertEqual(
            found, [f"{NAME}:3: all of it is reached, so the comment `unreached: no case is negative` has to go"]
        )

    def test_an_excuse_needs_a_reason(self) -> None:
        found = judged("int f() {\n  return 1;  // unreached:\n}\n", line(2, 0, CALLER))
        self.assertEqual(found, [f"{NAME}:2: an excuse needs a reason"])

    def test_lines_that_only_close_brackets_do_not_count(self) -> None:
        text = "int f() {\n  g([] {\n  });\n  }  // namespace\n}\nreturn;\n"
        found = judged(text, *(line(number, 0, CALLER) for number in (3, 4, 5, 6)))
        self.assertEqual(found, [f"{NAME}:6: never runs: return;"])

    def test_a_source_without_counts_is_a_problem_and_a_header_is_not(self) -> None:
        problems, summary = judge(merge("/root", []), {NAME: "", "backends/scalar/a.h": ""})
        self.assertEqual(problems, [f"{NAME}: nothing of it was counted"])
        self.assertEqual(summary, "coverage: 0 lines and 0 directions of branches, 0 lines excused, 1 problems")

    def test_problems_come_in_the_order_of_the_text(self) -> None:
        text = "a;\n" * 12
        found = judged(text, line(10, 0, CALLER), line(9, 1, CALLER, branch(0), branch(1)), line(2, 0, CALLER))
        self.assertEqual([problem.split(":")[1] for problem in found], ["2", "9", "10"])

    def test_excuses_are_read_with_their_reasons(self) -> None:
        text = "a;  // unreached: one\nb;  // why unreached: no\nc;  //unreached:  two \n"
        self.assertEqual(excuses_of("f", text), {("f", 1): "one", ("f", 3): "two"})


if __name__ == "__main__":
    unittest.main()
