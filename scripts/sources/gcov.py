"""What of a source ran, merged from the JSON that gcov gives for each object file.

A template or a header is compiled many times over. All its instantiations count together: a function is known by the
place it begins at, a line has run if it ran in any of them, and a direction of a branch was taken if one of them took
it.
Directions that only an exception takes are left out, and so are branches on lines that never ran. Where instantiations
have different branches on a line (one has a cleanup that another lacks), each kind counts by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from results.errors import UserError

_VERSION = "1"  # of gcov's format


@dataclass(frozen=True, order=True)
class Gap:
    """Something that never happened, and where."""

    file: str
    line: int
    what: str


@dataclass
class Coverage:
    """Of all files whose path begins with the root."""

    root: str  # ends with a slash
    lines: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    functions: dict[tuple[str, int, int], tuple[int, str]] = field(default_factory=dict)
    # by file, line, the function's place and the kind of each branch: how often each was taken
    branches: dict[tuple[str, int, tuple[int, int], tuple[bool, ...]], list[int]] = field(default_factory=dict)

    def add(self, document: dict) -> None:
        """What gcov says of one object file."""
        if document.get("format_version") != _VERSION:
            version = document.get("format_version")
            raise UserError(f"gcov writes format {version}, but {_VERSION} is expected: use gcov 12")
        for file in document["files"]:
            if file["file"].startswith(self.root):
                self._add_file(file["file"].removeprefix(self.root), file)

    def gaps(self) -> list[Gap]:
        """All that never ran, in the order of the text."""
        found = {Gap(file, line, "never runs") for (file, line), count in self.lines.items() if count == 0}
        for (file, line, _), (count, name) in self.functions.items():
            if count == 0 and self.lines.get((file, line), 0) > 0:  # a lambda on a line that runs
                found.add(Gap(file, line, f"{name} is never called"))
        for (file, line, _, throws), counts in self.branches.items():
            if self.lines[file, line] == 0:
                continue
            for number, count in enumerate(counts):
                if count == 0 and not throws[number]:
                    found.add(Gap(file, line, f"branch {number + 1} of {len(counts)} is never taken"))
        return sorted(found)

    def _add_file(self, file: str, document: dict) -> None:
        places: dict[str, tuple[int, int]] = {}
        for function in document["functions"]:
            place = (function["start_line"], function["start_column"])
            places[function["name"]] = place
            count, name = self.functions.get((file, *place), (0, _short(function["demangled_name"])))
            self.functions[file, *place] = (count + function["execution_count"], name)
        for line in document["lines"]:
            self.lines[file, line["line_number"]] += line["count"]
            self._add_branches(file, line, places.get(line.get("function_name", ""), (0, 0)))

    def _add_branches(self, file: str, line: dict, place: tuple[int, int]) -> None:
        branches = line["branches"]
        if not branches:
            return
        key = (file, line["line_number"], place, tuple(branch["throw"] for branch in branches))
        before = self.branches.get(key, [0] * len(branches))
        self.branches[key] = [count + branch["count"] for count, branch in zip(before, branches, strict=True)]


def merge(root: str, documents: Iterable[dict]) -> Coverage:
    """All object files together; paths are given from `root` on."""
    coverage = Coverage(root.rstrip("/") + "/")
    for document in documents:
        coverage.add(document)
    return coverage


def _short(name: str) -> str:
    """A function without its arguments and namespaces; one without a name is a lambda."""
    if "{lambda(" in name:
        return "a lambda"
    return name.split("(anonymous namespace)::")[-1].split("(")[0].split("<")[0].split("::")[-1] or name
