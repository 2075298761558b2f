"""Mutants of C++ sources: copies in which one token is another one. Which ones a text has is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tokens import Token, tokenize

# Operators between two operands, and the one that takes the place of each.
BINARY = {
    **{"+": "-", "-": "+", "*": "/", "/": "*", "%": "/"},
    **{"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
    **{"&&": "||", "||": "&&", "|": "&", "&": "|", "^": "|", "<<": ">>", ">>": "<<"},
    **{"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|="},
}
STEPS = {"++": "--", "--": "++"}
WORDS = {"true": "false", "false": "true"}
LIMITS = {"min": "max", "max": "min"}  # after ::
ENDS = {"begin": "end", "end": "begin", "front": "back", "back": "front"}  # after . or ->

# What a minus or an exclamation mark stands behind where it has one operand.
_BEFORE_OPERAND = frozenset("( [ { , ; = ? : + - * / % < > <= >= == != && || ! += -= *= /= return".split())

# A float constant is multiplied by 1 + 2⁻⁸: a coefficient that is wrong by so little must be seen.
_FLOAT_FACTOR = "1.00390625"


@dataclass(frozen=True)
class Mutant:
    """One token of one file, and what stands there instead."""

    file: str  # from the root of the source tree
    line: int
    column: int
    start: int  # offset into the text
    old: str
    new: str
    kind: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.old} → {self.new or 'nothing'}"

    def apply(self, text: str) -> str:
        """The whole file with the token exchanged."""
        end = self.start + len(self.old)
        if text[self.start : end] != self.old:
            raise ValueError(f"{self.name} does not fit the text")
        return text[: self.start] + self.new + text[end:]


def mutants_of(file: str, text: str) -> list[Mutant]:
    """All mutants of a file, in the order of the text."""
    tokens = tokenize(text)
    made = []
    for i, token in enumerate(tokens):
        if token.fixed:
            continue
        before = tokens[i - 1].text if i > 0 else ";"
        for kind, new in _changes(token, before):
            made.append(Mutant(file, token.line, token.column, token.start, token.text, new, kind))
    return made


def _changes(token: Token, before: str) -> Iterator[tuple[str, str]]:
    if token.kind == "number":
        yield from _other_numbers(token.text)
    elif token.kind == "name":
        yield from _other_names(token.text, before)
    elif token.text in STEPS:
        yield "step", STEPS[token.text]
    elif token.is_binary and token.text in BINARY:
        yield "operator", BINARY[token.text]
    elif token.text in ("-", "!") and not token.spaced_after and before in _BEFORE_OPERAND:
        yield "sign", ""


def _other_names(text: str, before: str) -> Iterator[tuple[str, str]]:
    if text in WORDS:
        yield "constant", WORDS[text]
    elif text in LIMITS and before == "::":
        yield "limit", LIMITS[text]
    elif text in ENDS and before in (".", "->"):
        yield "end", ENDS[text]


def _other_numbers(text: str) -> Iterator[tuple[str, str]]:
    digits = re.fullmatch(r"(0[xX][0-9a-fA-F']+|[0-9][0-9']*)([uUlLzZ]*)", text)
    if digits is None:
        suffix = re.search(r"[fFlL]?$", text)[0] if "p" in text.lower() or "x" not in text.lower() else ""
        value = text[: len(text) - len(suffix)]
        is_zero = not re.search("[1-9a-fA-F]", value.lower().removeprefix("0x").split("p")[0].split("e")[0])
        yield "float", f"1.0{suffix}" if is_zero else f"({text} * {_FLOAT_FACTOR}{suffix})"
        return
    value, suffix = int(digits[1].replace("'", ""), 0 if "x" in text.lower() else 10), digits[2]
    yield "integer", f"{value + 1}{suffix}"
    yield "integer", f"{value - 1}{suffix}" if value > 0 else f"(-1{suffix})"
