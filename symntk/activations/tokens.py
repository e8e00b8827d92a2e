"""Tokens of the activation syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from symntk.errors import SyntaxProblem

MAX_LENGTH = 2000
"""Longest text that is read, in characters."""


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text and the position of its first character."""

    kind: Kind
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|[-+*/()<>=,])"
    r"|(?P<space>[ \t\r\n]+)"
)

_ADVICE = {
    "^": "'^' is not a power here: write x**2 for the square of x",
    "[": "square brackets are not used: write round ones, (...)",
    "{": "braces are not used: write round brackets, (...)",
    "|": "write abs(x) for the absolute value",
    "&": "combine conditions by nesting: where(x > 0, where(x < 1, a, b), c)",
    "!": "there is no factorial or negation: write the number, or swap the values of where()",
    "%": "there is no remainder or percent sign: write the number itself",
    "\u2212": "this is a typographic minus sign: write '-'",
    "\u00d7": "write '*' for a product",
    "\u00b7": "write '*' for a product",
    "\u03c0": "write pi",
    "\u03a6": "write Phi(x) for the normal CDF",
}


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of ``text``, closed by one END token.

    Raises SyntaxProblem at the first character that starts no token, or when ``text`` is longer
    than ``MAX_LENGTH``.
    """
    if len(text) > MAX_LENGTH:
        raise SyntaxProblem(
            text[:60], 60, f"the expression has {len(text)} characters; at most {MAX_LENGTH}"
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            character = text[position]
            advice = _ADVICE.get(character, "it has no meaning in an activation; remove it")
            raise SyntaxProblem(text, position, f"unexpected character {character!r}: {advice}")
        if match.lastgroup != "space":
            tokens.append(Token(Kind(match.lastgroup), match.group(), position))
        position = match.end()
    return (*tokens, Token(Kind.END, "", len(text)))
