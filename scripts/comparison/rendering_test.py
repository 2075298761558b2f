"""What is printed: figures, tables, Markdown, annotations, and that nothing in a file can do more than be shown."""

from __future__ import annotations

import io
import re
import unittest
from typing import Any

from results.examples import noise
from results.result_file import ResultFile, Row

from . import rendering, verdicts, wording, workflow
from .verdicts import Settings

NAME = "op/c/b/f32/1"


def passed(name: str, median_ns: float, seed: int = 1, **more: Any) -> Row:
    """A quiet row."""
    return Row(name, "hot", "once", "PASSED", "", tuple(noise(median_ns, seed=seed)), **more)


def file(*rows: Row, **more: Any) -> ResultFile:
    """As if read."""
    about = {"version": "0.1.0", "commit": "abc1234", "date": "2026-01-02", "machine_hash": "00ff", "cpu": "AMD EPYC"}
    return ResultFile(more.pop("path", "f.json"), {row.key: row for row in rows}, **(about | more))


def compare(base: ResultFile, new: ResultFile, **settings: Any) -> verdicts.Comparison:
    """With the default band."""
    return verdicts.compare(base, new, Settings(**settings))


def every_verdict(**settings: Any) -> verdicts.Comparison:
    """One row of each, and a parity failure."""
    old = [passed(name, 1000) for name in ("slower", "faster", "same", "edge", "gone", "wrong")]
    new = [
        passed("slower", 1200, 2),
        passed("faster", 800, 2),
        passed("same", 1000, 2),
        passed("edge", 1050, 2),
        passed("added", 2_500_000),
        Row("wrong", "hot", "once", "FAILED", "element [3] is 1, not 2"),
    ]
    return compare(file(*old, path="base.json"), file(*new, path="new.json"), **settings)


class Figures(unittest.TestCase):
    """Numbers as text."""

    def test_harmless(self) -> None:
        self.assertEqual(
            wording.printable("a\x1b[31mb\nc\td\u202ee\ud800f"), "a\N{REPLACEMENT CHARACTER}[31mb c d" + "�e�f"
        )
        self.assertEqual(wording.printable("µ é 漢 [red]"), "µ é 漢 [red]")


class Text(unittest.TestCase):
    """Aligned columns."""

    def lines(self, comparison: verdicts.Comparison, everything: bool = False) -> list[str]:
        return rendering.text(comparison, everything).splitlines()

    def test_all_verdicts(self) -> None:
        lines = self.lines(every_verdict())
        self.assertEqual(lines[0], "BASE base.json: assay 0.1.0 (abc1234), 2026-01-02")
        self.assertEqual(lines[1], "NEW new.json: assay 0.1.0 (abc1234), 2026-01-02")
        self.assertEqual(
            lines[2],
            "A change counts beyond 5.0 %: the larger of the band, 5.0 %, and the A/A noise, 2.5 % "
            "(assumed: neither file records it).",
        )
        self.assertEqual(lines[3].split(), ["row", "BASE", "NEW", "NEW/BASE", "verdict"])
        self.assertEqual(
            [line.split()[0] for line in lines[4:11]], ["slower", "wrong", "gone", "edge", "faster", "added", "same"]
        )
        self.assertRegex(lines[4], r"^slower  1\.00 µs  1\.20 µs  1\.200 \[1\.19\d, 1\.20\d\]  SLOWER$")
        self.assertRegex(
            lines[5], r"^wrong +1\.00 µs +– +–  MISSING: PARITY FAILURE, FAILED in NEW: element \[3\] is 1, not 2$"
        )
        self.assertRegex(lines[6], r"^gone +1\.00 µs +– +–  MISSING: absent in NEW$")
        self.assertRegex(lines[9], r"^added +– +2\.50 ms +–  NEW: absent in BASE$")
        self.assertEqual(
            lines[-1],
            "compare: 1 SLOWER, 1 AMBIGUOUS, 2 MISSING (1 of them failed parity), 1 FASTER, 1 SAME, 1 only in NEW: "
            "regression, NEW is slower and wrong",
        )

    def test_columns_are_aligned(self) -> None:
        lines = self.lines(every_verdict())[3:11]
        start = lines[0].index("verdict")
        for line in lines[1:]:
            self.assertRegex(line[start:], "^(SLOWER|MISSING|AMBIGUOUS|FASTER|NEW|SAME)")
            self.assertEqual(line[start - 2 : start], "  ")

    def test_no_colour(self) -> None:
        self.assertNotIn("\x1b", rendering.text(every_verdict(), True))

    def test_same_rows_of_many(self) -> None:
        many = [passed(f"r{i:02}", 1000) for i in range(rendering.MANY_ROWS)]
        few = compare(file(*many), file(*many))
        self.assertEqual(sum(line.endswith("SAME") for line in self.lines(few)), rendering.MANY_ROWS)
        old, new = passed("x", 1000), passed("x", 1200)
        more = compare(file(*many, old), file(*many, new))
        lines = self.lines(more)
        self.assertEqual(sum(line.endswith("  SAME") for line in lines), 0)
        self.assertIn(f"{rendering.MANY_ROWS} SAME rows are not listed: --all lists them.", lines)
        self.assertEqual(
            sum(line.endswith("  SAME") for line in self.lines(more, everything=True)), rendering.MANY_ROWS
        )
        self.assertIn(f", {rendering.MANY_ROWS} SAME: ", lines[-1])

    def test_only_same_rows_of_many(self) -> None:
        many = [passed(f"r{i:02}", 1000) for i in range(rendering.MANY_ROWS + 1)]
        made = compare(file(*many), file(*many))
        for shown in (rendering.text(made, False), rendering.markdown(made, False)):
            self.assertNotIn("verdict", shown)
            self.assertTrue(shown.endswith("41 SAME: no regression\n"))

    def test_foreign_text_stays_on_its_line(self) -> None:
        evil = "op/\x1b]0;title\x07\nSAME/\u202e/f32/1"
        made = compare(file(passed(evil, 1000)), file(passed(evil, 1000)))
        lines = self.lines(made)
        self.assertEqual(len(lines), 6)
        self.assertNotRegex("".join(lines), "[\x00-\x1f\u202e]")

    def test_wide_characters_are_aligned(self) -> None:
        both = file(passed("漢字", 1000), passed("ab", 1000))
        made = compare(both, both)
        rows = self.lines(made)[4:6]
        self.assertEqual(sorted(line.index("1.00") for line in rows), [4, 6], "漢字 is as wide as abcd")


