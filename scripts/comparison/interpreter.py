"""Which Python runs the scripts that need packages, so that nobody has to activate an environment.

Scripts import it before any package, and it needs none itself. `require_packages` either returns, and every package
can be imported, or starts the same command again with another Python, or ends with one sentence.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

VENV_PYTHON = Path(__file__).resolve().parent.parent.parent / ".venv" / "bin" / "python"

# The packages that the scripts import themselves; pip installs what these need.
PACKAGES = ("numpy", "scipy", "typer", "click", "rich")

# Set for the command that is started again, so that it does not start itself once more.
CHOSEN = "ASSAY_PYTHON_IS_CHOSEN"


def missing_package() -> str | None:
    """The first of the packages that this interpreter cannot import, or None."""
    for package in PACKAGES:
        try:
            importlib.import_module(package)
        except Exception:  # a package built for another NumPy or Python may raise anything
            return package
    return None


def has_packages(python: Path) -> bool:
    """Whether another interpreter runs and finds the packages. It does not import them, which would take a second."""
    question = f"import importlib.util as u, sys; sys.exit(any(u.find_spec(p) is None for p in {PACKAGES!r}))"
    try:
        return subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def other_pythons() -> Iterable[Path]:
    """For tests, where .venv has none: the python3 of the path, then the system's."""
    found = shutil.which("python3")
    return [Path(name) for name in (found, "/usr/bin/python3") if name is not None]


def require_packages(pinned_first: bool = False) -> None:
    """Takes the Python at hand, then .venv's; `pinned_first` (tests) takes .venv's, the one at hand, then any other."""
    chosen = os.environ.pop(CHOSEN, None) is not None
    if (chosen or not pinned_first) and missing_package() is None:
        return
    if not chosen:
        _switch([VENV_PYTHON])
        if pinned_first and missing_package() is None:
            return
        _switch(other_pythons() if pinned_first else [])
    script = Path(sys.argv[0]).name
    print(
        f"{script}: the Python package {missing_package()} is missing: run scripts/setup, which puts it into .venv",
        file=sys.stderr,
    )
    sys.exit(1)


def _switch(pythons: Iterable[Path]) -> None:
    """Starts this very command again with the first of these that has the packages; does not return then."""
    for python in pythons:
        if has_packages(python):
            sys.stdout.flush()
            os.execve(python, [str(python), *sys.argv], {**os.environ, CHOSEN: "1"})
