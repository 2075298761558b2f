"""Where baselines are looked for, which names are names, and what is said where there is none."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from . import baselines
from .errors import NO_BASELINE, UNUSABLE, UserError


EXAMPLES = json.loads(
    (Path(__file__).resolve().parents[2] / "bench" / "report" / "baseline_examples.json").read_text(encoding="utf-8")
)


class Rule(unittest.TestCase):
    """The rule that `assay` has too, on the same examples."""

    def test_names(self) -> None:
        longest = EXAMPLES["longest_name"] * "a"
        for name in (*EXAMPLES["names"], longest):
            self.assertIsNotNone(baselines.NAME.fullmatch(name), name)
        for name in (*EXAMPLES["no_names"], longest + "a"):
            self.assertIsNone(baselines.NAME.fullmatch(name), name)

    def test_folders(self) -> None:
        for example in EXAMPLES["folders"]:
            if example["folder"] is not None:
                self.assertEqual(str(baselines.folder(example["environment"])), example["folder"], example)
                continue
            with self.assertRaises(UserError) as caught:
                baselines.folder(example["environment"])
            self.assertEqual(str(caught.exception), "there is no folder of baselines: set ASSAY_BASELINES to one")
            self.assertEqual(caught.exception.code, UNUSABLE)


class Finding(unittest.TestCase):
    """Names."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "baselines"
        self.folder.mkdir()

    def refused(self, name: str, folder: Path | None = None) -> UserError:
        """Why there is no such baseline."""
        with self.assertRaises(UserError) as caught:
            baselines.find(name, {"ASSAY_BASELINES": str(folder or self.folder)})
        return caught.exception

    def test_found(self) -> None:
        for name in EXAMPLES["names"]:
            path = self.folder / f"{name}.json"
            path.touch()
            self.assertEqual(baselines.find(name, {"ASSAY_BASELINES": str(self.folder)}), str(path))

    def test_no_names(self) -> None:
        (self.folder.parent / "main.json").touch()
        self.addCleanup((self.folder.parent / "main.json").unlink)
        for name in EXAMPLES["no_names"]:
            error = self.refused(name)
            self.assertEqual(error.code, UNUSABLE, name)
            self.assertEqual(
                str(error),
                f'a baseline cannot be called "{name}": a name has A-Z a-z 0-9 _ . - and no dot in front, and 250 '
                "characters at most",
            )

    def test_missing_names_the_folder_and_what_there_is(self) -> None:
        for name in ("main.json", "v1.json", "notes.txt", ".hidden.json"):
            (self.folder / name).touch()
        error = self.refused("mian")
        self.assertEqual(error.code, NO_BASELINE)
        self.assertEqual(
            str(error),
            f"there is no baseline 'mian' in {self.folder}, which holds main, v1: "
            "make it with `assay bench --save-baseline mian`",
        )

    def test_many(self) -> None:
        for index in range(13):
            (self.folder / f"b{index:02}.json").touch()
        self.assertIn(
            "which holds b00, b01, b02, b03, b04, b05, b06, b07, b08, b09 and 3 more:", str(self.refused("x"))
        )

    def test_no_baselines_yet(self) -> None:
        self.assertIn("which holds none:", str(self.refused("x")))
        absent = self.refused("x", self.folder / "absent")
        self.assertIn(f"in {self.folder / 'absent'}, which does not exist:", str(absent))
        self.assertEqual(absent.code, NO_BASELINE)
        (self.folder / "file").touch()
        self.assertIn("which cannot be listed (Not a directory):", str(self.refused("x", self.folder / "file")))


if __name__ == "__main__":
    unittest.main()
