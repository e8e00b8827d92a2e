"""E[f(u)] by panels on which f and the density are resolved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from symntk.errors import UsageError
from symntk.gaussian.numeric import Numeric, gauss_legendre, resolved_panels, samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

EPSILON = 2.220446049250313e-16
NEGLIGIBLE = 42.0
"""A logarithm: exp(-42) = 6e-19."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and an estimate of its absolute error."""

    value: float
    error: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.error + other.error)

    def scaled(self, factor: float) -> Estimate:
        """Times an exact factor."""
        return Estimate(self.value * factor, self.error * abs(factor))


def normal_mean(function: Numeric, mean: Fraction, variance: Fraction) -> Estimate:
    """E[f(m + s z)] of the regular part."""
    if function.is_zero:
        return Estimate(0.0, 0.0)
    if variance == 0:
        value = function.at(float(mean))
        return Estimate(value, EPSILON * abs(value))
    m, s = float(mean), math.sqrt(variance)
    points, weights = panel_rule(function, m, s, power=1)
    if mean == 0 and function.parity == -1:
        return Estimate(0.0, 0.0)
    return summed(function(points) * weights)


def summed(terms: Array) -> Estimate:
    """The sum of weighted values, and what rounding can have made of it."""
    import numpy as np

    size = float(np.abs(terms).sum())
    if not math.isfinite(size):
        raise UsageError("the expectation does not exist or overflows")
    return Estimate(math.fsum(terms.ravel().tolist()), 16 * EPSILON * size)


def panel_rule(function: Numeric, mean: float, spread: float, power: int) -> tuple[Array, Array]:
    """Points and N(mean, spread^2) weights that integrate f^power to rounding."""
    import numpy as np

    low, high, floor = _reach(function, mean, spread, power)
    edges = resolved_panels(function, mean + spread * low, mean + spread * high, floor)
    grid = mean + spread * np.arange(math.floor(low), math.ceil(high), 0.5)
    inside = grid[(grid > edges[0]) & (grid < edges[-1])]
    edges = np.unique(np.concatenate([edges, inside]))
    nodes, weights = gauss_legendre()
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes
    z = (points - mean) / spread
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return points, half / spread * weights * density


def logarithm(values: Array) -> Array:
    """log|values|, with -inf for zero; refuses values that are no numbers."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        logs: Array = np.log(np.abs(values))
    if np.isnan(logs).any():
        raise UsageError("the function is not defined everywhere on the real line")
    return logs


def _reach(function: Numeric, mean: float, spread: float, power: int) -> tuple[float, float, float]:
    """The range of z beyond which |f(mean + spread z)|^power exp(-z^2/2) is negligible.

    Last comes the value of f that is negligible everywhere.  With power 2 negligible means its
    square, which bounds f h_k exp(-z^2/2) for every Hermite function h_k.
    """
    import numpy as np

    places = samples(function, mean - 40 * spread, mean + 40 * spread)
    z = np.unique(np.concatenate([np.linspace(-40, 40, 800), (places - mean) / spread]))
    height = power * logarithm(function(mean + spread * z)) - z * z / 2
    top = height[np.isfinite(height)].max(initial=-math.inf)
    least = top - power * NEGLIGIBLE
    if height.max() == math.inf or height[[0, -1]].max() > least > -math.inf:
        raise UsageError(f"the expectation of {function.name} does not exist or overflows")
    matters = z[height > least]
    if not len(matters):
        return -0.1, 0.1, 0.0
    floor = math.exp(min(700.0, max(-700.0, least / power)))
    return float(matters[0]) - 0.2, float(matters[-1]) + 0.2, floor
