"""What the two small languages share: tokens, a place among them, and errors that point.

The syntax of activations and the formulas of model files are read by recursive descent, never
evaluated; a `Language` says in what their tokens differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from symntk.errors import SyntaxProblem

_NUMBER = r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text from ``start`` up to ``end``."""

    kind: Kind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Language:
    """The alphabet of a language and its limits.

    text: what a text in it is called; place: where a stray character stands.
    names, operators, texts: regular expressions of the tokens of these kinds; texts in quotes are
        no part of a language that does not say so.
    advice: what to write instead of a character that a reader may try.
    max_length, max_nesting: in characters, and in brackets and signs; ``simpler`` says what to do.
    """

    text: str
    place: str
    names: str
    operators: str
    advice: Mapping[str, str]
    max_length: int
    max_nesting: int
    simpler: str
    texts: str = r"(?!)"

    def tokenize(self, text: str) -> tuple[Token, ...]:
        """The tokens of ``text``, closed by one END token.

        Raises SyntaxProblem at the first character that starts no token, or when ``text`` is
        longer than ``max_length``.
        """
        if len(text) > self.max_length:
            problem = f"the {self.text} has {len(text)} characters; at most {self.max_length}"
            raise SyntaxProblem(text[:60], 60, problem)
        pattern = re.compile(
            rf"{_NUMBER}|(?P<name>{self.names})|(?P<text>{self.texts})"
            rf"|(?P<operator>{self.operators})|(?P<space>\s+)"
        )
        tokens: list[Token] = []
        position = 0
        while position < len(text):
            match = pattern.match(text, position)
            if match is None:
                character = text[position]
                other = f"it has no meaning in {self.place}; remove it"
                advice = self.advice.get(character, other)
                problem = f"unexpected character {character!r}: {advice}"
                raise SyntaxProblem(text, position, problem)
            if match.lastgroup != "space":
                kind = Kind(match.lastgroup)
                tokens.append(Token(kind, match.group(), match.start(), match.end()))
            position = match.end()
        return (*tokens, Token(Kind.END, "", len(text), len(text)))


class Reader:
    """The tokens of a text and a place among them; a grammar adds its rules as methods."""

    language: Language

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self.language.tokenize(text)
        self.index = 0
        self.nesting = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.index]

    @property
    def end(self) -> int:
        """Where the last token ended."""
        return self.tokens[self.index - 1].end

    def problem(self, message: str, position: int | None = None) -> SyntaxProblem:
        """An error at a position, by default that of the next token."""
        where = self.token.start if position is None else position
        return SyntaxProblem(self.text, where, message)

    def accept(self, *operators: str) -> Token | None:
        """The next token, passed over, where it is one of the operators."""
        token = self.token
        if token.kind is Kind.OPERATOR and token.text in operators:
            self.index += 1
            return token
        return None

    def expect(self, operator: str, opened: Token, wanted: str) -> None:
        """Pass over an operator that closes what ``opened`` opened, where ``wanted`` may stand."""
        if self.accept(operator) is not None:
            return
        if self.token.kind is Kind.END:
            raise self.problem(f"the bracket is never closed: add '{operator}'", opened.start)
        raise self.unexpected(wanted)

    def expect_end(self) -> None:
        """Refuse anything that is left."""
        if self.token.kind is not Kind.END:
            raise self.unexpected("an operator")

    def unexpected(self, wanted: str) -> SyntaxProblem:
        """The error that the next token is not what the grammar wants."""
        token = self.token
        if token.kind is Kind.END:
            return self.problem(f"the {self.language.text} stops too early; expected {wanted}")
        before = self.tokens[self.index - 1] if self.index else None
        if token.text == ")":
            advice = "remove this bracket or open it first"
        else:
            advice = self.advice(token, before)
        tail = f"; {advice}" if advice else ""
        return self.problem(f"expected {wanted}, found '{token.text}'{tail}")

    def advice(self, token: Token, before: Token | None) -> str:
        """What to write instead of a token that does not fit behind the one before."""
        raise NotImplementedError

    def enter(self) -> None:
        """One level deeper."""
        self.nesting += 1
        if self.nesting > self.language.max_nesting:
            depth, simpler = self.language.max_nesting, self.language.simpler
            raise self.problem(f"nested more than {depth} deep; {simpler}")

    def leave(self) -> None:
        """One level back."""
        self.nesting -= 1
