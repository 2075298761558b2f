"""The comparison as a table: for a terminal (rich), as aligned text for pipes and logs, or as Markdown for GitHub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import verdicts, wording
from .verdicts import Compared, Comparison

HEADINGS = ("row", "BASE", "NEW", "NEW/BASE", "verdict")
NUMBERS = (1, 2, 3)  # columns that are aligned to the right

# With more rows than this, more than a screen, SAME rows are only counted.
MANY_ROWS = 40

# Characters that Markdown needs a backslash before. An underscore within a word needs none, and names have many.
MARKDOWN = re.compile(r"[|<>&*`~\[\]\\]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

STYLES = {
    verdicts.SLOWER: "bold red",
    verdicts.FASTER: "green",
    verdicts.AMBIGUOUS: "yellow",
    verdicts.MISSING: "yellow",
    verdicts.NEW_ONLY: "cyan",
    verdicts.SAME: "",
}


def shown(comparison: Comparison, everything: bool) -> list[Compared]:
    """The rows that the table lists."""
    if everything or len(comparison.rows) <= MANY_ROWS:
        return comparison.rows
    return [row for row in comparison.rows if row.verdict != verdicts.SAME]


def terminal(comparison: Comparison, everything: bool, stream: IO[str]) -> None:
    """Prints with colour and as wide as the terminal is."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    for line in _before(comparison):
        console.print(Text(line))
    rows = shown(comparison, everything)
    if rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for index, heading in enumerate(HEADINGS):
            table.add_column(
                heading, justify="right" if index in NUMBERS else "left", no_wrap=index in NUMBERS, overflow="fold"
            )
        for row in rows:
            style = "bold red" if row.parity_failure else STYLES[row.verdict]
            table.add_row(*(Text(cell, style=style) for cell in _cells(row)))
        console.print(table)
    for line in _after(comparison, len(rows)):
        console.print(Text(line))


def text(comparison: Comparison, everything: bool) -> str:
    """Aligned columns, without colour."""
    rows = shown(comparison, everything)
    lines = _before(comparison)
    if rows:
        lines += _aligned([HEADINGS, *(_cells(row) for row in rows)])
    return "\n".join([*lines, *_after(comparison, len(rows))]) + "\n"


def markdown(comparison: Comparison, everything: bool) -> str:
    """A table as GitHub renders it, between paragraphs."""
    rows = shown(comparison, everything)
    table = [
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "|".join("---:" if index in NUMBERS else "---" for index in range(len(HEADINGS))) + "|",
        *(_markdown_row(_cells(row)) for row in rows),
    ]
    before = [_markdown_escaped(line) for line in _before(comparison)]
    after = [_markdown_escaped(line) for line in _after(comparison, len(rows))]
    return "\n\n".join([*before, *(["\n".join(table)] if rows else []), *after]) + "\n"


def _cells(row: Compared) -> tuple[str, ...]:
    return (
        wording.printable(row.row.label),
        wording.median(row, of_new=False),
        wording.median(row, of_new=True),
        wording.ratio(row),
        wording.verdict(row),
    )


def _before(comparison: Comparison) -> list[str]:
    return [
        wording.file_line("BASE", comparison.base),
        wording.file_line("NEW", comparison.new),
        wording.tolerance_line(comparison),
    ]


def _after(comparison: Comparison, listed: int) -> list[str]:
    hidden = len(comparison.rows) - listed
    lines = [f"{hidden} SAME rows are not listed: --all lists them."] if hidden else []
    return [*lines, *wording.notes(comparison), wording.summary(comparison)]


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    lines = []
    for row in cells:
        padded = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - cell_len(cell))
            padded.append(space + cell if column in NUMBERS else cell + space)
        lines.append("  ".join(padded).rstrip())
    return lines


def _markdown_row(cells: Sequence[str]) -> str:
    """The columns of numbers are ours, and better left readable."""
    escaped = (cell if index in NUMBERS else _markdown_escaped(cell) for index, cell in enumerate(cells))
    return f"| {' | '.join(escaped)} |"


def _markdown_escaped(text: str) -> str:
    """Nothing in a name or a reason can end a cell, or start a tag, a link, code or an emphasis."""
    return MARKDOWN.sub(r"\\\g<0>", text)
