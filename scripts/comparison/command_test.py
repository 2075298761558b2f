"""The command as a user meets it: exit codes, messages, options, outputs. Most runs are inside this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from results import examples
from results.errors import UserError
from results.examples import document, noise, row

from .command import main, parse_band

SCRIPT = Path(__file__).resolve().parent.parent / "compare"


class Command(unittest.TestCase):
    """Runs it on files of a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        environment = mock.patch.dict(os.environ, {"ASSAY_BASELINES": str(self.folder / "baselines")})
        environment.start()
        self.addCleanup(environment.stop)

    def write(self, name: str, *rows: dict[str, Any], **more: Any) -> str:
        """A result file."""
        return examples.write(self.folder, name, document(*rows, **more))

    def run_it(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(arguments))
        return code, out.getvalue(), err.getvalue()

    def refused(self, *arguments: str, code: int = 1) -> str:
        """The one sentence on standard error of a run that ends with this code and prints nothing else."""
        got, out, err = self.run_it(*arguments)
        self.assertEqual((got, out), (code, ""), err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue(err.startswith("compare: "), err)
        return err.removeprefix("compare: ").rstrip("\n")

    def pair(self, *new: dict[str, Any]) -> tuple[str, str]:
        """BASE with the rows s and a, and NEW with s and these."""
        return self.write("base.json", row("s"), row("a")), self.write("new.json", row("s"), *new)


class ExitCodes(Command):
    """Each of them."""

    def test_0_no_regression(self) -> None:
        for rows in ([row("a", noise(1000, seed=2))], [row("a", noise(800))], [row("a"), row("added")]):
            code, out, err = self.run_it(*self.pair(*rows))
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out.endswith(": no regression\n"), out)

    def test_4_regression(self) -> None:
        code, out, _ = self.run_it(*self.pair(row("a", noise(1100, seed=2))))
        self.assertEqual(code, 4)
        self.assertTrue(out.endswith(": regression, NEW is slower\n"), out)

    def test_4_a_row_that_failed_parity(self) -> None:
        for verdict in ("FAILED", "INVALID", "MISTRUSTED"):
            files = self.pair(row("a", verdict=verdict, reason="element [3]"))
            for options in ([], ["--strict"], ["--band", "50%"]):
                code, out, _ = self.run_it(*files, *options)
                self.assertEqual(code, 4)
                self.assertIn(f"MISSING: PARITY FAILURE, {verdict} in NEW: element [3]", out)
                self.assertTrue(out.endswith(": regression, NEW is wrong\n"), out)

    def test_5_inconclusive_under_strict_alone(self) -> None:
        for rows in ([], [row("a", noise(1050, seed=2))], [row("a", verdict="UNAVAILABLE")], [row("a", [1000.0])]):
            files = self.pair(*rows)
            self.assertEqual(self.run_it(*files)[0], 0)
            code, out, _ = self.run_it(*files, "--strict")
            self.assertEqual(code, 5)
            self.assertTrue(out.endswith(": inconclusive\n"), out)

    def test_5_nothing_compared(self) -> None:
        code, out, _ = self.run_it(self.write("base.json", row("a")), self.write("new.json", row("b")))
        self.assertEqual(code, 5)
        self.assertTrue(out.endswith(": inconclusive, nothing was compared\n"), out)

    def test_5_noise_above_the_band_under_strict(self) -> None:
        files = self.write("base.json", row("a"), aa_floor=0.07), self.write("new.json", row("a"))
        self.assertEqual(
            [self.run_it(*files, *more)[0] for more in ([], ["--strict"], ["--strict", "--band=7%"])], [0, 5, 0]
        )

    def test_6_no_baseline(self) -> None:
        self.assertEqual(
            self.refused("--baseline", "main", "new.json", code=6),
            f"there is no baseline 'main' in {self.folder}/baselines, which does not exist: "
            "make it with `assay bench --save-baseline main`",
        )

    def test_130_interrupted(self) -> None:
        with mock.patch("comparison.command.read", side_effect=KeyboardInterrupt):
            self.assertEqual(self.run_it("a", "b")[0], 130)


