#!/usr/bin/env python3
"""Our safetensors reader against the format's own, the package safetensors, on thousands of files, most of them wrong.

    safetensors_differential_test.py VERDICTS [--files N] [--seed N] [--keep DIR]

VERDICTS is the program of safetensors_verdicts.cpp. Both readers must accept the same files and find the same in them,
but for the differences in PERMITTED, each of which must occur: a rule that nothing exercises is no rule.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable

SOURCE_TREE = pathlib.Path(__file__).resolve().parent.parent


def import_upstream():
    """The package `safetensors`: this Python's, or else .venv's, as which the script then starts again."""
    try:
        import numpy  # safe_open's framework
        import safetensors
    except ImportError:
        python = SOURCE_TREE / ".venv" / "bin" / "python"
        if python.exists() and pathlib.Path(sys.prefix) != SOURCE_TREE / ".venv":
            os.execv(python, [str(python), *sys.argv])
        sys.exit("the Python packages safetensors and numpy are missing: run scripts/setup")
    del numpy
    return safetensors


DTYPES = {"BOOL": 1, "U8": 1, "I32": 4, "I64": 8, "F32": 4, "F64": 8}
OTHER_DTYPES = {
    "I8": 1,
    "F8_E5M2": 1,
    "F8_E4M3": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "U64": 8,
}
LARGEST_EXTENT = 2**48
LARGEST_RANK = 8

# ---- making files ----


@dataclasses.dataclass
class Entry:
    """A tensor in a header. Everything is text as it stands there, so that any of it can be wrong."""

    name: str
    dtype: str
    shape: str
    offsets: str
    fields: list[str] | None = None  # in place of the three
    value: str | None = None  # in place of the object

    def text(self) -> str:
        if self.value is not None:
            return f"{self.name}:{self.value}"
        fields = self.fields or [f'"dtype":{self.dtype}', f'"shape":{self.shape}', f'"data_offsets":{self.offsets}']
        return f"{self.name}:{{{','.join(fields)}}}"


@dataclasses.dataclass
class File:
    entries: list[Entry]
    metadata: list[str]  # whole members, '"__metadata__":{…}'
    data: bytes
    before: bytes = b""  # around the JSON object, inside the header
    after: bytes = b""
    length: Callable[[int], int] = lambda true: true

    def bytes(self) -> bytes:
        header = "{" + ",".join(self.metadata + [entry.text() for entry in self.entries]) + "}"
        # Names may hold lone surrogates, which stand for bytes that are no UTF-8.
        text = self.before + header.encode("utf-8", "surrogateescape") + self.after
        return struct.pack("<Q", self.length(len(text)) % 2**64) + text + self.data


def valid_file(rng: random.Random) -> File:
    """A file that both readers accept, unless it has a dtype that only upstream knows."""
    entries, data = [], b""
    names = rng.sample(
        ["a", "b", "in.x", "out.y", "größe", "\\u0061b", "\\ud83d\\ude00", 'a\\"b', "..", "x/y", "..a"],
        rng.randint(0, 5),
    )
    for name in names:
        dtype = rng.choice(list(OTHER_DTYPES)) if rng.random() < 0.02 else rng.choice(list(DTYPES))
        shape = [rng.choice([0, 1, 1, 2, 2, 3]) for _ in range(rng.randint(0, 4))]
        size = (DTYPES | OTHER_DTYPES)[dtype]
        for extent in shape:
            size *= extent
        own = bytes(rng.randrange(2 if dtype == "BOOL" else 256) for _ in range(size))
        entries.append(Entry(f'"{name}"', f'"{dtype}"', json.dumps(shape), f"[{len(data)},{len(data) + size}]"))
        data += own
    rng.shuffle(entries)
    metadata = ["{}", '{"k":"v","":""}', '{"\\u0000":"\\ud83d\\ude00"}']
    return File(entries, [f'"__metadata__":{rng.choice(metadata)}'] if rng.random() < 0.5 else [], data)


def some_entry(file: File, rng: random.Random) -> Entry:
    """Any entry of the file, which gets one first if it has none."""
    if not file.entries:
        file.entries.append(Entry('"a"', '"U8"', "[0]", f"[{len(file.data)},{len(file.data)}]"))
    return rng.choice(file.entries)


def add_empty(file: File, name: str, shape: str = "[0]") -> None:
    """Another tensor without elements, at the end."""
    file.entries.append(Entry(name, '"U8"', shape, f"[{len(file.data)},{len(file.data)}]"))


def duplicate_name(file: File, rng: random.Random) -> None:
    add_empty(file, '"twice"', rng.choice(["[0]", "[0]", "[2]"]))
    add_empty(file, rng.choice(['"twice"', '"\\u0074wice"']))


def duplicate_metadata_key(file: File, rng: random.Random) -> None:
    file.metadata = [rng.choice(['"__metadata__":{"k":"1","k":"2"}', '"__metadata__":{"k":"1","\\u006b":"1"}'])]


def odd_metadata(file: File, rng: random.Random) -> None:
    value = rng.choice(
        [
            "null",
            "[]",
            "7",
            '"x"',
            '{"k":null}',
            '{"k":1}',
            '{"k":{}}',
            '{"k":["v"]}',
            '{"k":true}',
            "{}",
            '{"k":"\\ud800"}',
        ]
    )
    file.metadata = [f'"__metadata__":{value}']
    if rng.random() < 0.2:
        file.metadata.append(rng.choice(['"__metadata__":{}', '"\\u005f_metadata__":{}']))


def odd_name(file: File, rng: random.Random) -> None:
    add_empty(
        file,
        rng.choice(
            [
                '""',
                '"\\u0000"',
                '"a\\u0000b"',
                '"../a"',
                '"a/../b"',
                '"..\\/"',
                '"\\ud800"',
                '"\\x"',
                '"a\nb"',
                "a",
                "'a'",
                '"\udcff"',
                '"\udced\udca0\udc80"',
                '"\u2028"',
            ]
        ),
    )


def odd_field(file: File, rng: random.Random) -> None:
    entry = some_entry(file, rng)
    fields = [f'"dtype":{entry.dtype}', f'"shape":{entry.shape}', f'"data_offsets":{entry.offsets}']
    kind = rng.randrange(5)
    if kind == 0:
        fields.pop(rng.randrange(3))
    elif kind == 1:
        fields.append(rng.choice(fields))
    elif kind == 2:
        fields.append(rng.choice(['"stride":[1]', '"":null', '"Dtype":"F32"', '"x":{"y":[1,{"z":1e5}]}']))
    elif kind == 3:
        fields.append('"deep":' + "[" * 200 + "]" * 200)
    else:
        fields = [field.replace('"shape"', '"\\u0073hape"') for field in fields]
    rng.shuffle(fields)
    entry.fields = fields


def odd_entry(file: File, rng: random.Random) -> None:
    entry = some_entry(file, rng)
    entry.value = rng.choice(
        [
            "null",
            "7",
            '"x"',
            "{}",
            "[]",
            "true",
            f"[{entry.dtype},{entry.shape},{entry.offsets}]",
            f"[{entry.dtype},{entry.shape},{entry.offsets},null]",
            f"[{entry.dtype},{entry.shape}]",
        ]
    )


def odd_dtype(file: File, rng: random.Random) -> None:
    some_entry(file, rng).dtype = rng.choice(
        [
            '"F99"',
            '"f32"',
            '"F32 "',
            '""',
            "null",
            "32",
            '["F32"]',
            '{"F32":null}',
            '{"F32":{}}',
            '"BF16"',
            '"I32"',
            '"\\u004632"',
            '"F4"',
            '"C64"',
        ]
    )


def odd_shape(file: File, rng: random.Random) -> None:
    entry = some_entry(file, rng)
    extents = json.loads(entry.shape) if entry.shape.startswith("[") else []
    kind = rng.randrange(4)
    if kind == 0:
        entry.shape = rng.choice(
            [
                "1",
                "null",
                '"1"',
                "{}",
                "[-1]",
                "[-0]",
                "[1.0]",
                "[1e0]",
                "[1e400]",
                '["1"]',
                "[null]",
                "[true]",
                "[[1]]",
                "[01]",
                "[1,]",
                "[18446744073709551615]",
                "[18446744073709551616]",
                "[4294967296,4294967296]",
                f"[{LARGEST_EXTENT}]",
            ]
        )
    elif kind == 1:
        entry.shape = json.dumps(extents + [1] * rng.randint(1, 9))
    elif kind == 2:
        add_empty(
            file,
            '"huge"',
            rng.choice(
                [
                    f"[0,{LARGEST_EXTENT}]",
                    f"[0,{LARGEST_EXTENT + 1}]",
                    "[0,18446744073709551615]",
                    f"[{LARGEST_EXTENT + 1},0]",
                    f"[0,{LARGEST_EXTENT},65536]",
                    f"[{LARGEST_EXTENT},65536,0]",
                    f"[{LARGEST_EXTENT},0,65536]",
                    "[4294967296,2147483648,0]",
                    "[0,4294967296,2147483648]",
                ]
            ),
        )
    else:
        entry.shape = json.dumps(extents + [rng.choice([0, 2])])


def odd_offsets(file: File, rng: random.Random) -> None:
    entry = some_entry(file, rng)
    begin, end = (json.loads(entry.offsets) + [0, 0])[:2] if entry.offsets.startswith("[") else (0, 0)
    entry.offsets = rng.choice(
        [
            f"[{begin + 1},{end + 1}]",
            f"[{begin},{end + 1}]",
            f"[{end},{begin}]",
            f"[{begin}]",
            f"[{begin},{end},{end}]",
            "[]",
            "null",
            "0",
            '"0"',
            f"[{begin}.0,{end}]",
            f'["{begin}",{end}]',
            f"[-1,{end}]",
            f"[{2**64 - 4},{2**64 - 1}]",
            f"[{2**64},{2**64}]",
            f"[0,{end}]",
            f"[{begin},18446744073709551615]",
            f'{{"begin":{begin},"end":{end}}}',
            f"[ {begin} , {end} ]",
        ]
    )


def odd_data(file: File, rng: random.Random) -> None:
    kind = rng.randrange(4)
    if kind == 0:
        file.data += rng.choice([b"\0", b"xyz"])
    elif kind == 1:
        file.data = file.data[: -rng.randint(1, 3)]
    elif kind == 2 and len(file.entries) > 1:
        file.entries.pop(rng.randrange(len(file.entries)))
    else:
        file.entries.append(Entry('"flag"', '"BOOL"', "[2]", f"[{len(file.data)},{len(file.data) + 2}]"))
        file.data += bytes([1, rng.choice([0, 1, 2, 255])])


def odd_length(file: File, rng: random.Random) -> None:
    change = rng.choice([-1, 1, 8, -8, 1000, 2**32, 2**63])
    absolute = rng.choice([None, None, 0, 1, 2, 100_000_000, 100_000_001, 2**64 - 1])
    file.length = lambda true: true + change if absolute is None else absolute


def odd_surroundings(file: File, rng: random.Random) -> None:
    file.before = rng.choice([b"", b"", b" ", b"\n\t\r ", b"\0", b"\xef\xbb\xbf", b"//x\n", b"[", b"\x0b"])
    file.after = rng.choice([b"", b" ", b"\r\n\t", b"   \0", b"\0", b"}", b"{}", b"x", b",", b"\xff", b"]"])


FAULTS = [
    duplicate_name,
    duplicate_metadata_key,
    odd_metadata,
    odd_name,
    odd_field,
    odd_entry,
    odd_dtype,
    odd_shape,
    odd_offsets,
    odd_data,
    odd_length,
    odd_surroundings,
]


TELLING_BYTES = b'\0"{}[],:019-. \\\xff\xc2'


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, and in half of the cases the header's length set right again."""
    changed = bytearray(content)
    data_size = max(len(content) - 8 - struct.unpack("<Q", content[:8])[0], 0)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(changed) + 1) if rng.random() < 0.3 else rng.randint(8, max(8, len(changed)))
        kind = rng.randrange(4)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed.insert(at, rng.choice(TELLING_BYTES))
        elif kind == 2:
            del changed[at : at + rng.choice([1, 1, 2, 5])]
        elif at < len(changed):
            changed[at] = rng.randrange(256)
    if rng.random() < 0.5 and len(changed) >= 8 + data_size:
        changed[:8] = struct.pack("<Q", len(changed) - 8 - data_size)
    return bytes(changed)


