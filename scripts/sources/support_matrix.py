"""The support matrix that backends/support_matrix.txt expects, held against what the program says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from results.command_line import run_command
from results.errors import OK, UserError

from .gate import ROOT, listed

FILE = ROOT / "backends" / "support_matrix.txt"
DIFFERENT = 3  # as where parity breaks
NONE = "-"

# A kernel is named by its operator and backend; the cell holds its dtypes, or NONE.
Matrix = dict[tuple[str, str], str]

HELP = """Holds backends/support_matrix.txt, which kernel is there at which dtypes, against what `assay list` says.

A kernel whose registration is lost is only UNSUPPORTED to `assay verify`. Backends that the build or the machine lacks
are not compared.

\b
Exit codes:
0   they agree, or --write wrote the file
1   usage, or the program cannot be asked
3   a kernel is gone or new
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def support_matrix(
    write: Annotated[bool, typer.Option("--write", help="Write what the program says into the file.")] = False,
    program: Annotated[Path, typer.Option(metavar="FILE", help="The program to ask.")] = ROOT / "build/release/assay",
) -> int:
    """Asks, compares or writes."""
    text = FILE.read_text(encoding="utf-8")
    said = read_listed(listed(program))
    if write:
        FILE.write_text(written(text, said), encoding="utf-8")
        return OK
    sentences = differences(parse(text), said)
    print("".join(f"{sentence}\n" for sentence in sentences) or "the support matrix is as expected\n", end="")
    return DIFFERENT if sentences else OK


def parse(text: str) -> Matrix:
    """The cells of the file."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or lines[0][:1] != ["operator"]:
        raise UserError(f"{FILE.name} has to begin with a line `operator` and the names of backends")
    matrix: Matrix = {}
    for line in lines[1:]:
        if len(line) != len(lines[0]):
            counts = f"{len(line) - 1} cells, but there are {len(lines[0]) - 1} backends"
            raise UserError(f"{FILE.name}: the line of {line[0]} has {counts}")
        if (line[0], lines[0][1]) in matrix:
            raise UserError(f"{FILE.name}: there are two lines of {line[0]}")
        matrix.update({(line[0], backend): cell for backend, cell in zip(lines[0][1:], line[1:], strict=True)})
    return matrix


def read_listed(document: dict) -> Matrix:
    """The cells of `assay list --json`, without those of backends that are not there."""
    return {
        (entry["operator"], backend): NONE if cell == "–" else cell.removesuffix(" (unavailable)").replace(" ", ",")
        for entry in document["support"]
        for backend, cell in entry["backends"].items()
        if cell != "unavailable"
    }


def differences(expected: Matrix, said: Matrix) -> list[str]:
    """A sentence for each cell that is gone, new or another one, and what to do."""
    backends = {backend for _, backend in said}
    sentences = []
    for key in [*expected, *(key for key in said if key not in expected)]:
        operator, backend = key
        if backend not in backends:
            continue
        was, now = expected.get(key, NONE), said.get(key, NONE)
        if was == now and (key in expected) == (key in said):
            continue
        sentences.append(
            f"{operator} on {backend}: {FILE.name} expects {_named(was)}, but the program has {_named(now)}: "
            f"{'bring it back' if was != NONE else 'add it to the file'}, or run scripts/support_matrix --write"
        )
    return sentences


def written(text: str, said: Matrix) -> str:
    """The file with the cells that the program knows; those of backends that are not there stay, or are NONE."""
    expected = parse(text)
    backends = list(dict.fromkeys([backend for _, backend in expected] + [backend for _, backend in said]))
    operators = list(dict.fromkeys(operator for operator, _ in said))
    there = {backend for _, backend in said}

    def cell(operator: str, backend: str) -> str:
        return (said if backend in there else expected).get((operator, backend), NONE)

    rows = [["operator", *backends]] + [[name, *(cell(name, backend) for backend in backends)] for name in operators]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    comments = [line for line in text.splitlines() if line.startswith("#")]
    return "\n".join([*comments, *lines]) + "\n"


def _named(cell: str) -> str:
    return "no kernel" if cell == NONE else cell.replace(",", " and ")


def main(arguments: list[str]) -> int:
    """Runs the command; the return value is the exit code."""
    return run_command(app, "scripts/support_matrix", arguments)
