"""A derivation as a document, before any format has a say: sections of prose and equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from symntk.rendering.mathematics.layout import EQUALS, Layout


@dataclass(frozen=True, slots=True)
class Math:
    """Mathematics within a sentence."""

    layout: Layout


@dataclass(frozen=True, slots=True)
class Cite:
    """A citation: the key of a work in `symntk.sources`, with a place in it or without."""

    key: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """The number of an equation, written (3)."""

    number: int


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Words that name a rule or introduce a term."""

    text: str


Piece: TypeAlias = str | Math | Cite | Reference | Emphasis
Prose: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    pieces: Prose


@dataclass(frozen=True, slots=True)
class Line:
    """``left`` = ``right``; ``number`` is its number on the page, None for none."""

    left: Layout
    right: Layout
    number: int | None = None
    relation: Layout = EQUALS
    remark: Layout | None = None


@dataclass(frozen=True, slots=True)
class Display:
    """Displayed equations, aligned at their relations."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``label`` is the letter before each number, as in A1, A2; none for plain points."""

    items: tuple[Prose, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below ``heads``; ``sides`` is l or r for each column, where its cells align."""

    heads: tuple[str, ...]
    sides: str
    rows: tuple[tuple[Prose, ...], ...]


Block: TypeAlias = Paragraph | Display | Items | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole derivation, or a table and what it says.

    title: that of a document; heading: a short one, for a section of somebody's paper; none where
        it is to be no section of its own.
    cited: the keys of its sources in order of appearance.
    """

    title: Prose
    heading: str
    opening: tuple[Block, ...]
    sections: tuple[Section, ...]
    cited: tuple[str, ...]
