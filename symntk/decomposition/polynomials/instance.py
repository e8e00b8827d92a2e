"""A derivation at one pair of short documents, exactly: its equations in numbers of positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias

import sympy as sp

from symntk.decomposition.polynomials.heads import moment, tangent
from symntk.derivation import Derivation, Entry, Quantity
from symntk.derivation.program import FIRST, SECOND, SWAPPED, Site, merged, relocate, walk
from symntk.derivation.result import Moments, close
from symntk.gaussian import Expectation
from symntk.gaussian.softmax import MU, MU2, NU, NU2, SoftmaxMoment, SoftmaxTangent
from symntk.gaussian.symbols import u, v
from symntk.graph.positions import Length, bound_indices, indices, reindex, symbols_in

Place = tuple[int, ...]
Key = tuple[Quantity, Site, Place, Place]
Numbering = Mapping[sp.Symbol, sp.Expr]
Matrix: TypeAlias = sp.ImmutableDenseMatrix


@dataclass(frozen=True)
class Matches:
    """Which tokens of x = (x_0, ...) and x' are equal; within a document all tokens differ.

    lengths: T and T'.  pairs: the (t, t') with x_t = x'_t'.
    """

    lengths: tuple[int, int]
    pairs: frozenset[tuple[int, int]]


@dataclass
class Instance:
    """The values of a derivation's equations for documents with given matches.

    They are expressions in the scale symbols, expectations closed where they can be: evaluated on
    demand and kept.  ``within`` holds those about one document alone, which other matches share.
    ``evaluate``: how expectations are evaluated.
    """

    derivation: Derivation
    matches: Matches
    within: dict[Key, sp.Expr] = field(default_factory=dict)
    evaluate: Callable[[sp.Expr, Moments], sp.Expr] = field(default_factory=lambda: evaluated)
    _across: dict[Key, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._values = {line.target: line.value for line in walk(self.derivation.program)}

    def output(self, name: str) -> sp.Expr:
        """One of the derivation's outputs: ``nngp``, ``ntk`` or ``ntk:W``."""
        return self._entry(self.derivation.outputs[name], "ab", (), ())

    def _entry(self, quantity: Quantity, site: Site, left: Place, right: Place) -> sp.Expr:
        if quantity.kind == "match":
            return self._match(site, left[0], right[0])
        known = self._across if site in ("ab", "ba") else self.within
        key = (quantity, site, left, right)
        if key not in known:
            known[key] = self._value(quantity, site, left, right)
        return known[key]

    def _match(self, site: Site, left: int, right: int) -> sp.Expr:
        if site in ("aa", "bb"):
            return sp.Integer(left == right)
        pair = (left, right) if site == "ab" else (right, left)
        return sp.Integer(pair in self.matches.pairs)

    def _value(self, quantity: Quantity, site: Site, left: Place, right: Place) -> sp.Expr:
        """The equation of ``quantity`` at a site and at numbered positions."""
        sites = {"ab": None, "ba": SWAPPED, "aa": FIRST, "bb": SECOND}[site]
        value = self._values[quantity]
        if sites is not None:
            value = relocate(value, sites)
        first, second = _symbols(quantity, site)
        numbers = dict(zip(first + second, map(sp.Integer, left + right), strict=True))
        return self._number(value, numbers)

    def _number(self, expression: sp.Expr, numbers: Numbering) -> sp.Expr:
        """``expression`` at numbered positions, its entries evaluated."""
        if isinstance(expression, sp.Sum):
            return self._sum(expression, numbers)
        if isinstance(expression, Entry):
            left, right = (
                self._place(part, numbers) for part in (expression.left, expression.right)
            )
            return self._entry(expression.quantity, expression.site, left, right)
        if isinstance(expression, SoftmaxMoment | SoftmaxTangent):
            return self._of_heads(expression, numbers)
        if isinstance(expression, Length):
            return sp.Integer(self.matches.lengths[expression.second])
        if expression in numbers:
            return numbers[expression]
        if isinstance(expression, sp.Mul):
            return self._product(expression, numbers)
        if not expression.args:
            return expression
        parts = [self._number(part, numbers) for part in expression.args]
        value = expression.func(*parts)
        if isinstance(value, Expectation):
            return self.evaluate(value, self.derivation.moments)
        return value

    def _of_heads(self, expected: SoftmaxMoment | SoftmaxTangent, numbers: Numbering) -> sp.Expr:
        """A moment of the weights of many heads, whose law is that of numbered logits."""
        first, second = (self._whole(part, numbers) for part in expected.lengths)
        q1, q2, cross = (self._number(part, numbers) for part in expected.queries)

        def matrix(kernel: sp.Expr, row: sp.Symbol, column: sp.Symbol, *size: int) -> Matrix:
            def entry(i: int, j: int) -> sp.Expr:
                return self._number(kernel, {**numbers, row: sp.Integer(i), column: sp.Integer(j)})

            return Matrix(*size, entry)

        one, two, across = expected.kernels
        covariances = (
            Matrix(q1 * matrix(one, MU, NU, first, first)),
            Matrix(q2 * matrix(two, MU2, NU2, second, second)),
            Matrix(cross * matrix(across, MU, MU2, first, second)),
        )
        j, other = (self._whole(key, numbers) for key in expected.keys)
        if isinstance(expected, SoftmaxMoment):
            return moment(j, other, covariances)
        weights = matrix(expected.weights, MU, MU2, first, second)
        return tangent(j, other, (*covariances, weights))

    def _product(self, expression: sp.Expr, numbers: Numbering) -> sp.Expr:
        """Brackets first: what stands behind one that is 0 may lie outside of the sequence."""
        value = sp.S.One
        for factor in sorted(expression.args, key=lambda part: bool(part.atoms(Entry, sp.Sum))):
            value *= self._number(factor, numbers)
            if value == 0:
                return value
        return value

    def _sum(self, total: sp.Sum, numbers: Numbering) -> sp.Expr:
        names = [limit[0] for limit in total.limits]
        ranges = [
            range(*(self._whole(end, numbers) for end in (low, high + 1)))
            for _, low, high in total.limits
        ]
        places = (dict(zip(names, map(sp.Integer, p), strict=True)) for p in product(*ranges))
        return sp.Add(*(self._number(total.function, {**numbers, **place}) for place in places))

    def _place(self, index: tuple[sp.Expr, ...], numbers: Numbering) -> Place:
        return tuple(self._whole(part, numbers) for part in index)

    def _whole(self, expression: sp.Expr, numbers: Numbering) -> int:
        lengths = {
            s: sp.Integer(self.matches.lengths[s.second])
            for s in symbols_in(expression)
            if isinstance(s, Length)
        }
        return int(reindex(expression, {**numbers, **lengths}))


def _symbols(quantity: Quantity, site: Site) -> tuple[tuple[sp.Symbol, ...], ...]:
    """The indices in which the equation of a quantity is written, at a site."""
    first, second = quantity.ranks
    if quantity.is_of_one_input:
        return indices(first), bound_indices(second) if second else ()
    swapped = site == "ba"
    return indices(first, swapped), indices(second, not swapped)


def evaluated(expectation: sp.Expr, moments: Moments) -> sp.Expr:
    """An expectation at a law without open covariances: independent arguments factorise, equal ones
    are one, those without variance are 0; closed where a closed form is known.
    """
    law = expectation.law
    if not expectation.is_of_pair:
        (q,) = law
        return close(expectation, moments) if q != 0 else expectation.integrand.xreplace({u: q})
    q1, q2, c = law
    if 0 in (q1, q2, c):
        f, g = expectation.integrand.as_independent(v, as_Add=False)
        parts = (Expectation(f, q1), Expectation(g.xreplace({v: u}), q2))
        return sp.Mul(*(evaluated(p, moments) if isinstance(p, Expectation) else p for p in parts))
    if q1 == q2 == c:
        return close(merged(expectation), moments)
    return close(expectation, moments)
