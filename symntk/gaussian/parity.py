"""Whether a function of ``x`` is odd or even, read off the function itself.

Parity is an identity between values.  It is decided at generic points on both sides of every kink,
with generic values of the parameters: an elementary function that satisfies the identity at all of
them to rounding satisfies it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

from sympy import Expr, S

from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.pieces import pieces
from symntk.gaussian.symbols import x

_POINTS = (0.0113, 0.0907, 0.237, 0.419, 0.683, 0.911, 1.273, 1.871, 2.719, 4.33, 7.21, 13.7)
_TOLERANCE = 1e-12


@lru_cache(maxsize=256)
def is_odd(phi: Expr) -> bool:
    """phi(-x) = -phi(x)."""
    function = generic_function(phi)
    return same((function(-point), -function(point)) for point in generic_points(phi))


@lru_cache(maxsize=256)
def is_even(phi: Expr) -> bool:
    """phi(-x) = phi(x)."""
    function = generic_function(phi)
    return same((function(-point), function(point)) for point in generic_points(phi))


def generic_points(phi: Expr) -> tuple[float, ...]:
    """Positive points with no special relation, also scaled to lie beyond the outermost kinks."""
    reach = max([1.0, *(abs(float(location)) for location in pieces(phi).locations)])
    return _POINTS if reach <= 1.5 else (*_POINTS, *(reach * point for point in _POINTS))


def generic_function(phi: Expr) -> Callable[[float], float]:
    """Phi as a function of floats, its parameters at values with no special relation."""
    parameters = sorted(phi.free_symbols - {x}, key=str)
    values = {symbol: S(1371 + 577 * k) / 1009 for k, symbol in enumerate(parameters)}
    function = scalar_function(phi.subs(values))

    def value(point: float) -> float:
        try:
            return function(point)
        except NotReal:
            return math.nan

    return value


def same(pairs: Iterable[tuple[float, float]]) -> bool:
    """Whether the finite pairs agree to rounding; without a finite pair nothing is known."""
    compared = 0
    for first, second in pairs:
        if not (math.isfinite(first) and math.isfinite(second)):
            continue
        compared += 1
        if abs(first - second) > _TOLERANCE * max(abs(first), abs(second)):
            return False
    return compared > 0
