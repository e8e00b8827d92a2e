"""Parity, kinks and homogeneity of a function of ``x``, read off the function itself.

Parity and homogeneity are identities between values.  They are decided at generic points on both
sides of every kink, with generic values of the parameters: an elementary function that satisfies
the identity at all of them to rounding satisfies it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from sympy import Expr, S, nan, oo, zoo

from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.pieces import pieces
from symntk.gaussian.symbols import x

MAX_ORDER = 8
"""A derivative of higher order than this is not examined for jumps."""

_POINTS = (0.0113, 0.0907, 0.237, 0.419, 0.683, 0.911, 1.273, 1.871, 2.719, 4.33, 7.21, 13.7)
_TOLERANCE = 1e-12


@lru_cache(maxsize=256)
def is_odd(phi: Expr) -> bool:
    """phi(-x) = -phi(x)."""
    function = _generic(phi)
    return _same((function(-point), -function(point)) for point in _points(phi))


@lru_cache(maxsize=256)
def is_even(phi: Expr) -> bool:
    """phi(-x) = phi(x)."""
    function = _generic(phi)
    return _same((function(-point), function(point)) for point in _points(phi))


@lru_cache(maxsize=256)
def homogeneity(phi: Expr) -> int | None:
    """k where phi(s x) = s^k phi(x) for every s > 0, or None.

    k is read off phi(2) / phi(1) on a side where phi does not vanish.
    """
    function = _generic(phi)
    for side in (1.0, -1.0):
        here, there = function(side), function(2 * side)
        if here != 0 and math.isfinite(here) and math.isfinite(there) and there / here > 0:
            degree = round(math.log2(there / here))
            break
    else:
        return None
    holds = _same(
        (function(scale * side * point), scale**degree * function(side * point))
        for point in _points(phi)
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
        jump = (right - left).subs(x, location)
        if jump.has(zoo, oo, -oo, nan):
            return order
        if not _vanishes(jump):
            return order
        left, right = left.diff(x), right.diff(x)
    return None


def _vanishes(value: Expr) -> bool:
    if value.is_zero is not None:
        return bool(value.is_zero)
    if value.free_symbols:
        return bool(value.expand().equals(S.Zero))
    return abs(value.evalf(30, maxn=200)) < S(10) ** -25


def _points(phi: Expr) -> tuple[float, ...]:
    """The generic points, also scaled to lie beyond the outermost kinks."""
    reach = max([1.0, *(abs(float(location)) for location in pieces(phi).locations)])
    return _POINTS if reach <= 1.5 else (*_POINTS, *(reach * point for point in _POINTS))


def _generic(phi: Expr) -> Callable[[float], float]:
    """phi as a function of floats, its parameters at values with no special relation."""
    parameters = sorted(phi.free_symbols - {x}, key=str)
    values = {symbol: S(1371 + 577 * k) / 1009 for k, symbol in enumerate(parameters)}
    function = scalar_function(phi.subs(values))

    def value(point: float) -> float:
        try:
            return function(point)
        except NotReal:
            return math.nan

    return value


def _same(pairs: object) -> bool:
    assert hasattr(pairs, "__iter__")
    compared = 0
    for first, second in pairs:
        if not (math.isfinite(first) and math.isfinite(second)):
            continue
        compared += 1
        if abs(first - second) > _TOLERANCE * max(abs(first), abs(second)):
            return False
    return compared > 0
