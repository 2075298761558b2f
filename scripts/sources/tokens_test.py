"""Where tokens begin, what is left out, and which of them no mutant may change."""

from __future__ import annotations

import unittest

from .tokens import tokenize


def texts(source: str) -> list[str]:
    return [token.text for token in tokenize(source)]


def free(source: str) -> list[str]:
    """What a mutant may change."""
    return [token.text for token in tokenize(source) if not token.fixed]


class Tokens(unittest.TestCase):
    """Of texts as clang-format writes them."""

    def test_operators_are_as_long_as_they_can_be(self) -> None:
        self.assertEqual(texts("a<<=b->c+++d<=>e"), ["a", "<<=", "b", "->", "c", "++", "+", "d", "<=>", "e"])

    def test_numbers_are_whole(self) -> None:
        numbers = "0 1'000'000 0x1.8p23F 2.0 1e-4 4.8375e-4F 0xFFu .5 64 0x1p9 1ULL"
        for number in numbers.split():
            self.assertEqual(texts(f"a = {number};"), ["a", "=", number, ";"])

    def test_a_range_of_digits_behind_a_name_is_the_name(self) -> None:
        self.assertEqual(texts("exp_times_16(x86)"), ["exp_times_16", "(", "x86", ")"])

    def test_comments_strings_and_the_preprocessor_are_left_out(self) -> None:
        source = (
            "#include <a>  // 1 + 2\n"
            "#define B 1 + \\\n  2\n"
            'a("1 + 2 // \\" 3");  // 3 + 4\n'
            "/* 5\n + 6 */ b('+', '\\'');\n"
            '#pragma omp simd simdlen(16)\nc(R"x(7 + ")" 8)x");\n'
        )
        self.assertEqual(texts(source), ["a", "(", ")", ";", "b", "(", ",", ")", ";", "c", "(", ")", ";"])

    def test_places_are_lines_and_columns_from_1(self) -> None:
        places = [(token.text, token.line, token.column) for token in tokenize("// µ\n\nµs = a +\n    b;")]
        self.assertEqual(places[-4:], [("a", 3, 6), ("+", 3, 8), ("b", 4, 5), (";", 4, 6)])

    def test_an_operator_at_the_end_of_a_line_has_two_sides(self) -> None:
        plus = next(token for token in tokenize("a +\n    b") if token.text == "+")
        self.assertTrue(plus.is_binary)

    def test_template_brackets_are_fixed(self) -> None:
        self.assertEqual(free("template <class T, int n = 3>\nvoid f(T a);"), "template void f ( T a ) ;".split())
        self.assertEqual(free("std::max<std::int64_t>(1, a);"), "std :: max ( 1 , a ) ;".split())
        self.assertEqual(free("a<b<1>>(2);"), "a ( 2 ) ;".split())
        self.assertEqual(free("std::function<void(int)> f{3};"), "std :: function f { 3 } ;".split())

    def test_comparisons_are_no_template_brackets(self) -> None:
        for source in ("for (int i = 0; i < n; ++i)", "a < b && c > d", "f(a < 1, b > 2)", "x = a < 0 ? 1 : 2;"):
            self.assertEqual(free(source), texts(source))

    def test_static_assert_attributes_and_using_are_fixed(self) -> None:
        self.assertEqual(free("static_assert(sizeof(a) == (4 + 1));\na = 1;"), "; a = 1 ;".split())
        self.assertEqual(free("[[gnu::aligned(8)]] int a = b[c[1]];"), "int a = b [ c [ 1 ] ] ;".split())
        self.assertEqual(free("using A = B[3];\nalignas(64) int a;"), "int a ;".split())


if __name__ == "__main__":
    unittest.main()
