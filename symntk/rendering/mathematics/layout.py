"""Typeset mathematics, free of any output language.

A layout is a small tree of boxes.  It is made once from a SymPy expression, where all questions of
order, brackets and fractions are settled, and then written as LaTeX, plain text or MathML, each by
a writer that knows these few classes only.  Characters are Unicode; a writer translates them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Style: TypeAlias = Literal[
    "number",
    "italic",
    "upright",
    "bold",
    "script",
    "blackboard",
    "operator",
    "binary",
    "relation",
    "punctuation",
    "words",
]


@dataclass(frozen=True, slots=True)
class Atom:
    """One sign, name or number; ``style`` says how it is set and spaced.

    italic: a variable.  upright: a constant or a name of many letters.  script, blackboard, bold:
    a letter of that alphabet.  operator: the name of a function.  binary, relation, punctuation:
    signs between things.  words: text inside mathematics.
    """

    text: str
    style: Style = "italic"


@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side: a product, an application, a relation."""

    parts: tuple[Layout, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms with their signs, ``"+"`` or ``"−"``; the first sign is written when it is minus."""

    terms: tuple[tuple[str, Layout], ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """``above`` over ``below``; a numerical one beside large things is small."""

    above: Layout
    below: Layout


@dataclass(frozen=True, slots=True)
class Root:
    """The root of ``inside``, square where ``degree`` is None."""

    inside: Layout
    degree: Layout | None = None


@dataclass(frozen=True, slots=True)
class Scripts:
    """``base`` with something raised or lowered, or both."""

    base: Layout
    above: Layout | None = None
    below: Layout | None = None


@dataclass(frozen=True, slots=True)
class Fence:
    """``inside`` between brackets that grow with it."""

    inside: Layout
    left: str = "("
    right: str = ")"


@dataclass(frozen=True, slots=True)
class Apply:
    """A function and the brackets with its arguments, or the one that opens them on this line."""

    function: Layout
    arguments: Fence | Bracket


@dataclass(frozen=True, slots=True)
class Bracket:
    """One bracket whose partner is on another line; as high as ``partner`` is."""

    text: str
    side: Literal["left", "right"]
    partner: Layout


@dataclass(frozen=True, slots=True)
class Dotted:
    """``base`` with a dot over it."""

    base: Layout


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in round brackets, small within a line or large in a display."""

    rows: tuple[tuple[Layout, ...], ...]
    large: bool = False


@dataclass(frozen=True, slots=True)
class Cases:
    """A definition by cases: (value, condition) pairs; an empty condition reads "otherwise"."""

    rows: tuple[tuple[Layout, Layout | None], ...]


@dataclass(frozen=True, slots=True)
class Space:
    """A wide gap, between two formulas on one line."""


Layout: TypeAlias = (
    Atom
    | Row
    | Sum
    | Fraction
    | Root
    | Scripts
    | Fence
    | Apply
    | Bracket
    | Dotted
    | Matrix
    | Cases
    | Space
)


def row(*parts: Layout) -> Layout:
    """``parts`` side by side; nested rows are merged, and a row of one is its part."""
    flat: list[Layout] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Row) else (part,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def is_tall(layout: Layout) -> bool:
    """Whether the box is higher than a line of text, so that its brackets must grow."""
    match layout:
        case Fraction() | Cases():
            return True
        case Matrix(large=large):
            return large
        case Atom() | Space() | Bracket():
            return layout == Atom("∫", "operator")
        case Row(parts):
            return any(map(is_tall, parts))
        case Sum(terms):
            return any(is_tall(term) for _, term in terms)
        case Fence(inside) | Root(inside):
            return is_tall(inside)
        case Apply(function, arguments):
            return is_tall(function) or is_tall(arguments)
        case Scripts(base, above, below):
            return any(is_tall(part) for part in (base, above, below) if part is not None)
        case Dotted(base):
            return is_tall(base)


EQUALS = Atom("=", "relation")
COMMA = Atom(",", "punctuation")


def separated(parts: list[Layout], separator: Layout = COMMA) -> Layout:
    """``parts`` with a separator between them."""
    mixed: list[Layout] = []
    for part in parts:
        mixed += [part, separator]
    return row(*mixed[:-1])
