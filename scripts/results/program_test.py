"""What `assay bench` writes is what the scripts read: a real run, read and compared with itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from . import result_file
from .program import assay

COMPARE = Path(__file__).resolve().parent.parent / "compare"
ROWS = "relative_position_index/seed_2x2/*/f32/1"


class BenchAndCompare(unittest.TestCase):
    """One run on one tiny case, for all tests."""

    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.file = str(Path(cls.folder.name) / "x.json")
        cls.baselines = str(Path(cls.folder.name) / "baselines")
        cls.run_of_bench = assay(
            *("bench", "--row-budget", "50ms", "--filter", ROWS, "--json", cls.file, "--save-baseline", "main"),
            ASSAY_BASELINES=cls.baselines,
        )

    def compare(self, *arguments: str) -> dict:
        """What `scripts/compare --json -` makes of these files; it must end with 0."""
        done = subprocess.run(
            [sys.executable, str(COMPARE), *arguments, "--json", "-"],
            capture_output=True,
            check=False,
            env={"ASSAY_BASELINES": self.baselines},
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_file_against_itself_is_no_regression(self) -> None:
        self.assertEqual(self.run_of_bench.returncode, 0, self.run_of_bench.stderr)
        compared = self.compare(self.file, self.file)
        timed = [row for row in json.loads(Path(self.file).read_text())["benchmarks"] if row["verdict"] == "PASSED"]
        self.assertGreaterEqual(len(timed), 3)
        self.assertEqual(len(compared["rows"]), len(timed))
        for row in compared["rows"]:
            self.assertIn(row["verdict"], ("SAME", "AMBIGUOUS"))
            self.assertEqual(row["base"], row["new"])

    def test_a_baseline_is_found_by_its_name(self) -> None:
        compared = self.compare("--baseline", "main", self.file)
        self.assertEqual(compared["context"]["base"]["path"], f"{self.baselines}/main.json")

    def test_every_key_that_is_read_is_written(self) -> None:
        """The reader has defaults for keys that a file may lack; a file of this version lacks none."""
        read = result_file.read(self.file)
        written = json.loads(Path(self.file).read_text())
        self.assertEqual(read.version, written["context"]["assay"]["version"])
        self.assertEqual(read.commit, written["context"]["assay"]["commit"])
        self.assertEqual(read.date, written["context"]["date"])
        self.assertEqual(read.partial, False)
        self.assertEqual(read.aa_floor, written["context"]["assay"]["aa_floor"])
        self.assertIsNotNone(read.aa_floor)
        self.assertEqual(read.machine_hash, written["context"]["machine"]["hash"])
        self.assertEqual(read.cpu, written["context"]["machine"]["cpu"])
        self.assertEqual(read.libraries, written["context"]["libraries"])
        self.assertEqual(len(read.rows), len(written["benchmarks"]))
        for row, entry in zip(read.rows.values(), written["benchmarks"], strict=True):
            self.assertEqual(row.key, (entry["name"], entry["cache"], entry["allocate"]))
            self.assertEqual((row.verdict, row.reason), (entry["verdict"], entry["reason"]))
            self.assertEqual((row.seed, row.bytes), (entry["seed"], entry["bytes"]))
            self.assertEqual(list(row.samples_ns), entry.get("samples_ns", []))
            self.assertEqual(list(row.rounds), entry.get("rounds", []))
            self.assertIn("sampled", entry)
            self.assertEqual(row.sampled, entry["sampled"])  # None: no small case is sampled
            self.assertEqual(row.is_timed, "error_occurred" not in entry)


if __name__ == "__main__":
    unittest.main()