class Usage(Command):
    """Mistakes on the command line end with 1, never with the parser's 2."""

    def test_options_and_files(self) -> None:
        for arguments, sentence in (
            ([], "Missing argument '[BASE] NEW'; see --help"),
            (["a"], "it takes two files, BASE and NEW, but got 1; see --help"),
            (["a", "b", "c"], "it takes two files, BASE and NEW, but got 3; see --help"),
            (["a", "b", "--baseline", "main"], "with --baseline it takes one file, NEW, but got 2; see --help"),
            (["a", "b", "--foo"], "No such option '--foo'; see --help"),
            (["a", "b", "--band"], "Option '--band' requires an argument; see --help"),
            (["a", "b", "--strict=yes"], "Option '--strict' does not take a value; see --help"),
        ):
            self.assertRegex(
                self.refused(*arguments).replace(": --foo", " '--foo'"),
                f"^{sentence.replace('[', '.').replace(']', '.')}$",
            )

    def test_a_name_that_is_none(self) -> None:
        self.assertEqual(
            self.refused("--baseline", "../main", "new.json"),
            'a baseline cannot be called "../main": a name has A-Z a-z 0-9 _ . - and no dot in front, '
            "and 250 characters at most",
        )

    def test_files_that_cannot_be_read(self) -> None:
        good = self.write("good.json", row("a"))
        bad = examples.write(self.folder, "bad.json", '{"context": {')
        for files in ((good, bad), (bad, good)):
            self.assertEqual(self.refused(*files), f"{bad} is truncated: its JSON ends too early (line 1, column 14)")
        self.assertEqual(self.refused(str(self.folder), good), f"{self.folder} cannot be read: Is a directory")
        self.assertEqual(
            self.refused(good, "gone\x1b[31m"),
            "gone\N{REPLACEMENT CHARACTER}[31m cannot be read: No such file or directory",
        )

    def test_bad_input_is_refused_across_machines_too(self) -> None:
        bad = examples.write(self.folder, "bad.json", "[]")
        self.refused(bad, bad, "--across-machines")

    def test_help(self) -> None:
        for option in ("--help", "-h"):
            code, out, err = self.run_it(option)
            self.assertEqual((code, err), (0, ""))
            for word in (
                "Exit codes:",
                "FAILED, INVALID or MISTRUSTED in NEW",
                "--across-machines",
                "Two result files",
            ):
                self.assertIn(word, out)


class Bands(unittest.TestCase):
    """--band."""

    def test_good(self) -> None:
        for text, band in (
            ("5%", 0.05),
            ("0.05", 0.05),
            (" 5 % ", 0.05),
            ("0", 0),
            (".5%", 0.005),
            ("99.9%", 0.999),
            ("5e-2", 0.05),
        ):
            self.assertAlmostEqual(parse_band(text), band, places=15)

    def test_too_wide(self) -> None:
        for text, shown in (("5", "500"), ("100%", "100"), ("1", "100"), ("1e999", "inf"), ("250 %", "250")):
            with self.assertRaises(UserError) as caught:
                parse_band(text)
            self.assertEqual(
                str(caught.exception),
                f"--band is '{text}', which is {shown} %, but it must be below 100 %: 5 percent are 5% or 0.05",
            )

    def test_nonsense(self) -> None:
        for text in ("", "-5%", "-0.05", "nan", "NaN%", "inf", "five", "5%%", "0x5", "1_0%", "٥%", "5 5%", "%", "."):
            with self.assertRaises(UserError) as caught:
                parse_band(text)
            self.assertEqual(str(caught.exception), f"--band is '{text}', but it must be a share such as 5% or 0.05")


