r"""Kernels that are sums over pairs of windows, as polynomials in the matches of the windows.

    kernel(x, x') = sum_{t, t'} F(m(t + a, t' + b) : (a, b) in a window)

Each match is 0 or 1, so F is a multilinear polynomial, and summed over positions its monomials are
statistics of the two documents: sum m(t, t') the inner product of their token counts,
sum m(t, t') m(t + 1, t' + 1) that of their counts of bigrams, and so on.

At an edge with zeros a window has fewer tokens, and a function of its own; so has a window in which
a token comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import sympy as sp

from symntk.decomposition.polynomials.instance import evaluated
from symntk.decomposition.polynomials.multilinear import collected
from symntk.decomposition.polynomials.summands import NotWindows, Summand, summands
from symntk.decomposition.windows.arithmetic import Arithmetic, Evaluate, Formulas
from symntk.decomposition.windows.blocks import Block, Blocks, Pattern, polynomial
from symntk.decomposition.windows.conditions import Aligned, Condition, Equal, Present, Spot, equal
from symntk.derivation import Derivation, Entry, Quantity
from symntk.derivation.program import FIRST, SECOND, SWAPPED, Loop, Recurrence, Site, relocate, walk
from symntk.gaussian import Expectation
from symntk.graph.positions import (
    Bracket,
    Covered,
    Inside,
    Length,
    Same,
    SinusoidCovariance,
    indices,
    lengths_at,
    reindex,
    symbols_in,
)

ORIGIN = dict.fromkeys(indices(1) + indices(1, True), sp.S.Zero)
"""t = t' = 0: what is left of a position is its offset."""


