"""The command line of `scripts/mutate_sources`: options in, results as JSON lines and a list of survivors out."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from results.command_line import run_command
from results.errors import OK, UserError

from .gate import ROOT
from .mutants import Mutant, mutants_of
from .tree import Tree, prepare, project_files
from .trial import (
    KILLED,
    NO_COMPILE,
    SURVIVED,
    Outcome,
    Selection,
    Worker,
    operators_of,
    supported_operators,
    time_limit_s,
)

BACKENDS = ("scalar", "openmp")
FOLDER = ROOT / "build" / "mutants"
WORKERS = 2

HELP = f"""Asks whether `assay verify` sees a kernel's source with one token changed.

Each mutant of backends/scalar and backends/openmp is compiled in a copy of the tree, build/mutants, and held against
the rows of its backend and of the operators of its file, at the ends of the backend's thresholds too. A hang, a crash
and a row that does not pass kill it. The first run builds the copy, which takes minutes; a mutant takes seconds.

Survivors are printed with both lines: a person reads each and says whether it is equivalent or a case is missing. All
results stand in build/mutants/results.jsonl.

\b
Exit codes:
0   all mutants were tried, whatever became of them
1   usage, or the right kernels do not pass
130 interrupted; --resume goes on
"""

Job = TypeVar("Job")

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def mutate(
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="Try N of the mutants; all without it.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Which ones --count takes.")] = 1,
    file: Annotated[str, typer.Option(metavar="GLOB", help="Only files that match, such as '*/masking.cpp'.")] = "*",
    list_only: Annotated[bool, typer.Option("--list", help="Print the mutants and try none.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what build/mutants/results.jsonl has.")] = False,
) -> int:
    """Chooses, builds, tries, reports."""
    files = source_files(file)
    chosen = choose([mutant for name in files for mutant in mutants_of(name, _text(name))], count, seed)
    if list_only:
        for mutant in chosen:
            print(f"{mutant.name} ({mutant.kind})")
        print(f"{len(chosen)} mutants of {len(files)} files")
        return OK
    FOLDER.mkdir(parents=True, exist_ok=True)
    record = Record(FOLDER / "results.jsonl", _digest(), resume)
    waiting = [mutant for mutant in chosen if mutant.name not in record.outcomes]
    if waiting:
        print(f"==> Building the copy in {FOLDER.relative_to(ROOT)}", flush=True)
        _try_all(prepare(FOLDER), waiting, record)
    print(report(chosen, record.outcomes, _text), end="")
    return OK


def source_files(glob: str) -> list[str]:
    """The kernels' sources that match, without tests."""
    kernels = [
        name
        for name in project_files()
        if name.startswith(tuple(f"backends/{backend}/" for backend in BACKENDS))
        and name.endswith((".cpp", ".h"))
        and not name.endswith("_test.cpp")
    ]
    files = [name for name in kernels if fnmatch.fnmatchcase(name, glob)]
    if not files:
        raise UserError(f"--file is '{glob}', but no source matches it; there are {', '.join(kernels)}")
    return files


def choose(mutants: list[Mutant], count: int | None, seed: int) -> list[Mutant]:
    """The same ones for the same seed, a larger count having all of a smaller one's."""
    shuffled = list(mutants)
    random.Random(seed).shuffle(shuffled)
    taken = set(shuffled[:count])
    return [mutant for mutant in mutants if mutant in taken]


