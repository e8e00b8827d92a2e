"""Poles: places where a function of ``x`` is so large that its square has no integral.

E[phi(u)^2] is infinite then, whatever the variance of u, so there is no kernel.  phi may still be
infinite where this is mild: log|x|, or |x|^(-1/4).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from sympy import Expr, Float, Pow, Rational, log, tan

from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.symbols import x

_REACH = 6.0
_STEPS = 1500
_NEAR, _NEARER = Rational(1, 10**4), Rational(1, 10**7)


@lru_cache(maxsize=256)
def poles(phi: Expr) -> tuple[float, ...]:
    """The poles of ``phi``, whose only symbol is x, between -6 and 6.

    Every local maximum of |phi| on a grid is refined; it is a pole where |phi(a + h)| grows
    like h^(-1/2) or faster as h falls.
    """
    if not any(power.exp.could_extract_minus_sign() for power in phi.atoms(Pow)) and not phi.has(
        tan
    ):
        return ()
    function = scalar_function(phi)

    def size(point: float) -> float:
        try:
            value = abs(function(point))
        except NotReal:
            return 0.0
        return math.inf if math.isnan(value) else value

    grid = [_REACH * (2 * step / _STEPS - 1) for step in range(_STEPS + 1)]
    sizes = [size(point) for point in grid]
    peaks = (
        _peak(size, grid[i - 1], grid[i + 1])
        for i in range(1, _STEPS)
        if sizes[i - 1] <= sizes[i] >= sizes[i + 1] and not sizes[i - 1] == sizes[i] == sizes[i + 1]
    )
    return tuple(dict.fromkeys(peak for peak in peaks if _grows(phi, peak)))


def _peak(size: Callable[[float], float], low: float, high: float) -> float:
    """The place of the maximum between two points, by thirds."""
    while high - low > 4e-16 * max(abs(low), abs(high), 1e-300):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if not low < first < second < high:
            break
        if size(first) < size(second):
            low = first
        else:
            high = second
    middle = (low + high) / 2
    return 0.0 if abs(middle) < 1e-15 else middle


def _grows(phi: Expr, place: float) -> bool:
    """Whether the square of ``phi`` has no integral at ``place``, to one side at least."""
    centre = Rational(Float(place))
    for side in (1, -1):
        near, nearer = (
            abs(phi.subs(x, centre + side * h).evalf(20, maxn=100)) for h in (_NEAR, _NEARER)
        )
        if not near.is_finite or not nearer.is_finite:
            continue
        if near > 0 and nearer > 0 and log(nearer / near).evalf() > 0.49 * math.log(1000):
            return True
    return False
