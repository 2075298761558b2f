#!/usr/bin/env python3
"""Runs tests of the Python tools: `run_tests.py [MODULE…]`, such as `comparison.verdicts_test`; by default all of them.

ctest calls it. It picks .venv's Python if that has the packages, else another that has them, and fails if there is
none, if a module does not load, and if no test ran.
"""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def all_modules() -> list[str]:
    """The tests of all packages."""
    return sorted(f"{path.parent.name}.{path.stem}" for path in HERE.glob("*/*_test.py"))


if __name__ == "__main__":
    from comparison.interpreter import require_packages

    require_packages(pinned_first=True)
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:] or all_modules())
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.testsRun == len(result.skipped):
        print("run_tests.py: no test ran", file=sys.stderr)
    sys.exit(not result.wasSuccessful() or result.testsRun == len(result.skipped))
