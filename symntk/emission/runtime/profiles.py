"""Kernels as functions of one angle: fitted once, and evaluated at a cost that no depth changes."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.angles import TINY
from symntk.emission.runtime.inputs import NEAR, close_gaps

POINTS = 96  # of a profile's first fit; where they do not suffice, pairs go through the layers
TERMS_AT_ONCE = 12  # a profile has a multiple of these: 6 for each half, and 6 in a pass
CERTIFIED = 2e-14  # error of a profile, relative to its largest value
SHIFTS = (
    0.05,
    0.1,
    0.2,
    0.3,
    0.5,
    0.7,
    1.0,
    1.6,
    4.0,
    1e6,
)  # how finely angles near 0 are resolved
ALIKE = 2e-15  # samples whose variances differ by less have one variance
WORTHWHILE = 10_000  # pairs, from which on a profile is worth its making
NO_PROFILE = (np.empty((4, 0)), 1.0)  # pairs go through the layers


def fitted(values: Any) -> tuple[Any, float]:
    """Two functions of an angle as polynomials, and the shift of their variable.

    values(g, s): both functions at pairs of unit variance, g = 1 - cos(angle), s = 1 + cos(angle).
    The variable is w = t (1 + shift) / (t + shift), t = tan(angle / 4), from 0 to 1.  In t the
    kernels of deep networks are smooth but for a steep part next to 0, which w draws out.

    coefficients: (4, count), the even and the odd half of the first function, and of the second,
    as `_halves` has them; as many as make the error, measured between the points of the fit as the
    halves are evaluated, at most ``CERTIFIED``, or none where no number does.
    """
    fits = [chebyshev_series(_at(values, chebyshev_points(POINTS), shift)) for shift in SHIFTS]
    lengths = [_length(fit) for fit in fits]
    best = lengths.index(min(lengths))
    between = chebyshev_points(2 * POINTS + 1)
    exact = _at(values, between, SHIFTS[best])
    allowed = CERTIFIED * np.abs(exact).max(axis=1)
    for count in range(TERMS_AT_ONCE, POINTS + 1, TERMS_AT_ONCE):
        found = np.concatenate([_halves(series[:count]) for series in fits[best]])
        errors = np.abs(_summed(found, between) - exact).max(axis=1)
        if (errors <= allowed).all():
            return found, SHIFTS[best]
    return NO_PROFILE


def _length(coefficients: Any) -> int:
    """The number of coefficients before those that are next to nothing, the later ones summed."""
    tails = np.cumsum(np.abs(coefficients)[:, ::-1], axis=1)[:, ::-1]
    needed = ~(tails <= 5 * CERTIFIED * tails[:, :1]).all(axis=0)
    return int(needed.sum())


def chebyshev_points(count: int) -> Any:
    """Chebyshev's points in (-1, 1)."""
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


def chebyshev_series(values: Any) -> Any:
    """The coefficients of the polynomials that have these values at Chebyshev's points."""
    count = values.shape[1]
    # cos(pi k (2 m + 1) / (2 count)), k (2 m + 1) brought below a turn while it is exact
    turns = np.outer(2 * np.arange(count) + 1, np.arange(count)) % (4 * count)
    found = values @ np.cos(np.pi / (2 * count) * turns) * (2.0 / count)
    found[:, 0] /= 2.0
    return found


def _halves(series: Any) -> Any:
    """The polynomials E and O with sum_k c_k T_k(x) = E(y) + x O(y), y = 2 x^2 - 1, highest first.

    T_2k(x) = T_k(y), and 2 x T_2k = T_(2k+1) + T_(2k-1) makes the odd part x times an even one.
    Powers of y are safe where powers of x are not: the coefficients of T_k(y) fall with the square
    of the rate of those of T_k(x), and the powers' own grow with (1 + sqrt(2))^k.
    """
    even, odd = series[0::2], 2.0 * series[1::2]
    for k in range(len(odd) - 2, -1, -1):
        odd[k] -= odd[k + 1]
    odd[0] /= 2.0
    found = [np.polynomial.chebyshev.cheb2poly(half) for half in (even, odd)]
    return np.stack([np.pad(half, (0, len(odd) - len(half)))[::-1] for half in found])


def _summed(coefficients: Any, x: Any) -> Any:
    """Both functions at x."""
    y = 2.0 * x * x - 1.0
    sums = [np.polyval(half, y) for half in coefficients]
    return np.stack([sums[0] + x * sums[1], sums[2] + x * sums[3]])


def _at(values: Any, points: Any, shift: float) -> Any:
    """The functions where the variable is ``points``, moved to (0, 1)."""
    w = (points + 1.0) / 2.0
    t = shift * w / (1.0 + shift - w)
    sine, cosine = 2.0 * t / (1.0 + t * t), (1.0 - t) * (1.0 + t) / (1.0 + t * t)
    return values(2.0 * sine * sine, 2.0 * cosine * cosine)


