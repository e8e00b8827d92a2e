"""Entries of a document, each of which knows its place for the sake of errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

import sympy as sp

from symntk.activations import parse_activation
from symntk.errors import AssumptionError, GraphError, SymntkError, SyntaxProblem
from symntk.importers.excerpt import excerpt
from symntk.importers.scope import Located


@dataclass(frozen=True, slots=True)
class Entry:
    """A value in the document ``source``; ``path`` leads to it, as in ``weights.W.std``."""

    source: str
    path: str
    value: object

    def problem(self, message: str) -> GraphError:
        """An error that names the entry."""
        return Located(f"{self.place}: {message}")

    @property
    def place(self) -> str:
        """Where the entry stands, for an error."""
        return f"{self.source}: {self.path}" if self.path else self.source

    def placed(self, error: SymntkError) -> SymntkError:
        """``error`` with the entry's place in front, unless it already names one."""
        if isinstance(error, SyntaxProblem):
            if error.problem.startswith(f"{self.source}: "):
                return error
            text, position = excerpt(error.text, error.position)
            return SyntaxProblem(text, position, f"{self.place}: {error.problem}")
        if isinstance(error, AssumptionError):
            if error.node.startswith(f"{self.source}: "):
                return error
            node = f"{self.place}: {error.node}"
            return AssumptionError(node, error.assumption, error.suggestion)
        return error if str(error).startswith(f"{self.source}: ") else self.problem(str(error))

    def mapping(self, known: Collection[str] = ()) -> dict[str, Entry]:
        """The entries by their keys, in order; with ``known``, no other keys are allowed."""
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise self.problem(f"this must be a mapping of names, not {_kind(self.value)}")
        entries = {}
        for key, value in self.value.items():
            if not isinstance(key, str):
                raise self.problem(f"the key {key!r} is no text: put it in quotes")
            if known and key not in known:
                raise self.problem(f"unknown key '{key}'{_advice(key, known)}")
            path = f"{self.path}.{key}" if self.path else key
            entries[key] = Entry(self.source, path, value)
        return entries

    def text(self) -> str:
        """The entry as text."""
        if not isinstance(self.value, str):
            raise self.problem(f"this must be text, not {_kind(self.value)}")
        return self.value

    def truth(self) -> bool:
        """The entry as true or false."""
        if not isinstance(self.value, bool):
            raise self.problem(f"this must be true or false, not {_kind(self.value)}")
        return self.value

    def whole(self) -> int:
        """The entry as a whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.problem(f"this must be a whole number, not {_kind(self.value)}")
        return self.value

    def wholes(self) -> tuple[int, ...]:
        """The entry as a list of whole numbers."""
        if not isinstance(self.value, list):
            raise self.problem(f"this must be a list of whole numbers, not {_kind(self.value)}")
        return tuple(Entry(self.source, self.path, value).whole() for value in self.value)

    def number(self) -> sp.Expr:
        """The entry as an exact number: a number, or text such as ``sqrt(2)`` or ``3/2``."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal | str):
            raise self.problem(
                f"this must be a number, or text such as sqrt(2), not {_kind(self.value)}"
            )
        try:
            number = parse_activation(str(self.value))
        except SyntaxProblem as error:
            raise self.placed(error) from error
        if number.free_symbols:
            raise self.problem(f"this must be a number, not a formula in x: {self.value}")
        return number


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool() | int() | float() | Decimal():
            return str(value).lower()
        case str():
            return f"the text {value!r}"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def _advice(key: str, known: Collection[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f": did you mean '{close[0]}'?" if close else f"; the keys are {', '.join(known)}"
