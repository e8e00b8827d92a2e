"""The Gaussian expectations of the activation, derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sympy as sp

from symntk.gaussian import Expectation, Moment
from symntk.gaussian.symbols import c, q1, q2, u, v
from symntk.rendering.composition.page import Page
from symntk.rendering.composition.rules import title
from symntk.rendering.composition.shorthand import shorthands
from symntk.rendering.document import Block, Display, Emphasis, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Dual
from symntk.rendering.mathematics.layout import (
    COMMA,
    Apply,
    Atom,
    Fence,
    Matrix,
    Scripts,
    row,
    separated,
)
from symntk.trace import Step


def dual_activation(page: Page) -> list[Block]:
    """The section."""
    pairs = [moment for moment in page.derivation.moments.values() if moment.g is not None]
    wanted = [moment for moment in pairs if page.functions.names(moment)]
    wanted.sort(key=lambda moment: page.functions.dual(moment).orders)
    if not wanted:
        return []
    blocks = list(_definition(page, wanted))
    page.shorthands = shorthands(_expressions(wanted), page.typeset)
    return [*blocks, *_introduction(page), *_derivation(page, wanted)]


def _expressions(moments: list[Moment]) -> Iterator[sp.Basic]:
    """Everything that the derivation of the moments will show."""
    pending = [step for moment in moments for step in moment.steps]
    while pending:
        step = pending.pop()
        if step.substeps:
            pending += step.substeps
        else:
            yield from (step.before, step.after)


def _introduction(page: Page) -> Iterator[Block]:
    """What the short-hands stand for."""
    if page.shorthands:
        yield Paragraph(("It is shorter to write",))
        yield Display(
            tuple(Line(page.typeset(s), page.typeset(e)) for e, s in page.shorthands.items())
        )


def _definition(page: Page, moments: list[Moment]) -> Iterator[Block]:
    typeset = page.typeset
    matrix = Matrix(
        ((typeset(q1), typeset(c)), (typeset(c), typeset(q2))),
    )
    law = row(
        Fence(separated([typeset(u), typeset(v)])),
        Atom("∼", "relation"),
        Apply(Atom("N", "script"), Fence(row(Atom("0", "number"), COMMA, matrix))),
    )
    yield Paragraph(
        ("The expectations above are functions of a covariance. For ", Math(law), " let")
    )
    lines = [page.line(typeset(page.functions.dual(m)), typeset(_named(page, m))) for m in moments]
    yield Display(tuple(lines))


def _named(page: Page, moment: Moment) -> sp.Expr:
    return page.functions.in_expectations(moment.expectation)


@dataclass
class _Telling:
    """Steps as prose and displays; nothing is told twice."""

    page: Page
    heads: dict[sp.Expr, Dual]
    blocks: list[Block] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    laws: list[tuple[sp.Expr, ...]] = field(default_factory=list)
    told: set[tuple[sp.Basic, sp.Basic]] = field(default_factory=set)
    explained: set[object] = field(default_factory=set)

    def tell(self, step: Step) -> None:
        """One step, or in its place the steps that it consists of."""
        if (step.before, step.after) in self.told:
            return
        self.told.add((step.before, step.after))
        if step.substeps:
            for substep in step.substeps:
                self.tell(substep)
            return
        if step.before == step.after:
            self.flush()
            self.blocks.append(self._unchanged(step))
            return
        reason = (step.rule, step.reason)
        if reason not in self.explained:
            self.explained.add(reason)
            self.flush()
            self.blocks.append(Paragraph(self._sentence(step)))
        self.lines.append(self._line(step))

    def _unchanged(self, step: Step) -> Paragraph:
        """An expectation that no rule reduces."""
        head = self.page.math(self.heads.get(step.before, step.before))
        reason, again = self._reason(step), "no closed form" in self.explained
        self.explained.add("no closed form")
        if again:
            more: list[Piece] = ["Nor is there a closed form of ", head, *reason[1:], "."]
            return Paragraph(tuple(more))
        pieces: list[Piece] = ["There is no closed form of ", head, ": ", *reason]
        return Paragraph((*pieces, ". It stays an expectation in the formulas below."))

    def _reason(self, step: Step) -> list[Piece]:
        return [p if isinstance(p, str) else self.page.math(p) for p in step.reason]

    def _sentence(self, step: Step) -> tuple[Piece, ...]:
        pieces: list[Piece] = [Emphasis(title(step.rule))]
        if step.source:
            pieces += [" ", self.page.cite(step.source)]
        if step.reason:
            pieces += [": ", *self._reason(step)]
        pieces.append(".")
        return tuple(pieces)

    def _line(self, step: Step) -> Line:
        self._number_laws(step)
        mark = Atom(step.rule, "words")
        equals = Scripts(Atom("=", "relation"), above=mark)
        before = self.heads.get(step.before, step.before)
        line = self.page.line(self.page.short(before), self.page.short(step.after))
        return replace(line, relation=equals)

    def _number_laws(self, step: Step) -> None:
        shorthands = dict(self.page.shorthands)
        ends = (end.xreplace(shorthands) for end in (step.before, step.after))
        self.laws += self.page.number_laws(*ends)

    def flush(self) -> None:
        """Close the display."""
        if self.lines:
            self.blocks.append(Display(tuple(self.lines)))
            self.lines = []
        if self.laws:
            self.blocks += self.page.laws(self.laws)
            self.laws = []


def _derivation(page: Page, moments: list[Moment]) -> list[Block]:
    heads = {
        m.expectation: page.functions.dual(m)
        for m in moments
        if isinstance(m.expectation, Expectation)
    }
    telling = _Telling(page, heads)
    for moment in moments:
        for step in moment.steps:
            telling.tell(step)
    telling.flush()
    return telling.blocks
