r"""Runge-Kutta-Chebyshev: an explicit rule for flows that are stiff, with error control.

B. P. Sommeijer, L. F. Shampine, J. G. Verwer, RKC: an explicit solver for parabolic PDEs,
J. Comput. Appl. Math. 88 (1998) 315-326.

A gradient flow y' = F(y) = -grad L(y) of a convex L has a Jacobian with real eigenvalues in
[-rate, 0].  A step h of s stages, each one evaluation of F, is stable for h rate <= 0.65 s^2: a
hundred times as many stages go ten thousand times as far, and no linear system is solved.

The flow of a convex function brings any two of its states closer together,
|y(t) - z(t)| <= |y(0) - z(0)|.  An error made in one step never grows, and the error at time t is
at most the sum of those of the steps, each estimated from the values at its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DAMPING = 2 / 13
REACH = 0.653
"""A step of s stages is stable for h rate <= `REACH` (s^2 - 1)."""

STAGES = 300
"""The most in one step: rounding grows with their square, to 1e-11 here."""

CACHED = 2**14
"""Numbers of a part of an array that is worked on at once."""

MARGIN = 10
"""An error at most so many times as large as rounding is taken for it."""


@dataclass(frozen=True, eq=False)
class State:
    """The flow at a time.

    error: an estimate of a bound on the Euclidean norm of the error of ``value``.
    evaluations: of F so far.
    """

    time: float
    value: Array
    error: float
    evaluations: int


def integrate(
    slope: Callable[[Array], Array],
    start: Array,
    times: Sequence[float],
    rate: float,
    tolerance: float,
    reached: Callable[[float], None] = lambda time: None,
    noise: float = 0.0,
) -> Iterator[State]:
    """The states at ``times`` (rising, from 0) of the gradient flow y' = slope(y), y(0) = start.

    rate: at least the largest absolute eigenvalue of the Jacobian of ``slope``, everywhere.
    tolerance: of the error of one step, relative to the norm of the state.
    reached: called with the time after each step.
    noise: the size of the rounding errors of ``slope``: a step is not repeated for what they make.
    """
    import numpy as np

    time, value, error, evaluations = 0.0, start, 0.0, 1
    pull = slope(value)
    longest = REACH * (STAGES**2 - 1) / rate if rate else inf
    step = 1 / rate if rate else inf
    for until in times:
        while time < until:
            left = until - time
            pieces = max(1.0, np.ceil(left / step * (1 - 1e-12)))
            taken = left / pieces
            stages = max(2, 1 + int(sqrt(1 + taken * rate / REACH)))
            following = _advance(slope, value, pull, taken, stages)
            ahead = slope(following)
            evaluations += stages
            missed = float(np.linalg.norm(0.8 * (value - following) + 0.4 * taken * (pull + ahead)))
            size = tolerance * float(max(np.linalg.norm(value), np.linalg.norm(following)))
            size += MARGIN * taken * noise
            ratio = missed / size if size else 0.0
            step = min(taken * _growth(ratio), longest)
            if ratio > 1:
                continue
            time = until if pieces == 1 else time + taken
            value, pull, error = following, ahead, error + missed
            reached(time)
        yield State(until, value, error, evaluations)


def _growth(ratio: float) -> float:
    """The next step over this one, for an error of third order ``ratio`` times the tolerance."""
    return min(10.0, max(0.1, 0.8 * ratio ** (-1 / 3))) if ratio else 10.0


def _advance(
    slope: Callable[[Array], Array], value: Array, pull: Array, step: float, stages: int
) -> Array:
    """The state one step on, ``pull`` being the slope at ``value``; slopes are written over."""
    first, rows = _coefficients(stages)
    earlier, last = value, value + first * step * pull
    pieces = _pieces(value)
    for mu, nu, mu_slope, gamma_slope in rows:
        following = slope(last)
        for part in pieces:
            following[part] = (
                (1 - mu - nu) * value[part]
                + mu * last[part]
                + nu * earlier[part]
                + step * (mu_slope * following[part] + gamma_slope * pull[part])
            )
        earlier, last = last, following
    return last


def _pieces(value: Array) -> list[slice]:
    """Parts of an array so small that what is computed of them stays in a cache."""
    rows = max(1, CACHED * len(value) // max(1, value.size))
    return [slice(begin, begin + rows) for begin in range(0, len(value), rows)]


@lru_cache(maxsize=STAGES)
def _coefficients(stages: int) -> tuple[float, tuple[tuple[float, float, float, float], ...]]:
    """mu~_1, and (mu_j, nu_j, mu~_j, gamma~_j) for j = 2, ..., s: equations (2.7) to (2.9).

    b_j = T_j''(w0) / T_j'(w0)^2 and w1 = T_s'(w0) / T_s''(w0) at w0 = 1 + 2 / (13 s^2).
    """
    w0 = 1 + DAMPING / stages**2
    t, d, dd = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
    for _ in range(2, stages + 1):
        t.append(2 * w0 * t[-1] - t[-2])
        d.append(2 * t[-2] + 2 * w0 * d[-1] - d[-2])
        dd.append(4 * d[-2] + 2 * w0 * dd[-1] - dd[-2])
    w1 = d[stages] / dd[stages]
    b = [0.0, 0.0] + [dd[j] / d[j] ** 2 for j in range(2, stages + 1)]
    b[0] = b[1] = b[2]
    rows = []
    for j in range(2, stages + 1):
        mu = 2 * b[j] * w0 / b[j - 1]
        nu = -b[j] / b[j - 2]
        mu_slope = 2 * b[j] * w1 / b[j - 1]
        rows.append((mu, nu, mu_slope, -(1 - b[j - 1] * t[j - 1]) * mu_slope))
    return b[1] * w1, tuple(rows)
