"""How instantiations of a template, headers and exceptions count, on JSON as gcov writes it."""

from __future__ import annotations

import unittest

from results.errors import UserError

from .gcov import merge

T_INT, T_FLOAT, CALLER = "_Z1tIiE", "_Z1tIfE", "_Z1cv"


def branch(count: int, throw: bool = False) -> dict:
    return {"count": count, "throw": throw, "fallthrough": False}


def function(name: str, line: int, column: int, count: int, demangled: str = "f()") -> dict:
    return {
        "name": name,
        "demangled_name": demangled,
        "start_line": line,
        "start_column": column,
        "execution_count": count,
    }


def line(number: int, count: int, name: str, *branches: dict) -> dict:
    return {"line_number": number, "count": count, "function_name": name, "branches": list(branches)}


def document(functions: list[dict], lines: list[dict], file: str = "/root/a.h") -> dict:
    return {"format_version": "1", "files": [{"file": file, "functions": functions, "lines": lines}]}


def gaps(*documents: dict) -> list[str]:
    return [f"{gap.file}:{gap.line}: {gap.what}" for gap in merge("/root", documents).gaps()]


class Merging(unittest.TestCase):
    """Of the counts of several functions and object files."""

    def test_a_line_ran_if_one_instantiation_ran_it(self) -> None:
        both = [function(T_INT, 3, 1, 0), function(T_FLOAT, 3, 1, 2)]
        self.assertEqual(gaps(document(both, [line(4, 0, T_INT), line(4, 2, T_FLOAT)])), [])

    def test_a_line_that_none_ran_is_a_gap(self) -> None:
        both = [function(T_INT, 3, 1, 1), function(T_FLOAT, 3, 1, 2)]
        found = gaps(document(both, [line(4, 0, T_INT), line(4, 0, T_FLOAT), line(5, 3, T_INT)]))
        self.assertEqual(found, ["a.h:4: never runs"])

    def test_each_direction_needs_one_instantiation(self) -> None:
        both = [function(T_INT, 3, 1, 1), function(T_FLOAT, 3, 1, 2)]
        taken = [line(4, 1, T_INT, branch(1), branch(0)), line(4, 2, T_FLOAT, branch(0), branch(2))]
        self.assertEqual(gaps(document(both, taken)), [])
        same = [line(4, 1, T_INT, branch(1), branch(0)), line(4, 2, T_FLOAT, branch(2), branch(0))]
        self.assertEqual(gaps(document(both, same)), ["a.h:4: branch 2 of 2 is never taken"])

    def test_instantiations_with_other_branches_count_by_themselves(self) -> None:
        both = [function(T_INT, 3, 1, 1), function(T_FLOAT, 3, 1, 2)]
        lines = [line(4, 1, T_INT, branch(1), branch(1)), line(4, 2, T_FLOAT, branch(2), branch(0), branch(2))]
        self.assertEqual(gaps(document(both, lines)), ["a.h:4: branch 2 of 3 is never taken"])

    def test_functions_of_two_places_do_not_share_branches(self) -> None:
        both = [function(T_INT, 3, 1, 1), function(CALLER, 4, 9, 1)]
        lines = [line(4, 1, T_INT, branch(1), branch(0)), line(4, 1, CALLER, branch(0), branch(1))]
        expected = ["a.h:4: branch 1 of 2 is never taken", "a.h:4: branch 2 of 2 is never taken"]
        self.assertEqual(gaps(document(both, lines)), expected)

    def test_object_files_that_include_a_header_count_together(self) -> None:
        one = document([function(T_INT, 3, 1, 1)], [line(4, 1, T_INT, branch(1), branch(0)), line(5, 0, T_INT)])
        other = document([function(T_FLOAT, 3, 1, 1)], [line(4, 1, T_FLOAT, branch(0), branch(1)), line(5, 1, T_FLOAT)])
        self.assertEqual(gaps(one, other), [])
        self.assertEqual(gaps(one), ["a.h:4: branch 2 of 2 is never taken", "a.h:5: never runs"])

    def test_exceptions_and_lines_that_never_run_have_no_branches(self) -> None:
        lines = [line(4, 1, CALLER, branch(1), branch(0, throw=True)), line(5, 0, CALLER, branch(0), branch(0))]
        self.assertEqual(gaps(document([function(CALLER, 3, 1, 1)], lines)), ["a.h:5: never runs"])

    def test_a_lambda_on_a_line_that_runs_has_to_be_called(self) -> None:
        both = [
            function(CALLER, 3, 1, 1),
            function("_ZZ1cv", 4, 20, 0, "a::(anonymous namespace)::c()::{lambda(int)#1}::operator()(int) const"),
        ]
        self.assertEqual(gaps(document(both, [line(4, 1, CALLER)])), ["a.h:4: a lambda is never called"])

    def test_files_of_others_are_left_out(self) -> None:
        self.assertEqual(gaps(document([], [line(4, 0, CALLER)], "/usr/include/vector")), [])
        self.assertEqual(gaps(document([], [line(4, 0, CALLER)], "/rooted/vector")), [])

    def test_another_format_is_refused(self) -> None:
        with self.assertRaisesRegex(UserError, "gcov writes format 2, but 1 is expected: use gcov 12"):
            merge("/root", [{"format_version": "2", "files": []}])


if __name__ == "__main__":
    unittest.main()
