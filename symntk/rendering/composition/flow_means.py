"""The part of a kernel that inputs share which have nothing in common: what it is, and why."""

from __future__ import annotations

import sympy as sp

from symntk.decomposition.flow.gradient_flow import FlowTerm, GradientFlow
from symntk.decomposition.flow.sources import Sources
from symntk.decomposition.polynomials.expectations import TooLong
from symntk.derivation import entries
from symntk.gaussian import Expectation, expect_one
from symntk.gaussian.symbols import q, u, x
from symntk.rendering.composition.collecting import collected
from symntk.rendering.composition.flow_signs import MU
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Applied, Dual, Kernel
from symntk.rendering.mathematics.layout import EQUALS, Atom, row, separated

_LONG = 60
"""Operations in a coefficient that is written out."""
_SHORT = 20
"""Operations in a value that follows on the same line."""


def shown(page: Page, expression: sp.Expr, own: sp.Expr | None = None) -> sp.Expr:
    """A coefficient in the symbols of the page.

    own: what q is, in the kernel of the input, in which the coefficient is then written.
    """
    if own is not None:
        expression = expression.xreplace(_in_variance(own))
    inputs = {
        entry: Kernel("input", None, entry.quantity.left, "aa") for entry in entries(expression)
    }
    short = collected(expression).xreplace(dict(page.shorthands))
    return page.functions.in_expectations(short.xreplace(inputs))


def of_term(page: Page, flow: GradientFlow, term: FlowTerm) -> sp.Expr:
    """A term's coefficient on the page, its expectations as they are where it would be too long."""
    assert flow.sources is not None
    own = flow.sources.variance
    within = own if flow.scope == "features" else None
    value = shown(page, _in_duals(page, term.coefficient, own), within)
    if value.count_ops() <= _LONG:
        return value
    try:
        kept = flow.unevaluated(term)
    except TooLong:
        return value
    return shown(page, _in_duals(page, kept, own), within)


def _in_duals(page: Page, expression: sp.Expr, own: sp.Expr | None) -> sp.Expr:
    """Expectations under the variance ``own`` by their names."""
    return expression.xreplace(
        {e: _dual(page, e, own) for e in expression.atoms(Expectation) if own in e.law}
    )


def _dual(page: Page, expectation: sp.Expr, own: sp.Expr | None) -> sp.Expr:
    """An expectation under laws of variance q: E[f(u)], or K_phi(q, q, c)."""
    law = [q if part == own else part for part in expectation.law]
    found = page.functions.in_expectations(Expectation(expectation.integrand, *law))
    factors = found.integrand.as_ordered_factors()
    if found.is_of_pair and len(factors) == 2 and all(isinstance(f, Applied) for f in factors):
        names = [part for factor in factors for part in (factor.function, factor.order)]
        return Dual(*names, *law)
    return found


def _in_variance(variance: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """The kernel of the input in terms of q, as ``variance`` is linear in it."""
    found = sorted(entries(variance), key=str)
    if len(found) != 1:
        return {}
    (entry,) = found
    slope = variance.coeff(entry)
    rest = variance - slope * entry
    return {} if rest.has(entry) or slope == 0 else {entry: (q - rest) / slope}


def variance(page: Page, origin: Sources) -> list[Block]:
    """What q is, where every expectation is under one variance."""
    if origin.variance is None:
        return []
    value = row(page.typeset(q), EQUALS, page.typeset(shown(page, origin.variance)))
    return [Paragraph(("where ", Math(value), " is the variance of every pre-activation."))]


def shared_part(page: Page, flow: GradientFlow) -> list[Block]:
    """Mu in closed form, from the means of the activations where it is made of them."""
    origin, (term,) = flow.sources, [t for t in flow.terms if t.matches == frozenset()]
    assert origin is not None
    typeset, own = page.typeset, origin.variance
    value = of_term(page, flow, term)
    if not origin.means or own is None:
        return [Display((page.line(MU, typeset(value)),))]
    blocks = _means(page, origin)
    if origin.biases:
        return [
            *blocks,
            *_alone(page, origin, own),
            Paragraph(
                (
                    "With ",
                    *_named(page, origin),
                    " they share",
                )
            ),
            Display((page.line(MU, typeset(value)),)),
        ]
    kept = {mean: Expectation(mean.integrand, q) for mean in origin.means}
    in_means = shown(page, origin.in_means.xreplace(kept), own)
    right = typeset(in_means)
    if in_means != value and value.count_ops() <= _SHORT:
        right = row(right, EQUALS, typeset(value))
    return [
        *blocks,
        Paragraph(("and this is what inputs share that have nothing in common:",)),
        Display((page.line(MU, right),)),
    ]


def _alone(page: Page, origin: Sources, own: sp.Expr) -> list[Block]:
    """What mu would be without biases."""
    in_means = shown(page, origin.in_means, own)
    bare = shown(page, origin.in_means.xreplace(dict(origin.means)), own)
    if bare == in_means or bare.count_ops() > _SHORT:
        return []
    without = "Without the bias" if len(origin.biases) == 1 else "Without the biases"
    return [
        Paragraph((f"{without} inputs with nothing in common would share",)),
        Display((Line(page.typeset(in_means), page.typeset(bare)),)),
    ]


def _means(page: Page, origin: Sources) -> list[Block]:
    """E[phi(u)], and K(q, q, 0) as its square."""
    typeset = page.typeset
    several = len(origin.means) > 1
    first = "The activations have means" if several else "The activation has a mean"
    opening: list[Piece] = [
        f"{first} that {'are' if several else 'is'} not 0: for ",
        Math(row(typeset(u), Atom("∼", "relation"), typeset.normal((q,)))),
        ",",
    ]
    lines: list[Line] = []
    for mean in origin.means:
        named = page.functions.in_expectations(Expectation(mean.integrand, q))
        value = expect_one(mean.integrand.xreplace({u: x})).value
        if value is not None:
            lines.append(page.line(typeset(named), typeset(_rooted(value))))
        found = page.functions.applied.get(mean.integrand.xreplace({u: x}))
        if found is not None:
            right = typeset(named**2)
            if value is not None and value.count_ops() <= _SHORT:
                right = row(right, EQUALS, typeset(value**2))
            lines.append(page.line(typeset(Dual(*found, *found, q, q, sp.S.Zero)), right))
    return [Paragraph(tuple(opening)), Display(tuple(lines))]


def _rooted(value: sp.Expr) -> sp.Expr:
    """A product of roots as one root: sqrt(q / (2 pi))."""
    square = sp.expand(value**2)
    if value.is_positive and square.count_ops() < value.count_ops() and square.is_polynomial(q):
        return sp.Pow(square, sp.Rational(1, 2), evaluate=False)
    return value


def _named(page: Page, origin: Sources) -> list[Piece]:
    """The biases by name."""
    return [Math(separated([page.typeset.subject(label) for label in origin.biases]))]
