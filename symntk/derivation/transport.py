"""Covariances carried along positions: forwards through a link, gradients backwards."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symntk.graph import Node
from symntk.graph.positions import (
    Index,
    Inside,
    Length,
    Positions,
    Same,
    bound_indices,
    exchanged,
    indices,
    lengths_at,
    reindex,
    symbols_in,
)
from symntk.ops.links import Link

Resolve = Callable[[sp.Expr, bool], sp.Expr]
"""A coefficient, written at x, at x or x' (True), its statistics as symbols of the program."""


def at_place(expression: sp.Expr, second: bool) -> sp.Expr:
    """A coefficient or an index, written for x, for x' if ``second``."""
    if not second:
        return expression
    moved: sp.Expr = reindex(lengths_at(expression, True), exchanged(True))
    return moved


def pulled(
    covariance: sp.Expr, link: Link, node: Node, coefficient: sp.Expr, second: bool
) -> sp.Expr:
    """sum_r c(p, r) C(i(p, r)): a covariance C of the link's argument as one of ``node``, the map.

    second: whether the argument is the right one of the covariance, at x'.
    """
    if covariance == 0 or coefficient == 0:
        return sp.S.Zero
    own = indices(len(link.argument.positions), second)
    there = (at_place(part, second) for part in link.index)
    moved = reindex(covariance, dict(zip(own, there, strict=True)))
    bound = tuple(at_place(r, second) for r in link.bound)
    lengths = tuple(lengths_at(n, second) for n in link.lengths)
    return _within(summed(coefficient * moved, bound, lengths), node, second)


def _within(value: sp.Expr, node: Node, second: bool) -> sp.Expr:
    """``value`` for positions of ``node``, which lie inside of it."""
    brackets = map(Inside, *own_positions(node, second))
    known = dict.fromkeys((part for part in brackets if isinstance(part, Inside)), sp.S.One)
    return value.xreplace(known) if known else value


def pushed(
    covariance: sp.Expr,
    link: Link,
    node: Node,
    coefficient: sp.Expr,
    second: bool,
    local: bool = False,
) -> sp.Expr:
    """sum_p c(p, r) [i(p, r) = t] C(p): the gradient at ``node``, as one at its link's argument.

    Where i can be solved for p or for r, the sum over it collapses.
    local: of a network that acts on each position alone, for the gradient of the output at p: then
    there is no sum.
    """
    if covariance == 0 or coefficient == 0:
        return sp.S.Zero
    if local:
        return coefficient * covariance
    rank = len(node.positions)
    own = indices(rank, second)
    pending = tuple(_pending(axis, second) for axis in range(rank))
    rename = dict(zip(own, pending, strict=True))
    value = reindex(coefficient * covariance, rename)
    lengths = tuple(lengths_at(n, second) for n in node.positions)
    bound = {
        at_place(r, second): lengths_at(n, second)
        for r, n in zip(link.bound, link.lengths, strict=True)
    }
    left = dict(zip(pending, lengths, strict=True)) | bound
    targets = indices(len(link.argument.positions), second)
    for place, target in zip(link.index, targets, strict=True):
        index = reindex(at_place(place, second), rename)
        value = _solved(value, index, target, left)
    return _within(_with_names(value, left, second), link.argument, second)


def _pending(axis: int, second: bool) -> sp.Symbol:
    return sp.Symbol(f"pending{axis}" + "'" * second, integer=True, nonnegative=True)


def _solved(
    value: sp.Expr, index: sp.Expr, target: sp.Symbol, left: dict[sp.Symbol, sp.Expr]
) -> sp.Expr:
    """``value`` summed over what [index = target] determines, which leaves ``left``."""
    free = [s for s in left if s in symbols_in(index)]
    if len(free) == 1:
        (symbol,) = free
        offset = index - symbol
        if symbol not in symbols_in(offset):
            size = left.pop(symbol)
            return Inside(target - offset, size) * reindex(value, {symbol: target - offset})
        inverse = _round_the_circle(index, symbol, target)
        if inverse is not None and left[symbol] == index.args[1]:
            del left[symbol]
            return reindex(value, {symbol: inverse})
    return Same(target, index) * value


def _round_the_circle(index: sp.Expr, symbol: sp.Symbol, target: sp.Symbol) -> sp.Expr | None:
    """p with (p + o) mod T = t, which is (t - o) mod T."""
    if isinstance(index, sp.Mod) and symbol not in symbols_in(index.args[0] - symbol):
        return sp.Mod(target - (index.args[0] - symbol), index.args[1])
    return None


