"""Reading: what a good file yields, and the exact sentence for each kind of bad one."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from . import examples
from .errors import UNUSABLE, UserError
from .result_file import Sampled, read


class Reading(unittest.TestCase):
    """Every test has a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, content: dict[str, Any] | str | bytes):
        """What becomes of a file with this content."""
        return read(examples.write(self.folder, "f.json", content))

    def refuse(self, content: dict[str, Any] | str | bytes, sentence: str) -> None:
        """The file is refused with this sentence, where {f} is its path."""
        with self.assertRaises(UserError) as caught:
            self.read(content)
        self.assertEqual(str(caught.exception), sentence.replace("{f}", str(self.folder / "f.json")))
        self.assertEqual(caught.exception.code, UNUSABLE)

    def refuse_sample(self, sample: Any, sentence: str) -> None:
        """A file whose third sample is this one is refused."""
        samples = [1000.0, 1001.0, sample, 1002.0]
        self.refuse(examples.document(examples.row("op/c/b/f32/1", samples)), "{f}: op/c/b/f32/1: sample 2 " + sentence)

    def refuse_text(self, before: str, after: str, sentence: str) -> None:
        """A good file in whose text something was replaced is refused."""
        text = json.dumps(examples.document(examples.row("op/c/b/f32/1", [1000.0, 1001.0])))
        self.assertIn(before, text)
        self.refuse(text.replace(before, after), sentence)


class GoodFiles(Reading):
    """What is read."""

    def test_rows_and_context(self) -> None:
        file = self.read(
            examples.document(
                examples.row("op/c/b/f32/1", [3.0, 1.0, 2]),
                examples.row("op/c/x/f32/1", verdict="UNAVAILABLE", reason="no device"),
                aa_floor=0.013,
                partial=True,
            )
        )
        self.assertEqual((file.version, file.commit, file.partial, file.aa_floor), ("0.1.0", "abc1234", True, 0.013))
        self.assertEqual((file.cpu, file.machine_hash, file.libraries), ("AMD EPYC", "00ff", {"eigen": "3.4.0"}))
        passed, absent = file.rows.values()
        self.assertEqual(passed.samples_ns, (3.0, 1.0, 2.0), "in the order in which they were taken")
        self.assertEqual(passed.rounds, (), "taken in one go")
        self.assertTrue(passed.is_timed)
        self.assertEqual((absent.verdict, absent.reason, absent.is_timed), ("UNAVAILABLE", "no device", False))

    def test_aa_floor_may_be_null_or_absent(self) -> None:
        self.assertIsNone(self.read(examples.document(aa_floor=None)).aa_floor)
        self.assertIsNone(self.read(examples.document()).aa_floor)

    def test_a_hash_that_is_absent_null_or_empty_is_none(self) -> None:
        for machine in ({}, {"hash": None}, {"hash": ""}, {"hash": 7}):
            file = self.read(examples.document(machine=machine))
            self.assertIsNone(file.machine_hash)
            self.assertEqual(file.cpu, "an unnamed CPU")

    def test_cache_and_allocate_tell_rows_apart(self) -> None:
        name = "op/c/b/f32/1"
        rows = [examples.row(name), examples.row(name, cache="cold"), examples.row(name, allocate="each")]
        file = self.read(examples.document(*rows))
        self.assertEqual([row.label for row in file.rows.values()], [name, f"{name} (cold)", f"{name} (allocate each)"])

    def test_what_is_absent_is_the_default(self) -> None:
        """So that a file from before a key compares with one from after."""
        old = examples.row("op/c/b/f32/1")
        del old["cache"]
        before = self.read(examples.document(old)).rows.keys()
        after = self.read(examples.document(examples.row("op/c/b/f32/1", cache="hot", allocate="once"))).rows.keys()
        self.assertEqual(before, after)

    def test_a_row_interrupted_before_its_first_sample(self) -> None:
        row = examples.row("op/c/b/f32/1", error_occurred=True)
        del row["samples_ns"]
        self.assertFalse(next(iter(self.read(examples.document(row, partial=True)).rows.values())).is_timed)


