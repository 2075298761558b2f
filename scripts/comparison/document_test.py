"""The comparison as JSON, and that it is written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from results.errors import UserError
from results.examples import noise
from results.result_file import ResultFile, Row

from . import document, verdicts
from .verdicts import Settings


class Content(unittest.TestCase):
    """What is in it."""

    def test_everything(self) -> None:
        old = [Row(name, "hot", "once", "PASSED", "", tuple(noise(1000))) for name in ("slower", "same", "gone")]
        old.append(Row("few", "cold", "once", "PASSED", "", (5.0,)))
        new = [
            Row(name, "hot", "once", "PASSED", "", tuple(noise(by, seed=2)))
            for name, by in (("slower", 1200), ("same", 1000))
        ]
        new.append(Row("few", "cold", "once", "PASSED", "", (5.0, 6.0)))
        base, fresh = (
            ResultFile(path, {row.key: row for row in rows}, machine_hash="00ff", partial=True, aa_floor=0.01)
            for path, rows in (("b.json", old), ("n.json", new))
        )
        made = json.loads(document.as_json(verdicts.compare(base, fresh, Settings(strict=True))))
        self.assertEqual(made["context"]["schema"], 1)
        self.assertEqual(made["context"]["base"]["path"], "b.json")
        self.assertEqual(
            (made["context"]["band"], made["context"]["aa_floor"], made["context"]["tolerance"]), (0.05, 0.01, 0.05)
        )
        self.assertEqual((made["context"]["new"]["partial"], made["context"]["strict"]), (True, True))
        self.assertEqual(
            made["summary"],
            {
                "SLOWER": 1,
                "MISSING": 1,
                "AMBIGUOUS": 1,
                "FASTER": 0,
                "NEW": 0,
                "SAME": 1,
                "parity_failures": 0,
                "left_out": {},
                "exit_code": 4,
            },
        )
        slower, gone, few, same = made["rows"]
        self.assertEqual((slower["name"], slower["verdict"], same["name"]), ("slower", "SLOWER", "same"))
        self.assertAlmostEqual(slower["ratio"], 1.2, places=9)
        self.assertLess(slower["ratio_interval"][0], 1.2)
        self.assertGreater(slower["ratio_interval"][1], 1.2)
        self.assertAlmostEqual(slower["base"]["median_ns"], 1000)
        self.assertEqual((slower["base"]["samples"], gone["new"], gone["ratio"]), (40, None, None))
        self.assertEqual((few["cache"], few["verdict"], few["ratio_interval"]), ("cold", "AMBIGUOUS", None))

    def test_only_ascii_whatever_the_names(self) -> None:
        row = Row("op/漢\ud800\n/b", "hot", "once", "PASSED", "", tuple(noise(1000)))
        file = ResultFile("f", {row.key: row})
        text = document.as_json(verdicts.compare(file, file, Settings()))
        self.assertTrue(text.isascii())
        self.assertEqual(json.loads(text)["rows"][0]["name"], "op/漢\N{REPLACEMENT CHARACTER}\n/b", "no half characters")


class Writing(unittest.TestCase):
    """Whole or not at all."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.target = self.folder / "out.json"

    def refused(self, target: Path | str, inputs: list[str]) -> str:
        """Why it cannot be written."""
        with self.assertRaises(UserError) as caught:
            document.require_writable(str(target), inputs)
        return str(caught.exception)

    def test_new_and_again(self) -> None:
        document.write_whole(str(self.target), "one")
        umask = os.umask(0)
        os.umask(umask)
        self.assertEqual(stat.S_IMODE(self.target.stat().st_mode), 0o666 & ~umask, "not the 0600 of a temporary file")
        self.target.chmod(0o640)
        document.write_whole(str(self.target), "two")
        self.assertEqual(self.target.read_text(), "two")
        self.assertEqual(stat.S_IMODE(self.target.stat().st_mode), 0o640)
        self.assertEqual(os.listdir(self.folder), ["out.json"])

    def test_a_link_stays_a_link(self) -> None:
        self.target.write_text("old")
        link = self.folder / "link.json"
        link.symlink_to("out.json")
        document.write_whole(str(link), "new")
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.target.read_text(), "new")

    def test_a_device_is_written_in_place(self) -> None:
        document.write_whole("/dev/null", "gone")
        self.assertTrue(Path("/dev/null").is_char_device())

    def test_nothing_is_left_behind_when_it_fails(self) -> None:
        self.target.write_text("old")
        with (
            mock.patch("os.replace", side_effect=OSError(28, "No space left on device")),
            self.assertRaises(UserError) as caught,
        ):
            document.write_whole(str(self.target), "new")
        self.assertEqual(str(caught.exception), f"cannot write {self.target}: No space left on device")
        self.assertEqual((os.listdir(self.folder), self.target.read_text()), (["out.json"], "old"))

    def test_refused_before_any_work(self) -> None:
        self.assertEqual(self.refused(self.folder, []), f"cannot write {self.folder}: it is a folder")
        absent = self.folder / "absent" / "out.json"
        self.assertEqual(self.refused(absent, []), f"cannot write {absent}: the folder {absent.parent} does not exist")
        self.target.write_text("{}")
        link = self.folder / "link.json"
        link.symlink_to("out.json")
        self.assertEqual(
            self.refused(link, [str(self.target)]), f"cannot write {link}: it is one of the files to compare"
        )
        document.require_writable("-", [])
        document.require_writable(str(self.folder / "fresh.json"), [str(self.target), "absent"])


if __name__ == "__main__":
    unittest.main()
