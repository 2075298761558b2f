"""Splits C++ into tokens, with where each stands and whether a mutant may change it.

It is no parser. It relies on how clang-format writes this project: a binary operator has a space on both sides, and the
brackets of a template have none inside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATTERN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<preprocessor>(?<![^\n])[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<string>R"(?P<fence>[^()\s]*)\(.*?\)(?P=fence)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+')
  | (?P<number>(?:0[xX][0-9a-fA-F'.]+(?:[pP][+-]?[0-9]+)?
               |(?:[0-9][0-9']*\.?[0-9']*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[a-zA-Z]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<operator><=>|<<=|>>=|\.\.\.|->|::|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A name, number or operator; comments, strings and preprocessor lines are left out."""

    kind: str  # name, number, operator
    text: str
    start: int  # offset into the text
    line: int  # from 1
    column: int  # from 1, in characters
    spaced_before: bool
    spaced_after: bool
    fixed: bool = False  # within template brackets, static_assert, attributes or a using declaration: never changed

    @property
    def is_binary(self) -> bool:
        return self.spaced_before and self.spaced_after


def tokenize(text: str) -> list[Token]:
    """The tokens in order. Those that no mutant may change are marked."""
    tokens: list[Token] = []
    line, line_start, seen = 1, 0, 0
    for match in _PATTERN.finditer(text):
        line += text.count("\n", seen, match.start())
        line_start = text.rfind("\n", 0, match.start()) + 1
        seen = match.start()
        if match.lastgroup in ("name", "number", "operator"):
            start, end = match.span()
            before, after = text[start - 1 : start] or " ", text[end : end + 1] or " "
            column = start - line_start + 1
            tokens.append(Token(match.lastgroup, match[0], start, line, column, before.isspace(), after.isspace()))
    return _mark_fixed(tokens)


def _mark_fixed(tokens: list[Token]) -> list[Token]:
    fixed: set[int] = set()
    for i, token in enumerate(tokens):
        if token.text == "static_assert" or token.text == "alignas":
            fixed.update(range(i, _closing(tokens, i + 1, "(", ")") + 1))
        elif token.text == "[" and i + 1 < len(tokens) and tokens[i + 1].text == "[":
            fixed.update(range(i, _closing(tokens, i, "[", "]") + 1))
        elif token.text == "using":
            fixed.update(range(i, _first(tokens, i, ";") + 1))
        elif token.text == "<" and _opens_template(tokens, i):
            fixed.update(range(i, _closing_angle(tokens, i) + 1))
    return [Token(**{**vars(token), "fixed": True}) if i in fixed else token for i, token in enumerate(tokens)]


def _opens_template(tokens: list[Token], i: int) -> bool:
    return not tokens[i].is_binary and i > 0 and tokens[i - 1].kind == "name"


def _closing(tokens: list[Token], start: int, opening: str, closing: str) -> int:
    """The index of what closes the bracket at `start`; the last token if nothing does."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i].text == opening) - (tokens[i].text == closing)
        if depth == 0:
            return i
    return len(tokens) - 1


def _closing_angle(tokens: list[Token], start: int) -> int:
    """Like _closing, for template brackets, where >> closes two. Gives up at the end of a statement."""
    depth = 0
    for i in range(start, len(tokens)):
        token = tokens[i]
        if token.text in (";", "{"):
            return start
        if token.text == "<" and not token.is_binary:
            depth += 1
        elif token.text in (">", ">>") and not token.is_binary:
            depth -= len(token.text)
        if depth <= 0:
            return i
    return start


def _first(tokens: list[Token], start: int, text: str) -> int:
    return next((i for i in range(start, len(tokens)) if tokens[i].text == text), len(tokens) - 1)
