"""Which mutants a text has, and that each is the text with one token exchanged."""

from __future__ import annotations

import unittest

from .gate import ROOT
from .mutants import mutants_of


def changes(source: str) -> list[str]:
    """Old and new, in order."""
    return [f"{mutant.old} {mutant.new}".strip() for mutant in mutants_of("a.cpp", source)]


class Mutants(unittest.TestCase):
    """Of small texts."""

    def test_binary_operators(self) -> None:
        self.assertEqual(changes("a + b * c / d % e - f;"), ["+ -", "* /", "/ *", "% /", "- +"])
        self.assertEqual(changes("a < b; a <= b; a > b; a >= b;"), ["< <=", "<= <", "> >=", ">= >"])
        self.assertEqual(changes("a == b && c != d || e;"), ["== !=", "&& ||", "!= ==", "|| &&"])
        self.assertEqual(changes("a += b; a *= c;"), ["+= -=", "*= /="])

    def test_what_has_one_operand_is_no_binary_operator(self) -> None:
        self.assertEqual(changes("const float* p = &q; f(T&& a, *b);"), [])
        self.assertEqual(changes("float *a = x, &b = y; auto g = [&](int) {};"), [])

    def test_signs(self) -> None:
        self.assertEqual(changes("a = -b; return !c; f(-d); e < -g;"), ["-", "!", "-", "< <=", "-"])
        self.assertEqual(changes("p->q != r;"), ["!= =="])

    def test_steps(self) -> None:
        self.assertEqual(changes("++a; b--;"), ["++ --", "-- ++"])

    def test_integers_are_one_more_and_one_less(self) -> None:
        self.assertEqual(changes("a = 5;"), ["5 6", "5 4"])
        made = ["0 1", "0 (-1)", "0x10u 17u", "0x10u 15u", "1'000 1001", "1'000 999"]
        self.assertEqual(changes("a = 0; b = 0x10u; c = 1'000;"), made)

    def test_floats_are_wrong_by_2_to_the_minus_8(self) -> None:
        self.assertEqual(
            changes("a = 0.5F; b = 0x1.8p23F; c = 1e18; d = 0.0; e = 0.F; f = 0x1p9;"),
            [
                "0.5F (0.5F * 1.00390625F)",
                "0x1.8p23F (0x1.8p23F * 1.00390625F)",
                "1e18 (1e18 * 1.00390625)",
                "0.0 1.0",
                "0.F 1.0F",
                "0x1p9 (0x1p9 * 1.00390625)",
            ],
        )

    def test_limits_constants_and_ends(self) -> None:
        self.assertEqual(changes("std::min(a, b); min(a, b);"), ["min max"])
        self.assertEqual(changes("std::max<int>(a, b);"), ["max min"])
        self.assertEqual(changes("a = true; b = false;"), ["true false", "false true"])
        self.assertEqual(changes("f(a.begin(), p->end); begin = end;"), ["begin end", "end begin"])

    def test_fixed_tokens_have_none(self) -> None:
        self.assertEqual(changes("template <int n = 3>\nvoid f(A<1> a);\nstatic_assert(a == 2);\n// 1 + 2\n"), [])

    def test_each_mutant_differs_in_its_token_alone(self) -> None:
        text = (ROOT / "backends/openmp/streaming.h").read_text(encoding="utf-8")
        mutants = mutants_of("streaming.h", text)
        self.assertGreater(len(mutants), 40)
        self.assertEqual(len({mutant.name for mutant in mutants}), len(mutants))
        lines = text.splitlines()
        for mutant in mutants:
            changed = mutant.apply(text).splitlines()
            self.assertEqual([i for i, line in enumerate(lines, 1) if line != changed[i - 1]], [mutant.line])
            before = mutant.column - 1
            self.assertEqual(changed[mutant.line - 1][:before], lines[mutant.line - 1][:before])
            self.assertTrue(changed[mutant.line - 1][before:].startswith(mutant.new))

    def test_a_mutant_of_another_text_is_an_error(self) -> None:
        mutant = mutants_of("a.cpp", "a + b;")[0]
        with self.assertRaises(ValueError):
            mutant.apply("a * b;")


if __name__ == "__main__":
    unittest.main()
