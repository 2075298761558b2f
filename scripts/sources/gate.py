"""The gate that both scripts drive: how `assay verify` is asked, and the ends of backends' own thresholds."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What checks kernels, in the place of `assay verify`'s default share of the drawn cases.
VERIFY = ("verify",)

# No cache of the user's, and so no probe of the machine.
QUIET = {"XDG_CACHE_HOME": "/nowhere"}

THRESHOLDS = ("ASSAY_OPENMP_WORKER_BYTES", "ASSAY_OPENMP_STREAM_BYTES", "ASSAY_OPENMP_BLOCK_BYTES")

# The environments in which a backend is verified: as measured, then both ends of its thresholds where it has some.
ENDS: dict[str, list[dict[str, str]]] = {
    "openmp": [{}, *({name: end for name in THRESHOLDS} for end in ("0", "inf"))],
}


# Other values of a threshold, and the exit code they lead to.
SETTINGS = [("", 0), ("4096", 0), ("-1", 1), ("1k", 1), ("x", 1)]


def ends_of(backend: str) -> list[dict[str, str]]:
    """The environments to verify this backend in."""
    return ENDS.get(backend, [{}])
