"""The gate at the end of a recording, with programs that stand for `assay`."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from .errors import RecordingError
from .gate import require_program, verify_recording


class GateTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, script: str) -> Path:
        """A program that runs this line of shell."""
        path = self.folder / "assay"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def test_a_missing_program_is_one_sentence(self) -> None:
        with self.assertRaisesRegex(RecordingError, r"assay is not built, and .*: run scripts/test, or .*--assay\.$"):
            require_program(self.folder / "assay")
        require_program(self.program("exit 0"))

    def test_the_folder_is_verified_and_its_outputs_are_required(self) -> None:
        verify_recording(self.folder, self.program(f'echo "$@" > {self.folder}/arguments'))
        arguments = (self.folder / "arguments").read_text().split()
        self.assertEqual(arguments[:5], ["verify", "--golden", str(self.folder), "--require", "recorded"])

    def test_what_a_failing_program_says_is_shown(self) -> None:
        program = self.program("echo 'INVALID window_softmax/one'; echo 'and more' >&2; exit 3")
        with self.assertRaises(RecordingError) as caught:
            verify_recording(self.folder, program)
        for part in ("exit code 3", "INVALID window_softmax/one", "and more"):
            self.assertIn(part, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
