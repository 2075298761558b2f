#!/usr/bin/env python3
"""Runs tests of the comparison with unittest: `run_tests.py [MODULE…]`, e.g. `verdicts_test`; all of them by default.

ctest calls it. It picks .venv's Python if that has the packages, else another that has them, and fails where there is
none, where a module does not load, and where no test ran.
"""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)  # the folder of the package, not the package's own
    from comparison.interpreter import require_packages

    require_packages(pinned_first=True)
    modules = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*_test.py"))
    suite = unittest.defaultTestLoader.loadTestsFromNames([f"comparison.{module}" for module in modules])
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.testsRun == len(result.skipped):
        print("run_tests.py: no test ran", file=sys.stderr)
    sys.exit(not result.wasSuccessful() or result.testsRun == len(result.skipped))
