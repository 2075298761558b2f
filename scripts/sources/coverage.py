"""The command line of `scripts/coverage`: builds, verifies, and says which lines and branches never ran."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from results.command_line import run_command
from results.errors import OK, UserError

from . import gcov
from .gate import ENDS, QUIET, ROOT, SETTINGS, SMALL_COVER, THRESHOLDS, Run, listed

BACKENDS = ("scalar", "openmp", "eigen")
BUILD = ROOT / "build" / "coverage"
UNREACHED = 3  # as where parity breaks

# On a line that need not run, before the reason.
MARK = re.compile(r"//\s*unreached:\s*(.*)$")

# A line that only closes brackets. What the compiler puts there is destructors, half of them for exceptions alone.
_CLOSING = re.compile(r"[})\];,]*(\s*//.*)?")

HELP = """Asks whether `assay verify` runs every line of the kernels and takes every branch, by gcov.

Builds the preset coverage, verifies the backends scalar, openmp and eigen on a covering array of small cases, and by
default at both ends of their thresholds, and prints each line that never ran and each direction of a branch that was
never taken. How instantiations of templates count together stands in scripts/sources/gcov.py. Directions that
exceptions take do not count.

A comment `// unreached: reason` excuses its line. It is an error where the whole line was reached.

\b
Exit codes:
0   all is reached or excused
1   usage, or it does not build
3   something is neither reached nor excused, an excuse is out of date, or parity breaks
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def coverage(
    no_build: Annotated[bool, typer.Option("--no-build", help="Take build/coverage as it is built.")] = False,
) -> int:
    """Builds, verifies, reads, reports."""
    if not no_build:
        _build()
    for counts in BUILD.rglob("*.gcda"):
        counts.unlink()
    broken = [*_verify_all(), *_refuse_settings()]
    if broken:
        print("".join(f"coverage: {sentence}\n" for sentence in broken), end="")
        return UNREACHED
    problems, reached = judge(gcov.merge(str(ROOT), _read_counts()), _texts())
    print("".join(f"{problem}\n" for problem in problems) + reached)
    return UNREACHED if problems else OK


def judge(found: gcov.Coverage, texts: dict[str, str]) -> tuple[list[str], str]:
    """A sentence for each gap that no comment excuses and for each excuse without a gap, and one for all together.

    `texts` are the sources by name. One that has no count at all would pass unseen, so it is a problem too.
    """
    excuses = {place: reason for file, text in texts.items() for place, reason in excuses_of(file, text).items()}
    gaps = [gap for gap in found.gaps() if gap.file in texts]
    gaps = [gap for gap in gaps if not _CLOSING.fullmatch(_line(texts[gap.file], gap.line))]
    excused = {(gap.file, gap.line) for gap in gaps} & set(excuses)
    problems = [
        f"{gap.file}:{gap.line}: {gap.what}: {_line(texts[gap.file], gap.line)}"
        for gap in gaps
        if (gap.file, gap.line) not in excused
    ]
    problems += [
        f"{file}:{line}: all of it is reached, so the comment `unreached: {reason}` has to go"
        for (file, line), reason in excuses.items()
        if (file, line) not in excused
    ]
    problems += [f"{file}:{line}: an excuse needs a reason" for (file, line), reason in excuses.items() if not reason]
    counted = {file for file, _ in found.lines}
    sources = [file for file in texts if file.endswith(".cpp")]
    problems += [f"{file}: nothing of it was counted" for file in sources if file not in counted]
    lines = sum(file in texts for file, _ in found.lines)
    branches = sum(not throws for key in found.branches if key[0] in texts for throws in key[3])
    summary = (
        f"coverage: {lines} lines and {branches} directions of branches, {len(excused)} lines excused, "
        f"{len(problems)} problems"
    )
    return sorted(problems, key=_place), summary


