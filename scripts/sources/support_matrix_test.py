"""No kernel is lost unseen: the file against this build's program, and what is said of a cell that differs."""

from __future__ import annotations

import json
import unittest

from results.errors import UserError
from results.program import assay

from . import support_matrix
from .support_matrix import BEGIN, END, differences, parse, read_contracts, read_listed, written

TABLE = (
    "| operator | computes | c of its bound c·u·S | scalar | eigen | torch |\n"
    "| --- | --- | --- | --- | --- | --- |\n"
    "| `softmax` | shares | 10 | f32 | – | f32 |\n"
    "| `pad` | a canvas and its mask | exact | f32, u8 | f32, u8 | – |\n"
)
TEXT = f"# Tool\n\n{BEGIN}{TABLE}{END}\nThe end.\n"
CONTRACTS = {"softmax": ("shares", "10"), "pad": ("a canvas and its mask", "exact")}


def listed(**cells: dict[str, str]) -> dict:
    return {"support": [{"operator": name, "backends": backends} for name, backends in cells.items()]}


AS_EXPECTED = listed(
    softmax={"scalar": "f32", "eigen": "–", "torch": "unavailable"},
    pad={"scalar": "f32 u8", "eigen": "f32 u8 (unavailable)", "torch": "unavailable"},
)


class ThisBuild(unittest.TestCase):
    """The ratchet itself."""

    def test_no_kernel_is_gone_or_new(self) -> None:
        said = read_listed(json.loads(assay("list", "--json", "-").stdout))
        contracts = read_contracts(json.loads(assay("list", "operators", "--json", "-").stdout))
        self.assertGreater(len(said), 8)
        text = support_matrix.FILE.read_text(encoding="utf-8")
        self.assertEqual(differences(text, said, contracts), [])


class Matrices(unittest.TestCase):
    """Of a file and a program that are made up."""

    def sentences(self, said: dict) -> list[str]:
        return differences(TEXT, read_listed(said), CONTRACTS)

    def test_what_a_build_lacks_is_not_compared(self) -> None:
        self.assertEqual(self.sentences(AS_EXPECTED), [])

    def test_a_kernel_that_is_gone(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][0]["backends"]["scalar"] = "–"
        self.assertEqual(
            self.sentences(said),
            [
                "softmax on scalar: README.md expects f32, but the program has no kernel: bring it back, or "
                "run scripts/support_matrix --write"
            ],
        )

    def test_a_dtype_that_is_gone(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][1]["backends"]["scalar"] = "f32"
        self.assertEqual(
            self.sentences(said),
            [
                "pad on scalar: README.md expects f32 and u8, but the program has f32: bring it back, or run "
                "scripts/support_matrix --write"
            ],
        )

    def test_a_kernel_that_is_new(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][0]["backends"]["eigen"] = "f32"
        self.assertEqual(
            self.sentences(said),
            [
                "softmax on eigen: README.md expects no kernel, but the program has f32: add it to the table, "
                "or run scripts/support_matrix --write"
            ],
        )

    def test_operators_that_are_gone_or_new(self) -> None:
        giou = {"operator": "giou", "backends": {"scalar": "f32", "eigen": "–"}}
        found = self.sentences({"support": [AS_EXPECTED["support"][0], giou]})
        places = [sentence.split(":")[0] for sentence in found]
        self.assertEqual(places, ["pad on scalar", "pad on eigen", "giou on scalar", "giou on eigen"])

    def test_a_backend_that_is_new(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][0]["backends"]["opencl"] = "–"
        self.assertEqual(len(self.sentences(said)), 1)

    def test_writing_keeps_what_the_build_lacks(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        self.assertEqual(written(TEXT, read_listed(said), CONTRACTS), TEXT)
        said["support"][0]["backends"]["eigen"] = "bf16 f32"
        now = written(TEXT, read_listed(said), CONTRACTS)
        self.assertEqual(now, TEXT.replace("10 | f32 | – |", "10 | f32 | bf16, f32 |"))
        self.assertEqual(differences(now, read_listed(said), CONTRACTS), [])

    def test_a_contract_that_says_something_else(self) -> None:
        said = read_listed(AS_EXPECTED)
        self.assertEqual(
            differences(TEXT, said, CONTRACTS | {"softmax": ("shares", "12")}),
            ["the table of operators in README.md is out of date: run scripts/support_matrix --write"],
        )

    def test_bounds_are_named_by_their_outputs_where_they_differ(self) -> None:
        def outputs(**bounds: str) -> dict:
            listed_outputs = [{"name": name, "bound": bound} for name, bound in bounds.items()]
            return {"operators": [{"name": "op", "summary": "it", "outputs": listed_outputs}]}

        for bounds, said in (
            ({"a": "exact", "b": "exact"}, "exact"),
            ({"a": "within 4·u·S"}, "4"),
            ({"a": "exact", "b": "within 16·u·S"}, "a exact, b 16"),
            ({"a": "judged by the operator"}, "judged"),
        ):
            self.assertEqual(read_contracts(outputs(**bounds)), {"op": ("it", said)})

    def test_a_file_that_has_no_table_is_told_so(self) -> None:
        odd = TEXT.replace("| `pad` | a canvas and its mask | exact | f32, u8 | f32, u8 | – |", "| `pad` | x | y | f32 |")
        for text, sentence in (
            ("", "README.md has to hold one line `<!-- scripts/support_matrix --write: begin -->`"),
            (TEXT.replace(END, ""), "and, after the table, `<!-- end -->`"),
            (TEXT.replace("computes", "does"), "has to begin with the columns operator, computes"),
            (odd, "the line of pad has 1 cells, but there are 3 backends"),
            (TEXT.replace("`pad`", "`softmax`"), "there are two lines of softmax"),
        ):
            with self.assertRaisesRegex(UserError, sentence):
                parse(text)


if __name__ == "__main__":
    unittest.main()