class Notes(unittest.TestCase):
    """What has to be known beside the table."""

    def notes(self, base: ResultFile, new: ResultFile, **settings: Any) -> list[str]:
        return wording.notes(compare(base, new, **settings))

    def test_none(self) -> None:
        self.assertEqual(self.notes(file(passed("a", 1000)), file(passed("a", 1000))), [])

    def test_each(self) -> None:
        row = passed("a", 1000)
        self.assertEqual(
            self.notes(file(row, partial=True), file(row, partial=True)),
            ["BASE is partial: its run was interrupted.", "NEW is partial: its run was interrupted."],
        )
        self.assertEqual(
            self.notes(file(row, aa_floor=0.081), file(row)),
            [
                "The A/A noise, 8.1 %, is above the band, 5.0 %: a change of the band's size cannot be seen, "
                "and SAME means within the noise."
            ],
        )
        self.assertEqual(self.notes(file(row), file()), ["No row has a time in both files: nothing was compared."])
        self.assertEqual(
            self.notes(
                file(row, libraries={"eigen": "3.4.0", "fmt": "9"}), file(row, libraries={"eigen": "3.4.1", "fmt": "9"})
            ),
            ["Libraries differ: eigen 3.4.0 → 3.4.1."],
        )
        self.assertEqual(
            self.notes(file(row), file(row, cpu="Xeon"), across_machines=True),
            ["--across-machines: BASE is of AMD EPYC, NEW of Xeon; the gate is off, and the exit code 0."],
        )

    def test_other_inputs(self) -> None:
        samples = tuple(noise(1000))
        old = Row("a", "hot", "once", "PASSED", "", samples, seed=20, bytes=100.0)
        new = Row("a", "hot", "once", "PASSED", "", samples, seed=7, bytes=200.0)
        self.assertEqual(
            self.notes(file(old), file(new)),
            [
                "Rows measured with another --seed, so on other inputs: 1.",
                "Rows that move another number of bytes, so that the cases are not the same: 1.",
            ],
        )

    def test_gates(self) -> None:
        same, slower = passed("a", 1000), passed("a", 1200)
        wrong = Row("a", "hot", "once", "FAILED", "")
        for made, words in (
            (compare(file(same), file(same)), "no regression"),
            (compare(file(same), file(slower)), "regression, NEW is slower"),
            (compare(file(same), file(wrong)), "regression, NEW is wrong"),
            (compare(file(same), file()), "inconclusive, nothing was compared"),
            (compare(file(same, passed("b", 1)), file(same), strict=True), "inconclusive"),
            (compare(file(same), file(slower), across_machines=True), "the gate is off (--across-machines)"),
        ):
            self.assertEqual(wording.gate(made), words)
            self.assertTrue(wording.summary(made).endswith(f": {words}"))

    def test_left_out_is_counted(self) -> None:
        gone = Row("g", "hot", "once", "UNAVAILABLE", "")
        made = compare(file(passed("a", 1000), gone), file(passed("a", 1000), gone))
        self.assertIn(", 1 left out (1 UNAVAILABLE in both): no regression", wording.summary(made))


