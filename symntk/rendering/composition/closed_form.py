"""The kernels with their expectations evaluated, for one hidden layer or from layer to layer."""

from __future__ import annotations

import sympy as sp

from symntk.gaussian import Expectation
from symntk.gaussian.symbols import c, q1, q2
from symntk.rendering.composition.collecting import collected
from symntk.rendering.composition.laws import by_law, laws
from symntk.rendering.composition.page import Page
from symntk.rendering.composition.token_kernels import token_kernels
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import EQUALS, row


def closed_form(page: Page) -> list[Block]:
    """The section; empty where no expectation has a closed form or each is under several laws."""
    reading = page.reading
    if reading.has_positions:
        return token_kernels(page)
    if not reading.layered or not _closed(page):
        return []
    one_hidden = len(reading.forward) == 2 and reading.span is None
    if one_hidden:
        return _one_hidden_layer(page, laws(reading.forward)[0])
    return _layer_by_layer(page)


def _closed(page: Page) -> bool:
    values = [moment.value for moment in page.derivation.moments.values() if moment.g is not None]
    return bool(values) and all(value is not None for value in values)


def _values(page: Page) -> dict[sp.Expr, sp.Expr]:
    """Every expectation with named functions, as it stands in (q1, q2, c), and its value."""
    return {
        page.functions.in_expectations(moment.expectation): moment.value
        for moment in page.derivation.moments.values()
        if moment.g is not None and moment.value is not None
    }


def _evaluated(page: Page, expression: sp.Expr) -> sp.Expr:
    """``expression`` with its expectations, under whatever law, replaced by values in q1, q2, c."""
    values = _values(page)
    return expression.xreplace(
        {
            e: values.get(Expectation(e.integrand, q1, q2, c), e)
            for e in expression.atoms(Expectation)
        }
    )


def _where(page: Page, law: tuple[sp.Expr, ...]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for index, (symbol, value) in enumerate(zip((q1, q2, c), law, strict=True)):
        if index:
            pieces.append(" and " if index == 2 else ", ")
        pieces.append(Math(row(page.typeset(symbol), EQUALS, page.typeset(value))))
    return tuple(pieces)


def _one_hidden_layer(page: Page, law: tuple[sp.Expr, ...]) -> list[Block]:
    reading = page.reading
    nngp, ntk = reading.outputs
    definitions = {s.left: s.right for s in (*reading.forward, *reading.backward, *reading.total)}
    first = reading.forward[0]
    back = dict(zip(law, (q1, q2, c), strict=True))
    sigma = _evaluated(page, definitions[nngp])
    theta = definitions[ntk]
    for _ in range(3):
        theta = theta.xreplace({k: v for k, v in definitions.items() if k != first.left})
    theta = _evaluated(page, theta).xreplace(back)
    covariances: list[Line] = []
    for symbol, kernel in zip((q1, q2, c), law, strict=True):
        assert isinstance(kernel, Kernel)
        value = first.right.xreplace(
            {k: Kernel(k.letter, k.layer, k.vector, kernel.site) for k in first.right.atoms(Kernel)}
        )
        covariances.append(Line(page.typeset(symbol), page.typeset(value)))
    lines = [
        page.line(page.typeset(nngp), page.short(collected(sigma))),
        page.line(page.typeset(ntk), page.short(collected(theta))),
    ]
    return [
        Paragraph(("With one hidden layer the kernels are, written out,",)),
        Display(tuple(lines)),
        Paragraph(("where",)),
        Display(tuple(covariances)),
    ]


def _layer_by_layer(page: Page) -> list[Block]:
    blocks: list[Block] = [
        Paragraph(("With these expectations evaluated, each step of the recursion is explicit:",))
    ]
    statements = [
        s for s in (*page.reading.forward, *page.reading.backward) if s.right.has(Expectation)
    ]
    for law, here in by_law(statements).items():
        lines: list[Line] = []
        for statement in here:
            right = collected(_evaluated(page, statement.right))
            lines.append(page.line(page.typeset(statement.left), page.short(right)))
        blocks.append(Display(tuple(lines)))
        blocks.append(Paragraph(("where ", *_where(page, law), ".")))
    return blocks