def make_file(rng: random.Random) -> bytes:
    if rng.random() < 0.005:
        return rng.choice(
            [b"", b"\0" * 7, b"\0" * 8, b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"]
        )
    file = valid_file(rng)
    for fault in rng.sample(FAULTS, rng.choice([0, 1, 1, 1, 1, 2])):
        fault(file, rng)
    content = file.bytes()
    return mutated(content, rng) if rng.random() < 0.3 else content


# ---- asking both readers ----


@dataclasses.dataclass
class Verdict:
    accepted: bool
    message: str = ""
    metadata: dict | None = None
    tensors: dict | None = None  # name -> [dtype, shape, data in hexadecimal]


def as_read_here(dtype: str, shape: list[int], data: bytes) -> list:
    """I32 become I64, with the same values."""
    if dtype == "I32":
        numbers = struct.unpack(f"<{len(data) // 4}i", data)
        dtype, data = "I64", struct.pack(f"<{len(numbers)}q", *numbers)
    return [dtype, shape, data.hex()]


def upstream_verdict(safetensors, content: bytes, path: pathlib.Path) -> Verdict:
    try:
        tensors = {
            name: as_read_here(info["dtype"], list(info["shape"]), bytes(info["data"]))
            for name, info in safetensors.deserialize(content)
        }
        with safetensors.safe_open(path, framework="np") as opened:  # deserialize leaves out the metadata
            metadata = opened.metadata() or {}
            names = set(opened.keys())
    except safetensors.SafetensorError as error:
        return Verdict(False, str(error))
    if names != set(tensors):
        raise AssertionError(f"upstream's two readers find different tensors: {names} and {set(tensors)}")
    return Verdict(True, metadata=metadata, tensors=tensors)


def our_verdicts(program: str, paths: list[pathlib.Path]) -> list[Verdict]:
    done = subprocess.run(
        [program], input="".join(f"{path}\n" for path in paths), stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    lines = done.stdout.split("\n")[:-1]
    if done.returncode != 0 or len(lines) != len(paths):
        culprit = paths[min(len(lines), len(paths) - 1)]
        sys.exit(f"{program} ended with {done.returncode} after {len(lines)} of {len(paths)} files, at {culprit}")
    verdicts = []
    for path, line in zip(paths, lines, strict=True):
        kind, _, rest = line.partition(" ")
        if kind == "ACCEPT":
            verdicts.append(Verdict(True, **json.loads(rest)))
        else:
            verdicts.append(Verdict(False, rest.removeprefix(str(path)).lstrip(", ")))
    return verdicts


# ---- the differences that are permitted ----


class Header:
    """A header that upstream accepts, duplicates and all: objects are lists of pairs."""

    def __init__(self, content: bytes):
        length = struct.unpack("<Q", content[:8])[0]
        self.text = content[8 : 8 + length]
        self.data = content[8 + length :]
        self.members = json.loads(self.text.decode("utf-8"), object_pairs_hook=tuple)

    def entries(self):
        return [(name, value) for name, value in self.members if name != "__metadata__"]

    def metadata(self):
        return [value for name, value in self.members if name == "__metadata__"]

    def infos(self):
        """(dtype, shape, offsets) of every tensor, objects and arrays alike."""
        for _, value in self.entries():
            if isinstance(value, list):
                yield tuple(value[:3])
            else:
                fields = dict(value)
                yield fields["dtype"], fields["shape"], fields["data_offsets"]


def repeats(values) -> bool:
    counts = collections.Counter(values)
    return any(count > 1 for count in counts.values())


def product_of_nonzero(shape: list[int]) -> int:
    product = 1
    for extent in shape:
        product *= extent or 1
    return product


def has_bad_bool(header: Header) -> bool:
    return any(
        dtype == "BOOL" and max(header.data[begin:end], default=0) > 1 for dtype, _, (begin, end) in header.infos()
    )


@dataclasses.dataclass
class Permitted:
    """We refuse what upstream accepts. Both our message and the file itself must show the reason.

    Upstream never accepts what we refuse for another reason, and never refuses what we accept: it, too, takes leading
    whitespace in the header, which the format's description rules out.
    """

    reason: str
    message: str  # a regular expression, searched for
    holds: Callable[[Header, str], bool]  # of the header and our message


def is_of_a_duplicate(header: Header, message: str) -> bool:
    """Whether the message is about a tensor whose name appears twice."""
    counts = collections.Counter(name for name, _ in header.entries())
    quoted = ('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name, count in counts.items() if count > 1)
    return any(f"tensor {name}: " in message for name in quoted)


PERMITTED = [
    Permitted(
        "duplicate tensor name", r"the name appears twice$", lambda h, _: repeats(name for name, _ in h.entries())
    ),
    Permitted(
        "duplicate metadata key",
        r"the metadata key .* appears twice$",
        lambda h, _: any(repeats(key for key, _ in value) for value in h.metadata() if value),
    ),
    Permitted(
        "unknown field of an entry",
        r"the field .* is not one of dtype, shape and data_offsets$",
        lambda h, _: any(
            {key for key, _ in value} - {"dtype", "shape", "data_offsets"}
            for _, value in h.entries()
            if not isinstance(value, list)
        ),
    ),
    Permitted(
        "__metadata__: null", r"__metadata__ must be an object of strings, not null$", lambda h, _: None in h.metadata()
    ),
    Permitted("empty name", r"a tensor's name is empty$", lambda h, _: "" in dict(h.entries())),
    Permitted("name with NUL", r"the name contains NUL$", lambda h, _: any("\0" in name for name, _ in h.entries())),
    Permitted(
        "name with ../", r'the name contains "\.\./"$', lambda h, _: any("../" in name for name, _ in h.entries())
    ),
    Permitted("BOOL other than 0 and 1", r"a BOOL element is \d+, neither 0 nor 1$", lambda h, _: has_bad_bool(h)),
    Permitted(
        "dtype we do not offer",
        r"the dtype .* is not one of BOOL, U8, I32, I64, F32 and F64$",
        lambda h, _: any(dtype not in DTYPES for dtype, _, _ in h.infos()),
    ),
    Permitted(
        "rank above 8",
        r"the shape has more than 8 dimensions$",
        lambda h, _: any(len(shape) > LARGEST_RANK for _, shape, _ in h.infos()),
    ),
    Permitted(
        "dimension above 2^48 beside a zero",
        r"the dimension \d+ is more than 2\^48 = 281474976710656$",
        lambda h, _: any(0 in shape and max(shape) > LARGEST_EXTENT for _, shape, _ in h.infos()),
    ),
    Permitted(
        "overflow hidden by a zero",
        r"the elements of shape .* are too many to count$",
        lambda h, _: any(0 in shape and product_of_nonzero(shape) > (2**63 - 1) // 8 for _, shape, _ in h.infos()),
    ),
    # serde reads an enumeration's value also from an object that has it as its only key.
    Permitted(
        "dtype in the form of an object",
        r"dtype must be a string, not an object$",
        lambda h, _: any(isinstance(dtype, tuple) for dtype, _, _ in h.infos()),
    ),
    Permitted(
        "entry in the form of an array",
        r"the entry must be an object with dtype, shape and data_offsets, not an array$",
        lambda h, _: any(isinstance(value, list) for _, value in h.entries()),
    ),
    # Upstream keeps the last tensor of a name and never looks at what the others say of shape and data.
    Permitted("fault in a tensor that a duplicate replaces", r", tensor \"", is_of_a_duplicate),
]


def difference(content: bytes, ours: Verdict, upstream: Verdict) -> str | None:
    """None where both agree, a permitted reason, or what is wrong: a sentence that starts with '!'."""
    if ours.accepted and upstream.accepted:
        if ours.metadata != upstream.metadata:
            return f"! metadata differ: {ours.metadata} and {upstream.metadata}"
        return None if ours.tensors == upstream.tensors else f"! tensors differ: {ours.tensors} and {upstream.tensors}"
    if ours.accepted == upstream.accepted:
        return None
    if ours.accepted:
        return f"! only ours accepts it; upstream: {upstream.message}"
    header = Header(content)
    for permitted in PERMITTED:
        if re.search(permitted.message, ours.message) and permitted.holds(header, ours.message):
            return permitted.reason
    return f"! only upstream accepts it; ours: {ours.message}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares our safetensors reader with the package of that name.")
    parser.add_argument("verdicts", help="the program safetensors_verdicts")
    parser.add_argument("--files", type=int, default=10000, help="how many to make (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the files (default: 0)")
    parser.add_argument(
        "--keep", type=pathlib.Path, help="a folder to leave files in that differ otherwise than permitted"
    )
    options = parser.parse_args()
    safetensors = import_upstream()

    rng = random.Random(options.seed)
    contents = [make_file(rng) for _ in range(options.files)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / f"{i}.safetensors" for i in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        ours = our_verdicts(options.verdicts, paths)
        upstream = [upstream_verdict(safetensors, content, path) for content, path in zip(contents, paths, strict=True)]

    agreed, reasons, wrong = collections.Counter(), collections.Counter(), []
    for number, (content, own, other) in enumerate(zip(contents, ours, upstream, strict=True)):
        found = difference(content, own, other)
        if found is None:
            agreed["accepted" if own.accepted else "refused"] += 1
        elif found.startswith("!"):
            wrong.append((number, found))
        else:
            reasons[found] += 1

    print(f"safetensors {safetensors.__version__}: {len(contents)} files compared, seed {options.seed}")
    print(
        f"{agreed.total():6} agreed: {agreed['accepted']} accepted with the same contents, {agreed['refused']} refused"
    )
    print(f"{reasons.total():6} differed as permitted:")
    expected = [permitted.reason for permitted in PERMITTED]
    for reason in expected:
        print(f"{reasons[reason]:12} {reason}")
    for number, found in wrong[:20]:
        print(f"file {number}: {found[2:]}\n    {contents[number]!r}", file=sys.stderr)
        if options.keep:
            (options.keep / f"{number}.safetensors").write_bytes(contents[number])
    idle = [reason for reason in expected if reasons[reason] == 0]
    if wrong:
        print(f"{len(wrong)} files differ otherwise than permitted", file=sys.stderr)
    if idle:
        print(f"permitted differences that never occurred: {', '.join(idle)}", file=sys.stderr)
    if min(agreed["accepted"], agreed["refused"]) == 0:
        print("the files test too little: some must be accepted and some refused", file=sys.stderr)
        return 1
    return 1 if wrong or idle else 0


if __name__ == "__main__":
    sys.exit(main())
