"""Runs a typer command as the scripts of this project do: every mistake is one sentence on standard error."""

from __future__ import annotations

import io
import sys

import click
import typer

from .errors import INTERRUPTED, UNUSABLE, UserError


def printable(text: str) -> str:
    """The text on one line. U+FFFD stands for control characters, which a terminal would obey, and for surrogates."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def run_command(app: typer.Typer, name: str, arguments: list[str]) -> int:
    """The exit code of the command, never one of the parser's own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # µ in a Latin-1 or ASCII locale
    command = typer.main.get_command(app)
    try:
        return command.main(args=arguments, prog_name=name, standalone_mode=False) or 0
    except click.ClickException as error:
        message, code = f"{error.format_message().rstrip('.')}; see --help", UNUSABLE
    except UserError as error:
        message, code = str(error), error.code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    print(f"{name.rsplit('/', 1)[-1]}: {printable(message)}", file=sys.stderr)
    return code
