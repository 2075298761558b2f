"""The gate that both scripts drive: how `assay verify` is asked, and the ends of backends' own thresholds."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from results.errors import UserError

ROOT = Path(__file__).resolve().parents[2]

# No cache of the user's, and so no probe of the machine.
QUIET = {"XDG_CACHE_HOME": "/nowhere"}

THRESHOLDS = ("ASSAY_OPENMP_WORKER_BYTES", "ASSAY_OPENMP_STREAM_BYTES", "ASSAY_OPENMP_BLOCK_BYTES")

# The backends that have thresholds.
ENDS = {"openmp": [dict.fromkeys(THRESHOLDS, end) for end in ("0", "inf")]}

# Other values of a threshold, and the exit code they lead to.
SETTINGS = [("", 0), ("4096", 0), ("-1", 1), ("1k", 1), ("x", 1)]


@dataclass(frozen=True)
class Run:
    """One question to the gate: what `assay` is asked, and in which environment besides its own."""

    arguments: tuple[str, ...]
    environment: dict[str, str]


# The covering array of small cases: the whole one takes ten times as long.
SMALL_COVER = ("verify", "--cover", "--elements", "8192")


def runs_of(backend: str) -> list[Run]:
    """The covering array with thresholds as measured, a default verify at both ends of them."""
    return [Run(SMALL_COVER, {}), *(Run(("verify",), end) for end in ENDS.get(backend, [{}]))]


def listed(program: Path, *what: str) -> dict:
    """What `assay list --json` says, or `assay list <what> --json`."""
    try:
        done = subprocess.run([program, "list", *what, "--json", "-"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"cannot run {program}: {error.strerror}; build it, or name another with --program") from error
    if done.returncode != 0:
        raise UserError(f"`{program} list` ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)