@dataclass
class Windows:
    """The equations of a derivation around one pair of positions (t, t').

    evaluate: how formulas evaluate expectations.
    arithmetic: what values are; `Formulas` for windows inside of their documents without it.
    has_edges, has_repeats: whether what was asked for so far depends on the edges of a document
        near a window, and on tokens that come twice in it.
    """

    derivation: Derivation
    evaluate: Evaluate = evaluated
    arithmetic: Arithmetic | None = None
    has_edges: bool = field(default=False, init=False)
    has_repeats: bool = field(default=False, init=False)
    _known: dict[tuple[Quantity, Site, int, int], Blocks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.derivation.program:
            if isinstance(line, Recurrence):
                raise NotWindows("a recursion over time reaches back to the first position")
            if isinstance(line, Loop):
                raise NotWindows(f"a block is repeated {line.times} times, which is no number")
        self._values = {line.target: line.value for line in walk(self.derivation.program)}
        self._arithmetic = self.arithmetic or Formulas(self.derivation.moments, self.evaluate)
        self.algebra = self._arithmetic.algebra

    def polynomial(self, name: str) -> Mapping[Pattern, sp.Expr]:
        """The coefficient of each monomial in the summand of the output ``name``.

        A monomial is the set of its matches (a, b), moved to the first positions of its window.
        Raises NotWindows where positions take part.
        """
        anywhere, aligned = self.polynomials(name)
        if aligned:
            raise NotWindows("the kernel depends on the positions themselves")
        return anywhere

    def polynomials(self, name: str) -> tuple[Mapping[Pattern, sp.Expr], Mapping[Pattern, sp.Expr]]:
        """The monomials of all pairs of positions, and those times [t = t'], of equal ones."""
        found: dict[bool, dict[Pattern, sp.Expr]] = {False: {}, True: {}}
        for part in self.summands(name):
            if part.body is None:
                raise NotWindows("a term that every pair of documents has, whatever their length")
            for pattern, is_aligned, value in self._monomials(part.body):
                total = found[is_aligned]
                total[pattern] = total.get(pattern, sp.S.Zero) + part.coefficient * value
        return found[False], found[True]

    def monomials(self, body: sp.Expr) -> Iterator[tuple[Pattern, sp.Expr]]:
        """The monomials of the body of a sum with their coefficients; one may come repeatedly."""
        for pattern, is_aligned, value in self._monomials(body):
            if is_aligned:
                raise NotWindows("the kernel depends on the positions themselves")
            yield pattern, value

    def _monomials(self, body: sp.Expr) -> Iterator[tuple[Pattern, bool, sp.Expr]]:
        for block in self.blocks(body):
            first, second = _anchor(block)
            for monomial, value in polynomial(block, self.algebra).items():
                matches = frozenset((a - first, b - second) for a, b in monomial.matches)
                if monomial.is_aligned and first != second:
                    raise NotWindows("windows at a distance share a position")
                yield matches, monomial.is_aligned, collected(value)

    def summands(self, name: str) -> tuple[Summand, ...]:
        """The output ``name`` as sums over pairs of positions."""
        return summands(self._values, self.derivation.outputs[name])

    def blocks(self, body: sp.Expr) -> Blocks:
        """The body of a sum as functions of windows around (t, t')."""
        return self._around(body, "ab")

    def _around(self, expression: sp.Expr, site: Site) -> Blocks:
        """An expression about a pair of inputs, at t and t', as a sum of functions of windows."""
        match expression:
            case Entry():
                return self._entry(expression)
            case Inside():
                return (self._inside(expression, site),)
            case Same():
                return (self._same(expression, site),)
            case sp.Add():
                return self.algebra.added(*(self._around(part, site) for part in expression.args))
            case sp.Mul():
                return self.algebra.multiplied(
                    *(self._around(part, site) for part in expression.args)
                )
            case Expectation():
                law = [self.algebra.whole(self._around(part, site)) for part in expression.law]
                rule = partial(self._arithmetic.expectation, expression.integrand)
                return (self.algebra.combined(law, rule),)
            case SinusoidCovariance():
                raise NotWindows("sinusoidal positions make it a function of real distances")
            case sp.Sum() | Length() | Covered():
                raise NotWindows(f"{expression} depends on more than a window")
        if not expression.atoms(Entry, Bracket):
            if symbols_in(expression) & ORIGIN.keys():
                raise NotWindows(f"{expression} depends on the positions themselves")
            return (Block.constant(self._arithmetic.number(expression)),)
        parts = [self.algebra.whole(self._around(part, site)) for part in expression.args]
        return (self.algebra.combined(parts, partial(self._arithmetic.applied, expression.func)),)

    def _entry(self, entry: Entry) -> Blocks:
        quantity, site = entry.quantity, entry.site
        if quantity.kind == "match":
            (left,), (right,) = entry.left, entry.right
            return (self._match(self._spot(left, site), self._spot(right, site)),)
        left, right = (
            self._spot(index[0], site).offset if index else 0 for index in (entry.left, entry.right)
        )
        key = (quantity, site, left, right)
        if key not in self._known:
            self._known[key] = self._of_equation(quantity, site, left, right)
        return self._known[key]

    def _of_equation(self, quantity: Quantity, site: Site, left: int, right: int) -> Blocks:
        """The equation of a quantity at a site, around t + left and t' + right."""
        value = self._values.get(quantity)
        if value is None or quantity.kind in ("weight", "attention", "tangent"):
            raise NotWindows(f"{quantity} depends on more than a window")
        moves = {"ab": None, "ba": SWAPPED, "aa": FIRST, "bb": SECOND}[site]
        if moves is not None:
            value = relocate(value, moves)
        (t,), (other,) = indices(1), indices(1, True)
        if site == "ba":
            left, right = right, left
        return self._around(reindex(value, {t: t + left, other: other + right}), site)

    def _match(self, first: Spot, other: Spot) -> Block:
        """Whether two spots have one token."""
        if first == other:
            return Block.constant(self._arithmetic.number(sp.S.One))
        return self._indicator(equal(first, other))

    def _inside(self, bracket: sp.Expr, site: Site) -> Block:
        index, length = bracket.args
        spot = self._spot(index, site)
        return self._indicator(Present(spot, excess(self.derivation, length)))

    def _same(self, bracket: sp.Expr, site: Site) -> Block:
        """[t + a = t' + b]: of one document a number, of two whether t = t'."""
        first, other = (self._spot(index, site) for index in bracket.args)
        if first.second == other.second:
            return Block.constant(self._arithmetic.number(sp.Integer(first == other)))
        if first.offset != other.offset:
            raise NotWindows(f"{bracket} compares positions at a distance")
        return self._indicator(Aligned())

    def _indicator(self, condition: Condition) -> Block:
        is_of_both = isinstance(condition, Aligned) or (
            isinstance(condition, Equal) and condition.is_match
        )
        if not is_of_both:
            self.has_edges |= isinstance(condition, Present)
            self.has_repeats |= isinstance(condition, Equal)
        holds = None if is_of_both else self._arithmetic.decided(condition)
        if holds is None:
            return Block.indicator(condition, self._arithmetic.number(sp.S.One))
        return Block.constant(self._arithmetic.number(sp.Integer(holds)))

    def _spot(self, index: sp.Expr, site: Site) -> Spot:
        """The spot at a position in terms of t or t', which may be of one input."""
        (symbol, *others) = [s for s in symbols_in(index) if s in ORIGIN] or [None]
        offset = index.xreplace(ORIGIN)
        if symbol is None:
            raise NotWindows("one position of a document, the first or the last, is read alone")
        if others or not (index - symbol).is_Integer:
            raise NotWindows(f"position {index} is not near t")
        is_second = {"aa": False, "bb": True}.get(site, symbol in indices(1, True))
        return Spot(is_second, int(offset))


def _anchor(block: Block) -> tuple[int, int]:
    """The first offsets of the matches that a function depends on."""
    matches = [c for c in block.conditions if isinstance(c, Equal) and c.is_match]
    if not matches:
        return 0, 0
    return min(c.first.offset for c in matches), min(c.other.offset for c in matches)


def excess(derivation: Derivation, length: sp.Expr) -> int:
    """K of a length T + k of the positions of a vector, T being that of the documents."""
    (node,) = derivation.graph.inputs
    (own,) = node.positions
    rest = lengths_at(length, False) - own
    if not rest.is_Integer:
        raise NotWindows(f"a sequence of length {length}")
    return int(rest)
