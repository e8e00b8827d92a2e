"""Gaps of covariances that are built from others: sums, products and scalings keep them exact.

A `Form` is a kernel k(a, b) = <u(a), u(b)> by its two gaps, with n = sqrt(k(a, a) k(b, b)):

    g = n - k,    s = n + k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sympy import Add, Expr, Max, Mul, S, Symbol, expand, sqrt

TINY = Symbol("TINY", positive=True)
"""A constant of the emitted module that keeps 0 / 0 away from rows of zeros."""

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

    With n_k = a_k b_k and n = |a| |b|, a_k = sqrt(k_k(a, a)), b_k = sqrt(k_k(b, b)), the excess of
    n over sum n_k is 2 n sin^2(delta/2), delta the angle between the vectors a and b.  ``first``
    and ``second`` take sample variables to those of the first and of the second sample.
    """
    if len(terms) == 1:
        return terms[0]
    roots = [sqrt(term.diagonal) for term in terms]
    total = Add(*(term.diagonal for term in terms))
    whole = first(sqrt(total)) * second(sqrt(total))
    if _are_parallel(roots, first, second):
        excess = S.Zero
    elif len(terms) == 2:
        excess = _excess_of_two(roots, total, first, second)
    else:
        excess = _excess_of_many(roots, total, whole, first, second)
    return Form(
        total,
        Add(*(term.g for term in terms)) + excess,
        Add(*(term.s for term in terms)) + excess,
    )


def _are_parallel(roots: list[Expr], first: Site, second: Site) -> bool:
    """Whether a and b are, for all samples: a_k b_l = a_l b_k."""
    a, b = [first(root) for root in roots], [second(root) for root in roots]
    return all(expand(a[0] * b[k] - a[k] * b[0]) == 0 for k in range(1, len(roots)))


def _excess_of_two(roots: list[Expr], total: Expr, first: Site, second: Site) -> Expr:
    r"""n - n_1 - n_2 without a division for each pair, from half the angles in the plane.

    With a = |a| (cos alpha, sin alpha) the excess is (u(a) v(b) - v(a) u(b))^2 for
    u = sqrt(2 |a|) sin(alpha/2) = a_2 / sqrt(|a| + a_1) and
    v = sqrt(2 |a|) cos(alpha/2) = sqrt(|a| + a_1), up to a factor 1/2.
    """
    long = sqrt(total) + roots[0]
    factor, rest = _apart(roots[1], first)
    u, v = rest / sqrt(Max(TINY, long)), sqrt(long)
    return factor**2 / 2 * (first(u) * second(v) - first(v) * second(u)) ** 2


def _excess_of_many(roots: list[Expr], total: Expr, whole: Expr, first: Site, second: Site) -> Expr:
    """n - sum n_k = n/2 sum_k (a_k/|a| - b_k/|b|)^2."""
    squares: dict[Expr, Expr] = {}
    for root in roots:
        factor, rest = _apart(root, first)
        unit = rest / sqrt(Max(TINY, total))
        square = (first(unit) - second(unit)) ** 2
        squares[factor] = squares.get(factor, S.Zero) + square
    return whole / 2 * Add(*(factor**2 * square for factor, square in squares.items()))


def _apart(root: Expr, first: Site) -> tuple[Expr, Expr]:
    """The factors of a root that are the same for all samples, and the others."""
    factors = Mul.make_args(root)
    constants = [factor for factor in factors if first(factor) == factor]
    return Mul(*constants), Mul(*(factor for factor in factors if factor not in constants))