def excuses_of(file: str, text: str) -> dict[tuple[str, int], str]:
    """The reason given on each line that has one."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = MARK.search(line)
        if match is not None:
            found[file, number] = match[1].strip()
    return found


def _place(problem: str) -> tuple[str, int]:
    file, line, *_ = [*problem.split(":"), "0"]
    return file, int(line) if line.isdigit() else 0


def _line(text: str, number: int) -> str:
    return text.split("\n")[number - 1].strip()


def _texts() -> dict[str, str]:
    files = [file for backend in BACKENDS for file in sorted((ROOT / "backends" / backend).glob("*.*"))]
    return {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
        for file in files
        if file.suffix in (".cpp", ".h") and not file.name.endswith("_test.cpp")
    }


def _build() -> None:
    jobs = str(os.cpu_count() or 1)
    configure, build = ["cmake", "--preset", "coverage"], ["cmake", "--build", "--preset", "coverage"]
    for command in (configure, [*build, "--parallel", jobs]):
        print(f"==> {' '.join(command)}", flush=True)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()[-3000:]}")


def _verify_all() -> list[str]:
    """Two at a time: gcov adds up what processes count. Returns what broke.

    The cover goes operator by operator, all backends in one process: they share the truth. Kernels that count take
    several times as long: the whole array had not ended after 25 minutes. Two thread counts take every branch, and at
    the ends of thresholds twelve random cases of each operator do.
    """
    support = listed(BUILD / "assay")["support"]
    cover = (*SMALL_COVER, "--threads", "1,3")
    runs = [Run((*cover, *_filters(entry["operator"])), {}) for entry in support]
    for backend, ends in ENDS.items():
        runs += [Run(("verify", "--soak", "12", "--filter", f"*/{backend}/*"), end) for end in ends]
    with ThreadPoolExecutor(2) as pool:
        return [sentence for sentence in pool.map(_verify, runs) if sentence]


def _filters(operator: str) -> list[str]:
    return [word for backend in BACKENDS for word in ("--filter", f"{operator}/*/{backend}/*")]


def _refuse_settings() -> list[str]:
    """What a user sets wrongly, and what needs no case: the thresholds' reader and what backends say of themselves."""
    settings = [(name, *setting) for name in THRESHOLDS for setting in SETTINGS]
    sentences = [_ends_with(code, ["list", "backends"], {name: value}) for name, value, code in settings]
    sentences.append(_ends_with(0, ["verify", "--filter", "padding_mask/*/scalar/*", "--json", os.devnull], {}))
    return [sentence for sentence in sentences if sentence]


def _ends_with(code: int, arguments: list[str], environment: dict[str, str]) -> str:
    """What is wrong if the program does not end with this code; empty if it does."""
    done = subprocess.run(
        [BUILD / "assay", *arguments], capture_output=True, check=False, env={**os.environ, **QUIET, **environment}
    )
    setting = "".join(f"{name}={value} " for name, value in environment.items())
    command = f"{setting}assay {' '.join(arguments)}"
    if done.returncode == code:
        return ""
    said = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
    return f"`{command}` ended with {done.returncode} and not with {code}: {said}"


def _verify(run: Run) -> str:
    start = time.monotonic()
    problem = _ends_with(0, list(run.arguments), run.environment)
    at = "".join(f"{name}={value} " for name, value in run.environment.items())
    print(f"==> {at}assay {' '.join(run.arguments)}: {time.monotonic() - start:.0f} s", flush=True)
    return problem


def _read_counts() -> Iterable[dict]:
    counts = sorted(BUILD.rglob("*.gcda"))
    if not counts:
        raise UserError(f"nothing was counted in {BUILD}: build it with g++ and the preset coverage")
    for file in counts:
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", "--branch-probabilities", file],
            cwd=BUILD,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise UserError(f"gcov cannot read {file}: {done.stderr.decode(errors='replace').strip()}")
        for document in done.stdout.splitlines():
            yield json.loads(document)


def main(arguments: list[str]) -> int:
    """Runs the command; the return value is the exit code."""
    return run_command(app, "scripts/coverage", arguments)
