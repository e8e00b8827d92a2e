"""The angle between two vectors from its two gaps."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math

from numba import njit

TINY = 1e-300  # keeps 0 / 0 away from rows of zeros


@njit(cache=True, error_model="numpy", forceinline=True)
def angle(g: float, s: float) -> float:
    """2 atan2(sqrt(g), sqrt(s)): the angle whose cosine is (s - g) / (s + g), for g, s >= 0.

    Relative error below 1e-15 at both ends.  Without branches, so that loops over it become
    vector instructions: an arctangent on [0, 1], folded once at tan(pi/8), by the rational
    approximation of Moshier's Cephes library (``atan.c``).
    """
    low, high = min(g, s), max(g, s)
    tangent = math.sqrt(low / max(high, TINY))
    folded = tangent > 0.41421356237309503
    t = (tangent - 1.0) / (tangent + 1.0) if folded else tangent
    z = t * t
    above = -8.750608600031904e-1
    above = above * z - 1.615753718733365e1
    above = above * z - 7.500855792314705e1
    above = above * z - 1.2288666844901361e2
    above = above * z - 6.485021904942025e1
    below = z + 2.485846490142306e1
    below = below * z + 1.650270098316988e2
    below = below * z + 4.328810604912903e2
    below = below * z + 4.853903996359137e2
    below = below * z + 1.945506571482614e2
    half = t + t * z * above / below
    # pi/4 in two parts, and twice the half angle
    small = 2.0 * (half + 6.123233995736766e-17 / 2 + math.pi / 4 if folded else half)
    return small if g <= s else math.pi - small
