"""Verdicts: which rows are compared, with what tolerance, and what follows for the gate.

Let tolerance = max(band, A/A floor). A row is

* SLOWER if the interval of NEW/BASE lies wholly above the tolerance, and by Holm's method over all rows too; FASTER if
  below it. A row whose own drift is larger than the tolerance must exceed its drift instead.
* SAME if the interval lies wholly within ±band and the row's drift and the A/A floor do too: a change of the band's
  size would show.
* AMBIGUOUS otherwise, MISSING if it passed in BASE and has no time in NEW.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from results import units
from results.errors import INCONCLUSIVE, OK, REGRESSION
from results.result_file import PARITY_FAILURES, PASSED, ResultFile, Row

from . import resampling
from .stretches import quietest_ns, stretches_ns

SLOWER, FASTER, SAME, AMBIGUOUS, MISSING, NEW_ONLY = "SLOWER", "FASTER", "SAME", "AMBIGUOUS", "MISSING", "NEW"
# Regressions first, then rows in doubt, then the others.
ORDER = (SLOWER, MISSING, AMBIGUOUS, FASTER, NEW_ONLY, SAME)

# The A/A floor if neither file records one: two processes with one binary differ by this much, even if the samples of
# each agree perfectly. Over 40 real runs the robust standard deviation of a row's log-median was 0.9 % at the median
# of rows; that of the difference of two runs is then 1.3 %, and this is twice that.
UNRECORDED_FLOOR = 0.025

SIGNIFICANCE = 1 - resampling.CONFIDENCE


@dataclass(frozen=True)
class Settings:
    """What the user asked for; `band` is a share, 0.05 for 5 %."""

    band: float = 0.05
    strict: bool = False
    across_machines: bool = False


@dataclass(frozen=True)
class Compared:
    """One row of the comparison. Ratios are NEW/BASE; what does not apply is None."""

    verdict: str
    base: Row | None
    new: Row | None
    reason: str = ""
    parity_failure: bool = False
    effect: resampling.Estimate | None = None
    drift: float | None = None
    p: float | None = None
    p_holm: float | None = None

    @property
    def row(self) -> Row:
        """Whichever file has it."""
        return self.base or self.new  # type: ignore[return-value]  # one of them is there

    @property
    def ratio(self) -> tuple[float, float, float] | None:
        """NEW/BASE of the medians and the ends of its interval."""
        if self.effect is None:
            return None
        return math.exp(self.effect.log_ratio), math.exp(self.effect.low), math.exp(self.effect.high)


@dataclass(frozen=True)
class Comparison:
    """All rows, the worst first."""

    base: ResultFile
    new: ResultFile
    settings: Settings
    floor: float
    floor_is_recorded: bool
    rows: list[Compared]
    left_out: Counter[str] = field(default_factory=Counter)  # by what they are in BASE and in NEW

    @property
    def tolerance(self) -> float:
        """What a change has to exceed, as a share."""
        return max(self.settings.band, self.floor)

    @property
    def is_blind_to_band(self) -> bool:
        """Whether changes of the band's size drown in A/A noise."""
        return self.floor > self.settings.band

    def count(self, verdict: str) -> int:
        """How many rows have this verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def parity_failures(self) -> list[Compared]:
        """Rows that passed in BASE and whose results are wrong in NEW."""
        return [row for row in self.rows if row.parity_failure]

    @property
    def compared(self) -> int:
        """How many rows have a time in both files."""
        return sum(row.verdict in (SLOWER, FASTER, SAME, AMBIGUOUS) for row in self.rows)

    @property
    def exit_code(self) -> int:
        """What the gate says."""
        if self.settings.across_machines:
            return OK
        if self.count(SLOWER) or self.parity_failures:
            return REGRESSION
        # Green means that a change could have been seen: with nothing compared, none could.
        if self.compared == 0:
            return INCONCLUSIVE
        in_doubt = self.count(AMBIGUOUS) or self.count(MISSING) or self.is_blind_to_band
        return INCONCLUSIVE if self.settings.strict and in_doubt else OK


def compare(base: ResultFile, new: ResultFile, settings: Settings) -> Comparison:
    """Compares two files row by row."""
    floor, recorded = aa_floor(base, new)
    tolerance = math.log1p(max(settings.band, floor))
    rows: list[Compared] = []
    pairs: list[tuple[Row, Row]] = []
    left_out: Counter[str] = Counter()
    for key in sorted(base.rows.keys() | new.rows.keys()):
        old, fresh = base.rows.get(key), new.rows.get(key)
        if old is not None and fresh is not None and old.is_timed and fresh.is_timed:
            pairs.append((old, fresh))
        elif old is not None and old.is_timed:
            rows.append(_missing(old, fresh))
        elif fresh is not None and (fresh.is_timed or (old is None and fresh.verdict in PARITY_FAILURES)):
            rows.append(Compared(NEW_ONLY, None, fresh, _why_new_only(old, fresh)))
        else:
            left_out[_left_out(old, fresh)] += 1
    rows += _timed(pairs, tolerance, is_blind=floor > settings.band)
    return Comparison(base, new, settings, floor, recorded, sorted(rows, key=_worst_first), left_out)


def aa_floor(base: ResultFile, new: ResultFile) -> tuple[float, bool]:
    """The larger A/A noise of the two files, as a share, and whether one of them records it."""
    recorded = [file.aa_floor for file in (base, new) if file.aa_floor is not None]
    return (max(recorded), True) if recorded else (UNRECORDED_FLOOR, False)


def _timed(pairs: Sequence[tuple[Row, Row]], tolerance: float, is_blind: bool) -> list[Compared]:
    made = [Compared(AMBIGUOUS, *pair, _too_few(*pair)) for pair in pairs if not _has_enough(pair)]
    enough = [pair for pair in pairs if _has_enough(pair)]
    effects = [_effect(*pair) for pair in enough]
    drifts = [max(_drift(row) for row in pair) for pair in enough]
    p_values = [
        resampling.exceedance(effect, max(tolerance, drift)) for effect, drift in zip(effects, drifts, strict=True)
    ]
    # Rows without an interval cannot become SLOWER, so Holm's method does not count them.
    adjusted = resampling.holm(p_values)
    for pair, effect, drift, p, p_holm in zip(enough, effects, drifts, p_values, adjusted, strict=True):
        verdict, reason = judge(effect, drift, p_holm, tolerance)
        if verdict == SAME and is_blind:
            verdict, reason = AMBIGUOUS, "the A/A noise is above the band"
        made.append(Compared(verdict, *pair, reason, effect=effect, drift=drift, p=p, p_holm=p_holm))
    return made


def judge(effect: resampling.Estimate, drift: float, p_holm: float, tolerance: float) -> tuple[str, str]:
    """Verdict and reason of one row. Every condition is written so that NaN fails it."""
    bar = max(tolerance, drift)
    if effect.low > bar or effect.high < -bar:
        if p_holm <= SIGNIFICANCE:
            return (SLOWER if effect.low > bar else FASTER), ""
        return AMBIGUOUS, f"beyond the tolerance, but not by Holm's method over all rows (p = {p_holm:.2g})"
    if not drift <= tolerance:
        return AMBIGUOUS, f"one run differs from itself by {units.share(math.expm1(drift))}"
    if effect.low >= -tolerance and effect.high <= tolerance:
        return SAME, ""
    if effect.high - effect.low > 2 * tolerance:
        return AMBIGUOUS, "the interval is wider than the tolerance"
    return AMBIGUOUS, "the interval reaches across the tolerance's edge"


def _drift(row: Row) -> float:
    """The log-ratio of a run's two quietest rounds, or of the halves of its only round."""
    stretches = stretches_ns(row)
    if len(stretches) == 1:
        return resampling.drift(stretches[0])
    return math.log(np.median(stretches[1])) - math.log(np.median(stretches[0]))


