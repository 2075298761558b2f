"""A copy of the source tree that mutants are made from, built once, and the commands that build one module of it.

Each worker has a folder beside it with the program, the modules and the one mutated file; the copy is never changed.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from results.errors import UserError

from .gate import ROOT

# of scripts/ only what CMake asks for: it registers the tests of Python packages, and none is copied
_NEEDED = ("CMakeLists.txt", "reference/", "backends/", "golden/", "bench/", "scripts/CMakeLists.txt")
_SKIPPED = ("golden/tensors/",)  # the program is told where the recorded cases are
_LEVEL = "x86-64-v2"  # one for all: which loops are vectorised does not decide whether a token is right
_FLAGS = "-O1 -DNDEBUG"


@dataclass(frozen=True)
class Module:
    """How one backend's module is built: a command for each source, by its path in the tree, and one that links."""

    name: str  # the file name
    compile: dict[str, list[str]]
    link: list[str]


@dataclass
class Tree:
    """The prepared copy."""

    folder: Path  # holds source/, build/ and the workers
    modules: dict[str, Module] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def build(self) -> Path:
        return self.folder / "build"

    def module_of(self, backend: str) -> Module:
        if backend not in self.modules:
            self.modules[backend] = _read_module(self, backend)
        return self.modules[backend]

    def sources_with(self, file: str, backend: str) -> list[str]:
        """The sources of the backend that have to be compiled again for a change of `file`."""
        sources = list(self.module_of(backend).compile)
        return [source for source in sources if file in reached_from(source, self.source)]


def prepare(folder: Path) -> Tree:
    """Copies what is new or changed, configures and builds the program with its modules."""
    tree = Tree(folder)
    _copy_sources(tree.source)
    _run(
        ["cmake", "-S", tree.source, "-B", tree.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
        + [f"-DCMAKE_CXX_FLAGS_RELEASE={_FLAGS}", f"-DASSAY_ISA_LEVELS={_LEVEL}", "-DASSAY_WITH_LIBTORCH=OFF"]
        + ["-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"],
        "configured",
    )
    _run(["cmake", "--build", tree.build, "--target", "assay"], "built")
    return tree


def reached_from(source: str, root: Path) -> set[str]:
    """The file and all project headers that it includes, directly or not; paths from the root of the tree."""
    reached: set[str] = set()
    waiting = [source]
    while waiting:
        file = waiting.pop()
        if file in reached or not (root / file).is_file():
            continue
        reached.add(file)
        waiting += re.findall(r'^\s*#\s*include\s+"([^"]+)"', (root / file).read_text(encoding="utf-8"), re.MULTILINE)
    return reached


def parse_module(commands: str, name: str, backend: str, source: Path) -> Module:
    """Takes what `ninja -t commands` says about a module apart."""
    compile_commands: dict[str, list[str]] = {}
    link: list[str] = []
    for line in commands.splitlines():
        words = [word for word in shlex.split(line) if Path(word).name != "ccache"]
        if "-c" in words:
            compiled = Path(words[words.index("-c") + 1])
            if compiled.is_relative_to(source / "backends" / backend):
                compile_commands[str(compiled.relative_to(source))] = words
        elif "-shared" in words and f"modules/{name}" in words:
            link = [word for word in words if word not in (":", "&&")]
    if not compile_commands or not link:
        raise UserError(f"the build does not say how modules/{name} is made: remove {source.parent} and run this again")
    return Module(name, compile_commands, link)


def object_of(command: list[str]) -> str:
    """What a command for one source or one module writes."""
    return command[command.index("-o") + 1]


def _read_module(tree: Tree, backend: str) -> Module:
    built = sorted((tree.build / "modules").glob(f"{backend}.*so"))
    if len(built) != 1:
        raise UserError(f"one module of {backend} was expected in {tree.build}/modules, but there are {len(built)}")
    name = built[0].name
    said = _run(["ninja", "-C", tree.build, "-t", "commands", f"modules/{name}"], "read")
    return parse_module(said, name, backend, tree.source)


def _copy_sources(target: Path) -> None:
    """Files that are the same keep their times, so that a second build has little to do."""
    wanted = set()
    for file in project_files():
        if not file.startswith(_NEEDED) or file.startswith(_SKIPPED):
            continue
        wanted.add(file)
        copy, original = target / file, ROOT / file
        if not copy.is_file() or copy.read_bytes() != original.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, copy)
    for copy in [path for path in target.rglob("*") if path.is_file()]:
        if str(copy.relative_to(target)) not in wanted:
            copy.unlink()


def project_files() -> list[str]:
    """What git has, and new files that it does not ignore; without git, all that a copy needs."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        files = set(listed.stdout.split("\0"))
    else:
        files = {str(path.relative_to(ROOT)) for top in _NEEDED for path in _files_under(ROOT / top)}
    return sorted(file for file in files if file and (ROOT / file).is_file())


def _files_under(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*"))


def _run(command: list[str | Path], done: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise UserError(
            f"the copy of the sources could not be {done}: `{shlex.join(map(str, command))}` ended with "
            f"{finished.returncode}: {(finished.stderr or finished.stdout).strip()[-2000:]}"
        )
    return finished.stdout
