r"""E[f(u) g(v)] by Mehler's series.

With a_k = E[f(sqrt(q1) z) h_k(z)], b_k the same of g, h_k the orthonormal Hermite polynomials,

    E[f(u) g(v)] = sum_k rho^k a_k b_k,      |tail after N| <= |rho|^(N+1) ||f|| ||g||.

Odd and even parts never mix, so results that are small because rho is keep their full relative
precision.  Source: Mehler (1866); Daniely, Frostig and Singer (2016), Lemma 11.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from symntk.errors import UsageError
from symntk.gaussian.law import Law
from symntk.gaussian.numeric import Numeric
from symntk.gaussian.single_quadrature import EPSILON, Estimate, panel_rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

MAX_TERMS = 420
"""Terms of the series; |rho|^420 is below 1e-19 up to |rho| = 0.9."""


@lru_cache(maxsize=64)
def hermite_coefficients(f: Numeric, spread: float) -> tuple[Array, float] | None:
    """Hermite coefficients a_0 .. of f(spread z), and its norm; None where it is not in L^2."""
    import numpy as np

    try:
        points, weights = panel_rule(f, 0.0, spread, power=2)
    except UsageError:
        return None
    values = f(points) * weights
    norm = math.sqrt(float((f(points) * values).sum()))
    z, terms = (points / spread).ravel(), values.ravel()
    found = np.empty(MAX_TERMS)
    before, here = np.zeros_like(z), np.ones_like(z)
    for k in range(MAX_TERMS):
        found[k] = (terms * here).sum()
        before, here = here, (z * here - math.sqrt(k) * before) / math.sqrt(k + 1)
    if f.parity:
        found[(1 if f.parity == 1 else 0) :: 2] = 0.0
    return found, norm


def mehler(f: Numeric, g: Numeric, law: Law) -> Estimate | None:
    """sum_k rho^k a_k b_k with the bound on its tail, and rounding errors of the coefficients."""
    import numpy as np

    left = hermite_coefficients(f, math.sqrt(law.q1))
    right = hermite_coefficients(g, math.sqrt(law.q2))
    if left is None or right is None:
        return None
    (a, norm_f), (b, norm_g) = left, right
    powers = law.rho ** np.arange(MAX_TERMS)
    terms = powers * a * b
    tail = law.rho**MAX_TERMS * norm_f * norm_g
    live = (a != 0) & (b != 0)
    rounding = float((powers * (np.abs(a) * norm_g + np.abs(b) * norm_f))[live].sum())
    return Estimate(math.fsum(terms.tolist()), tail + 8 * EPSILON * rounding)