def _effect(old: Row, fresh: Row) -> resampling.Estimate:
    # The seed is made of the row's name, so results depend neither on the order nor on the number of rows.
    digest = hashlib.sha256("\0".join(old.key).encode("utf-8", "surrogatepass")).digest()
    return resampling.estimate(quietest_ns(old), quietest_ns(fresh), int.from_bytes(digest[:8], "little"))


def _has_enough(pair: tuple[Row, Row]) -> bool:
    return all(len(quietest_ns(row)) >= resampling.LEAST_SAMPLES for row in pair)


def _too_few(old: Row, fresh: Row) -> str:
    return (
        f"{len(quietest_ns(old))} samples in BASE and {len(quietest_ns(fresh))} in NEW, "
        f"but an interval takes at least {resampling.LEAST_SAMPLES}"
    )


def _missing(old: Row, fresh: Row | None) -> Compared:
    if fresh is None:
        return Compared(MISSING, old, None, "absent in NEW")
    if fresh.verdict == PASSED:
        return Compared(MISSING, old, fresh, "PASSED in NEW, but interrupted before it was timed")
    reason = f"{fresh.verdict} in NEW" + (f": {fresh.reason}" if fresh.reason else "")
    return Compared(MISSING, old, fresh, reason, parity_failure=fresh.verdict in PARITY_FAILURES)


def _why_new_only(old: Row | None, fresh: Row) -> str:
    if not fresh.is_timed:
        return f"absent in BASE, {fresh.verdict} in NEW" + (f": {fresh.reason}" if fresh.reason else "")
    if old is None:
        return "absent in BASE"
    return "not timed in BASE" if old.verdict == PASSED else f"{old.verdict} in BASE"


def _left_out(old: Row | None, fresh: Row | None) -> str:
    """How a row that no file times is counted."""
    states = [_state(row) for row in (old, fresh)]
    return f"{states[0]} in both" if states[0] == states[1] else f"{states[0]} in BASE and {states[1]} in NEW"


def _state(row: Row | None) -> str:
    if row is None:
        return "absent"
    return "not timed" if row.verdict == PASSED else row.verdict


def _worst_first(row: Compared) -> tuple[int, bool, float, tuple[str, str, str]]:
    size = 0.0 if row.effect is None or not np.isfinite(row.effect.log_ratio) else abs(row.effect.log_ratio)
    return ORDER.index(row.verdict), not row.parity_failure, -size, row.row.key
