"""GitHub's workflow commands, which show up beside the run and in the changed files' view.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from results import units

from . import verdicts, wording
from .verdicts import Compared, Comparison


def commands(comparison: Comparison) -> str:
    """Errors for SLOWER rows and parity failures, warnings for AMBIGUOUS and MISSING ones, a notice with the summary.

    The worst stand first, because GitHub shows only ten of each kind for a step. With the gate off all are warnings.
    """
    lines = [_annotation(row, comparison) for row in comparison.rows if row.verdict in _REPORTED]
    lines.append(f"::notice title=scripts/compare::{_message(wording.summary(comparison))}")
    return "\n".join(lines) + "\n"


_REPORTED = (verdicts.SLOWER, verdicts.AMBIGUOUS, verdicts.MISSING)


def _annotation(row: Compared, comparison: Comparison) -> str:
    is_error = (row.verdict == verdicts.SLOWER or row.parity_failure) and not comparison.settings.across_machines
    text = wording.verdict(row)
    if row.effect is not None:
        low, middle, high = (
            wording.seen_as(value) for value in (row.effect.low, row.effect.log_ratio, row.effect.high)
        )
        times = f"{wording.median(row, of_new=False)} → {wording.median(row, of_new=True)}"
        text += f"; {times}, {middle} ({low} to {high}), tolerance {units.share(comparison.tolerance)}"
    return f"::{'error' if is_error else 'warning'} title={_property(row.row.label)}::{_message(text)}"


def _message(text: str) -> str:
    """The escapes of a message."""
    return wording.printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The escapes of a property, which `:` and `,` would end."""
    return _message(text).replace(":", "%3A").replace(",", "%2C")