class Machines(Command):
    """Files of one machine, or not."""

    def test_different_ones_are_refused(self) -> None:
        files = self.write("b.json", row("a")), self.write("n.json", row("a"), machine={"cpu": "Xeon", "hash": "11ee"})
        self.assertEqual(
            self.refused(*files),
            "the files are of different machines, so times say nothing about the code: "
            "BASE is of AMD EPYC and NEW of Xeon; --across-machines compares them with the gate off",
        )

    def test_unknown_ones_are_refused(self) -> None:
        known, unknown = {"cpu": "AMD EPYC", "hash": "00ff"}, {"cpu": "Xeon"}
        for base, new, lack in (
            (unknown, known, "BASE lacks its"),
            (known, unknown, "NEW lacks its"),
            (unknown, unknown, "BASE and NEW lack their"),
        ):
            files = self.write("b.json", row("a"), machine=base), self.write("n.json", row("a"), machine=new)
            self.assertEqual(
                self.refused(*files),
                f"it is not known that both files are of one machine, since {lack} machine's hash "
                "(context.machine.hash): "
                f"BASE is of {base['cpu']} and NEW of {new['cpu']}; --across-machines compares them with the gate off",
            )

    def test_across_machines_the_gate_is_off(self) -> None:
        base = self.write("b.json", row("a"), row("w"))
        wrong = row("w", verdict="FAILED")
        new = self.write("n.json", row("a", noise(2000)), wrong, machine={"cpu": "Xeon", "hash": "11ee"})
        code, out, _ = self.run_it(base, new, "--across-machines", "--strict", "--github")
        self.assertEqual(code, 0)
        self.assertIn("SLOWER", out)
        self.assertIn(
            "--across-machines: BASE is of AMD EPYC, NEW of Xeon; the gate is off, and the exit code 0.\n", out
        )
        self.assertIn(": the gate is off (--across-machines)\n", out)
        self.assertNotIn("::error", out)


class Files(Command):
    """What it does with files that are readable but special."""

    def test_a_baseline(self) -> None:
        (self.folder / "baselines").mkdir()
        self.write("baselines/main.json", row("a"))
        new = self.write("new.json", row("a", noise(1200)))
        code, out, _ = self.run_it("--baseline", "main", new)
        self.assertEqual(code, 4)
        self.assertTrue(out.startswith(f"BASE {self.folder}/baselines/main.json: assay 0.1.0"), out)

    def test_a_baseline_that_cannot_be_read(self) -> None:
        (self.folder / "baselines" / "main.json").mkdir(parents=True)
        self.assertEqual(
            self.refused("--baseline", "main", "x"), f"{self.folder}/baselines/main.json cannot be read: Is a directory"
        )

    def test_partial_files_are_compared(self) -> None:
        base = self.write("b.json", row("a"), row("s"))
        code, out, _ = self.run_it(base, self.write("n.json", row("s"), partial=True))
        self.assertEqual(code, 0)
        self.assertIn("\nNEW is partial: its run was interrupted.\n", out)
        self.assertIn("MISSING: absent in NEW", out)

    def test_a_name_that_is_no_text(self) -> None:
        """Bytes that are no UTF-8, as Python hands them over, and characters that a terminal or Markdown would obey."""
        for name in (b"g\xff.json", b"g\xed\xa0\x80.json", b"g\xef\xbf\xbe.json", b"g\n::error::x|.json"):
            path = os.path.join(self.folder, os.fsdecode(name))
            Path(path).write_text(json.dumps(document(row("a"))))
            code, out, err = self.run_it(path, path, "--json", "-", "--github")
            self.assertEqual(code, 0, err)
            json.loads(out)["context"]["base"]["path"].encode("utf-8")
            self.assertEqual(sum(line.startswith("::") for line in err.splitlines()), 1, "the notice")
            table = [line for line in self.run_it(path, path, "--markdown")[1].splitlines() if line.startswith("|")]
            self.assertEqual(len(table), 3)

    def test_a_pipe(self) -> None:
        """`scripts/compare base.json <(…)`."""
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as pipe:
            pipe.write(json.dumps(document(row("a"))))
        code, _, err = self.run_it(self.write("b.json", row("a")), f"/dev/fd/{reading}")
        os.close(reading)
        self.assertEqual((code, err), (0, ""))