def _with_names(value: sp.Expr, left: dict[sp.Symbol, sp.Expr], second: bool) -> sp.Expr:
    """The sum over what is ``left``, under names that are free in ``value``."""
    for symbol, size in left.items():
        taken = symbols_in(value)
        letters = (letter + "'" * second for letter in "rklmpabde")
        names = (sp.Symbol(letter, integer=True, nonnegative=True) for letter in letters)
        name = next(s for s in names if s not in taken)
        value = summed(reindex(value, {symbol: name}), (name,), (size,))
    return value


def summed(value: sp.Expr, symbols: Index, lengths: Positions) -> sp.Expr:
    """The sum of ``value`` over positions; factors that do not depend on them stand in front."""
    for symbol, size in zip(symbols, lengths, strict=True):
        value = _sum(value, symbol, size)
    return value


def _sum(value: sp.Expr, symbol: sp.Symbol, size: sp.Expr) -> sp.Expr:
    if value == 0:
        return value
    outside: list[sp.Expr] = []
    inside: list[sp.Expr] = []
    for factor in sp.Mul.make_args(value):
        (inside if symbol in symbols_in(factor) else outside).append(factor)
    if not inside:
        return sp.Mul(*outside, size)
    body, limits = _one_sum(inside)
    for factor in inside:
        if isinstance(factor, Same) and symbol in factor.args:
            return sp.Mul(*outside, _sifted(sp.Mul(*inside) / factor, factor, symbol, size))
    return sp.Mul(*outside, sp.Sum(body, *limits, (symbol, 0, size - 1)))


def _one_sum(factors: list[sp.Expr]) -> tuple[sp.Expr, tuple[sp.Tuple, ...]]:
    """A product as one sum, where one factor is a sum whose indices the others do not use."""
    sums = [factor for factor in factors if isinstance(factor, sp.Sum)]
    rest = sp.Mul(*(factor for factor in factors if not isinstance(factor, sp.Sum)))
    if len(sums) == 1 and not set(sums[0].variables) & symbols_in(rest):
        return rest * sums[0].function, sums[0].limits
    return sp.Mul(*factors), ()


def _sifted(value: sp.Expr, same: sp.Expr, symbol: sp.Symbol, size: sp.Expr) -> sp.Expr:
    """sum_r [r = e] F(r) = [0 <= e < size] F(e)"""
    other = next(part for part in same.args if part != symbol)
    return Inside(other, size) * reindex(value, {symbol: other})


def own_positions(node: Node, second: bool) -> tuple[Index, Positions]:
    """The indices of a node's position at x or x', and how far they run."""
    return indices(len(node.positions), second), tuple(
        lengths_at(n, second) for n in node.positions
    )


def tidied(value: sp.Expr, taken: set[sp.Symbol]) -> sp.Expr:
    """``value`` with the indices of its sums called t and t' where these are free, then r, r', ...

    A sum over positions of x' has a mark.  ``taken``: symbols that stand for something else.
    """
    sums = {
        part: _tidied_sum(part, taken)
        for part in sp.preorder_traversal(value)
        if isinstance(part, sp.Sum)
    }
    return value.xreplace(sums) if sums else value


def _tidied_sum(total: sp.Sum, taken: set[sp.Symbol]) -> sp.Expr:
    own = set(total.variables)
    used = (taken | symbols_in(total)) - own
    rank = 2 if any("_" in s.name for s in own) or own & set(indices(2) + indices(2, True)) else 1
    names: dict[sp.Symbol, sp.Symbol] = {}
    limits = []
    for variable, *ends in total.limits:
        second = any(isinstance(s, Length) and s.second for s in symbols_in(ends[-1]))
        axis = 0 if rank == 1 else _axis(variable)
        choices = [indices(rank, second)[axis]]
        choices += [bound_indices(rank, second, level)[axis] for level in range(6)]
        name = next(s for s in choices if s not in used)
        used.add(name)
        names[variable] = name
        limits.append((name, *ends))
    through = {old: sp.Symbol(f"through{n}", integer=True) for n, old in enumerate(names)}
    body = reindex(total.function, through)
    body = reindex(body, {through[old]: new for old, new in names.items()})
    return sp.Sum(tidied(body, used | taken), *limits)


def _axis(variable: sp.Symbol) -> int:
    name = variable.name.rstrip("'")
    return int(name[-1]) - 1 if "_" in name else "ij".index(name)
