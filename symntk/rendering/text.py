"""Plain text for a terminal of 80 columns, in Unicode or, for old terminals, in ASCII."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from symntk.rendering.document import (
    Block,
    Cite,
    Display,
    Document,
    Emphasis,
    Items,
    Line,
    Math,
    Paragraph,
    Prose,
    Reference,
    Table,
)
from symntk.rendering.mathematics.breaking import break_lines
from symntk.rendering.mathematics.layout import Layout, Scripts
from symntk.rendering.mathematics.names import printable
from symntk.rendering.mathematics.plain import ascii_only, plain, width
from symntk.rendering.works import fields
from symntk.sources import SOURCES

COLUMNS = 79
_INDENT = "    "
_GAP = "  "
_NO_BREAK = "\u00a0"


def render_text(document: Document, standalone: bool = False, ascii: bool = False) -> str:
    """Plain text for a terminal, 79 columns wide.

    ``ascii``: no character outside ASCII.  Text is always whole; ``standalone`` changes nothing.
    """
    writer = _Writer(document, ascii)
    return writer.whole()


class _Writer:
    def __init__(self, document: Document, ascii: bool) -> None:
        self.document, self.ascii = document, ascii

    def whole(self) -> str:
        """The whole document."""
        parts = [self.heading(self.prose(self.document.title), "=")]
        parts += map(self.block, self.document.opening)
        for number, section in enumerate(self.document.sections, 1):
            parts.append(self.heading(f"{number}  {section.title}", "-"))
            parts += map(self.block, section.blocks)
        if self.document.cited:
            parts.append(self.heading("References", "-"))
        parts += [
            self.wrapped(f"[{n}] {SOURCES[key].short}. {_title(key)}", hanging=4)
            for n, key in enumerate(self.document.cited, 1)
        ]
        text = "\n\n".join(parts) + "\n"
        return text.replace(_NO_BREAK, " ")

    def heading(self, title: str, line: str) -> str:
        """A title and a line below it."""
        lines = textwrap.wrap(title.replace(_NO_BREAK, " "), COLUMNS)
        return "\n".join([*lines, line * max(map(width, lines))])

    def block(self, block: Block) -> str:
        """One block; formulas are indented."""
        match block:
            case Paragraph(pieces):
                return self.wrapped(self.prose(pieces))
            case Display(lines):
                return "\n".join(self.equation(line) for line in lines)
            case Items(items, label):
                points = (f"({label}{n})" if label else "-" for n in range(1, len(items) + 1))
                return "\n".join(
                    self.wrapped(f"{point} {self.prose(item)}", hanging=len(point) + 1)
                    for point, item in zip(points, items, strict=True)
                )
            case Table(heads, sides, rows):
                cells = [[self.prose(cell) for cell in row] for row in rows]
                return "\n".join(aligned([self.words(head) for head in heads], cells, sides))

    def wrapped(self, text: str, hanging: int = 0) -> str:
        """``text`` in lines of the terminal's width."""
        wrapper = textwrap.TextWrapper(
            COLUMNS, subsequent_indent=" " * hanging, break_long_words=False, break_on_hyphens=False
        )
        return "\n".join(wrapper.wrap(text))

    def prose(self, pieces: Prose) -> str:
        """Running text; a formula is not broken across lines where it is short."""
        text = ""
        for piece in pieces:
            match piece:
                case str():
                    text += self.words(piece)
                case Math(layout):
                    formula = self.math(layout)
                    short = width(formula) < COLUMNS // 2
                    text += formula.replace(" ", _NO_BREAK) if short else formula
                case Cite(key, place):
                    number = list(self.document.cited).index(key) + 1
                    text += f"[{number}{', ' + place if place else ''}]"
                case Reference(number):
                    text += f"({number})"
                case Emphasis(inside):
                    text += self.words(inside)
        return text

    def words(self, text: str) -> str:
        """Text without control characters, in ASCII if need be."""
        return ascii_only(printable(text)) if self.ascii else printable(text)

    def math(self, layout: Layout) -> str:
        """A formula on one line."""
        return plain(layout, self.ascii).strip()

    def equation(self, line: Line) -> str:
        """An equation with its number at the right margin, broken where it is too long."""
        tag = f"({line.number})" if line.number is not None else ""
        if isinstance(line.relation, Scripts) and line.relation.above is not None:
            tag = f"[{self.math(line.relation.above)}] {tag}"
        left = f"{self.math(line.left)} {plain(line.relation, self.ascii).strip()} "
        room = COLUMNS - len(_INDENT)
        start = room - width(left)
        needed = width(self.math(line.right)) + len(tag) + 2
        if start < room // 3 or start < needed <= room - 4:
            lines = [left.rstrip()]
            start = room - 4
            lines += self.broken(line.right, start - len(tag) - 2, start - len(tag) - 2)
            lines[1:] = [_INDENT + text for text in lines[1:]]
        else:
            lines = self.broken(line.right, room - len(tag) - 10, start - len(tag) - 2)
            lines = [left + lines[0], *(" " * 8 + text for text in lines[1:])]
        if line.remark is not None:
            remark = self.math(line.remark)
            if width(lines[-1]) + width(remark) + len(tag) + 6 <= room:
                lines[-1] += f"    {remark}"
            else:
                lines.append(" " * 8 + remark)
        gap = room - width(lines[-1]) - len(tag)
        lines[-1] += " " * max(gap, 1) + tag if tag else ""
        return "\n".join((_INDENT + text).rstrip() for text in lines)

    def broken(self, layout: Layout, room: int, first: int) -> list[str]:
        """A formula in lines of at most ``room`` columns."""
        parts = break_lines(layout, room, lambda part: width(self.math(part)), first=first)
        found: list[str] = []
        for text in map(self.math, parts):
            found += _folded(text, room if found else first)
        return found


def _folded(text: str, room: int) -> list[str]:
    """A formula that no rule of mathematics breaks: a matrix after its rows, others at spaces."""
    if width(text) <= room:
        return [text]
    head, mark, tail = text.partition("; ")
    if mark and width(head) < room:
        return [head + ";", *_folded(tail, room)]
    wrapped = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return wrapped or [text]


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """The lines of a table no wider than the terminal: what is too wide wraps within its column."""
    widths = [max(map(width, column)) for column in zip(heads, *rows, strict=True)]
    wide = max(range(len(widths)), key=lambda column: (sides[column] == "l", widths[column]))
    spare = COLUMNS - sum(widths) - len(_GAP) * (len(widths) - 1)
    widths[wide] = max(width(heads[wide]), widths[wide] + min(spare, 0))
    lines = [line for row in (heads, *rows) for line in _lines_of(row, widths, sides)]
    top = len(list(_lines_of(heads, widths, sides)))
    return [*lines[:top], "-" * max(map(width, lines)), *lines[top:]]


def _lines_of(row: Sequence[str], widths: Sequence[int], sides: str) -> Iterator[str]:
    """A row of a table: several lines where a cell is too wide for its column."""
    cells = [_folded(cell, room) for cell, room in zip(row, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        spaces = (" " * (room - width(part)) for part, room in zip(parts, widths, strict=True))
        triples = zip(parts, spaces, sides, strict=True)
        padded = (space + part if side == "r" else part + space for part, space, side in triples)
        yield _GAP.join(padded).rstrip()


def _title(key: str) -> str:
    return fields(SOURCES[key]).get("title", "").replace("{", "").replace("}", "") + "."