class BadFiles(Reading):
    """What is refused, and how."""

    def test_no_file(self) -> None:
        for name, reason in (("absent.json", "No such file or directory"), (".", "Is a directory")):
            path = f"{self.folder}/{name}"
            with self.assertRaises(UserError) as caught:
                read(path)
            self.assertEqual(str(caught.exception), f"{path} cannot be read: {reason}")

    def test_a_null_character_in_the_name(self) -> None:
        with self.assertRaises(UserError) as caught:
            read("a\0b")
        self.assertEqual(str(caught.exception), "a\0b cannot be read: embedded null byte")

    def test_bytes_that_are_no_utf8(self) -> None:
        self.refuse(b'{"context": "\xff"}', "{f} is not UTF-8 text: its byte 13 is 0xff")
        self.refuse(b'{"a": "\xe2\x82', "{f} is not UTF-8 text: its byte 7 is 0xe2")

    def test_empty(self) -> None:
        self.refuse("", "{f} is empty")
        self.refuse(" \n", "{f} is empty")

    def test_truncated_at_every_byte(self) -> None:
        text = json.dumps(examples.document(examples.row("op/c/b/f32/1", [1000.0, 1001.0])))
        for end in range(1, len(text)):
            with self.subTest(end=end), self.assertRaises(UserError) as caught:
                self.read(text[:end])
            self.assertRegex(str(caught.exception), r"f\.json is (truncated|not JSON)", text[:end])

    def test_truncated(self) -> None:
        self.refuse('{"context": {', "{f} is truncated: its JSON ends too early (line 1, column 14)")
        self.refuse('{"context": {"date": "20', "{f} is truncated: its JSON ends too early (line 1, column 22)")

    def test_no_json(self) -> None:
        self.refuse("name,iterations\n", "{f} is not JSON (line 1, column 1)")
        self.refuse('{"context": {},\n "benchmarks": [oops]}', "{f} is not JSON (line 2, column 17)")
        self.refuse("\ufeff{}", "{f} is not JSON (line 1, column 1)")

    def test_numbers_that_json_does_not_have(self) -> None:
        for word in ("NaN", "Infinity", "-Infinity"):
            self.refuse_text("1001.0", word, f"{{f}} holds {word}, which JSON does not have and `assay` does not write")

    def test_the_same_key_twice(self) -> None:
        self.refuse_text(
            '"verdict": "PASSED"',
            '"verdict": "FAILED", "verdict": "PASSED"',
            "{f} has the key 'verdict' twice in one object",
        )

    def test_beyond_all_sense(self) -> None:
        sentence = "{f} is not JSON that can be read: its numbers or its nesting are beyond all sense"
        self.refuse("[" * 200_000, sentence)
        self.refuse_text("1001.0", "9" * 10_000, sentence)

    def test_files_of_other_programs(self) -> None:
        self.refuse("[]", "{f} holds no JSON object, so it is no result file of `assay bench --json`")
        self.refuse("{}", "{f} has no list `benchmarks`, so it is no result file of `assay bench --json`")
        self.refuse(
            '{"benchmarks": {}}', "{f} has no list `benchmarks`, so it is no result file of `assay bench --json`"
        )
        self.refuse(
            {"context": {"date": "x"}, "benchmarks": [{"name": "BM_x", "real_time": 1}]},
            "{f} does not say its schema (`context.assay.schema`), so it was not written by `assay bench --json`",
        )

    def test_files_of_verify(self) -> None:
        made = examples.document()
        made["checks"] = made.pop("benchmarks")
        self.refuse(
            made, "{f} was written by `assay verify`, which takes no times: compare files of `assay bench --json`"
        )

    def test_another_schema(self) -> None:
        for schema, shown in ((2, "2"), ("1", "1"), (None, "null"), (True, "true")):
            self.refuse(
                examples.document(schema=schema),
                f"{{f}} has schema {shown}, but this reads schema 1: "
                "use the scripts/compare of the version that wrote it, or measure again",
            )

    def test_the_context(self) -> None:
        self.refuse(
            examples.document(partial="yes"), "{f}: `context.assay.partial` is yes, but it must be true or false"
        )
        for floor, shown in ((-0.1, "-0.1"), ("1%", "1%"), (True, "true")):
            self.refuse(
                examples.document(aa_floor=floor),
                f"{{f}}: `context.assay.aa_floor` is {shown}, but it must be a number from 0 on",
            )

    def test_rows(self) -> None:
        for bad in (7, {}, {"name": ""}, {"name": 3}):
            self.refuse(examples.document(examples.row("a"), bad), "{f}: row 1 of `benchmarks` has no name")
        self.refuse(
            examples.document(examples.row("a", verdict="FINE")),
            "{f}: a has the verdict FINE, but there are PASSED, FAILED, INVALID, MISTRUSTED, UNSUPPORTED, UNAVAILABLE",
        )

    def test_duplicate_rows(self) -> None:
        self.refuse(examples.document(examples.row("a"), examples.row("a")), "{f} has two rows called a")
        cold = examples.row("a", cache="cold")
        self.refuse(examples.document(cold, examples.row("a"), cold), "{f} has two rows called a (cold)")

    def test_samples(self) -> None:
        row = examples.row("a")
        del row["samples_ns"]
        self.refuse(examples.document(row), "{f}: a PASSED, but has no list `samples_ns`")
        self.refuse(examples.document(examples.row("a", samples_ns=12)), "{f}: a PASSED, but has no list `samples_ns`")
        self.refuse(examples.document(examples.row("a", [])), "{f}: a PASSED, but its `samples_ns` is empty")

    def test_rounds(self) -> None:
        for rounds in ([1, 1], [5, -2], [3.0], [True, 2], 3, "3", [10**400]):
            with self.subTest(rounds=rounds):
                text = rounds if isinstance(rounds, str) else json.dumps(rounds)
                self.refuse(
                    examples.document(examples.row("a", [1.0, 2.0, 3.0], rounds=rounds)),
                    f"{{f}}: a has the rounds {text if len(text) <= 100 else text[:100] + '…'}, but they must be "
                    "counts that add up to its 3 samples",
                )

    def test_sampled_truth(self) -> None:
        sampled = {"axis": "B", "slices": 3, "of": 129}
        for entry, expected in (({}, None), ({"sampled": None}, None), ({"sampled": sampled}, Sampled("B", 3, 129))):
            (row,) = self.read(examples.document(examples.row("a", **entry))).rows.values()
            self.assertEqual(row.sampled, expected)
        for wrong in (
            "some",
            [3, 129],
            {},
            {"axis": "B", "slices": 3},
            sampled | {"axis": 2},
            sampled | {"slices": 0},
            sampled | {"slices": 129},
            sampled | {"slices": True},
            sampled | {"of": 129.5},
        ):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(UserError, "a has the `sampled` .*, but it must name"):
                self.read(examples.document(examples.row("a", sampled=wrong)))

    def test_one_sample(self) -> None:
        self.refuse_sample("fast", "is fast, which is no finite number")
        self.refuse_sample(None, "is null, which is no finite number")
        self.refuse_sample(True, "is true, which is no finite number")
        self.refuse_sample([1], "is [1], which is no finite number")
        self.refuse_sample(10**400, "is 1" + 99 * "0" + "…, which is no finite number")
        self.refuse_sample(0, "is 0 ns, but a time is more than 0")
        self.refuse_sample(-0.0, "is -0 ns, but a time is more than 0")
        self.refuse_sample(-3.5, "is -3.5 ns, but a time is more than 0")
        self.refuse_sample(1e300, "is 1e+300 ns, but a time lies between 1e-06 and 1e+18 ns")
        self.refuse_sample(5e-324, "is 4.94066e-324 ns, but a time lies between 1e-06 and 1e+18 ns")

    def test_a_number_too_large_for_a_float(self) -> None:
        """No literal of its own, but Python reads infinity."""
        self.refuse_text("1001.0", "1e999", "{f}: op/c/b/f32/1: sample 1 is Infinity, which is no finite number")


if __name__ == "__main__":
    unittest.main()
