"""Gaps of covariances that are built from others: sums, products and scalings keep them exact.

A `Form` is a kernel k(a, b) = <u(a), u(b)> by its two gaps, with n = sqrt(k(a, a) k(b, b)):

    g = n - k,    s = n + k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sympy import Add, Expr, Max, S, Symbol, expand, sqrt

TINY = Symbol("TINY", positive=True)
"""A constant of the emitted module that keeps 0 / 0 away from rows of zeros."""

FEW = 4
"""Terms of a sum whose pairs are few."""

Site = Callable[[Expr], Expr]


@dataclass(frozen=True)
class Form:
    """diagonal: k(a, a) in sample variables.  g, s: the gaps in pair variables."""

    diagonal: Expr
    g: Expr
    s: Expr

    def scaled(self, factor: Expr, diagonal: Expr) -> Form:
        """factor(a, b) k(a, b) for a positive factor f(a) f(b), ``diagonal`` = f(a)^2."""
        return Form(diagonal * self.diagonal, factor * self.g, factor * self.s)


def constant(value: Expr) -> Form:
    """A kernel that is the same positive number for all pairs, such as a bias's."""
    return Form(value, S.Zero, 2 * value)


def product(one: Form, other: Form) -> Form:
    """k k': n n' - k k' = (g s' + s g')/2 and n n' + k k' = (g g' + s s')/2."""
    return Form(
        one.diagonal * other.diagonal,
        (one.g * other.s + one.s * other.g) / 2,
        (one.g * other.g + one.s * other.s) / 2,
    )


def add(terms: Sequence[Form], first: Site, second: Site) -> Form:
    r"""Sum_k of kernels: the gaps add up, and so do the differences of the norms.

    With n_k = a_k b_k and n = |a| |b|, a_k = sqrt(k_k(a, a)), b_k = sqrt(k_k(b, b)), Lagrange's
    identity is n^2 - (sum n_k)^2 = sum_{k<l} (a_k b_l - a_l b_k)^2.  ``first`` and ``second`` take
    sample variables to those of the first and of the second sample.  More than `FEW` terms have
    too many pairs, and n - sum n_k = n/2 sum_k (a_k/|a| - b_k/|b|)^2 has the same precision.
    """
    if len(terms) == 1:
        return terms[0]
    roots = [sqrt(term.diagonal) for term in terms]
    total = Add(*(term.diagonal for term in terms))
    whole = first(sqrt(total)) * second(sqrt(total))
    excess = (_excess if len(terms) <= FEW else _excess_of_many)(roots, total, whole, first, second)
    return Form(
        total,
        Add(*(term.g for term in terms)) + excess,
        Add(*(term.s for term in terms)) + excess,
    )


def _excess(roots: list[Expr], total: Expr, whole: Expr, first: Site, second: Site) -> Expr:
    """n - sum n_k by Lagrange's identity."""
    a, b = [first(root) for root in roots], [second(root) for root in roots]
    squares = S.Zero
    for k in range(len(roots)):
        for other in range(k + 1, len(roots)):
            squares += (a[k] * b[other] - a[other] * b[k]) ** 2
    parts = Add(*(x * y for x, y in zip(a, b, strict=True)))
    return squares / Max(TINY, whole + parts) if expand(squares) != 0 else S.Zero


def _excess_of_many(roots: list[Expr], total: Expr, whole: Expr, first: Site, second: Site) -> Expr:
    """n - sum n_k by the distance of a/|a| and b/|b|."""
    units = [root / sqrt(Max(TINY, total)) for root in roots]
    return whole / 2 * Add(*((first(unit) - second(unit)) ** 2 for unit in units))