class Record:
    """The results so far, a line each, behind a line that says which sources they are of."""

    def __init__(self, path: Path, digest: str, resume: bool) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._lock = threading.Lock()
        if resume and path.is_file():
            self._read(path, digest)
            self._file = path.open("a", encoding="utf-8")
        else:
            self._file = path.open("w", encoding="utf-8")
            self._write({"sources": digest})

    def add(self, mutant: Mutant, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes[mutant.name] = outcome
            self._write({"name": mutant.name, **asdict(mutant), **asdict(outcome)})

    def _read(self, path: Path, digest: str) -> None:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # an interrupted run may leave half a line
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        entries = [json.loads(line) for line in lines]
        if not entries or entries[0].get("sources") != digest:
            raise UserError(f"the sources have changed since {path} was begun: leave out --resume")
        for entry in entries[1:]:
            self.outcomes[entry["name"]] = Outcome(entry["status"], entry["reason"], entry["seconds"])

    def _write(self, entry: dict) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._file.flush()


def report(chosen: list[Mutant], outcomes: dict[str, Outcome], text_of: Callable[[str], str]) -> str:
    """The survivors, each with its line as it is and as it was, and how many there are of each kind of outcome."""
    tried = [(mutant, outcomes[mutant.name]) for mutant in chosen if mutant.name in outcomes]
    lines = []
    for mutant, outcome in tried:
        if outcome.status == SURVIVED:
            text = text_of(mutant.file)
            lines.append(f"survived: {mutant.name}")
            lines.append(f"    - {text.splitlines()[mutant.line - 1].strip()}")
            lines.append(f"    + {mutant.apply(text).splitlines()[mutant.line - 1].strip()}")
    counts = Counter(outcome.status for _, outcome in tried)
    lines.append(
        f"{len(tried)} of {len(chosen)} mutants tried: {counts[KILLED]} killed, {counts[SURVIVED]} survived, "
        f"{counts[NO_COMPILE]} do not compile"
    )
    return "\n".join(lines) + "\n"


def _try_all(tree: Tree, waiting: list[Mutant], record: Record) -> None:
    workers = [Worker(tree, number) for number in range(WORKERS)]
    selections = _selections(tree, workers[0], {mutant.file for mutant in waiting})
    limits: dict[Selection, float] = {}

    def measure(worker: Worker, selection: Selection) -> None:
        limits[selection] = _limit_s(worker, selection)

    def try_out(worker: Worker, mutant: Mutant) -> None:
        selection = selections[mutant.file]
        outcome = worker.try_out(mutant, selection, limits[selection])
        record.add(mutant, outcome)
        print(f"{outcome.status:9} {outcome.seconds:5.1f} s  {mutant.name}  {outcome.reason}", flush=True)

    print("==> Verifying the kernels as they are", flush=True)
    _share(workers, sorted(set(selections.values()), key=str), measure)
    print(f"==> Trying {len(waiting)} mutants", flush=True)
    _share(workers, waiting, try_out)


def _share(workers: list[Worker], jobs: list[Job], do: Callable[[Worker, Job], None]) -> None:
    """Does all jobs, each on the next worker that is free. What one of them throws ends all."""
    left: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        left.put(job)
    stop = threading.Event()
    problems: list[BaseException] = []

    def work(worker: Worker) -> None:
        try:
            while not stop.is_set():
                do(worker, left.get_nowait())
        except queue.Empty:
            pass
        except BaseException as problem:  # the main thread tells it
            problems.append(problem)
            stop.set()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():  # a signal is only seen between two waits
                thread.join(0.2)
    finally:
        stop.set()
    if problems:
        raise problems[0]


def _selections(tree: Tree, worker: Worker, files: set[str]) -> dict[str, Selection]:
    found = {}
    supported = {backend: supported_operators(worker.folder / "assay", backend) for backend in BACKENDS}
    for file in files:
        backend = file.split("/")[1]
        sources = list(tree.module_of(backend).compile)
        used = operators_of(file, backend, sources, tree.source)
        found[file] = Selection(backend, tuple(name for name in supported[backend] if not used or name in used))
    return found


def _limit_s(worker: Worker, selection: Selection) -> float:
    """From a run of the right kernels, which have to pass."""
    start = time.monotonic()
    reason = worker.verify(selection, 3600)
    if reason:
        raise UserError(f"the kernels of {selection.backend} do not pass as they are: {reason}")
    return time_limit_s(time.monotonic() - start)


def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _digest() -> str:
    """Of all that decides what becomes of a mutant, apart from the machine."""
    digest = hashlib.sha256()
    for file in project_files():
        if file.startswith(("reference/", "backends/", "bench/", "golden/")):
            digest.update(file.encode() + b"\0" + (ROOT / file).read_bytes())
    return digest.hexdigest()


def main(arguments: list[str]) -> int:
    """Runs the command; the return value is the exit code."""
    return run_command(app, "scripts/mutate_sources", arguments)
