"""Kernels at equal and at orthogonal inputs, as what the recursion in layers gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from symntk.decomposition.flow.gradient_flow import GradientFlow
from symntk.derivation.program import Site
from symntk.gaussian import Expectation, Moment, expect_one
from symntk.gaussian.symbols import c, q, q1, q2, u, v
from symntk.rendering.composition.collecting import collected
from symntk.rendering.composition.flow_reasons import nothing_shared
from symntk.rendering.composition.flow_signs import MU, RHO
from symntk.rendering.composition.laws import Law, by_law
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import EQUALS, row
from symntk.rendering.reading.reading import Statement


def at_features(page: Page, flow: GradientFlow) -> list[Block]:
    """Rho and mu as the two values of the NTK, and the recursion that leads to them."""
    assert flow.sources is not None
    shares = "bias" in flow.coefficients
    theta = page.reading.outputs[1]
    equal, other = _at(theta, "aa"), _at(theta, "ab")
    blocks: list[Block] = [] if shares else [Paragraph(nothing_shared(page, flow.sources))]
    if page.reading.layered:
        blocks += Recursion(page, shares).blocks()
    lines = [page.line(RHO, page.typeset(equal - other if shares else equal))]
    if shares:
        lines.append(page.line(MU, page.typeset(other)))
    inputs = "for equal and for different inputs" if shares else "for equal inputs"
    opening = f"The neural tangent kernel follows by its recursion, {inputs}, and"
    return [*blocks, Paragraph((opening,)), Display(tuple(lines))]


def _at(kernel: Kernel, site: Site) -> Kernel:
    return Kernel(kernel.letter, kernel.layer, kernel.vector, site)


class Recursion:
    """The covariances of layers, at two equal inputs and at two orthogonal ones.

    shares: whether orthogonal inputs have any covariance.
    """

    def __init__(self, page: Page, shares: bool) -> None:
        self.page, self.shares = page, shares
        self.stated = (*page.reading.forward, *page.reading.backward)
        self.moments: dict[sp.Expr, Moment] = {
            page.functions.in_expectations(moment.expectation).integrand: moment
            for moment in page.derivation.moments.values()
            if moment.g is not None and isinstance(moment.expectation, Expectation)
        }

    def blocks(self) -> list[Block]:
        """The equations without expectations, and then those under each law."""
        ends = (
            "For equal features, and for different ones," if self.shares else "For equal features"
        )
        blocks: list[Block] = [Paragraph((f"{ends} the covariances are, from layer to layer,",))]
        for law, here in by_law(self.stated).items():
            blocks.append(Display(tuple(line for s in here for line in self._lines(s))))
            if law:
                blocks.append(Paragraph(tuple(self._where(law))))
        return blocks

    def _where(self, law: Law) -> Iterator[Piece]:
        typeset = self.page.typeset
        pairs = list(zip((q, c), (law[0], law[2]), strict=True))[: 1 + self.shares]
        for index, (symbol, kernel) in enumerate(pairs):
            yield " and " if index else "where "
            yield Math(row(typeset(symbol), EQUALS, typeset(kernel)))
        yield "."

    def _lines(self, statement: Statement) -> Iterator[Line]:
        """One equation at equal inputs, and at different ones if they share anything."""
        yield self._line(statement, "aa")
        if self.shares:
            yield self._line(statement, "ab")

    def _line(self, statement: Statement, site: Site) -> Line:
        value = self.value(statement, site).xreplace(dict(self.page.shorthands))
        return self.page.statement(replace(statement, left=_at(statement.left, site), right=value))

    def value(self, statement: Statement, site: Site) -> sp.Expr:
        """A covariance at equal inputs, "aa", or at different ones, "ab", in q and c."""
        right = statement.right
        known: dict[sp.Basic, sp.Expr] = {
            k: sp.S.Zero if k.letter == "input" and site == "ab" else _at(k, site)
            for k in right.atoms(Kernel)
        }
        known |= {e: self._expectation(e, site) for e in right.atoms(Expectation)}
        return collected(right.xreplace(known))

    def _expectation(self, expectation: sp.Expr, site: Site) -> sp.Expr:
        """Its value in q and c, or itself."""
        moment = self.moments.get(expectation.integrand)
        if site == "aa":
            return self._square(expectation, moment)
        if moment is None or moment.value is None:
            return expectation
        return moment.value.xreplace({q1: q, q2: q})

    @staticmethod
    def _square(expectation: sp.Expr, moment: Moment | None) -> sp.Expr:
        """Both arguments are one variable, of variance q."""
        if moment is not None:
            value = expect_one(moment.f * moment.g).value
            if value is not None:
                return value
        return Expectation(expectation.integrand.xreplace({v: u}), q)
