"""What becomes of one mutant: it is compiled, its module linked, and the gate asked in every environment it has."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from results.errors import UserError

from .gate import QUIET, ROOT, Run, listed, runs_of
from .mutants import Mutant
from .tree import Module, Tree, object_of, reached_from

KILLED, SURVIVED, NO_COMPILE = "killed", "survived", "does not compile"

_COMPILE_LIMIT_S = 180
_LEAST_LIMIT_S = 30  # below this a busy machine, not a mutant, would be what is slow
_SLOWER = 2  # one run of a mutant that takes so many times as long as all runs of the right kernel is taken to hang
_NO_MEMORY = "are left (the machine)"  # how the program says so
_WAITS, _WAIT_S = 20, 30
_MEMORY_KB = 12 * 1024 * 1024  # of addresses: a mutant that asks for everything must not take the machine with it


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant, and by what."""

    status: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class Selection:
    """The rows that a mutant of one file is held against."""

    backend: str
    operators: tuple[str, ...]

    def arguments(self, run: Run) -> list[str]:
        filters = [word for name in self.operators for word in ("--filter", f"{name}/*/{self.backend}/*")]
        return [*run.arguments, "--stop-at-first", "--require", self.backend, *filters]


class Worker:
    """A folder with a program and modules of its own."""

    def __init__(self, tree: Tree, number: int) -> None:
        self.tree = tree
        self.folder = tree.folder / f"worker-{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "objects").mkdir(parents=True)
        shutil.copytree(tree.build / "modules", self.folder / "modules")
        shutil.copy2(tree.build / "assay", self.folder / "assay")

    def try_out(self, mutant: Mutant, selection: Selection, limit_s: float) -> Outcome:
        """Builds the module with this mutant and asks the gate. The right module is back in its place afterwards."""
        start = time.monotonic()
        status, reason = self._try_out(mutant, selection, limit_s)
        return Outcome(status, reason, round(time.monotonic() - start, 2))

    def verify(self, selection: Selection, limit_s: float) -> str:
        """Why the gate refuses these rows; empty if it does not."""
        for run in runs_of(selection.backend):
            reason = self._verify_with_memory(selection, run, limit_s)
            if reason:
                return reason + "".join(f" ({name}={value})" for name, value in list(run.environment.items())[:1])
        return ""

    def _try_out(self, mutant: Mutant, selection: Selection, limit_s: float) -> tuple[str, str]:
        module = self.tree.module_of(selection.backend)
        sources = self.folder / "source"
        shutil.rmtree(sources, ignore_errors=True)
        changed = sources / mutant.file
        changed.parent.mkdir(parents=True)
        changed.write_text(mutant.apply((self.tree.source / mutant.file).read_text(encoding="utf-8")), encoding="utf-8")
        problem = self._build(module, mutant.file, selection.backend)
        if problem:
            return NO_COMPILE, problem
        try:
            reason = self.verify(selection, limit_s)
        finally:
            shutil.copy2(self.tree.build / "modules" / module.name, self.folder / "modules" / module.name)
        return (KILLED, reason) if reason else (SURVIVED, "")

    def _build(self, module: Module, file: str, backend: str) -> str:
        """The compiler's first error, or nothing."""
        link = list(module.link)
        for source in self.tree.sources_with(file, backend):
            command = module.compile[source]
            target = self.folder / "objects" / (source.replace("/", "_") + ".o")
            link[link.index(object_of(command))] = str(target)
            problem = self._compiles(mutated_command(command, source, file, self.tree.source, self.folder, target))
            if problem:
                return problem
        link[link.index(object_of(link))] = str(self.folder / "modules" / module.name)
        return self._compiles(link)

    def _compiles(self, command: list[str]) -> str:
        try:
            done = subprocess.run(
                command, cwd=self.tree.build, capture_output=True, text=True, check=False, timeout=_COMPILE_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            return f"the compiler took more than {_COMPILE_LIMIT_S} s"
        if done.returncode == 0:
            return ""
        error = re.search(r"error: (.*)|undefined reference.*", done.stderr)
        return error[0] if error else f"the compiler ended with {done.returncode}"

    def _verify_with_memory(self, selection: Selection, run: Run, limit_s: float) -> str:
        """Waits where other programs have left too little memory: that says nothing about a mutant."""
        for _ in range(_WAITS):
            reason = self._verify_once(selection, run, limit_s)
            if _NO_MEMORY not in reason:
                return reason
            time.sleep(_WAIT_S)
        raise UserError(f"other programs leave too little memory to verify with: {reason}; --resume goes on later")

    def _verify_once(self, selection: Selection, run: Run, limit_s: float) -> str:
        limited = ["bash", "-c", f'ulimit -v {_MEMORY_KB} -c 0; exec "$@"', "bash", str(self.folder / "assay")]
        environment = {
            **os.environ,
            "ASSAY_GOLDEN": str(ROOT / "golden" / "tensors"),
            "OMP_WAIT_POLICY": "passive",  # two workers share the cores
            **QUIET,
            **run.environment,
        }
        process = subprocess.Popen(
            [*limited, *selection.arguments(run)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            text, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # and what it started
            process.communicate()
            return f"a hang: it ran for more than {limit_s:.0f} s"
        return reason_of(process.returncode, text.decode("utf-8", "replace"))


def mutated_command(
    command: list[str], source: str, changed: str, tree: Path, worker: Path, target: Path
) -> list[str]:
    """The command that compiles one source of the tree, with the changed file taken from the worker's folder."""
    made = list(command)
    made[made.index("-o") + 1] = str(target)
    if source == changed:
        made[made.index("-c") + 1] = str(worker / "source" / source)
    for option, values in (("-MD", 0), ("-MT", 1), ("-MF", 1)):  # the tree's own record of dependencies stays
        if option in made:
            at = made.index(option)
            del made[at : at + 1 + values]
    includes = made.index(f"-I{tree}")
    return [*made[:includes], f"-I{worker / 'source'}", *made[includes:], "-w"]


def reason_of(code: int, text: str) -> str:
    """Why the gate ended with this code; empty for 0."""
    if code == 0:
        return ""
    if code < 0:
        return f"a crash: {signal.Signals(-code).name}"
    problem = re.search(r"^(?:FAILED|INVALID|MISTRUSTED|--require|assay:).*$", text, re.MULTILINE)
    last = text.strip().splitlines()[-1:] or ["it said nothing"]
    return f"exit code {code}: {problem[0] if problem else last[0]}"


def operators_of(file: str, backend: str, sources: list[str], root: Path) -> tuple[str, ...]:
    """The operators whose contract the file includes, or, for a header, the sources of the backend that include it.

    A header of none, and the file that registers the backend, stand for all of the backend.
    """
    users = [source for source in sources if file in reached_from(source, root)]
    names: set[str] = set()
    for user in users:
        text = (root / user).read_text(encoding="utf-8")
        names.update(re.findall(r'#include "reference/[a-z_]+/([a-z0-9_]+)\.h"', text))
    return tuple(sorted(names)) if users and f"backends/{backend}/backend.cpp" not in users else ()


def supported_operators(program: Path, backend: str) -> tuple[str, ...]:
    """Those that the backend has a kernel for, as the program says."""
    cells = {entry["operator"]: entry["backends"][backend] for entry in listed(program)["support"]}
    return tuple(name for name, cell in cells.items() if cell[:1] not in ("–", "") and "unavailable" not in cell)


def time_limit_s(seconds: float) -> float:
    """For one run of the gate, where the right kernel takes `seconds` for the runs in all environments."""
    return max(_LEAST_LIMIT_S, _SLOWER * seconds)
