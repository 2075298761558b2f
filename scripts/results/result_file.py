"""Reading a result file of `assay bench --json` (schema 1), which may be truncated, of another program, or hostile.

`read` either returns rows that can be computed with or raises UserError with one sentence. `assay` writes these files
in bench/report/result_file.cpp; program_test.py holds the two against each other.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from .errors import UserError

SCHEMA = 1
PASSED = "PASSED"
PARITY_FAILURES = ("FAILED", "INVALID", "MISTRUSTED")  # `assay` ends with 3 for these
VERDICTS = (PASSED, *PARITY_FAILURES, "UNSUPPORTED", "UNAVAILABLE")

# Times outside this range are refused: a femtosecond to thirty years. Far outside it logarithms and ratios overflow.
LEAST_NS, MOST_NS = 1e-6, 1e18

@dataclass(frozen=True)
class Sampled:
    """Slices along an axis that were held against the truth, where the whole truth was too large."""

    axis: str
    slices: int
    of: int


@dataclass(frozen=True)
class Row:
    """One row of `benchmarks`. `samples_ns` are in the order in which they were taken; empty if it was not timed."""

    name: str
    cache: str
    allocate: str
    verdict: str
    reason: str
    samples_ns: tuple[float, ...] = ()
    seed: int | None = None
    bytes: float | None = None
    rounds: tuple[int, ...] = ()  # how many samples each round took; empty if all samples are of one round
    sampled: Sampled | None = None  # how much was held against the truth; None if all of it was

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same row in another file."""
        return self.name, self.cache, self.allocate

    @property
    def label(self) -> str:
        """The key for a reader: the name, then what is not the default."""
        extra = [self.cache] if self.cache != "hot" else []
        extra += [f"allocate {self.allocate}"] if self.allocate != "once" else []
        return f"{self.name} ({', '.join(extra)})" if extra else self.name

    @property
    def is_timed(self) -> bool:
        """Only a row that PASSED shows a time."""
        return self.verdict == PASSED and bool(self.samples_ns)


@dataclass(frozen=True)
class ResultFile:
    """A result file: its rows by key, and what scripts need of its context."""

    path: str
    rows: dict[tuple[str, str, str], Row]
    version: str = "?"
    commit: str = "?"
    date: str = "?"
    partial: bool = False
    aa_floor: float | None = None
    machine_hash: str | None = None
    cpu: str = "an unnamed CPU"
    libraries: dict[str, str] = field(default_factory=dict)


def read(path: str) -> ResultFile:
    """Reads and checks the whole file; every problem is a UserError."""
    document = _parse(path, _text(path))
    if not isinstance(document, dict):
        raise UserError(f"{path} holds no JSON object, so it is no result file of `assay bench --json`")
    if "benchmarks" not in document and "checks" in document:
        raise UserError(
            f"{path} was written by `assay verify`, which takes no times: compare files of `assay bench --json`"
        )
    if not isinstance(document.get("benchmarks"), list):
        raise UserError(f"{path} has no list `benchmarks`, so it is no result file of `assay bench --json`")
    context = _object(document, "context")
    assay = _object(context, "assay")
    _require_schema(path, assay)
    machine = _object(context, "machine")
    return ResultFile(
        path=path,
        rows=_rows(path, document["benchmarks"]),
        version=_string(assay, "version", "?"),
        commit=_string(assay, "commit", "?"),
        date=_string(context, "date", "?"),
        partial=_partial(path, assay),
        aa_floor=_aa_floor(path, assay),
        machine_hash=_string(machine, "hash", "") or None,
        cpu=_string(machine, "cpu", "") or "an unnamed CPU",
        libraries={k: v for k, v in _object(context, "libraries").items() if isinstance(v, str)},
    )


def _text(path: str) -> str:
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"{path} cannot be read: {reason}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: its byte {error.start} is 0x{data[error.start]:02x}") from error


class _NotJsonError(Exception):
    """Something that Python's parser accepts and JSON does not have."""


def _refuse_constant(word: str) -> NoReturn:
    raise _NotJsonError(f"holds {word}, which JSON does not have and `assay` does not write")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJsonError(f"has the key {twice!r} twice in one object")
    return made


