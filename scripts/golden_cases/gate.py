"""Holds a recording against the program: what is recorded must mean what the oracle means.

The program has the tolerances, so nothing here knows one. Nothing here needs a framework either.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from .errors import RecordingError


def require_program(program: Path) -> None:
    """Refuses a missing program before the recording takes its minutes."""
    if not program.is_file():
        raise RecordingError(
            f"{program} is not built, and a recording must pass `assay verify`: run scripts/test, or name another "
            "program with --assay."
        )


def verify_recording(folder: Path, program: Path) -> None:
    """Runs `assay verify` on a folder of cases; its recorded outputs must pass too. Shows what it says if it fails."""
    command = [str(program), "verify", "--golden", str(folder), "--require", "recorded", "--color", "never"]
    finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if finished.returncode != 0:
        raise RecordingError(f"assay verify ends with exit code {finished.returncode}:\n{finished.stdout.rstrip()}")
