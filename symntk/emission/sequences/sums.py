"""Sums over positions taken out of expressions, each under a name and as cheap as it can be had.

A double sum over r and r' of a product whose factors in r' do not involve all other positions is
done one sum after the other: sum_r a(t, r) sum_r' a(t', r') C(r, r') needs T^3 instead of T^4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import entries
from symntk.emission.sequences.indices import positions_in
from symntk.errors import UsageError
from symntk.graph.positions import Length, reindex, symbols_in
from symntk.ops.law import reindex_all


class Part(sp.Symbol):
    """A sum that has been taken out, ``array`` at the positions ``index``."""

    array: str
    index: tuple[Expr, ...]

    @property
    def index_expressions(self) -> tuple[Expr, ...]:
        """The positions, for `symntk.graph.positions.symbols_in`."""
        return self.index

    def _reindexed(self, substitution: Mapping[Symbol, Expr]) -> Part:
        return part_at(self.array, reindex_all(self.index, substitution))


@cache
def part_at(array: str, index: tuple[Expr, ...]) -> Part:
    """The symbol of a part at the given positions."""
    name = f"{array}[{','.join(map(str, index))}]"
    part: Part = sp.Symbol.__xnew__(Part, name, real=True)
    part.array, part.index = array, index
    return part


Axes = tuple[tuple[Symbol, Expr], ...]
"""Positions and how far each of them runs."""


@dataclass(frozen=True)
class Reduction:
    """``part`` at the positions ``domain`` is the sum of ``body`` over the positions ``limits``."""

    part: Part
    domain: Axes
    limits: Axes
    body: Expr


@dataclass
class Extraction:
    """Takes the sums out of expressions; ``found`` has them in order, inner ones first."""

    stem: str
    found: list[Reduction] = field(default_factory=list)
    _known: dict[tuple[Axes, Axes, Expr], Part] = field(default_factory=dict)

    def __call__(self, expression: Expr, loops: Axes) -> Expr:
        """``expression`` at the positions ``loops``, with parts in the places of its sums."""
        sums = list(_outer_sums(expression))
        return expression.xreplace({total: self._sum(total, loops) for total in sums})

    def _sum(self, total: sp.Sum, loops: Axes) -> Expr:
        taken = {symbol for symbol, _ in loops}
        moves: dict[Symbol, Symbol] = {}
        for variable, _, end in total.limits:
            second = side_of(variable, end, total.function)
            moves[variable] = _free_name(variable, second, taken | {*moves.values()})
        limits = tuple((moves[variable], end + 1) for variable, _, end in total.limits)
        body = self(reindex(total.function, moves), (*loops, *limits))
        return self._contract(body, limits, loops)

    def _contract(self, body: Expr, limits: Axes, loops: Axes) -> Expr:
        outside, factors = _split(sp.Mul.make_args(body), {v for v, _ in limits})
        if not factors:
            return sp.Mul(*outside, *(size for _, size in limits))
        if outside:
            return sp.Mul(*outside) * self._contract(sp.Mul(*factors), limits, loops)
        free = positions_in(body)
        outer = tuple(axis for axis in loops if axis[0] in free)
        for axis in limits if len(limits) > 1 else ():
            rest = tuple(other for other in limits if other != axis)
            apart, within = _split(factors, {axis[0]})
            inner = positions_in(sp.Mul(*within)) - {axis[0]}
            if len(inner) < len(rest) + len(outer):
                part = self._contract(sp.Mul(*within), (axis,), (*loops, *rest))
                return self._contract(sp.Mul(part, *apart), rest, loops)
        return self._define(outer, limits, body)

    def _define(self, domain: Axes, limits: Axes, body: Expr) -> Part:
        key = (domain, limits, body)
        if key not in self._known:
            name = f"{self.stem}{len(self._known) + 1}"
            part = part_at(name, tuple(symbol for symbol, _ in domain))
            self._known[key] = part
            self.found.append(Reduction(part, domain, limits, body))
        return self._known[key]


def side_of(variable: Symbol, end: Expr, body: Expr) -> bool:
    """Whether a sum is over positions of x' (True) or of x."""
    for entry in sorted(entries(body), key=str):
        for index, place in ((entry.left, entry.site[0]), (entry.right, entry.site[1])):
            if any(variable in symbols_in(part) for part in index):
                return place == "b"
    lengths = [s for s in symbols_in(end) if isinstance(s, Length)]
    return lengths[0].second if lengths else variable.name.endswith("'")


def _free_name(variable: Symbol, second: bool, taken: set[Symbol]) -> Symbol:
    """The variable with the mark of its side, under another letter where that is taken."""
    name, _, axis = variable.name.rstrip("'").partition("_")
    for letter in (name, *"rklmpabde"):
        label = (f"{letter}_{axis}" if axis else letter) + "'" * second
        symbol = sp.Symbol(label, integer=True, nonnegative=True)
        if symbol not in taken:
            return symbol
    raise UsageError("sums over positions are nested too deeply to be compiled")


def _outer_sums(expression: sp.Basic) -> Iterator[sp.Sum]:
    if isinstance(expression, sp.Sum):
        yield expression
    else:
        for argument in expression.args:
            yield from _outer_sums(argument)


def _split(
    factors: tuple[Expr, ...] | list[Expr], symbols: set[Symbol]
) -> tuple[list[Expr], list[Expr]]:
    """Factors without and with the symbols."""
    apart: list[Expr] = []
    within: list[Expr] = []
    for factor in factors:
        (within if symbols & symbols_in(factor) else apart).append(factor)
    return apart, within
