"""Sums over all pairs of positions with a common factor, as one sum.

The gradient of a convolution's weights meets its input at every offset o of the window,

    Theta = sum_o sum_{t, t'} Pi(t, t') c_o Sigma(t + o, t' + o)
          = sum_{t, t'} Pi(t, t') sum_o c_o Sigma(t + o, t' + o),

and the inner sum is often the covariance of the convolution's output, which is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import sympy as sp
from sympy import Expr

from symntk.derivation import Entry, entries
from symntk.emission.sequences.indices import positions_in
from symntk.graph.positions import indices


def merged(value: Expr, known: Iterable[tuple[Entry, Expr]]) -> Expr:
    """``value`` with its sums over the same pairs of positions as one.

    known: entries at the positions of the loop and what they are equal to.
    """
    terms: dict[frozenset[Expr], list[Expr]] = {}
    rest: list[Expr] = []
    for term in sp.Add.make_args(sp.expand_mul(value)):
        found = _sum_of(term)
        if found is None:
            rest.append(term)
        else:
            terms.setdefault(found[0], []).append(found[1])
    if all(len(bodies) == 1 for bodies in terms.values()):
        return value
    facts = list(known)
    for limits, bodies in terms.items():
        ordered = sorted(limits, key=str)
        rest.append(sp.Sum(_factored(bodies, facts), *ordered))
    return sp.Add(*rest)


def _sum_of(term: Expr) -> tuple[frozenset[Expr], Expr] | None:
    """The limits and the body of a constant times a sum over pairs (t, t') of positions."""
    factors = sp.Mul.make_args(term)
    sums = [factor for factor in factors if isinstance(factor, sp.Sum)]
    if len(sums) != 1:
        return None
    (total,) = sums
    others = sp.Mul(*(factor for factor in factors if factor is not total))
    variables = {variable for variable, *_ in total.limits}
    rank = len(variables) // 2
    if entries(others) or positions_in(others) or rank not in (1, 2):
        return None
    if variables != {*indices(rank), *indices(rank, True)}:
        return None
    if not positions_in(total.function) <= variables or total.function.has(sp.Sum):
        return None
    return frozenset(total.limits), others * total.function


def _factored(bodies: list[Expr], known: list[tuple[Entry, Expr]]) -> Expr:
    """The sum of some products, their common entries in front of what they are multiplied by."""
    products = [set(sp.Mul.make_args(body)) for body in bodies]
    common = {f for f in reduce(set.intersection, products) if isinstance(f, Entry)}
    if not common:
        return sp.Add(*bodies)
    inner = sp.Add(*(body / sp.Mul(*common) for body in bodies))
    for entry, value in known:
        left_over = sp.expand_mul(value) - inner
        if not entries(left_over) and not positions_in(left_over):
            inner = entry - left_over
            break
    return sp.Mul(*common) * inner
