"""The angle between two vectors from its two gaps, and the arctangent that it needs."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math

from numba import njit

TINY = 1e-300  # keeps 0 / 0 away from rows of zeros


@njit(cache=True, error_model="numpy", forceinline=True)
def folded_arctangent(t: float) -> float:
    """atan(t) for |t| <= tan(pi/8), with a relative error of about 1e-16: t + t z p(z), z = t^2.

    p is the polynomial of degree 10 that agrees with (atan(t)/t - 1)/z at the Chebyshev points of
    0 <= z <= tan(pi/8)^2.
    """
    z = t * t
    p = -0.01917688711906226
    p = p * z + 0.03923165829558719
    p = p * z - 0.0508544973794026
    p = p * z + 0.0585814891280221
    p = p * z - 0.06664511447381948
    p = p * z + 0.07692183190826087
    p = p * z - 0.09090904578123903
    p = p * z + 0.11111111015256361
    p = p * z - 0.14285714284666542
    p = p * z + 0.1999999999999552
    p = p * z - 0.3333333333333333
    return t + t * z * p


@njit(cache=True, error_model="numpy", forceinline=True)
def angle(g: float, s: float) -> float:
    """2 atan2(sqrt(g), sqrt(s)): the angle whose cosine is (s - g) / (s + g), for g, s >= 0.

    Relative error below 1e-15 at both ends.  Without branches, so that loops over it become
    vector instructions: an arctangent on [0, 1], folded once at tan(pi/8).
    """
    low, high = min(g, s), max(g, s)
    tangent = math.sqrt(low / max(high, TINY))
    folded = tangent > 0.41421356237309503
    half = folded_arctangent((tangent - 1.0) / (tangent + 1.0) if folded else tangent)
    # pi/4 in two parts, and twice the half angle
    small = 2.0 * (half + 6.123233995736766e-17 / 2 + math.pi / 4 if folded else half)
    return small if g <= s else math.pi - small


@njit(cache=True, error_model="numpy", forceinline=True)
def arctangent(t: float) -> float:
    """atan(t) without branches, relative error below 1e-15."""
    size = abs(t)
    steep = size > 2.414213562373095
    middle = size > 0.41421356237309503
    x = (size - 1.0) / (size + 1.0) if middle else size
    offset = math.pi / 4 if middle else 0.0
    x = -1.0 / size if steep else x
    offset = math.pi / 2 if steep else offset
    return math.copysign(offset + folded_arctangent(x), t)
