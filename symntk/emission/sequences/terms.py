"""Covariances that are linear in others, multiplied out: sums of products over positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, product

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import Entry, Equation, Quantity, entries
from symntk.derivation.program import SWAPPED, relocate
from symntk.emission.sequences.indices import positions_in
from symntk.emission.sequences.sums import Axes, side_of
from symntk.graph.positions import Bracket, Length, bound_indices, indices, reindex


@dataclass(frozen=True)
class Term:
    """``coefficient`` times the sum of the product of ``factors`` over ``limits``."""

    coefficient: Expr
    factors: tuple[Expr, ...]
    limits: Axes

    @property
    def total(self) -> Expr:
        """The term as an expression, its sums over r, k, ... and r', k', ..."""
        names: dict[Symbol, Symbol] = {}
        for second in (False, True):
            own = [v for v, _ in self.limits if v.name.endswith("'") == second]
            names |= {v: bound_indices(1, second, level)[0] for level, v in enumerate(own)}
        body = reindex(sp.Mul(*self.factors), names)
        limits = [(names[v], 0, size - 1) for v, size in self.limits]
        return self.coefficient * (sp.Sum(body, *limits) if limits else body)


@dataclass
class Expansion:
    """Multiplies out expressions about x and x', with what their linear entries stand for."""

    equations: Mapping[Quantity, Equation]
    _numbers: Iterator[int] = field(default_factory=count)

    def __call__(self, value: Expr) -> Iterator[Term]:
        """The terms of an expression."""
        match value:
            case sp.Add():
                for part in value.args:
                    yield from self(part)
            case sp.Mul():
                for parts in product(*(list(self(part)) for part in value.args)):
                    yield Term(
                        sp.Mul(*(part.coefficient for part in parts)),
                        tuple(factor for part in parts for factor in part.factors),
                        tuple(axis for part in parts for axis in part.limits),
                    )
            case sp.Sum():
                names = {
                    v: position(next(self._numbers), side_of(v, end, value.function))
                    for v, _, end in value.limits
                }
                limits = tuple((names[v], end + 1) for v, _, end in value.limits)
                for term in self(reindex(value.function, names)):
                    yield replace(term, limits=(*limits, *term.limits))
            case Entry() if self._is_linear(value.quantity):
                yield from self(self._value_at(value))
            case _:
                is_number = not entries(value) and not positions_in(value)
                yield Term(value, (), ()) if is_number else Term(sp.S.One, (value,), ())

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


def _is_polynomial(part: sp.Basic) -> bool:
    """Whether a part of an expression is one of sums and products of entries."""
    if isinstance(part, sp.Pow):
        return not entries(part)
    kinds = (sp.Add, sp.Mul, sp.Sum, sp.Tuple, Symbol, sp.Number, Bracket, Length)
    return isinstance(part, kinds)


def position(number: int, second: bool) -> Symbol:
    """A name for a position that no other has."""
    return sp.Symbol(f"b{number}" + "'" * second, integer=True, nonnegative=True)
