"""A kernel of documents as sums over pairs of positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from symntk.derivation import Entry, Quantity, entries
from symntk.errors import SymntkError
from symntk.gaussian import Expectation
from symntk.graph.positions import (
    Index,
    Inside,
    Length,
    Same,
    indices,
    length_at,
    lengths_at,
    reindex,
    symbols_in,
)
from symntk.ops.law import reindex_all


class NotWindows(SymntkError):
    """A kernel that is no sum over pairs of windows: attention, or a recursion over time."""


@dataclass(frozen=True)
class Summand:
    """coefficient * sum_{t < T} sum_{t' < T'} body(t, t'), or the coefficient alone.

    body: an expression in t and t'; None for what every pair of documents has, once.
    counts: how many positions t and t' run over.
    """

    coefficient: sp.Expr
    body: sp.Expr | None = None
    counts: tuple[sp.Expr, ...] = ()


def summands(values: Mapping[Quantity, sp.Expr], target: Quantity) -> tuple[Summand, ...]:
    """The quantity ``target`` as such sums, ``values`` being the equations.

    One without an equation is 0.  Raises NotWindows where it is none.
    """
    return tuple(_taken_apart(values.get(target, sp.S.Zero), values))


def _taken_apart(expression: sp.Expr, values: Mapping[Quantity, sp.Expr]) -> Iterator[Summand]:
    match expression:
        case sp.Sum():
            yield _of_sum(expression)
        case Entry() if expression.left or expression.right:
            raise NotWindows("one position of a document, the first or the last, is read alone")
        case Entry():
            yield from _taken_apart(values[expression.quantity], values)
        case sp.Add():
            for term in expression.args:
                yield from _taken_apart(term, values)
        case sp.Mul():
            yield from _of_product(expression, values)
        case _:
            if expression.atoms(Entry, Expectation):
                raise NotWindows("what follows the sum over positions is not linear")
            yield Summand(expression)


def _of_sum(total: sp.Sum) -> Summand:
    """A sum over one position of each document, the positions called t and t'."""
    if len(total.limits) == 1:
        total = _of_both(total)
    own: dict[sp.Symbol, sp.Expr] = {}
    counts: dict[bool, sp.Expr] = {}
    for variable, low, high in total.limits:
        second = variable.name.endswith("'")
        if low != 0 or second in counts:
            raise NotWindows("a kernel with more than one sum over a document")
        counts[second] = high + 1
        own[variable] = indices(1, second)[0]
    if set(counts) != {False, True}:
        raise NotWindows("a sum over one of the documents alone")
    return Summand(sp.S.One, reindex(total.function, own), (counts[False], counts[True]))


def _of_both(total: sp.Sum) -> sp.Sum:
    """A sum over the positions that both documents have, as one over both with [t = t']."""
    ((variable, low, high),) = total.limits
    (t,), (other,) = indices(1), indices(1, True)
    sites = {e.site for e in entries(total) if e.left and e.right}
    if variable not in (t, other) or low != 0 or "ab" not in sites or "ba" in sites:
        raise NotWindows("a sum over one of the documents alone")

    counts = [lengths_at(high, second) for second in (False, True)]

    def place(index: Index, one: str) -> Index:
        return reindex_all(index, {variable: other if one == "b" else t})

    def moved(expression: sp.Expr) -> sp.Expr:
        """With t' where x' is read."""
        if isinstance(expression, Entry):
            first, second = expression.site
            left, right = place(expression.left, first), place(expression.right, second)
            return expression.quantity.at(expression.site, left, right)
        if isinstance(expression, Inside):
            is_second = lengths_at(expression, True) == expression
            within = reindex(expression, {variable: other if is_second else t})
            is_summed = within.args == ((t, other)[is_second], counts[is_second] + 1)
            return sp.S.One if is_summed else within
        return expression.func(*map(moved, expression.args)) if expression.args else expression

    body = Same(t, other) * moved(total.function)
    return sp.Sum(body, (t, 0, counts[0]), (other, 0, counts[1]))


def _of_product(product: sp.Expr, values: Mapping[Quantity, sp.Expr]) -> Iterator[Summand]:
    coefficient = sp.S.One
    found: tuple[Summand, ...] = (Summand(sp.S.One),)
    for factor in product.args:
        parts = tuple(_taken_apart(factor, values))
        if len(parts) == 1 and parts[0].body is None:
            coefficient *= parts[0].coefficient
        elif found == (Summand(sp.S.One),):
            found = parts
        else:
            raise NotWindows("a product of sums over positions")
    for part in found:
        yield _counted(Summand(coefficient * part.coefficient, part.body, part.counts))


def _counted(part: Summand) -> Summand:
    """A constant times T T' is a constant summed over all pairs of positions."""
    if part.body is not None:
        return part
    lengths = [s for s in symbols_in(part.coefficient) if isinstance(s, Length)]
    if not lengths:
        return part
    first = length_at(lengths[0], False)
    pair = (first, length_at(first, True))
    rest = part.coefficient / (pair[0] * pair[1])
    if rest.has(*pair):
        raise NotWindows(f"{part.coefficient} depends on the lengths of the documents")
    return Summand(rest, sp.S.One, pair)
