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
class Text(Part):
    """A text in quotes, the name of a choice, such as "valid"."""

    text: str


@dataclass(frozen=True, slots=True)
class Several(Part):
    """(first, second, ...), such as the sizes (3, 2) of a window."""

    parts: tuple[Tree, ...]


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
class Index(Part):
    """base[index]"""

    base: Tree
    index: Tree


@dataclass(frozen=True, slots=True)
class Attribute(Part):
    """base.name, which only stands before a call: h.sum()"""

    base: Tree
    name: Name


@dataclass(frozen=True, slots=True)
class Lambda(Part):
    """lambda argument, ...: body"""

    arguments: tuple[Name, ...]
    body: Tree


Tree: TypeAlias = (
    Number
    | Name
    | Text
    | Several
    | Negative
    | Chain
    | MatrixProduct
    | Power
    | Call
    | Index
    | Attribute
    | Lambda
)
