"""What a formula says, before any name has a meaning.  Every part knows where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a formula: the text from ``start`` up to ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Part):
    """A number, such as 0.5."""


@dataclass(frozen=True, slots=True)
class Name(Part):
    """A name."""

    text: str


@dataclass(frozen=True, slots=True)
class Negative(Part):
    """-operand"""

    operand: Tree


@dataclass(frozen=True, slots=True)
class Chain(Part):
    """first op second op third ...: sums (+ and -), or products (* and /)."""

    first: Tree
    rest: tuple[tuple[str, Tree], ...]

    @property
    def is_sum(self) -> bool:
        """Whether it is a sum, and not a product."""
        return self.rest[0][0] in "+-"

    @property
    def parts(self) -> tuple[Tree, ...]:
        """Its terms, or factors."""
        return (self.first, *(part for _, part in self.rest))


@dataclass(frozen=True, slots=True)
class MatrixProduct(Part):
    """left @ right"""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Power(Part):
    """base ** exponent"""

    base: Tree
    exponent: Tree


@dataclass(frozen=True, slots=True)
class Call(Part):
    """function(arguments, keyword=value)"""

    function: Tree
    arguments: tuple[Tree, ...]
    keywords: tuple[tuple[Name, Tree], ...]


@dataclass(frozen=True, slots=True)
class Lambda(Part):
    """lambda argument: body"""

    argument: Name
    body: Tree


Tree: TypeAlias = Number | Name | Negative | Chain | MatrixProduct | Power | Call | Lambda
