"""The comparison as JSON, and writing it so that no reader ever finds half a file."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from results.errors import UserError
from results.result_file import ResultFile, Row

from . import resampling, verdicts
from .stretches import median_ns
from .verdicts import Compared, Comparison

SCHEMA = 1  # of this document

# Half a character: Python's stand-in for bytes of a file's name that are no UTF-8. Strict readers of JSON refuse it.
SURROGATE = re.compile("[\ud800-\udfff]")


def as_json(comparison: Comparison) -> str:
    """Everything, SAME rows included. Shares and ratios are numbers (0.05 is 5 %); what does not apply is null."""
    settings = comparison.settings
    made = {
        "context": {
            "schema": SCHEMA,
            "base": _file(comparison.base),
            "new": _file(comparison.new),
            "band": settings.band,
            "aa_floor": comparison.floor,
            "aa_floor_is_recorded": comparison.floor_is_recorded,
            "tolerance": comparison.tolerance,
            "confidence": resampling.CONFIDENCE,
            "resamples": resampling.RESAMPLES,
            "strict": settings.strict,
            "across_machines": settings.across_machines,
        },
        "summary": {
            **{verdict: comparison.count(verdict) for verdict in verdicts.ORDER},
            "parity_failures": len(comparison.parity_failures),
            "left_out": dict(sorted(comparison.left_out.items())),
            "exit_code": comparison.exit_code,
        },
        "rows": [_row(row) for row in comparison.rows],
    }
    return json.dumps(_of_whole_characters(made), indent=2, allow_nan=False) + "\n"


def _of_whole_characters(value: Any) -> Any:
    """The same with U+FFFD for every surrogate."""
    if isinstance(value, str):
        return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {key: _of_whole_characters(part) for key, part in value.items()}
    return [_of_whole_characters(part) for part in value] if isinstance(value, list) else value


def _file(file: ResultFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "version": file.version,
        "commit": file.commit,
        "date": file.date,
        "partial": file.partial,
        "aa_floor": file.aa_floor,
        "machine_hash": file.machine_hash,
        "cpu": file.cpu,
    }


def _row(row: Compared) -> dict[str, Any]:
    ratio = row.ratio
    return {
        "name": row.row.name,
        "cache": row.row.cache,
        "allocate": row.row.allocate,
        "verdict": row.verdict,
        "reason": row.reason,
        "parity_failure": row.parity_failure,
        "base": _side(row.base),
        "new": _side(row.new),
        "ratio": ratio and _number(ratio[0]),
        "ratio_interval": ratio and [_number(ratio[1]), _number(ratio[2])],
        "drift": None if row.drift is None else _number(math.expm1(row.drift)),
        "p": row.p,
        "p_holm": row.p_holm,
    }


def _side(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"verdict": row.verdict, "median_ns": median_ns(row), "samples": len(row.samples_ns)}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def require_writable(target: str, inputs: list[str]) -> None:
    """Before any work: the target is no folder, its folder is there, and it is none of the files to compare."""
    if target == "-":
        return
    path = Path(target)
    if path.is_dir():
        raise UserError(f"cannot write {target}: it is a folder")
    if not path.parent.is_dir():
        raise UserError(f"cannot write {target}: the folder {path.parent} does not exist")
    for name in inputs:
        if path.exists() and os.path.exists(name) and path.samefile(name):
            raise UserError(f"cannot write {target}: it is one of the files to compare")


def write_whole(target: str, text: str) -> None:
    """Writes beside the target and renames; pipes and devices are written in place."""
    data = text.encode("utf-8")
    try:
        path = Path(os.path.realpath(target))  # a link stays a link
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path, data)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".assay-", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