def one_variance(*variances: Any) -> float:
    """The variance that all these samples have, up to rounding; 0 where there is none."""
    low, high = min(map(np.min, variances)), max(map(np.max, variances))
    return float(low) if high - low <= ALIKE * high else 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def along_profile(
    coefficients: Any,
    shift: float,
    products: Any,
    root1: float,
    roots2: Any,
    sample1: Any,
    samples2: Any,
    scales1: Any,
    scales2: Any,
    begin: int,
    rows: Any,
    nngp: Any,
    ntk: Any,
) -> None:
    """scale1 scale2 f(w) for a row of pairs; rows: memory to work in.

    products: c of the pairs; root1, roots2: sqrt(|x|) and all sqrt(|x'|), over d^(1/4);
    sample1, samples2: x/sqrt(d) and all x'/sqrt(d); the samples x' from ``begin`` on are meant.
    """
    count = len(nngp)
    end = begin + count
    x, y = rows[0, :count], rows[1, :count]
    even, odd = rows[2, :count], rows[3, :count]
    close = profile_variable(shift, products, root1, roots2[begin:end], x)
    if close:
        close_variable(shift, products, root1, roots2[begin:end], sample1, samples2[begin:end], x)
    for j in range(count):
        y[j] = 2.0 * x[j] * x[j] - 1.0
    halves(coefficients[0], coefficients[1], y, even, odd)
    scaled_sum(scales1[0], scales2[0, begin:end], x, even, odd, nngp)
    halves(coefficients[2], coefficients[3], y, even, odd)
    scaled_sum(scales1[1], scales2[1, begin:end], x, even, odd, ntk)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def profile_place(shift: float, near: float, far: float) -> float:
    """2 w - 1 of a pair of samples, tan(angle / 4) = near / far."""
    return 2.0 * (1.0 + shift) * near / (near + shift * far + TINY) - 1.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def profile_variable(shift: float, products: Any, root1: float, roots2: Any, x: Any) -> bool:
    """`profile_place`, and whether a pair is so nearly parallel or opposite that it needs its gaps.

    near = sqrt(g), far = sqrt(g + s) + sqrt(s), g + s = 2 n, sqrt(n) = root1 root2.
    """
    close = 0
    for j in range(len(x)):
        root = root1 * roots2[j]
        close += abs(products[j]) >= (1.0 - NEAR) * (root * root)
    for j in range(len(x)):
        root = root1 * roots2[j]
        n = root * root
        near = math.sqrt(max(n - products[j], 0.0))
        far = math.sqrt(2.0) * root + math.sqrt(max(n + products[j], 0.0))
        x[j] = profile_place(shift, near, far)
    return close > 0


@njit(cache=True, error_model="numpy")
def close_variable(
    shift: float, products: Any, root1: float, roots2: Any, sample1: Any, samples2: Any, x: Any
) -> None:
    """x of the pairs that are nearly parallel or opposite; a row of zeros has any angle."""
    for j in range(len(x)):
        root = root1 * roots2[j]
        if abs(products[j]) >= (1.0 - NEAR) * (root * root):
            gap, total = close_gaps(
                products[j], sample1, root1 * root1, samples2[j], roots2[j] * roots2[j]
            )
            near, far = math.sqrt(gap), math.sqrt(2.0) * root + math.sqrt(total)
            x[j] = profile_place(shift, near, far)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def halves(evens: Any, odds: Any, y: Any, even: Any, odd: Any) -> None:
    """even = sum_k evens[k] y^(count-1-k), odd likewise, six terms of each in a pass (Horner)."""
    a0, a1, a2, a3, a4, a5 = evens[:6]
    b0, b1, b2, b3, b4, b5 = odds[:6]
    for j in range(len(y)):
        t = y[j]
        even[j] = ((((a0 * t + a1) * t + a2) * t + a3) * t + a4) * t + a5
        odd[j] = ((((b0 * t + b1) * t + b2) * t + b3) * t + b4) * t + b5
    for k in range(6, len(evens), 6):
        a0, a1, a2, a3, a4, a5 = evens[k : k + 6]
        b0, b1, b2, b3, b4, b5 = odds[k : k + 6]
        for j in range(len(y)):
            t, a, b = y[j], even[j], odd[j]
            even[j] = (((((a * t + a0) * t + a1) * t + a2) * t + a3) * t + a4) * t + a5
            odd[j] = (((((b * t + b0) * t + b1) * t + b2) * t + b3) * t + b4) * t + b5


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def scaled_sum(scale: float, scales: Any, x: Any, even: Any, odd: Any, values: Any) -> None:
    """scale scales (even + x odd)."""
    for j in range(len(x)):
        values[j] = scale * scales[j] * (even[j] + x[j] * odd[j])
