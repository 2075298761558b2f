"""What is chosen, which rows a mutant is held against, what kills it, and what is kept of it."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from results.errors import UserError

from . import tree, trial
from .gate import ROOT, THRESHOLDS, runs_of
from .mutants import mutants_of
from .mutate import Record, choose, report, source_files
from .trial import KILLED, NO_COMPILE, SURVIVED, Outcome, Selection

TEXT = "int f(int a) {\n  return a + 1;\n}\n"
MUTANTS = mutants_of("f.cpp", TEXT)


class Choosing(unittest.TestCase):
    """Files and mutants."""

    def test_kernels_without_tests(self) -> None:
        files = source_files("*")
        self.assertIn("backends/scalar/masking.cpp", files)
        self.assertIn("backends/openmp/streaming.h", files)
        self.assertEqual([name for name in files if name.endswith("_test.cpp") or "/eigen/" in name], [])
        self.assertEqual(source_files("*/scalar/masking.cpp"), ["backends/scalar/masking.cpp"])

    def test_a_glob_without_a_match_is_a_mistake(self) -> None:
        with self.assertRaisesRegex(UserError, r"--file is '\*/nothing.cpp', but no source matches it; there are "):
            source_files("*/nothing.cpp")

    def test_a_seed_chooses_the_same_and_a_larger_count_adds_to_it(self) -> None:
        mutants = mutants_of("f.cpp", "a + b - c * d / e % f < g <= h;")
        few, more = choose(mutants, 3, 1), choose(mutants, 5, 1)
        self.assertEqual(few, choose(mutants, 3, 1))
        self.assertEqual(len(few), 3)
        self.assertLess(set(few), set(more))
        self.assertEqual(choose(mutants, None, 1), mutants)
        self.assertNotEqual([choose(mutants, 3, seed) for seed in range(9)], [few] * 9)


class Rows(unittest.TestCase):
    """Which rows a file's mutants are held against."""

    SOURCES = [f"backends/openmp/{name}.cpp" for name in ("backend", "collation", "masking", "position_encoding")]

    def operators(self, file: str) -> tuple[str, ...]:
        return trial.operators_of(f"backends/openmp/{file}", "openmp", self.SOURCES, ROOT)

    def test_a_source_has_the_operators_it_includes(self) -> None:
        self.assertEqual(self.operators("masking.cpp"), ("mask_downsample", "padding_mask"))

    def test_a_header_has_those_of_its_users(self) -> None:
        self.assertEqual(self.operators("streaming.h"), ("nested_tensor", "stack_collate", "yolo_collate"))
        users = ("mask_downsample", "nested_tensor", "padding_mask", "stack_collate", "yolo_collate")
        self.assertEqual(self.operators("padding.h"), users)

    def test_what_the_backend_itself_includes_has_all(self) -> None:
        self.assertEqual(self.operators("thresholds.h"), ())
        self.assertEqual(self.operators("backend.cpp"), ())

    def test_the_gate_is_asked_for_these_rows_alone(self) -> None:
        arguments = Selection("openmp", ("padding_mask",)).arguments(runs_of("openmp")[0])
        self.assertEqual(arguments[-4:], ["--require", "openmp", "--filter", "padding_mask/*/openmp/*"])
        self.assertIn("--stop-at-first", arguments)

    def test_thresholds_are_tried_at_both_ends(self) -> None:
        self.assertEqual([run.environment for run in runs_of("scalar")], [{}, {}])
        self.assertIn("--cover", runs_of("scalar")[0].arguments)
        values = [set(run.environment.values()) for run in runs_of("openmp")]
        self.assertEqual(values, [set(), {"0"}, {"inf"}])
        text = (ROOT / "backends/openmp/thresholds.h").read_text(encoding="utf-8")
        for name in THRESHOLDS:
            self.assertIn(f'"{name}"', text)


