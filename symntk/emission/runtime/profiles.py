"""Kernels as functions of one angle: fitted once, and evaluated at a cost that no depth changes."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

POINTS = 96  # of a profile's first fit; where they do not suffice, pairs go through the layers
CERTIFIED = 2e-14  # error of a profile, relative to its largest value
SHIFTS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.6, 1e6)  # how finely angles near 0 are resolved

ROUNDING = 2e-15  # samples whose variances differ by less have one variance
WORTHWHILE = 10_000  # pairs, from which on a profile is worth its making
NO_PROFILE = (np.empty((2, 0)), 1.0)  # pairs go through the layers


def fitted(values: Any) -> tuple[Any, float]:
    """Chebyshev coefficients of two functions of an angle, and the shift of their variable.

    values(g, s): both functions at pairs of unit variance, g = 1 - cos(angle), s = 1 + cos(angle).
    The variable is w = t (1 + shift) / (t + shift), t = tan(angle / 4), from 0 to 1.  In t the
    kernels of deep networks are smooth but for a steep part next to 0, which w draws out.

    coefficients: (2, count), the highest first; count is a multiple of 4, and 0 where the error,
    measured between the points of the fit, stays above ``CERTIFIED``.
    """
    found, best = np.zeros((2, POINTS)), SHIFTS[-1]
    for shift in SHIFTS:
        short = _shortened(_coefficients(_at(values, _points(POINTS), shift)))
        if short.shape[1] < found.shape[1]:
            found, best = short, shift
    between = _points(2 * POINTS + 1)
    exact = _at(values, between, best)
    errors = np.abs(np.polynomial.chebyshev.chebval(between, found.T) - exact)
    if not (errors.max(axis=1) <= CERTIFIED * np.abs(exact).max(axis=1)).all():
        return NO_PROFILE
    return np.ascontiguousarray(found[:, ::-1]), best


def _shortened(coefficients: Any) -> Any:
    """The coefficients without the highest, as long as those left out are rounding."""
    sizes = np.abs(coefficients)
    tails = np.cumsum(sizes[:, ::-1], axis=1)[:, ::-1]
    needed = (tails > CERTIFIED / 2 * sizes.sum(axis=1, keepdims=True)).any(axis=0)
    count = int(np.argmin(needed)) if not needed.all() else len(needed)
    return coefficients[:, : -(-count // 4) * 4]


def _points(count: int) -> Any:
    """Chebyshev's points in (-1, 1)."""
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


def _coefficients(values: Any) -> Any:
    """The coefficients of the polynomials that have these values at Chebyshev's points."""
    count = values.shape[1]
    # cos(pi k (2 m + 1) / (2 count)), k (2 m + 1) brought below a turn while it is exact
    turns = np.outer(2 * np.arange(count) + 1, np.arange(count)) % (4 * count)
    found = values @ np.cos(np.pi / (2 * count) * turns) * (2.0 / count)
    found[:, 0] /= 2.0
    return found


def _at(values: Any, points: Any, shift: float) -> Any:
    """The functions where the variable is ``points``, moved to (0, 1)."""
    w = (points + 1.0) / 2.0
    t = shift * w / (1.0 + shift - w)
    sine, cosine = 2.0 * t / (1.0 + t * t), (1.0 - t) * (1.0 + t) / (1.0 + t * t)
    return values(2.0 * sine * sine, 2.0 * cosine * cosine)


def one_variance(*variances: Any) -> float:
    """The variance that all these samples have, up to rounding; 0 where there is none."""
    low, high = min(map(np.min, variances)), max(map(np.max, variances))
    return float(low) if high - low <= ROUNDING * high else 0.0


@njit(cache=True, error_model="numpy")
def along_profile(
    coefficients: Any,
    shift: float,
    root1: float,
    root2: Any,
    gap: Any,
    total: Any,
    scales1: Any,
    scales2: Any,
    rows: Any,
    nngp: Any,
    ntk: Any,
) -> None:
    """scale1 scale2 f(w) for a row of pairs; rows: memory to work in."""
    count = len(nngp)
    x = rows[0, :count]
    profile_variable(shift, root1, root2, gap, total, x)
    chebyshev(coefficients[0], x, rows[1, :count], rows[2, :count])
    scaled(scales1[0], scales2[0], x, rows[1], rows[2], nngp)
    chebyshev(coefficients[1], x, rows[1, :count], rows[2, :count])
    scaled(scales1[1], scales2[1], x, rows[1], rows[2], ntk)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def profile_variable(shift: float, root1: float, root2: Any, gap: Any, total: Any, x: Any) -> None:
    """x = 2 (2 w - 1); a row of zeros has any angle.

    tan(angle / 4) = sqrt(g) / (sqrt(g + s) + sqrt(s)), and g + s = 2 root1 root2.
    """
    twice, factor = 2.0 * root1, 4.0 * (1.0 + shift)
    for j in range(len(x)):
        near = math.sqrt(gap[j])
        far = math.sqrt(twice * root2[j]) + math.sqrt(total[j])
        x[j] = factor * near / (near + shift * far + 1e-300) - 2.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def chebyshev(coefficients: Any, x: Any, last: Any, before: Any) -> None:
    """Clenshaw's rule, four steps at a time: the sum is last - x/2 before."""
    for j in range(len(x)):
        last[j] = before[j] = 0.0
    for k in range(0, len(coefficients), 4):
        c0, c1, c2, c3 = coefficients[k : k + 4]
        for j in range(len(x)):
            t, a, b = x[j], last[j], before[j]
            b = c0 + (t * a - b)
            a = c1 + (t * b - a)
            b = c2 + (t * a - b)
            a = c3 + (t * b - a)
            last[j], before[j] = a, b


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def scaled(scale: float, scales: Any, x: Any, last: Any, before: Any, values: Any) -> None:
    """scale scales (last - x/2 before)."""
    for j in range(len(x)):
        values[j] = scale * scales[j] * (last[j] - 0.5 * x[j] * before[j])
