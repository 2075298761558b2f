"""Figures and sentences that all kinds of output share, and text from files made safe to print."""

from __future__ import annotations

import math

from results import units
from results.command_line import printable
from results.result_file import ResultFile

from . import stretches, verdicts
from .verdicts import Compared, Comparison


def median(row: Compared, of_new: bool) -> str:
    """The median of a row in one file, or a dash."""
    measured = row.new if of_new else row.base
    ns = None if measured is None else stretches.median_ns(measured)
    return "–" if ns is None else units.time(ns)


def ratio(row: Compared) -> str:
    """NEW/BASE with its interval, or a dash."""
    if row.ratio is None:
        return "–"
    middle, low, high = row.ratio
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def verdict(row: Compared) -> str:
    """The verdict, with its reason where it has one."""
    loud = "PARITY FAILURE, " if row.parity_failure else ""
    return printable(f"{row.verdict}: {loud}{row.reason}" if row.reason else row.verdict)


def file_line(name: str, file: ResultFile) -> str:
    """Which file this is, of which commit and when."""
    partial = ", partial: its run was interrupted" if file.partial else ""
    return printable(f"{name} {file.path}: assay {file.version} ({file.commit}), {file.date}{partial}")


def tolerance_line(comparison: Comparison) -> str:
    """What a change has to exceed, and where that comes from."""
    source = "recorded" if comparison.floor_is_recorded else "assumed: neither file records it"
    return (
        f"A change counts beyond {units.share(comparison.tolerance)}: the larger of the band, "
        f"{units.share(comparison.settings.band)}, and the A/A noise, {units.share(comparison.floor)} ({source})."
    )


def notes(comparison: Comparison) -> list[str]:
    """What a reader has to know before believing the table; one sentence each."""
    base, new = comparison.base, comparison.new
    made = [
        f"{name} is partial: its run was interrupted." for name, file in (("BASE", base), ("NEW", new)) if file.partial
    ]
    if comparison.is_blind_to_band:
        made.append(
            f"The A/A noise, {units.share(comparison.floor)}, is above the band, "
            f"{units.share(comparison.settings.band)}: a change of the band's size cannot be seen, and SAME means "
            "within the noise."
        )
    if comparison.compared == 0:
        made.append("No row has a time in both files: nothing was compared.")
    both = [(row.base, row.new) for row in comparison.rows if row.base is not None and row.new is not None]
    seeds = sum(old.seed != fresh.seed for old, fresh in both)
    if seeds:
        made.append(f"Rows measured with another --seed, so on other inputs: {seeds}.")
    sizes = sum(old.bytes != fresh.bytes for old, fresh in both)
    if sizes:
        made.append(f"Rows that move another number of bytes, so that the cases are not the same: {sizes}.")
    changed = [
        f"{name} {base.libraries[name]} → {new.libraries[name]}"
        for name in sorted(base.libraries.keys() & new.libraries.keys())
        if base.libraries[name] != new.libraries[name]
    ]
    if changed:
        made.append(f"Libraries differ: {', '.join(changed)}.")
    if comparison.settings.across_machines:
        made.append(
            f"--across-machines: BASE is of {base.cpu}, NEW of {new.cpu}; the gate is off, and the exit code 0."
        )
    return [printable(note) for note in made]


def left_out(comparison: Comparison) -> str:
    """The rows that neither file times, counted by why."""
    total = comparison.left_out.total()
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(comparison.left_out.items()))
    return f"{total} left out ({kinds})" if total else ""


def summary(comparison: Comparison) -> str:
    """The last line: how many of each, and what the gate says."""
    parts = [f"{comparison.count(v)} {v}" for v in (verdicts.SLOWER, verdicts.AMBIGUOUS, verdicts.MISSING)]
    if comparison.parity_failures:
        parts[-1] += f" ({len(comparison.parity_failures)} of them failed parity)"
    parts += [f"{comparison.count(v)} {v}" for v in (verdicts.FASTER, verdicts.SAME)]
    if comparison.count(verdicts.NEW_ONLY):
        parts.append(f"{comparison.count(verdicts.NEW_ONLY)} only in NEW")
    if comparison.left_out:
        parts.append(left_out(comparison))
    return f"compare: {', '.join(parts)}: {gate(comparison)}"


def gate(comparison: Comparison) -> str:
    """What the exit code means, in words."""
    if comparison.settings.across_machines:
        return "the gate is off (--across-machines)"
    if comparison.exit_code == verdicts.REGRESSION:
        worse = []
        if comparison.count(verdicts.SLOWER):
            worse.append("slower")
        if comparison.parity_failures:
            worse.append("wrong")
        return f"regression, NEW is {' and '.join(worse)}"
    if comparison.exit_code == verdicts.INCONCLUSIVE:
        return "inconclusive" if comparison.compared else "inconclusive, nothing was compared"
    return "no regression"


def seen_as(log_ratio: float) -> str:
    """A log-ratio as a change in percent: +10.4 %."""
    return f"{100 * math.expm1(log_ratio):+.1f} %"
