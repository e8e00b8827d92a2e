"""Attention over vectors whose weights are numbers: its outputs are other vectors.

With weights w of one document and z = V x, in the limit

    Sigma[y](t, t') = sum_{r, r'} w(t, r) w'(t', r') x_r . x'_r' / d = y_t . y'_t' / d,
    y_t = sum_r w(t, r) x_r,

and sums of Pi over queries, contracted with x_r . x'_r', are sums of Pi(t, t') y_t . y'_t' / d.  So
the rows of each document are mixed once, and its pairs see a network without attention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, product
from typing import NamedTuple

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import Entry, Equation, Quantity, Statement, entries, needed
from symntk.derivation.program import SWAPPED, relocate, walk
from symntk.emission.sequences.indices import positions_in
from symntk.emission.sequences.sums import Axes, side_of
from symntk.graph.positions import Bracket, Length, bound_indices, indices, reindex

_MOST = 64
"""Terms that a sum is expanded into."""


MIXING_NOTE = (
    "Attention mixes the rows of each sample by weights of its own, y_t = sum_r w(t, r) x_r: the "
    "code for pairs takes the rows y in the place of x."
)


class Mixed(NamedTuple):
    """A program about the rows y of a document; ``weight``: w, None where the rows are its own."""

    program: tuple[Statement, ...]
    weight: Quantity | None


def mixed(
    program: tuple[Statement, ...], outputs: tuple[Quantity, Quantity], rows: Quantity
) -> Mixed:
    """``program`` with the rows of its input mixed, if that takes all attention out of it.

    rows: the covariance of the input.
    """
    unchanged = Mixed(program, None)
    if not all(isinstance(statement, Equation) for statement in program):
        return unchanged
    equations = {line.target: line for line in program if isinstance(line, Equation)}
    if not any(target.kind == "weight" for target in equations):
        return unchanged
    mixing = _Mixing(equations, rows)
    found = needed(tuple(mixing.equation(line) for line in equations.values()), set(outputs))
    used = {entry.quantity for line in walk(found) for entry in entries(line.value)}
    if len(mixing.weights) != 1 or used & {rows, *mixing.weights}:
        return unchanged
    (weight,) = mixing.weights
    return Mixed(tuple(_about(line, mixing.mixed, rows) for line in found), weight)


def _about(line: Statement, mixed_rows: Quantity, rows: Quantity) -> Statement:
    """An equation about the new rows under the name of the old ones."""
    assert isinstance(line, Equation)
    found = {
        entry: rows.at(entry.site, entry.left, entry.right)
        for entry in entries(line.value)
        if entry.quantity == mixed_rows
    }
    return replace(line, value=line.value.xreplace(found))


@dataclass(frozen=True)
class _Term:
    """``coefficient`` times the sum of the product of ``factors`` over ``limits``."""

    coefficient: Expr
    factors: tuple[Expr, ...]
    limits: Axes


@dataclass
class _Mixing:
    """Writes sums of products of w(t, r) w'(t', r') Sigma[x](r, r') by the rows y."""

    equations: Mapping[Quantity, Equation]
    rows: Quantity
    weights: set[Quantity] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def mixed(self) -> Quantity:
        """The covariance of the rows y, under a name that no node has."""
        return replace(self.rows, left=f"mixed {self.rows.left}", right=f"mixed {self.rows.right}")

    def equation(self, line: Equation) -> Equation:
        """An equation with its sums written by the rows y, as far as they can be."""
        if line.target.is_of_one_input or not line.value.has(sp.Sum):
            return line
        terms = list(self._expanded(line.value))
        if len(terms) > _MOST:
            return line
        found = [self._mixed(term) for term in terms]
        if found == terms:
            return line
        return replace(line, value=sp.Add(*map(_as_sum, found)))

    # -- terms -----------------------------------------------------------------------------------

    def _expanded(self, value: Expr) -> Iterator[_Term]:
        """The terms of an expression about x and x'."""
        match value:
            case sp.Add():
                for part in value.args:
                    yield from self._expanded(part)
            case sp.Mul():
                for parts in product(*(list(self._expanded(part)) for part in value.args)):
                    yield _Term(
                        sp.Mul(*(part.coefficient for part in parts)),
                        tuple(factor for part in parts for factor in part.factors),
                        tuple(axis for part in parts for axis in part.limits),
                    )
            case sp.Sum():
                names = {
                    v: _position(next(self._numbers), side_of(v, end, value.function))
                    for v, _, end in value.limits
                }
                limits = tuple((names[v], end + 1) for v, _, end in value.limits)
                for term in self._expanded(reindex(value.function, names)):
                    yield replace(term, limits=(*limits, *term.limits))
            case Entry() if self._is_linear(value.quantity):
                yield from self._expanded(self._value_at(value))
            case _:
                is_number = not entries(value) and not positions_in(value)
                yield _Term(value, (), ()) if is_number else _Term(sp.S.One, (value,), ())

    def _is_linear(self, quantity: Quantity) -> bool:
        """Whether a covariance is a sum of products of others."""
        line = self.equations.get(quantity)
        if line is None or quantity.is_of_one_input:
            return False
        return all(_is_polynomial(part) for part in sp.preorder_traversal(line.value))

    def _value_at(self, entry: Entry) -> Expr:
        """The right side of the equation of an entry, at its positions."""
        value = self.equations[entry.quantity].value
        here, there = entry.left, entry.right
        if entry.site == "ba":
            value, here, there = relocate(value, SWAPPED), there, here
        names = (*indices(len(here)), *indices(len(there), True))
        found: Expr = reindex(value, dict(zip(names, (*here, *there), strict=True)))
        return found

    # -- rows ------------------------------------------------------------------------------------

    def _mixed(self, term: _Term) -> _Term:
        """A term with y_t . y'_t' in the place of the sums over r and r' that are this."""
        for factor in term.factors:
            if isinstance(factor, Entry) and factor.quantity == self.rows:
                found = self._of_rows(term, factor)
                if found is not None:
                    return found
        return term

    def _of_rows(self, term: _Term, factor: Entry) -> _Term | None:
        summed = (*factor.left, *factor.right)
        queries, used = [], [factor]
        for key in summed:
            near = [f for f in term.factors if key in positions_in(f) and f != factor]
            if len(near) != 1 or key not in dict(term.limits):
                return None
            (weight,) = near
            if not isinstance(weight, Entry) or weight.quantity.kind != "weight":
                return None
            if weight.right != (key,):
                return None
            self.weights.add(weight.quantity)
            queries.append(weight.left)
            used.append(weight)
        rest = list(term.factors)
        for one in used:
            rest.remove(one)
        entry = self.mixed.at(factor.site, *queries)
        limits = tuple(axis for axis in term.limits if axis[0] not in summed)
        return _Term(term.coefficient, (*rest, entry), limits)


def _is_polynomial(part: sp.Basic) -> bool:
    """Whether a part of an expression is one of sums and products of entries."""
    if isinstance(part, sp.Pow):
        return not entries(part)
    kinds = (sp.Add, sp.Mul, sp.Sum, sp.Tuple, Symbol, sp.Number, Bracket, Length)
    return isinstance(part, kinds)


def _position(number: int, second: bool) -> Symbol:
    return sp.Symbol(f"b{number}" + "'" * second, integer=True, nonnegative=True)


def _as_sum(term: _Term) -> Expr:
    """A term as an expression, its sums over r, k, ... and r', k', ..."""
    names: dict[Symbol, Symbol] = {}
    for second in (False, True):
        own = [v for v, _ in term.limits if v.name.endswith("'") == second]
        names |= {v: bound_indices(1, second, level)[0] for level, v in enumerate(own)}
    body = reindex(sp.Mul(*term.factors), names)
    limits = [(names[v], 0, size - 1) for v, size in term.limits]
    return term.coefficient * (sp.Sum(body, *limits) if limits else body)
