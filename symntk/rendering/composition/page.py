"""What the sections of one document share: the reading, the numbering and the citations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import sympy as sp

from symntk.derivation import Derivation
from symntk.rendering.document import Cite, Display, Emphasis, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import (
    COMMA,
    EQUALS,
    Atom,
    Layout,
    Row,
    row,
    separated,
)
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.network import Network
from symntk.rendering.notation import NotationProfile
from symntk.rendering.reading.activations import Functions, functions
from symntk.rendering.reading.layers import NotLayered, read_layers
from symntk.rendering.reading.reading import Reading, Statement
from symntk.rendering.reading.vectors import read_vectors
from symntk.trace import Step


@dataclass
class Page:
    """The state of a document while it is written."""

    derivation: Derivation
    typeset: Typesetter
    functions: Functions
    reading: Reading
    cited: dict[str, None] = field(default_factory=dict)
    numbered: int = 0
    explained: set[str] = field(default_factory=set)
    numbers: dict[object, int] = field(default_factory=dict)

    @classmethod
    def of(cls, derivation: Derivation, profile: NotationProfile) -> Page:
        """An empty page for a derivation: as layers where it is a chain of them."""
        named = functions(derivation)
        typeset = Typesetter(profile, _dimensions(derivation))
        reading: Reading
        try:
            reading = read_layers(derivation, named, typeset)
        except NotLayered:
            reading = read_vectors(derivation, named, typeset)
        return cls(derivation, typeset, named, reading)

    @cached_property
    def network(self) -> Network:
        """The network's formulas."""
        return Network(self.derivation, self.functions, self.typeset, self.reading.vectors)

    def math(self, expression: sp.Basic) -> Math:
        """``expression`` within a sentence."""
        return Math(self.typeset(expression))

    def cite(self, source: str) -> Cite:
        """A citation of ``key`` or ``key:place``."""
        key, _, place = source.partition(":")
        self.cited[key] = None
        return Cite(key, place)

    def number(self, about: object = None) -> int:
        """The next equation's number, remembered under what the equation is about."""
        self.numbered += 1
        if about is not None:
            self.numbers.setdefault(about, self.numbered)
        return self.numbered

    def line(self, left: Layout, right: Layout, about: object = None) -> Line:
        """A numbered equation."""
        return Line(left, right, self.number(about))

    def statement(self, statement: Statement) -> Line:
        """A statement as a numbered equation, with the layers that it holds for."""
        line = self.line(self.typeset(statement.left), self.typeset(statement.right), statement.left)
        if statement.span is None:
            return line
        return replace(line, remark=self.range(*statement.span))

    def range(self, index: sp.Symbol, first: sp.Expr, last: sp.Expr) -> Layout:
        """l = 1, ..., L - 1."""
        if first == last:
            return row(self.typeset(index), EQUALS, self.typeset(first))
        middle = [] if last == first + 1 else [Atom("…", "upright")]
        ends = [self.typeset(first), *middle, self.typeset.layer(last)]
        return row(self.typeset(index), EQUALS, separated(ends, COMMA))

    def justify(self, steps: tuple[Step, ...]) -> Paragraph | None:
        """The rules of ``steps`` that were not explained before, each with reason and source."""
        pieces: list[Piece] = []
        for step in steps:
            if step.rule in self.explained or not step.reason:
                continue
            self.explained.add(step.rule)
            if pieces:
                pieces.append(" ")
            pieces += [Emphasis(_capitalised(step.rule) + "."), " ", *self.reason(step, True)]
        return Paragraph(tuple(pieces)) if pieces else None

    def reason(self, step: Step, sentence: bool = False) -> list[Piece]:
        """A step's reason and source; as a sentence or as a clause."""
        pieces: list[Piece] = []
        for part in step.reason:
            pieces.append(part if isinstance(part, str) else self.math(part))
        if sentence and pieces and isinstance(pieces[0], str):
            pieces[0] = _capitalised(pieces[0])
        if step.source:
            pieces += [" ", self.cite(step.source)]
        return [*pieces, "."] if sentence else pieces

    def explained_statements(self, statements: tuple[Statement, ...]) -> list[Paragraph | Display]:
        """Statements as equations, each new rule explained before its first use."""
        blocks: list[Paragraph | Display] = []
        lines: list[Line] = []
        for statement in statements:
            paragraph = self.justify(statement.steps)
            if paragraph is not None:
                if lines:
                    blocks.append(Display(tuple(lines)))
                    lines = []
                blocks.append(paragraph)
            lines.append(self.statement(statement))
        if lines:
            blocks.append(Display(tuple(lines)))
        return blocks


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _dimensions(derivation: Derivation) -> dict[str, Layout]:
    """The length of each input: its number, or d; d_x where there are several."""
    inputs = derivation.graph.inputs
    found: dict[str, Layout] = {}
    for node in inputs:
        label = str(node["name"])
        if isinstance(node.width, int):
            found[label] = Atom(str(node.width), "number")
        else:
            found[label] = Atom("d") if len(inputs) == 1 else name(f"d_{label}")
    return found


def bare(kernel: Kernel) -> Kernel:
    """A kernel without its arguments."""
    return Kernel(kernel.letter, kernel.layer, kernel.vector, "")


def is_long(layout: Layout) -> bool:
    """Whether a formula should be displayed rather than stand in a sentence."""
    return isinstance(layout, Row) and len(layout.parts) > 12
