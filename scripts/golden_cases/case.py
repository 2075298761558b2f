"""What a golden case is, and how it becomes the bytes of a safetensors file.

The file is written here rather than by the safetensors package because that package orders the metadata keys by a
randomly seeded hash: two recordings of one case would differ. The package is still asked to read every file back.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from .errors import RecordingError

Array = np.ndarray

SAFETENSORS_DTYPES = {"bool": "BOOL", "uint8": "U8", "int64": "I64", "float32": "F32", "float64": "F64"}
CASE_NAME = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class GoldenCase:
    """One file `<operator>/<case>.safetensors`: what went into a framework and what came out of it.

    `inputs`, `outputs` and `outputs64` are named as the operator names them, without the `in.`, `out.` and `out64.` of
    the file. `outputs64` (the same formula in float64) is empty for exact and judged operators. `dtype` is the
    operator's own dtype, needed only where the inputs are not float32.
    """

    operator: str
    case: str
    params: dict[str, Any]
    source: str
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    outputs64: dict[str, Array] = field(default_factory=dict)
    dtype: str | None = None

    @property
    def path(self) -> str:
        """The file's place under the golden folder."""
        return f"{self.operator}/{self.case}.safetensors"

    def metadata(self) -> dict[str, str]:
        """The file's `__metadata__`: strings only."""
        entries = {
            "assay.format": "1",
            "operator": self.operator,
            "case": self.case,
            "params": json.dumps(self.params, sort_keys=True),
            "source": self.source,
        }
        return entries if self.dtype is None else entries | {"dtype": self.dtype}

    def tensors(self) -> dict[str, Array]:
        """All tensors under their names in the file."""
        groups = {"in": self.inputs, "out": self.outputs, "out64": self.outputs64}
        return {f"{group}.{name}": array for group, arrays in groups.items() for name, array in arrays.items()}

    def to_bytes(self) -> bytes:
        """The safetensors file, the same bytes for the same case on every run."""
        if not CASE_NAME.fullmatch(self.case):
            raise RecordingError(f"{self.path}: the case name may hold only letters, digits, '_', '.' and '-'.")
        data = encode_safetensors(self.tensors(), self.metadata())
        self._check_readable(data)
        return data

    def _check_readable(self, data: bytes) -> None:
        """The safetensors package must read back exactly what was meant, bit for bit."""
        expected, read = self.tensors(), safetensors.numpy.load(data)
        same_names = set(read) == set(expected)
        if not same_names or any(identity(read[name]) != identity(expected[name]) for name in expected):
            raise RecordingError(f"{self.path}: the safetensors package reads back something else than was written.")


def identity(array: Array) -> tuple[str, tuple[int, ...], bytes]:
    """What makes two arrays the same down to the bits, NaN payloads and signs of zero included."""
    return str(array.dtype), array.shape, array.tobytes()


def encode_safetensors(tensors: dict[str, Array], metadata: dict[str, str]) -> bytes:
    """A safetensors file: 8 bytes of header length, a JSON header with sorted keys, then the tensors without gaps.

    Tensors are laid out by falling element size, then by name, so that each one is aligned to its element: the header
    is padded to a multiple of 8, and no element is larger than that.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    chunks: list[bytes] = []
    offset = 0
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        # '<' makes the bytes little-endian whatever the machine; row-major is tobytes' own default.
        chunk = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": SAFETENSORS_DTYPES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(chunk)],
        }
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def numpy_of(tensor: torch.Tensor) -> Array:
    """The tensor's values as a dense row-major array, cut off from autograd."""
    array = tensor.detach().cpu().numpy()
    return np.ascontiguousarray(array).reshape(array.shape)  # numpy makes a vector of a scalar


def package(name: str) -> str:
    """`name` with its installed version, without the local part: the CPU and CUDA wheels of torch compute alike."""
    return f"{name} {version(name).split('+')[0]}"


def source_note(*parts: str) -> str:
    """The `source` entry: framework and file first, then torch's version, then how the inputs were made."""
    framework, *rest = parts
    return "; ".join([framework, package("torch"), *rest])


def generator(seed: int) -> np.random.Generator:
    """The seeded generator of a case. Philox is counter-based: its stream is the same on every machine."""
    return np.random.Generator(np.random.Philox(seed))


def philox(seed: int) -> str:
    """How `generator(seed)` is called in a `source` entry."""
    return f"seeded numpy Philox, seed {seed}"
