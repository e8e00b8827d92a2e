r"""Kernels that are sums over pairs of windows, as polynomials in the matches of the windows.

    kernel(x, x') = sum_{t, t'} F(m(t + a, t' + b) : (a, b) in a window)

Each match is 0 or 1, so F is a multilinear polynomial, and summed over positions its monomials are
statistics of the two documents: sum m(t, t') the inner product of their token counts,
sum m(t, t') m(t + 1, t' + 1) that of their counts of bigrams, and so on.

At an edge with zeros a window has fewer tokens, and a function of its own; tokens that come twice
within a window are a matter of their own too (``repeats`` says whether they are).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from symntk.decomposition.blocks import (
    Block,
    Blocks,
    Pattern,
    added,
    combined,
    multiplied,
    whole,
)
from symntk.decomposition.instance import evaluated
from symntk.decomposition.summands import NotWindows, Summand, summands
from symntk.derivation import Derivation, Entry, Quantity, entries
from symntk.derivation.program import FIRST, SECOND, Recurrence, Site, relocate, walk
from symntk.derivation.result import Moments
from symntk.gaussian import Expectation
from symntk.graph.positions import Inside, Length, indices, reindex, symbols_in

ORIGIN = dict.fromkeys(indices(1) + indices(1, True), sp.S.Zero)
"""t = t' = 0: what is left of a position is its offset."""


Edge = Callable[[int, sp.Expr, bool], bool]
"""Whether t + a lies in a document, from a, the length in question, and whether it is x'."""

Evaluate = Callable[[sp.Expr, Moments], sp.Expr]
"""The value of an expectation whose law holds no open covariance."""


def inner(offset: int, length: sp.Expr, second: bool) -> bool:
    """Every window is inside of its document."""
    return True


@dataclass
class Windows:
    """The equations of a derivation around one pair of positions (t, t').

    edge: what is inside of the documents; without it all the windows are.
    evaluate: how expectations are evaluated.
    """

    derivation: Derivation
    edge: Edge = inner
    evaluate: Evaluate = evaluated
    repeats: bool = field(default=False, init=False)
    _known: dict[tuple[Quantity, Site, int, int], Blocks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(isinstance(line, Recurrence) for line in self.derivation.program):
            raise NotWindows("a recursion over time reaches back to the first position")
        self._values = {line.target: line.value for line in walk(self.derivation.program)}

    def polynomial(self, name: str) -> Mapping[Pattern, sp.Expr]:
        """The coefficient of each monomial in the summand of the output ``name``.

        A monomial is the set of its matches (a, b), moved to the first positions of its window.
        """
        total: dict[Pattern, sp.Expr] = {}
        for part in self.summands(name):
            if part.body is None:
                raise NotWindows("a term that every pair of documents has, whatever their length")
            for block in self.blocks(part.body):
                for pattern, value in block.anchored().coefficients().items():
                    total[pattern] = total.get(pattern, sp.S.Zero) + part.coefficient * value
        return total

    def summands(self, name: str) -> tuple[Summand, ...]:
        """The output ``name`` as sums over pairs of positions."""
        return summands(self._values, self.derivation.outputs[name])

    def blocks(self, body: sp.Expr) -> Blocks:
        """The body of a sum as functions of windows around (t, t')."""
        return self._around(body)

    def _entry(self, entry: Entry) -> Blocks:
        quantity, site = entry.quantity, entry.site
        if quantity.ranks == (0, 0):
            return self._of_one_document(quantity)
        left, right = (self._offset(part) for part in (entry.left, entry.right))
        if quantity.kind == "match":
            if site in ("aa", "bb"):
                self.repeats = self.repeats or left != right
                return (Block.constant(sp.Integer(left == right)),)
            return (Block.match((left, right) if site == "ab" else (right, left)),)
        key = (quantity, site, left, right)
        if key not in self._known:
            self._known[key] = self._of_equation(quantity, site, left, right)
        return self._known[key]

    def _of_one_document(self, quantity: Quantity) -> Blocks:
        """A quantity without positions: the gradient that comes to a sum over positions."""
        value = self._values[quantity]
        if value.has(sp.Sum) or any(entry.quantity.ranks != (0, 0) for entry in entries(value)):
            raise NotWindows(f"{quantity} depends on the whole document")
        return self._around(value)

    def _of_equation(self, quantity: Quantity, site: Site, left: int, right: int) -> Blocks:
        value = self._values.get(quantity)
        if value is None or quantity.is_of_one_input:
            raise NotWindows(f"{quantity} depends on more than a window")
        if site == "ba":
            raise NotWindows(f"{quantity} is about two vectors")
        if site != "ab":
            value = relocate(value, FIRST if site == "aa" else SECOND)
        (t,), (other,) = indices(1), indices(1, True)
        return self._around(reindex(value, {t: t + left, other: other + right}))

    def _around(self, expression: sp.Expr) -> Blocks:
        """An expression at (t, t') as a sum of functions of windows."""
        if isinstance(expression, Entry):
            return self._entry(expression)
        if isinstance(expression, Inside):
            return (Block.constant(self._inside(expression)),)
        if isinstance(expression, sp.Add):
            return added(*map(self._around, expression.args))
        if isinstance(expression, sp.Mul):
            return multiplied(*map(self._around, expression.args))
        if isinstance(expression, Expectation):
            return (self._expectation(expression),)
        if isinstance(expression, sp.Sum | Length) or symbols_in(expression) & set(ORIGIN):
            raise NotWindows(f"{expression} depends on the positions themselves")
        if not expression.atoms(Entry):
            return (Block.constant(expression),)
        parts = [whole(self._around(part)) for part in expression.args]
        return (combined(parts, expression.func),)

    def _expectation(self, expectation: sp.Expr) -> Block:
        integrand, moments = expectation.integrand, self.derivation.moments
        law = [whole(self._around(part)) for part in expectation.law]

        def value(*parts: sp.Expr) -> sp.Expr:
            closed = Expectation(integrand, *parts)
            return self.evaluate(closed, moments)

        return combined(law, value)

    def _inside(self, bracket: sp.Expr) -> sp.Expr:
        index, length = bracket.args
        lengths = [s for s in symbols_in(length) if isinstance(s, Length)]
        if len(lengths) != 1:
            raise NotWindows(f"{bracket}: documents of one given length")
        return sp.Integer(self.edge(self._offset((index,)), length, lengths[0].second))

    def _offset(self, index: tuple[sp.Expr, ...]) -> int:
        (place,) = index
        offset = place.xreplace(ORIGIN)
        if not offset.is_Integer:
            raise NotWindows(f"position {place} is not near t")
        return int(offset)
