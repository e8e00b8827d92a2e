"""Tokens of the formulas in a model file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from symntk.errors import SyntaxProblem

MAX_LENGTH = 20_000
"""Longest formula that is read, in characters."""


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text from ``start`` up to ``end``."""

    kind: Kind
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<operator>\*\*|[-+*/@(),=:])"
    r"|(?P<space>\s+)"
)

_ADVICE = {
    "^": "write z * z for a square of the coordinates, 2**3 for a power of numbers",
    "[": "there is no indexing; give every weight a name of its own",
    "{": "write round brackets, (...)",
    "|": "write abs(z) for the absolute value",
    "\u2212": "this is a typographic minus sign: write '-'",
    "\u00b7": "write '*' for a product",
    "\u2299": "write '*' for a product",
    "\u2218": "write '*' for a product, relu(tanh(z)) for a composition",
}


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of ``text``, closed by one END token; SyntaxProblem where there is none."""
    if len(text) > MAX_LENGTH:
        raise SyntaxProblem(
            text[:60], 60, f"the formula has {len(text)} characters; at most {MAX_LENGTH}"
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            character = text[position]
            advice = _ADVICE.get(character, "it has no meaning in a formula; remove it")
            raise SyntaxProblem(text, position, f"unexpected character {character!r}: {advice}")
        if match.lastgroup != "space":
            tokens.append(Token(Kind(match.lastgroup), match.group(), match.start(), match.end()))
        position = match.end()
    return (*tokens, Token(Kind.END, "", len(text), len(text)))
