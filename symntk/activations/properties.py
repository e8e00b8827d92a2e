"""Kinks and homogeneity of a function of ``x``, read off the function itself.

Homogeneity is an identity between values, decided as parity is: at generic points on both sides of
every kink, with generic values of the parameters.
"""

from __future__ import annotations

import math
from functools import lru_cache

from sympy import Expr, S, nan, oo, zoo

from symntk.gaussian.parity import generic_function, generic_points, same
from symntk.gaussian.pieces import pieces
from symntk.gaussian.symbols import x

MAX_ORDER = 8
"""A derivative of higher order than this is not examined for jumps."""

_ROUNDING = 1e-12


@lru_cache(maxsize=256)
def homogeneity(phi: Expr) -> int | None:
    """The degree k where phi(s x) = s^k phi(x) for every s > 0, or None.

    k is read off phi(2) / phi(1) on a side where phi does not vanish.
    """
    function = generic_function(phi)
    for side in (1.0, -1.0):
        here, there = function(side), function(2 * side)
        if here != 0 and math.isfinite(here) and math.isfinite(there) and there / here > 0:
            degree = round(math.log2(there / here))
            break
    else:
        return None
    holds = same(
        (function(scale * side * point), scale**degree * function(side * point))
        for point in generic_points(phi)
        for side in (1, -1)
        for scale in (0.37, 2.9)
    )
    return degree if holds else None


@lru_cache(maxsize=256)
def kinks(phi: Expr) -> tuple[tuple[Expr, int], ...]:
    """Pairs (location, order of the first derivative that jumps or is infinite there)."""
    split = pieces(phi)
    found = []
    for location, left, right in zip(
        split.locations, split.functions, split.functions[1:], strict=False
    ):
        order = _first_jump(right, left, location)
        if order is not None:
            found.append((location, order))
    return tuple(found)


def _first_jump(right: Expr, left: Expr, location: Expr) -> int | None:
    for order in range(MAX_ORDER + 1):
        sides = right.subs(x, location), left.subs(x, location)
        if any(side.has(zoo, oo, -oo, nan) for side in sides) or not _agree(*sides):
            return order
        left, right = left.diff(x), right.diff(x)
    return None


def _agree(one: Expr, two: Expr) -> bool:
    """Whether two values are equal, up to rounding where the location was found numerically."""
    difference = one - two
    if difference.is_zero is not None:
        return bool(difference.is_zero) or (
            not difference.free_symbols and _is_small(difference, one, two)
        )
    if difference.free_symbols:
        return bool(difference.equals(S.Zero))
    return _is_small(difference, one, two)


def _is_small(difference: Expr, one: Expr, two: Expr) -> bool:
    size, first, second = (abs(value.evalf(30, maxn=200)) for value in (difference, one, two))
    return bool(size <= _ROUNDING * (1 + first + second))