class Building(unittest.TestCase):
    """The commands that are taken from the prepared tree."""

    SAID = (
        "c++ -I/t/source -MD -MT x/a.o -MF x/a.o.d -o x/a.o -c /t/source/backends/openmp/a.cpp\n"
        "ccache c++ -I/t/source -o x/b.o -c /t/source/backends/openmp/b.cpp\n"
        "c++ -I/t/source -o y/r.o -c /t/source/reference/r.cpp\n"
        ": && ar qc libr.a y/r.o && :\n"
        ": && c++ -shared -o modules/openmp.so x/a.o x/b.o libr.a && :\n"
    )

    def test_a_module_is_its_sources_and_a_link(self) -> None:
        module = tree.parse_module(self.SAID, "openmp.so", "openmp", Path("/t/source"))
        self.assertEqual(list(module.compile), ["backends/openmp/a.cpp", "backends/openmp/b.cpp"])
        self.assertEqual(module.link, "c++ -shared -o modules/openmp.so x/a.o x/b.o libr.a".split())
        self.assertEqual(tree.object_of(module.compile["backends/openmp/b.cpp"]), "x/b.o")
        self.assertEqual(module.compile["backends/openmp/b.cpp"][0], "c++")

    def test_a_build_that_says_nothing_is_an_error(self) -> None:
        with self.assertRaisesRegex(UserError, "the build does not say how modules/openmp.so is made"):
            tree.parse_module("", "openmp.so", "openmp", Path("/t/source"))

    def test_the_changed_file_comes_from_the_workers_folder(self) -> None:
        module = tree.parse_module(self.SAID, "openmp.so", "openmp", Path("/t/source"))
        source = "backends/openmp/a.cpp"
        made = trial.mutated_command(
            module.compile[source], source, source, Path("/t/source"), Path("/t/w"), Path("/t/w/a.o")
        )
        self.assertEqual(made, f"c++ -I/t/w/source -I/t/source -o /t/w/a.o -c /t/w/source/{source} -w".split())
        made = trial.mutated_command(
            module.compile[source], source, "backends/openmp/a.h", Path("/t/source"), Path("/t/w"), Path("/t/w/a.o")
        )
        self.assertEqual(made, f"c++ -I/t/w/source -I/t/source -o /t/w/a.o -c /t/source/{source} -w".split())

    def test_includes_are_followed(self) -> None:
        reached = tree.reached_from("backends/openmp/masking.cpp", ROOT)
        self.assertIn("backends/openmp/thresholds.h", reached, "through padding.h")
        self.assertNotIn("backends/openmp/streaming.h", reached)


class Verdicts(unittest.TestCase):
    """What the end of the program says."""

    def test_the_first_problem_is_the_reason(self) -> None:
        self.assertEqual(trial.reason_of(0, "anything"), "")
        text = "note: a\nFAILED a/b/c: wrong\n    reproduce: assay verify\nverify: 1 checks"
        self.assertEqual(trial.reason_of(3, text), "exit code 3: FAILED a/b/c: wrong")
        self.assertEqual(trial.reason_of(1, "assay: internal error: x\n"), "exit code 1: assay: internal error: x")
        self.assertEqual(trial.reason_of(3, "\n--require openmp: 1 rows\n"), "exit code 3: --require openmp: 1 rows")
        self.assertEqual(trial.reason_of(-11, ""), "a crash: SIGSEGV")
        self.assertEqual(trial.reason_of(7, ""), "exit code 7: it said nothing")

    def test_a_busy_machine_is_no_hang(self) -> None:
        self.assertEqual(trial.time_limit_s(0.1), 30)
        self.assertEqual(trial.time_limit_s(20), 40)


class Results(unittest.TestCase):
    """The file of results and the report."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "results.jsonl"

    def test_a_run_goes_on_where_it_was_interrupted(self) -> None:
        record = Record(self.path, "digest", resume=False)
        record.add(MUTANTS[0], Outcome(SURVIVED, "", 1.5))
        record.add(MUTANTS[1], Outcome(KILLED, "exit code 3: FAILED µ", 2.5))
        with self.path.open("a", encoding="utf-8") as file:
            file.write('{"name": "half a li')
        again = Record(self.path, "digest", resume=True)
        self.assertEqual(again.outcomes, record.outcomes)
        again.add(MUTANTS[2], Outcome(NO_COMPILE, "error: x", 0.5))
        self.assertEqual(len(Record(self.path, "digest", resume=True).outcomes), 3)

    def test_results_of_other_sources_are_refused(self) -> None:
        Record(self.path, "digest", resume=False)
        with self.assertRaisesRegex(UserError, "the sources have changed since .* was begun: leave out --resume"):
            Record(self.path, "another", resume=True)
        self.assertEqual(Record(self.path, "another", resume=False).outcomes, {})

    def test_survivors_stand_with_both_lines(self) -> None:
        outcomes = {
            MUTANTS[0].name: Outcome(SURVIVED, "", 1),
            MUTANTS[1].name: Outcome(KILLED, "a crash: SIGSEGV", 1),
        }
        self.assertEqual(
            report(MUTANTS, outcomes, lambda file: TEXT),
            "survived: f.cpp:2:12: + → -\n    - return a + 1;\n    + return a - 1;\n"
            "2 of 3 mutants tried: 1 killed, 1 survived, 0 do not compile\n",
        )


if __name__ == "__main__":
    unittest.main()
