"""Numbers with their units, as `assay` shows them: bench/base/units_examples.json is tested here and there.

A unit ends where its last number would be rounded up to the next unit: 999.5 ns is 1.00 µs.
"""

from __future__ import annotations

_TIMES = (("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9))


def time(ns: float) -> str:
    """12.3 µs, 4.56 ms: three significant digits; whole seconds above 1000 s."""
    name, size = next((unit for unit in _TIMES if ns < 999.5 * unit[1]), _TIMES[-1])
    value = ns / size
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f} {name}"


def share(of_one: float) -> str:
    """104 %, 73.4 %, 0.6 %, 0.042 % of 1, which is 100 %."""
    percent = 100 * of_one
    if 0 < percent < 0.0005:
        return "<0.001 %"
    decimals = 0 if percent >= 99.95 else 1 if percent == 0 or percent >= 0.095 else 3
    return f"{percent:.{decimals}f} %"
