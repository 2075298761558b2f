"""The script finds a Python with the packages, or says in one sentence what to do. Works on a copy of the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from . import interpreter

HERE = Path(__file__).resolve().parent


class Interpreter(unittest.TestCase):
    """A tree with the script in it; -S takes the packages away from the Python that starts it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name)
        (self.tree / "scripts").mkdir()
        for package in ("comparison", "results"):
            source, copy = HERE.parent / package, self.tree / "scripts" / package
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for script in ("compare", "run_tests.py"):
            shutil.copy(HERE.parent / script, self.tree / "scripts" / script)

    def make_venv_python(self, script: str) -> None:
        """A .venv whose Python is this shell script."""
        python = self.tree / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)

    def start(self, *options: str, script: str = "compare") -> subprocess.CompletedProcess[str]:
        """With this Python, without its site-packages."""
        command = [sys.executable, "-S", str(self.tree / "scripts" / script), *options]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PATH": "/nowhere"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def test_this_python_has_them(self) -> None:
        self.assertIsNone(interpreter.missing_package())
        self.assertTrue(interpreter.has_packages(Path(sys.executable)))

    def test_no_venv(self) -> None:
        done = self.start("a", "b")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(
            done.stderr, "compare: the Python package numpy is missing: run scripts/setup, which puts it into .venv\n"
        )

    def test_venv_takes_over(self) -> None:
        self.make_venv_python('[ "$1" = -c ] || printf "%s|" "$@"')
        done = self.start("base file.json", "--band", "5%")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"{self.tree}/scripts/compare|base file.json|--band|5%|")

    def test_venvs_python_really_runs_it(self) -> None:
        self.make_venv_python(f'exec "{sys.executable}" "$@"')
        done = self.start("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Exit codes:", done.stdout)

    def test_a_venv_without_the_packages(self) -> None:
        self.make_venv_python("exit 1")
        done = self.start()
        self.assertEqual(done.returncode, 1)
        self.assertIn("run scripts/setup", done.stderr)

    def test_a_venv_that_promises_too_much_does_not_go_round_in_circles(self) -> None:
        """It claims to have the packages, and then cannot import them."""
        self.make_venv_python(f'[ "$1" = -c ] || exec "{sys.executable}" -S "$@"')
        done = self.start()
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
        self.assertIn("run scripts/setup", done.stderr)

    def test_a_venv_whose_python_is_gone(self) -> None:
        (self.tree / ".venv" / "bin").mkdir(parents=True)
        (self.tree / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
        self.assertIn("run scripts/setup", self.start().stderr)

    def test_tests_take_venv_first(self) -> None:
        self.make_venv_python('[ "$1" = -c ] || echo "venv runs $2"')
        done = self.start("comparison.resampling_test", script="run_tests.py")
        self.assertEqual((done.returncode, done.stdout), (0, "venv runs comparison.resampling_test\n"), done.stderr)

    def test_tests_fail_where_there_are_no_packages_and_where_there_is_no_test(self) -> None:
        shutil.rmtree(self.tree / ".venv", ignore_errors=True)
        (self.tree / "scripts" / "comparison" / "none_test.py").write_text("")
        (self.tree / "scripts" / "comparison" / "broken_test.py").write_text("import nothing_of_that_name\n")
        runner = self.tree / "scripts" / "run_tests.py"
        for module, words in (("none_test", "no test ran"), ("broken_test", "nothing_of_that_name")):
            command = [sys.executable, runner, f"comparison.{module}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
