"""No kernel is lost unseen: the file against this build's program, and what is said of a cell that differs."""

from __future__ import annotations

import json
import unittest

from results.errors import UserError
from results.program import assay

from . import support_matrix
from .support_matrix import differences, parse, read_listed, written

TEXT = "# a comment\noperator  scalar  eigen   torch\nsoftmax   f32     -       f32\npad       f32,u8  f32,u8  -\n"


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
        self.assertGreater(len(said), 8)
        expected = parse(support_matrix.FILE.read_text(encoding="utf-8"))
        self.assertEqual(differences(expected, said), [])


class Matrices(unittest.TestCase):
    """Of a file and a program that are made up."""

    def sentences(self, said: dict) -> list[str]:
        return differences(parse(TEXT), read_listed(said))

    def test_what_a_build_lacks_is_not_compared(self) -> None:
        self.assertEqual(self.sentences(AS_EXPECTED), [])

    def test_a_kernel_that_is_gone(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][0]["backends"]["scalar"] = "–"
        self.assertEqual(
            self.sentences(said),
            [
                "softmax on scalar: support_matrix.txt expects f32, but the program has no kernel: bring it back, or "
                "run scripts/support_matrix --write"
            ],
        )

    def test_a_dtype_that_is_gone(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][1]["backends"]["scalar"] = "f32"
        self.assertEqual(
            self.sentences(said),
            [
                "pad on scalar: support_matrix.txt expects f32 and u8, but the program has f32: bring it back, or run "
                "scripts/support_matrix --write"
            ],
        )

    def test_a_kernel_that_is_new(self) -> None:
        said = json.loads(json.dumps(AS_EXPECTED))
        said["support"][0]["backends"]["eigen"] = "f32"
        self.assertEqual(
            self.sentences(said),
            [
                "softmax on eigen: support_matrix.txt expects no kernel, but the program has f32: add it to the file, "
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
        self.assertEqual(written(TEXT, read_listed(said)), TEXT)
        said["support"][0]["backends"]["eigen"] = "bf16 f32"
        self.assertEqual(
            written(TEXT, read_listed(said)),
            "# a comment\noperator  scalar  eigen     torch\nsoftmax   f32     bf16,f32  f32\n"
            "pad       f32,u8  f32,u8    -\n",
        )
        self.assertEqual(differences(parse(written(TEXT, read_listed(said))), read_listed(said)), [])

    def test_a_file_that_is_none_is_told_so(self) -> None:
        for text, sentence in (
            ("", "has to begin with a line `operator`"),
            ("operator a b\nx f32\n", "the line of x has 1 cells, but there are 2 backends"),
            ("operator a\nx f32\nx f32\n", "there are two lines of x"),
        ):
            with self.assertRaisesRegex(UserError, sentence):
                parse(text)


if __name__ == "__main__":
    unittest.main()
