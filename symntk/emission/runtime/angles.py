"""The angle between two vectors from its two gaps, and the arctangent that it needs."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math

from numba import njit

TINY = 1e-300  # keeps 0 / 0 away from rows of zeros


@njit(cache=True, error_model="numpy", forceinline=True)
def ratio_arctangent(low: float, high: float) -> float:
    """atan(low / high) for 0 <= low <= high, with a relative error below 4e-16.

    Without branches, so that loops over it become vector instructions, and with one division:
    folded at tan(pi/12) to t = (low - c high) / (high + c low), c = tan(pi/6) in double precision.
    For |t| <= tan(pi/12), atan(t) = t + t z p(z) with z = t^2; p is the polynomial of degree 8 that
    agrees with (atan(t)/t - 1)/z at the Chebyshev points of 0 <= z <= tan(pi/12)^2.
    """
    folded = low > 0.2679491924311227 * high
    above = low - 0.5773502691896257 * high if folded else low
    below = high + 0.5773502691896257 * low if folded else high
    t = above / max(below, TINY)
    z = t * t
    y = z * z
    # p(z) = even(z^2) + z odd(z^2): half the latency of one chain
    even = -0.03957893591546196
    even = even * y - 0.06654945053677658
    even = even * y - 0.09090897081592211
    even = even * y - 0.14285714284553813
    even = even * y - 0.3333333333333333
    odd = 0.05716329894442852
    odd = odd * y + 0.07691819638198708
    odd = odd * y + 0.11111110944516939
    odd = odd * y + 0.1999999999999688
    near = t + t * z * (even + z * odd)
    # the arctangent of c, in two parts
    return near + 3.2330503585443845e-17 + 0.5235987755982988 if folded else near


@njit(cache=True, error_model="numpy", forceinline=True)
def angle(g: float, s: float) -> float:
    """2 atan2(sqrt(g), sqrt(s)): the angle whose cosine is (s - g) / (s + g), for g, s >= 0.

    Relative error below 1e-15 at both ends.
    """
    low, high = min(g, s), max(g, s)
    small = 2.0 * ratio_arctangent(math.sqrt(low / max(high, TINY)), 1.0)
    return small if g <= s else math.pi - small


@njit(cache=True, error_model="numpy", forceinline=True)
def angle_by_root(root: float, g: float, s: float) -> float:
    """`angle` where root = sqrt(g s) is known, which is to the larger gap as one root to the other:
    a root and a division less.
    """
    small = 2.0 * ratio_arctangent(root, max(g, s))
    return small if g <= s else math.pi - small


@njit(cache=True, error_model="numpy", forceinline=True)
def arctangent(t: float) -> float:
    """atan(t), with a relative error below 5e-16."""
    size = abs(t)
    small = ratio_arctangent(min(size, 1.0), max(size, 1.0))
    return math.copysign(math.pi / 2 - small if size > 1.0 else small, t)