def _parse(path: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except _NotJsonError as error:
        raise UserError(f"{path} {error}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if not text.strip():
            raise UserError(f"{path} is empty") from error
        # In a truncated file the parser stops at the end, or at the start of an unterminated string.
        cut = not text[error.pos :].strip() or error.msg.startswith("Unterminated")
        what = "is truncated: its JSON ends too early" if cut else "is not JSON"
        raise UserError(f"{path} {what} ({where})") from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits; nested too deeply
        raise UserError(
            f"{path} is not JSON that can be read: its numbers or its nesting are beyond all sense"
        ) from error


def _object(parent: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under the key; an empty one where there is none."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _string(parent: dict[str, Any], key: str, default: str) -> str:
    value = parent.get(key)
    return value if isinstance(value, str) else default


def _number(value: Any) -> float | None:
    """A finite number as float, else None. True and False are no numbers here."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _require_schema(path: str, assay: dict[str, Any]) -> None:
    if "schema" not in assay:
        raise UserError(
            f"{path} does not say its schema (`context.assay.schema`), so it was not written by `assay bench --json`"
        )
    schema = assay["schema"]
    if isinstance(schema, bool) or schema != SCHEMA:
        raise UserError(
            f"{path} has schema {_short(schema)}, but this reads schema {SCHEMA}: "
            "use the scripts/compare of the version that wrote it, or measure again"
        )


def _partial(path: str, assay: dict[str, Any]) -> bool:
    partial = assay.get("partial", False)
    if not isinstance(partial, bool):
        raise UserError(f"{path}: `context.assay.partial` is {_short(partial)}, but it must be true or false")
    return partial


def _aa_floor(path: str, assay: dict[str, Any]) -> float | None:
    value = assay.get("aa_floor")
    if value is None:
        return None
    number = _number(value)
    if number is None or number < 0:
        raise UserError(f"{path}: `context.assay.aa_floor` is {_short(value)}, but it must be a number from 0 on")
    return number


def _rows(path: str, benchmarks: list[Any]) -> dict[tuple[str, str, str], Row]:
    rows: dict[tuple[str, str, str], Row] = {}
    for index, entry in enumerate(benchmarks):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
            raise UserError(f"{path}: row {index} of `benchmarks` has no name")
        row = _row(path, entry)
        if row.key in rows:
            raise UserError(f"{path} has two rows called {_short(row.label)}")
        rows[row.key] = row
    return rows


def _row(path: str, entry: dict[str, Any]) -> Row:
    name = entry["name"]
    verdict = entry.get("verdict")
    if verdict not in VERDICTS:
        raise UserError(
            f"{path}: {_short(name)} has the verdict {_short(verdict)}, but there are {', '.join(VERDICTS)}"
        )
    seed = entry.get("seed")
    return Row(
        name=name,
        cache=_string(entry, "cache", "hot"),  # both defaults are those of `assay bench`
        allocate=_string(entry, "allocate", "once"),
        verdict=verdict,
        reason=_string(entry, "reason", ""),
        samples_ns=_samples(path, entry) if verdict == PASSED else (),
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        bytes=_number(entry.get("bytes")),
        rounds=_rounds(path, entry) if verdict == PASSED else (),
        sampled=_sampled(path, entry),
    )


def _sampled(path: str, entry: dict[str, Any]) -> Sampled | None:
    """A file may leave it out."""
    value = entry.get("sampled")
    if value is None:
        return None
    found = value if isinstance(value, dict) else {}
    axis, slices, of = found.get("axis"), found.get("slices"), found.get("of")
    counts = all(isinstance(count, int) and not isinstance(count, bool) for count in (slices, of))
    if not isinstance(axis, str) or not counts or not 0 < slices < of:
        raise UserError(
            f"{path}: {_short(entry['name'])} has the `sampled` {_short(value)}, "
            "but it must name an axis and how many of its slices there are"
        )
    return Sampled(axis, slices, of)


def _samples(path: str, entry: dict[str, Any]) -> tuple[float, ...]:
    where = f"{path}: {_short(entry['name'])}"
    if "samples_ns" not in entry and entry.get("error_occurred") is True:
        return ()  # interrupted after its verdict and before its first sample
    samples = entry.get("samples_ns")
    if not isinstance(samples, list):
        raise UserError(f"{where} PASSED, but has no list `samples_ns`")
    if not samples:
        raise UserError(f"{where} PASSED, but its `samples_ns` is empty")
    return tuple(_sample(where, index, value) for index, value in enumerate(samples))


def _rounds(path: str, entry: dict[str, Any]) -> tuple[int, ...]:
    """How the samples fall into rounds; a file may leave that out."""
    rounds = entry.get("rounds", [])
    taken = len(entry.get("samples_ns", ()))
    are_counts = isinstance(rounds, list) and all(type(count) is int and count >= 0 for count in rounds)
    if not are_counts or (rounds and sum(rounds) != taken):
        raise UserError(
            f"{path}: {_short(entry['name'])} has the rounds {_short(rounds)}, but they must be counts that add up to "
            f"its {taken} samples"
        )
    return tuple(rounds)


def _sample(where: str, index: int, value: Any) -> float:
    number = _number(value)
    if number is None:
        raise UserError(f"{where}: sample {index} is {_short(value)}, which is no finite number")
    if number <= 0:
        raise UserError(f"{where}: sample {index} is {number:g} ns, but a time is more than 0")
    if not LEAST_NS <= number <= MOST_NS:
        raise UserError(
            f"{where}: sample {index} is {number:g} ns, but a time lies between {LEAST_NS:g} and {MOST_NS:g} ns"
        )
    return number


def _short(value: Any) -> str:
    """A value of the file for a message: as JSON, at most 100 characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    most = 100  # so that the sentence around it stays readable
    return text if len(text) <= most else text[:most] + "…"
