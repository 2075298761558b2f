"""Every report of `assay` is well-formed, whatever bytes its arguments have: read with the parsers that others use."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from .program import TENSORS, assay

CASE = "relative_position_bias/seed_2x2.safetensors"

# Names of a folder: what XML, JSON, CSV, Markdown or workflow commands cannot hold as it is.
NAMES = (
    b"g\xef\xbf\xbe",  # U+FFFE
    b"g\xef\xbf\xbf",  # U+FFFF
    b"g\xed\xa0\x80",  # a surrogate
    b"g\xff",  # no UTF-8
    b"g\xe2\x82",  # a character that is cut off
    b"g\x01\x1b[31m\x7f",  # control characters
    b"g\n::error title=x::y\r\n",
    b"g\t\"'<&>]]>%0A,:;|`*_\\",
    b"plain \xc2\xb5 \xe6\xbc\xa2",
)


def xml_text(text: str) -> str:
    """As XML can hold it."""
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


class Reports(unittest.TestCase):
    """A golden folder of each name, with one case that is good and one whose recorded output is wrong."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def golden(self, name: bytes) -> bytes:
        """The path of a golden folder of this name."""
        path = os.path.join(os.fsencode(self.folder), name)
        target = os.path.join(path, os.fsencode(os.path.dirname(CASE)))
        os.makedirs(target)
        data = bytearray((TENSORS / CASE).read_bytes())
        data[-1] ^= 1  # the last byte of the tensors
        with open(os.path.join(path, os.fsencode(CASE)), "wb") as file:
            file.write(data)
        good = b"relative_position_index"
        shutil.copytree(os.path.join(os.fsencode(TENSORS), good), os.path.join(path, good))
        return path

    def read(self, name: str) -> bytes:
        """A report."""
        return (self.folder / name).read_bytes()

    def test_reports_of_verify(self) -> None:
        for name in NAMES:
            with self.subTest(name=name):
                files = [str(self.folder / report) for report in ("v.json", "v.xml")]
                reports = ("--github", "--json", files[0], "--junit", files[1])
                done = assay("verify", *reports, "--golden", self.golden(name))
                self.assertEqual(done.returncode, 3, done.stderr)
                document = self.parsed_json("v.json")
                suites = ElementTree.fromstring(self.read("v.xml"))
                self.assertEqual(len(suites.findall(".//testcase")), len(document["checks"]))
                failures = suites.findall(".//failure")
                self.assertGreater(len(failures), 0)
                self.check_annotations(done.stdout, len(failures))
                broken = [check for check in document["checks"] if check["verdict"] in ("FAILED", "INVALID")]
                for failure, check in zip(failures, broken, strict=True):
                    self.assertTrue((failure.text or "").endswith(f"reproduce: {xml_text(check['repro'])}\n"))

    def test_the_command_that_reproduces_a_row_is_right(self) -> None:
        for name in NAMES:
            with self.subTest(name=name):
                golden = self.golden(name)
                assay("verify", "--json", str(self.folder / "v.json"), "--golden", golden)
                checks = self.parsed_json("v.json")["checks"]
                repro = next(check["repro"] for check in checks if check["verdict"] != "PASSED")
                self.assertEqual(len(repro.splitlines()), 1)
                words = subprocess.run(["bash", "-c", f"printf '%s\\0' {repro}"], capture_output=True, check=True)
                self.assertEqual(words.stdout.split(b"\0")[-2], golden)

    def test_reports_of_bench(self) -> None:
        for name in NAMES:
            with self.subTest(name=name):
                files = [str(self.folder / report) for report in ("b.json", "b.csv")]
                done = assay(
                    *("bench", "--row-budget", "1ms", "--rounds", "1", "--threads", "1", "--markdown"),
                    *("--json", files[0], "--csv", files[1], "--golden", self.golden(name)),
                    *("--filter", "*/seed_2x2/scalar/*"),
                )
                self.assertEqual(done.returncode, 3, done.stderr)
                rows = self.parsed_json("b.json")["benchmarks"]
                self.assertIn("INVALID", [row["verdict"] for row in rows])
                lines = list(csv.reader(io.StringIO(self.read("b.csv").decode("utf-8"), newline="")))
                self.assertEqual({len(line) for line in lines}, {len(lines[0])})
                self.assertEqual([line[5] for line in lines[1:]], [row["verdict"] for row in rows])
                table = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("|")]
                self.assertEqual(len(table), len(rows) + 2)

    def parsed_json(self, name: str) -> dict:
        """A JSON report; UTF-8 without surrogates, as strict readers demand."""
        return json.loads(self.read(name).decode("utf-8"))

    def check_annotations(self, out: bytes, count: int) -> None:
        """Each is one line, and no line is one that the program did not mean."""
        text = out.decode("utf-8")
        annotations = [line for line in text.splitlines() if line.startswith("::")]
        self.assertEqual(len(annotations), count)
        for line in annotations:
            self.assertRegex(line, r"^::error title=relative_position_bias/seed_2x2/[^:,]+::(INVALID|FAILED): ")


if __name__ == "__main__":
    unittest.main()
