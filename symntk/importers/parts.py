"""Parts of a formula that need no vectors: numbers, choices, and where an error happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sympy as sp

from symntk.activations import parse_activation
from symntk.activations.vocabulary import FUNCTIONS, SEVERAL
from symntk.errors import GraphError, SyntaxProblem, UsageError
from symntk.importers.excerpt import excerpt
from symntk.importers.scope import Located, Scope
from symntk.importers.tree import (
    Call,
    Chain,
    Name,
    Negative,
    Number,
    Part,
    Power,
    Several,
    Text,
    Tree,
)

SCALARS = (*FUNCTIONS, *SEVERAL)
"""Functions of numbers, as in ``sqrt(2) * z``."""

MAX_DIGITS = 9
"""Longest whole number: of repeated blocks, of positions."""

T = TypeVar("T")


class Parts:
    """The text of a formula, what its names mean, and how its parts are read."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope

    # problems

    def problem(self, part: Part, message: str) -> SyntaxProblem:
        """An error that points at ``part``."""
        return SyntaxProblem(self.text, part.start, message)

    def at(self, part: Part, build: Callable[..., T], *arguments: object, **options: object) -> T:
        """``build(...)``, its errors told where they happened."""
        try:
            return build(*arguments, **options)
        except Located:
            raise
        except GraphError as error:
            text, position = excerpt(self.text, part.start)
            raise Located(f"{error}\n    {text}\n    {' ' * position}^") from error
        except UsageError as error:
            raise self.problem(part, str(error)) from error

    def read(self, read: Callable[[str], T], start: Part, end: Part) -> T:
        """The text from one part to another, read by another grammar."""
        try:
            return read(self.text[start.start : end.end])
        except SyntaxProblem as error:
            position = start.start + error.position
            raise SyntaxProblem(self.text, position, error.problem) from error
        except UsageError as error:
            raise self.problem(start, str(error)) from error

    # numbers

    def is_number(self, tree: Tree) -> bool:
        """Whether the part is made of numbers alone."""
        match tree:
            case Number():
                return True
            case Name(text=name):
                return name == "pi" and name not in self.scope
            case Negative(operand=operand):
                return self.is_number(operand)
            case Chain():
                return all(map(self.is_number, tree.parts))
            case Power(base=base, exponent=exponent):
                return self.is_number(base) and self.is_number(exponent)
            case Call(function=Name(text=name), arguments=arguments, keywords=()):
                return name in SCALARS and all(map(self.is_number, arguments))
            case _:
                return False

    def number(self, start: Part, end: Part) -> sp.Expr:
        """The number that stands from one part to another, exactly."""
        return self.read(parse_activation, start, end)

    def single_number(self, tree: Tree, what: str) -> sp.Expr:
        """The number that a part is."""
        if not self.is_number(tree):
            raise self.problem(tree, f"{what} must be a number")
        return self.number(tree, tree)

    def whole(self, tree: Tree, what: str) -> int:
        """The whole number that a part is."""
        sign, digits = 1, tree
        if isinstance(tree, Negative):
            sign, digits = -1, tree.operand
        text = self.text[digits.start : digits.end].strip("()+ ")
        if not isinstance(digits, Number) or not text.isdecimal():
            raise self.problem(tree, f"{what} must be a whole number")
        if len(text) > MAX_DIGITS:
            raise self.problem(tree, f"at most {MAX_DIGITS} digits")
        return sign * int(text)

    def size(self, tree: Tree, what: str) -> int | tuple[int, ...]:
        """A whole number, or one for each axis: (3, 2)."""
        if isinstance(tree, Several):
            return tuple(self.whole(part, what) for part in tree.parts)
        return self.whole(tree, what)

    def count(self, tree: Tree) -> sp.Expr:
        """A number of blocks: whole numbers and letters, added, subtracted and multiplied."""
        match tree:
            case Number() if self.text[tree.start : tree.end].isdecimal():
                return sp.Integer(self.whole(tree, "the number of blocks"))
            case Name(text=name):
                return sp.Symbol(name, integer=True, positive=True)
            case Negative(operand=operand):
                return -self.count(operand)
            case Chain(first=first, rest=rest) if all(sign != "/" for sign, _ in rest):
                value = self.count(first)
                for sign, part in rest:
                    other = self.count(part)
                    value = value * other if sign == "*" else value + int(f"{sign}1") * other
                return value
            case _:
                raise self.problem(
                    tree, "the number of blocks is a whole number or a letter, such as L - 1"
                )

    # choices

    def choice(self, tree: Tree, what: str) -> str:
        """A text in quotes."""
        if not isinstance(tree, Text):
            raise self.problem(tree, f'{what} is a text in quotes, such as "valid"')
        return tree.text
