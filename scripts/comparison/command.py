"""The command line of `scripts/compare`: options in, exit code out. Every error is one sentence on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import IO, Annotated

import typer

from results import baselines
from results.command_line import run_command
from results.errors import UserError
from results.result_file import ResultFile, read

from . import document, rendering, verdicts, workflow

HELP = f"""Compares two result files of `assay bench --json`, row by row, and says whether NEW is slower than BASE.

The effect is the ratio NEW/BASE of the medians, each that of a row's quietest stretch, with a 95 % bootstrap interval.
With the tolerance being the larger of --band and the A/A noise that the files record
({verdicts.UNRECORDED_FLOOR:.1%} where they do not), a row is

\b
SLOWER      the interval lies wholly above the tolerance, also by Holm's method
            over all rows
FASTER      the same, below it
SAME        the interval lies wholly within it, and the A/A noise within the
            band: a change of that size would have shown
AMBIGUOUS   neither: too noisy, too few samples, or at the tolerance's edge
MISSING     it passed in BASE and has no time in NEW; the reason says why
NEW         there is no time of it in BASE; no verdict on it

A row that passed in BASE and is FAILED, INVALID or MISTRUSTED in NEW is MISSING and a regression: wrong results are
never green, with or without --strict.

Files of different machines are refused, unless --across-machines compares them without the gate.

\b
Exit codes:
0   no regression, or --across-machines
1   usage, or a file that cannot be read
4   regression: a SLOWER row, or one that failed parity in NEW
5   inconclusive: no row at all has a time in both files; under --strict also
    AMBIGUOUS or MISSING rows, or A/A noise above the band
6   the baseline is missing
130 interrupted
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def parse_band(text: str) -> float:
    """`5%` and `0.05` are the same band; 100 % and more, negative ones and NaN are refused."""
    match = re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE](-?[0-9]{1,3}))?\s*(%?)\s*", text, re.ASCII)
    if match is None:
        raise UserError(f"--band is '{text}', but it must be a share such as 5% or 0.05")
    number, exponent, sign = match.groups()
    band = float(f"{number}e{exponent or 0}") / (100 if sign else 1)
    if not band < 1:
        raise UserError(
            f"--band is '{text}', which is {100 * band:g} %, but it must be below 100 %: 5 percent are 5% or 0.05"
        )
    return band


@app.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def compare(
    files: Annotated[
        list[str],
        typer.Argument(metavar="[BASE] NEW", show_default=False, help="Two result files; with --baseline only NEW."),
    ],
    baseline: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take as BASE what `assay bench --save-baseline NAME` saved.")
    ] = None,
    band: Annotated[
        str, typer.Option(metavar="SHARE", help="Changes up to this do not count, e.g. 5% or 0.05.")
    ] = "5%",
    strict: Annotated[bool, typer.Option("--strict", help="End with 5 where the comparison is inconclusive.")] = False,
    across_machines: Annotated[
        bool,
        typer.Option("--across-machines", help="Compare files of different machines, with the gate off: exit code 0."),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"List SAME rows also where there are more than {rendering.MANY_ROWS} rows.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a table for GitHub.")] = False,
    github: Annotated[
        bool, typer.Option("--github", help="Also print annotations (with --markdown: on standard error).")
    ] = False,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the whole comparison; - is standard output, the table then on standard error.",
        ),
    ] = None,
) -> int:
    """Reads, compares, prints; returns the exit code. Its help is HELP."""
    settings = verdicts.Settings(parse_band(band), strict, across_machines)
    base_path, new_path = _two_files(files, baseline)
    if json_file is not None:
        document.require_writable(json_file, [base_path, new_path])
    base, new = read(base_path), read(new_path)
    if not across_machines:
        _require_one_machine(base, new)
    comparison = verdicts.compare(base, new, settings)
    _write_json(comparison, json_file)
    stream = sys.stderr if json_file == "-" else sys.stdout
    _say(stream, lambda: _print(comparison, stream, everything, markdown))
    if github:
        beside = sys.stderr if markdown else stream
        _say(beside, lambda: beside.write(workflow.commands(comparison)))
    return comparison.exit_code


def _write_json(comparison: verdicts.Comparison, target: str | None) -> None:
    if target == "-":
        _say(sys.stdout, lambda: sys.stdout.write(document.as_json(comparison)))
    elif target is not None:
        document.write_whole(target, document.as_json(comparison))


def _two_files(files: list[str], baseline: str | None) -> tuple[str, str]:
    if baseline is None:
        if len(files) != 2:
            raise UserError(f"it takes two files, BASE and NEW, but got {len(files)}; see --help")
        return files[0], files[1]
    if len(files) != 1:
        raise UserError(f"with --baseline it takes one file, NEW, but got {len(files)}; see --help")
    return baselines.find(baseline), files[0]


def _require_one_machine(base: ResultFile, new: ResultFile) -> None:
    if base.machine_hash is not None and base.machine_hash == new.machine_hash:
        return
    what = f"BASE is of {base.cpu} and NEW of {new.cpu}"
    how = "--across-machines compares them with the gate off"
    nameless = [name for name, file in (("BASE", base), ("NEW", new)) if file.machine_hash is None]
    if nameless:
        lack = "lacks its" if len(nameless) == 1 else "lack their"
        problem = f"{' and '.join(nameless)} {lack} machine's hash (context.machine.hash)"
        raise UserError(f"it is not known that both files are of one machine, since {problem}: {what}; {how}")
    raise UserError(f"the files are of different machines, so times say nothing about the code: {what}; {how}")


def _print(comparison: verdicts.Comparison, stream: IO[str], everything: bool, markdown: bool) -> None:
    if markdown:
        stream.write(rendering.markdown(comparison, everything))
    elif _wants_colour(stream):
        rendering.terminal(comparison, everything, stream)
    else:
        stream.write(rendering.text(comparison, everything))


def _say(stream: IO[str], speak: Callable[[], object]) -> None:
    """Writes at once. A reader who has gone (`| head`) does not change what the gate says; a full disk is an error."""
    try:
        speak()
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or Python would complain once more when it ends
        if not isinstance(error, BrokenPipeError):
            raise UserError(f"cannot write the result: {error.strerror}") from error


def _wants_colour(stream: IO[str]) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in (None, "", "dumb")


def main(arguments: list[str]) -> int:
    """Runs the command; the return value is the exit code, never one of the parser's own."""
    return run_command(app, "scripts/compare", arguments)
