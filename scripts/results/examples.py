"""Result files for the tests: what `assay bench --json` writes, as far as the comparison reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def noise(median_ns: float, n: int = 40, spread: float = 0.005, seed: int = 1) -> list[float]:
    """Log-normal samples whose median is exactly `median_ns`."""
    values = np.exp(spread * np.random.default_rng(seed).normal(size=n))
    return (median_ns * values / np.median(values)).tolist()


def row(name: str, samples: list[Any] | None = None, verdict: str = "PASSED", **more: Any) -> dict[str, Any]:
    """One row of `benchmarks`; without samples and PASSED it has those of `noise(1000)`."""
    entry: dict[str, Any] = {
        "name": name,
        "cache": "hot",
        "verdict": verdict,
        "reason": "",
        "seed": 20,
        "bytes": 4096.0,
    }
    if verdict == "PASSED":
        entry["samples_ns"] = noise(1000) if samples is None else samples
    else:
        entry |= {"error_occurred": True, "error_message": verdict}
    return entry | more


def document(*rows: dict[str, Any], machine: dict[str, Any] | None = None, **assay: Any) -> dict[str, Any]:
    """A whole file."""
    return {
        "context": {
            "date": "2026-01-02T03:04:05+0000",
            "assay": {"version": "0.1.0", "commit": "abc1234", "schema": 1, "partial": False} | assay,
            "machine": {"cpu": "AMD EPYC", "hash": "00ff"} if machine is None else machine,
            "libraries": {"eigen": "3.4.0"},
        },
        "benchmarks": list(rows),
    }


def write(folder: Path, name: str, content: dict[str, Any] | str | bytes) -> str:
    """Writes a document, or text or bytes as they are; returns the path."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)
