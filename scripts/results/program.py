"""Runs `assay` for the tests, without a cache and so without a probe. ctest names the program in ASSAY_PROGRAM."""

from __future__ import annotations

import os
import subprocess
import unittest
from pathlib import Path

TENSORS = Path(__file__).resolve().parents[2] / "golden" / "tensors"


def assay(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Both outputs are caught as bytes."""
    program = os.environ.get("ASSAY_PROGRAM")
    if program is None:
        raise unittest.SkipTest("ASSAY_PROGRAM does not name the program: run this test through ctest")
    return subprocess.run(
        [program, *arguments],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": "/nowhere", **environment},
    )
