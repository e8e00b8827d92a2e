r"""Gradient flow of an infinitely wide network, its kernel taken apart into named terms.

    ds(x)/dt = eta sum_j r_j Theta(x, x_j),    s = f - f_0

Theta is a sum of products of statistics of its two inputs, and so is the flow.  For features, that
is inputs that are equal or orthogonal,

    ds(e)/dt = eta (rho sum_{j : x_j = e} r_j + mu sum_j r_j).

For sums over pairs of windows, omega_p(x, w) counting the tokens w at the offsets p in x,

    ds(x)/dt = eta sum_p c_p sum_w omega_p(x, w) sum_j r_j omega_p(x_j, w).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import sympy as sp

from symntk.decomposition.flow.orthogonal import Orthogonal
from symntk.decomposition.flow.short_documents import short_documents, without_matches
from symntk.decomposition.flow.sources import Sources, sources
from symntk.decomposition.flow.terms import LENGTH, Term, bias, of_matches, of_positions
from symntk.decomposition.flow.token_pairs import token_pairs
from symntk.decomposition.polynomials.expectations import Means, TooLong
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.windows.blocks import Pattern
from symntk.decomposition.windows.window_sums import WindowSum, window_sum
from symntk.derivation import Derivation

Scope: TypeAlias = Literal["features", "windows", "documents", "kernel"]
SINGLE: Pattern = frozenset([(0, 0)])
"""One token, or one feature, that agrees."""


@dataclass(frozen=True)
class FlowTerm:
    """One term of the flow: ``coefficient`` times a statistic of x, times its sum over the data.

    matches: the tokens that must agree, by their places (a, b) in a window of x and one of x'; none
        for what all windows share, None for what each pair of inputs has once.
    """

    term: Term
    coefficient: sp.Expr
    matches: Pattern | None

    @property
    def name(self) -> str:
        """What it is called: "bias", "co-occurrence", "bigram", ..."""
        return self.term.name

    @property
    def reason(self) -> str:
        """Why the kernel contains it, a clause."""
        return self.term.reason


@dataclass(frozen=True)
class GradientFlow:
    """The flow of a derivation's network, in terms.

    scope: what the terms are about; "features": inputs that are equal or orthogonal, of one norm;
        "windows": sums over pairs of windows of tokens; "documents": documents of ``size`` tokens,
        all different within each, that agree at equal positions or nowhere; "kernel": the kernel is
        not taken apart.
    terms: those whose coefficient is not 0; the ones that all inputs share come last.
    sources: where the term comes from that all inputs share; None where nothing is taken apart.
    equations: what the symbols are that stand for covariances in the coefficients, where they have
        no reasonable size written out: SymPy equalities in the order of dependence.
    reason: why the kernel is not taken apart, a clause.
    sums: the sums over windows; None for other scopes.
    size: the length of the documents; 0 for other scopes.
    """

    derivation: Derivation
    scope: Scope
    terms: tuple[FlowTerm, ...] = ()
    sources: Sources | None = None
    equations: tuple[sp.Eq, ...] = ()
    reason: str = ""
    sums: WindowSum | None = None
    size: int = 0

    def unevaluated(self, term: FlowTerm) -> sp.Expr:
        """The coefficient of a term with every expectation as it is.

        Raises TooLong where expectations are under laws that hold others.
        """
        kept = Means("none")
        if self.sums is not None:
            return window_sum(self.derivation, kept).coefficients[term.matches]
        pair = Orthogonal(self.derivation, kept, bool(self.equations)).output()
        return pair.equal - pair.orthogonal if term.matches else pair.orthogonal

    @cached_property
    def coefficients(self) -> dict[str, sp.Expr]:
        """The coefficient of each term, by its name."""
        return {term.name: term.coefficient for term in self.terms}


def gradient_flow(derivation: Derivation) -> GradientFlow:
    """The flow of a network's scores, its kernel taken apart where that can be done."""
    inputs = derivation.graph.inputs
    if len(inputs) != 1:
        return GradientFlow(derivation, "kernel", reason="the network has several inputs")
    (node,) = inputs
    if not node.positions:
        return _of_features(derivation)
    if not node.is_one_hot:
        return GradientFlow(derivation, "kernel", reason="its inputs are no tokens")
    for decomposition in (_of_windows, _of_deep_tokens):
        with suppress(NotWindows, TooLong):
            return decomposition(derivation)
    try:
        return _of_documents(derivation)
    except TooLong:
        return GradientFlow(derivation, "kernel", reason="its coefficients are too long to write")


def _of_features(derivation: Derivation) -> GradientFlow:
    """The two values of the kernel, in closed form where they have a reasonable size."""
    try:
        pair, equations = Orthogonal(derivation).output(), ()
        is_open = False
    except TooLong:
        opened = Orthogonal(derivation, is_open=True)
        pair, equations, is_open = opened.output(), tuple(opened.equations), True

    def constant(derived: Derivation, means: Means, outputs: tuple[str, ...]) -> sp.Expr:
        evaluated = Orthogonal(derived, means, is_open).evaluate(outputs)
        return sp.Add(*(pair.orthogonal for pair in evaluated))

    shared = pair.orthogonal
    matching = pair.equal - shared
    coefficients: dict[Pattern | None, sp.Expr] = {frozenset(): shared, SINGLE: matching}
    origin = sources(derivation, constant)
    return GradientFlow(derivation, "features", _terms(coefficients, origin), origin, equations)


def _of_windows(derivation: Derivation) -> GradientFlow:
    sums = window_sum(derivation)

    def constant(derived: Derivation, means: Means, outputs: tuple[str, ...]) -> sp.Expr:
        found = window_sum(derived, means, outputs).coefficients
        return found.get(frozenset(), sp.S.Zero)

    origin = sources(derivation, constant)
    return GradientFlow(derivation, "windows", _terms(sums.coefficients, origin), origin, sums=sums)


def _of_deep_tokens(derivation: Derivation) -> GradientFlow:
    sums, equations = token_pairs(derivation)

    def constant(derived: Derivation, means: Means, outputs: tuple[str, ...]) -> sp.Expr:
        return token_pairs(derived, means, outputs)[0].coefficients[frozenset()]

    origin = sources(derivation, constant)
    terms = _terms(sums.coefficients, origin)
    return GradientFlow(derivation, "windows", terms, origin, equations, sums=sums)


def _of_documents(derivation: Derivation) -> GradientFlow:
    size, found = short_documents(derivation)

    def constant(derived: Derivation, means: Means, outputs: tuple[str, ...]) -> sp.Expr:
        return without_matches(derived, size, means, outputs)

    origin = sources(derivation, constant)
    terms = tuple(
        FlowTerm(of_positions(matches) if matches else bias(origin), value, matches)
        for matches, value in found.items()
        if value != 0
    )
    ordered = tuple(sorted(terms, key=lambda term: not term.matches))
    return GradientFlow(derivation, "documents", ordered, origin, size=size)


def _terms(coefficients: Mapping[Pattern | None, sp.Expr], origin: Sources) -> tuple[FlowTerm, ...]:
    found = [
        FlowTerm(_term(matches, origin), coefficient, matches)
        for matches, coefficient in coefficients.items()
        if coefficient != 0
    ]
    return tuple(sorted(found, key=lambda term: not term.matches))


def _term(matches: Pattern | None, origin: Sources) -> Term:
    if matches is None:
        return LENGTH
    return of_matches(matches) if matches else bias(origin)