class Outputs(Command):
    """--json, --markdown, --github, --all, and where each goes."""

    def setUp(self) -> None:
        super().setUp()
        self.files = self.pair(row("a", noise(1200, seed=2)))

    def test_json(self) -> None:
        target = self.folder / "out.json"
        code, out, _ = self.run_it(*self.files, "--json", str(target))
        made = json.loads(target.read_text())
        self.assertEqual((code, made["summary"]["exit_code"], made["rows"][0]["verdict"]), (4, 4, "SLOWER"))
        self.assertIn("SLOWER", out)

    def test_json_on_standard_output(self) -> None:
        code, out, err = self.run_it(*self.files, "--json", "-", "--github")
        self.assertEqual((code, json.loads(out)["summary"]["SLOWER"]), (4, 1))
        self.assertIn("NEW is slower", err)
        self.assertIn("::error", err)

    def test_json_refused(self) -> None:
        target = f"{self.folder}/absent/out.json"
        self.assertEqual(
            self.refused(*self.files, "--json", target),
            f"cannot write {target}: the folder {self.folder}/absent does not exist",
        )
        self.assertEqual(
            self.refused(*self.files, "--json", self.files[0]),
            f"cannot write {self.files[0]}: it is one of the files to compare",
        )
        json.loads(Path(self.files[0]).read_text())

    def test_no_json_of_a_refused_comparison(self) -> None:
        target = self.folder / "out.json"
        self.refused(self.files[0], "absent", "--json", str(target))
        self.assertFalse(target.exists())

    def test_markdown(self) -> None:
        _, out, err = self.run_it(*self.files, "--markdown", "--github")
        self.assertIn("\n| row | BASE | NEW | NEW/BASE | verdict |\n|---|---:|---:|---:|---|\n| a | 1.00 µs |", out)
        self.assertNotIn("::", out)
        self.assertTrue(err.startswith("::error title=a::SLOWER"), err)

    def test_github(self) -> None:
        _, out, _ = self.run_it(*self.files, "--github")
        self.assertIn("\n::error title=a::SLOWER; 1.00 µs → 1.20 µs", out)

    def test_the_same_input_gives_the_same_output(self) -> None:
        """To the last digit, and in whatever order the rows stand in the files."""
        first = self.run_it(*self.files, "--json", "-")
        self.assertEqual(first, self.run_it(*self.files, "--json", "-"))
        turned = json.loads(Path(self.files[1]).read_text())
        turned["benchmarks"].reverse()
        Path(self.files[1]).write_text(json.dumps(turned))
        self.assertEqual(first, self.run_it(*self.files, "--json", "-"))


class Process(Command):
    """What can only be seen from outside."""

    def start(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[Any]:
        """The script itself with this Python."""
        return subprocess.run([sys.executable, SCRIPT, *arguments], check=False, **({"capture_output": True} | how))

    def test_from_any_folder_and_in_any_locale(self) -> None:
        self.pair(row("a", noise(1200, seed=2)))
        environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
        done = self.start("base.json", "new.json", cwd=self.folder, env=environment)
        self.assertEqual((done.returncode, done.stderr), (4, b""))
        self.assertIn(b"1.20 ?s", done.stdout)

    def test_usage(self) -> None:
        done = self.start("--foo")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn(b"Traceback", done.stderr)

    def test_a_reader_that_leaves(self) -> None:
        files = self.pair(row("a", noise(1200, seed=2)))
        reading, writing = os.pipe()
        os.close(reading)
        done = self.start(*files, stdout=writing, stderr=subprocess.PIPE, capture_output=False)
        os.close(writing)
        self.assertEqual((done.returncode, done.stderr), (4, b""))

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk(self) -> None:
        files = self.pair(row("a"))
        with open("/dev/full", "wb") as full:
            done = self.start(*files, stdout=full, stderr=subprocess.PIPE, capture_output=False)
        self.assertEqual(
            (done.returncode, done.stderr), (1, b"compare: cannot write the result: No space left on device\n")
        )

    def on_a_terminal(self, **environment: str) -> bytes:
        """What it writes to one."""
        files = self.pair(row("a", noise(1200, seed=2)))
        ours, its = pty.openpty()
        plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
        self.start(*files, stdout=its, capture_output=False, env={**plain, "TERM": "xterm", **environment})
        os.close(its)
        written = b""
        with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:
            while part := terminal.read(4096):
                written += part
        return written

    def test_colour_on_a_terminal(self) -> None:
        self.assertIn(b"\x1b[1;31m", self.on_a_terminal())
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
            written = self.on_a_terminal(**environment)
            self.assertNotIn(b"\x1b", written)
            self.assertIn(b"SLOWER", written)


if __name__ == "__main__":
    unittest.main()
