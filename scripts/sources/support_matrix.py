"""The table of operators in README.md, held against what the program says: which kernel is there, at which dtypes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from results.command_line import run_command
from results.errors import OK, UserError

from .gate import ROOT, listed

FILE = ROOT / "README.md"
DIFFERENT = 3  # as where parity breaks
NONE = "–"
BEGIN, END = "<!-- scripts/support_matrix --write: begin -->\n", "<!-- end -->\n"
HEADING = ["operator", "computes", "c of its bound c·u·S"]

# A kernel is named by its operator and backend; the cell holds its dtypes, or NONE.
Matrix = dict[tuple[str, str], str]

# What an operator computes, and its bounds.
Contracts = dict[str, tuple[str, str]]

HELP = """Holds the table of operators in README.md, which kernel is there at which dtypes, against what `assay list` says.

A kernel whose registration is lost is only UNSUPPORTED to `assay verify`. Backends that the build or the machine lacks
are not compared.

\b
Exit codes:
0   they agree, or --write wrote the table
1   usage, or the program cannot be asked
3   a kernel is gone or new, or an operator's contract says something else
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def support_matrix(
    write: Annotated[bool, typer.Option("--write", help="Write what the program says into the table.")] = False,
    program: Annotated[Path, typer.Option(metavar="FILE", help="The program to ask.")] = ROOT / "build/release/assay",
) -> int:
    """Asks, compares or writes."""
    text = FILE.read_text(encoding="utf-8")
    said, contracts = read_listed(listed(program)), read_contracts(listed(program, "operators"))
    if write:
        FILE.write_text(written(text, said, contracts), encoding="utf-8")
        return OK
    sentences = differences(text, said, contracts)
    print("".join(f"{sentence}\n" for sentence in sentences) or "the support matrix is as expected\n", end="")
    return DIFFERENT if sentences else OK


def parse(text: str) -> Matrix:
    """The cells of the table in the README."""
    backends, lines = _read_table(text)
    matrix: Matrix = {}
    for line in lines:
        name, cells = line[0].strip("`"), line[len(HEADING) :]
        if len(cells) != len(backends):
            raise UserError(
                f"{FILE.name}: the line of {name} has {len(cells)} cells, but there are {len(backends)} backends"
            )
        if backends and (name, backends[0]) in matrix:
            raise UserError(f"{FILE.name}: there are two lines of {name}")
        matrix.update({(name, backend): cell for backend, cell in zip(backends, cells, strict=True)})
    return matrix


def read_listed(document: dict) -> Matrix:
    """The cells of `assay list --json`, without those of backends that are not there."""
    return {
        (entry["operator"], backend): cell.removesuffix(" (unavailable)").replace(" ", ", ")
        for entry in document["support"]
        for backend, cell in entry["backends"].items()
        if cell != "unavailable"
    }


def read_contracts(document: dict) -> Contracts:
    """What `assay list operators --json` says of each operator."""
    return {entry["name"]: (entry["summary"], _bounds(entry["outputs"])) for entry in document["operators"]}


def _bounds(outputs: list[dict]) -> str:
    """One word for all outputs that agree, else each with its name."""
    short = {output["name"]: output["bound"].removeprefix("within ").removesuffix("·u·S") for output in outputs}
    short = {name: "judged" if bound.startswith("judged") else bound for name, bound in short.items()}
    if len(set(short.values())) == 1:
        return next(iter(short.values()))
    return ", ".join(f"{name} {bound}" for name, bound in short.items())


def differences(text: str, said: Matrix, contracts: Contracts) -> list[str]:
    """A sentence for each cell that is gone, new or another one, and what to do."""
    expected = parse(text)
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
            f"{'bring it back' if was != NONE else 'add it to the table'}, or run scripts/support_matrix --write"
        )
    if not sentences and written(text, said, contracts) != text:
        sentences.append(f"the table of operators in {FILE.name} is out of date: run scripts/support_matrix --write")
    return sentences


def written(text: str, said: Matrix, contracts: Contracts) -> str:
    """The README with the cells that the program knows; those of backends that are not there stay, or are NONE."""
    expected, (columns, _) = parse(text), _read_table(text)
    backends = list(dict.fromkeys([*columns, *(backend for _, backend in said)]))
    there = {backend for _, backend in said}

    def cell(operator: str, backend: str) -> str:
        return (said if backend in there else expected).get((operator, backend), NONE)

    rows = [
        [f"`{name}`", *contract, *(cell(name, backend) for backend in backends)] for name, contract in contracts.items()
    ]
    before, _, after = _around_table(text)
    lines = [[*HEADING, *backends], ["---"] * (len(HEADING) + len(backends)), *rows]
    return before + "".join(f"| {' | '.join(line)} |\n" for line in lines) + after


def _read_table(text: str) -> tuple[list[str], list[list[str]]]:
    """The backends that the table has columns of, and the cells of each of its lines."""
    _, table, _ = _around_table(text)
    lines = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in table.splitlines()]
    if not lines or lines[0][: len(HEADING)] != HEADING:
        raise UserError(f"{FILE.name}: the table of operators has to begin with the columns {', '.join(HEADING)}")
    return lines[0][len(HEADING) :], lines[2:]


def _around_table(text: str) -> tuple[str, str, str]:
    """What stands before, between and after the marks of the table, which belong to what is before and after."""
    if text.count(BEGIN) != 1 or END not in text[text.index(BEGIN) :]:
        raise UserError(f"{FILE.name} has to hold one line `{BEGIN.strip()}` and, after the table, `{END.strip()}`")
    begin = text.index(BEGIN) + len(BEGIN)
    end = text.index(END, begin)
    return text[:begin], text[begin:end], text[end:]


def _named(cell: str) -> str:
    return "no kernel" if cell == NONE else cell.replace(", ", " and ")


def main(arguments: list[str]) -> int:
    """Runs the command; the return value is the exit code."""
    return run_command(app, "scripts/support_matrix", arguments)