class Markdown(unittest.TestCase):
    """A table on GitHub."""

    def test_a_table_between_paragraphs(self) -> None:
        blocks = rendering.markdown(every_verdict(), False).rstrip("\n").split("\n\n")
        table = blocks[3].split("\n")
        self.assertEqual(table[:2], ["| row | BASE | NEW | NEW/BASE | verdict |", "|---|---:|---:|---:|---|"])
        self.assertEqual(len(table), 9)
        self.assertTrue(blocks[-1].startswith("compare: 1 SLOWER"))

    def test_no_name_can_leave_its_cell(self) -> None:
        evil = "a|b<img src=x>`*_c_\n|---|\\&amp;[x](y)"
        made = rendering.markdown(compare(file(passed(evil, 1000)), file(passed(evil, 1000))), False)
        row = next(line for line in made.splitlines() if line.startswith("| a"))
        self.assertTrue(
            row.startswith(r"| a\|b\<img src=x\>\`\*\_c\_ \|---\|\\\&amp;\[x\](y) | 1.00 µs | 1.00 µs | "), row
        )

    def test_names_stay_readable(self) -> None:
        name = "relative_position_index/ws7_h3/openmp/f32/1"
        made = rendering.markdown(compare(file(passed(name, 1000)), file(passed(name, 1000))), False)
        self.assertIn(f"\n| {name} | 1.00 µs |", made)


class Terminal(unittest.TestCase):
    """With colour."""

    def test_colour_and_no_markup(self) -> None:
        class Screen(io.StringIO):
            def isatty(self) -> bool:
                return True

        evil = "[red]x[/red]:smile:"
        base = file(passed("slower", 1000), passed(evil, 1000))
        screen = Screen()
        rendering.terminal(compare(base, file(passed("slower", 1200), passed(evil, 1000))), False, screen)
        self.assertIn("\x1b[", screen.getvalue())
        plain = re.sub("\x1b\\[[0-9;]*m", "", screen.getvalue())
        self.assertIn("[red]x[/red]:smile:", plain.replace("\n", ""))
        self.assertIn("SLOWER", plain)


class Annotations(unittest.TestCase):
    """GitHub's workflow commands."""

    def test_kinds_and_order(self) -> None:
        lines = workflow.commands(every_verdict()).splitlines()
        self.assertEqual(
            [line.split("::")[1] for line in lines],
            [
                "error title=slower",
                "error title=wrong",
                "warning title=gone",
                "warning title=edge",
                "notice title=scripts/compare",
            ],
        )
        self.assertRegex(
            lines[0],
            r"^::error title=slower::SLOWER; 1\.00 µs → 1\.20 µs, \+20\.0 %25 "
            r"\(\+\d+\.\d %25 to \+\d+\.\d %25\), tolerance 5\.0 %25$",
        )
        self.assertEqual(
            lines[1], "::error title=wrong::MISSING: PARITY FAILURE, FAILED in NEW: element [3] is 1, not 2"
        )

    def test_without_a_gate_there_are_no_errors(self) -> None:
        self.assertNotIn("::error", workflow.commands(every_verdict(across_machines=True)))

    def test_escapes(self) -> None:
        name = "op/50%,a:b/x/f32/1"
        wrong = Row(name, "hot", "once", "FAILED", "100% off:\r\n::error::really, yes")
        text = workflow.commands(compare(file(passed(name, 1000)), file(wrong)))
        first = text.splitlines()[0]
        self.assertEqual(
            first,
            "::error title=op/50%25%2Ca%3Ab/x/f32/1::"
            "MISSING: PARITY FAILURE, FAILED in NEW: 100%25 off:  ::error::really, yes",
        )
        self.assertEqual(len(text.splitlines()), 2)


if __name__ == "__main__":
    unittest.main()
