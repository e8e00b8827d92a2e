r"""E[f(u) g(v)] by nested panels, for any correlation.

With independent p, d ~ N(0, 1), and rho >= 0,

    u = sqrt(q1) (alpha p + beta d),    v = sqrt(q2) (alpha p - beta d),
    alpha^2 = (1 + rho)/2,              beta^2 = (1 - rho)/2.

The inner integral over p has the panels of f and of g, moved by d; it is smooth in d except where
a kink of f meets one of g.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from symntk.errors import UsageError
from symntk.gaussian.law import Law
from symntk.gaussian.numeric import (
    NODES,
    Numeric,
    gauss_legendre,
    resolved_panels,
    samples,
    tails,
)
from symntk.gaussian.single_quadrature import EPSILON, NEGLIGIBLE, Estimate, logarithm, summed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

_REACH = 40.0
_MARGIN = 5.0
_CHUNK = 400_000


def diagonal_panels(f: Numeric, g: Numeric, s1: float, s2: float) -> Estimate:
    """E[f(s1 z) g(s2 z)], the panels being those of both functions."""
    import numpy as np

    z = np.unique(
        np.concatenate([np.linspace(-_REACH, _REACH, 800), _features(f, s1), _features(g, s2)])
    )
    logs = _Logs(logarithm(f(s1 * z)), logarithm(g(s2 * z)), z * z / 2)
    logs.refuse_overflow(np.abs(z) == _REACH, f, g)
    low, high = logs.range_of(z, 0.2)
    nodes, weights = gauss_legendre()
    edges = np.unique(
        np.concatenate(
            [
                resolved_panels(f, s1 * low, s1 * high, logs.floor(logs.g)) / s1,
                resolved_panels(g, s2 * low, s2 * high, logs.floor(logs.f)) / s2,
                np.arange(math.ceil(low), high),
            ]
        )
    )
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes
    density = np.exp(-points * points / 2) / math.sqrt(2 * math.pi)
    return summed(f(s1 * points) * g(s2 * points) * half * weights * density)


def _features(function: Numeric, spread: float) -> Array:
    """Places on all scales of a function, in units of the spread."""
    return samples(function, -_REACH * spread, _REACH * spread) / spread


@dataclass(frozen=True)
class _Logs:
    """Logarithms of f, of g and of the inverse density at the same points."""

    f: Array
    g: Array
    fall: Array

    @cached_property
    def height(self) -> Array:
        """Logarithm of the integrand."""
        return self.f + self.g - self.fall

    @cached_property
    def top(self) -> float:
        """The largest finite height."""
        import numpy as np

        return float(self.height[np.isfinite(self.height)].max(initial=-math.inf))

    def refuse_overflow(self, border: NDArray[np.bool_], f: Numeric, g: Numeric) -> None:
        """Refuse an integrand that is infinite, or still matters at the border of the points."""
        least = self.top - NEGLIGIBLE
        if self.height.max() == math.inf or self.height[border].max() > least > -math.inf:
            raise UsageError(f"E[f g] of {f.name} and {g.name} does not exist or overflows")

    def range_of(self, coordinate: Array, margin: float) -> tuple[float, float]:
        """The range of a coordinate over the points that matter."""
        matter = coordinate[self.height > self.top - NEGLIGIBLE]
        if not len(matter):
            return -margin, margin
        return float(matter.min()) - margin, float(matter.max()) + margin

    def floor(self, other: Array) -> float:
        """Values of one function that no value of the ``other`` lifts above the negligible."""
        matter = self.height > self.top - NEGLIGIBLE
        if not matter.any():
            return 0.0
        largest = float(other[matter].max())
        return math.exp(min(600.0, max(-700.0, self.top - NEGLIGIBLE - _MARGIN - largest)))


def nested_panels(inner: Inner) -> Estimate:
    """Adaptive panels in d over the inner integrals in p."""
    import numpy as np

    low, high = inner.outer_range
    meetings = [
        (s / inner.s1 - t / inner.s2) / (2 * inner.beta)
        for s in inner.f.breaks
        for t in inner.g.breaks
    ]
    kinks = [d for d in meetings if low < d < high]
    edges = np.unique(np.concatenate([[low], np.arange(math.ceil(low), high), [high], kinks]))
    left, right = edges[:-1], edges[1:]
    nodes, weights = gauss_legendre()
    total, size, error = 0.0, 0.0, 0.0
    for depth in range(50):
        half = (right - left) / 2
        points = (left + right)[:, None] / 2 + half[:, None] * nodes
        values, sizes = inner(points.ravel())
        density = np.exp(-points * points / 2) / math.sqrt(2 * math.pi)
        values = values.reshape(points.shape) * density
        sizes = sizes.reshape(points.shape) * density
        sums, scale = (values @ weights) * half, float(((sizes @ weights) * half).sum())
        unresolved = tails(values) * half
        split = unresolved > 1e-13 * max(size + scale, 1e-300)
        if depth == 49:
            split[:] = False
        total += float(sums[~split].sum())
        size += float(((sizes @ weights) * half)[~split].sum())
        error += float(unresolved[~split].sum()) * 1e-2
        left, right = left[split], right[split]
        if not len(left):
            break
        middle = (left + right) / 2
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    if not math.isfinite(total):
        raise UsageError("the expectation does not exist or overflows")
    return Estimate(total, error + 16 * EPSILON * size)


@dataclass(frozen=True)
class Inner:
    """H(d) = E_p[f(s1 (alpha p + beta d)) g(s2 (alpha p - beta d))]."""

    f: Numeric
    g: Numeric
    s1: float
    s2: float
    alpha: float
    beta: float
    inner_range: tuple[float, float]
    outer_range: tuple[float, float]
    f_edges: Array
    g_edges: Array

    @classmethod
    def of(cls, f: Numeric, g: Numeric, law: Law) -> Inner:
        import numpy as np

        s1, s2 = math.sqrt(law.q1), math.sqrt(law.q2)
        alpha, beta = math.sqrt((1 + law.rho) / 2), law.beta
        grid = np.linspace(-_REACH, _REACH, 320)
        z1, z2 = _features(f, s1)[:, None], _features(g, s2)[None, :]
        p = np.concatenate([np.repeat(grid, 320), ((z1 + z2) / (2 * alpha)).ravel()])
        d = np.concatenate([np.tile(grid, 320), ((z1 - z2) / (2 * beta)).ravel()])
        u, v = s1 * (alpha * p + beta * d), s2 * (alpha * p - beta * d)
        logs = _Logs(logarithm(f(u)), logarithm(g(v)), (p * p + d * d) / 2)
        logs.refuse_overflow((np.abs(p) == _REACH) | (np.abs(d) == _REACH), f, g)
        return cls(
            f,
            g,
            s1,
            s2,
            alpha,
            beta,
            logs.range_of(p, 0.5),
            logs.range_of(d, 0.5),
            resolved_panels(f, *logs.range_of(u, 0.5 * s1), logs.floor(logs.g)),
            resolved_panels(g, *logs.range_of(v, 0.5 * s2), logs.floor(logs.f)),
        )

    def __call__(self, d: Array) -> tuple[Array, Array]:
        """H and the integral of the absolute value, for a vector of d."""
        import numpy as np

        rows = max(1, _CHUNK // (NODES * (len(self.f_edges) + len(self.g_edges) + 20)))
        parts = [self._rows(d[start : start + rows]) for start in range(0, len(d), rows)]
        return np.concatenate([v for v, _ in parts]), np.concatenate([s for _, s in parts])

    def _rows(self, d: Array) -> tuple[Array, Array]:
        import numpy as np

        low, high = self.inner_range
        shift = self.beta * d[:, None]
        grid = np.arange(math.ceil(low), high)
        edges = np.concatenate(
            [
                (self.f_edges / self.s1 - shift) / self.alpha,
                (self.g_edges / self.s2 + shift) / self.alpha,
                np.broadcast_to(grid, (len(d), len(grid))),
                np.broadcast_to([low, high], (len(d), 2)),
            ],
            axis=1,
        )
        edges = np.sort(np.clip(edges, low, high), axis=1)
        row, column = np.nonzero(edges[:, 1:] > edges[:, :-1])
        left, right = edges[row, column], edges[row, column + 1]
        nodes, weights = gauss_legendre()
        half = (right - left)[:, None] / 2
        p = (left + right)[:, None] / 2 + half * nodes
        offset = self.beta * d[row][:, None]
        values = (
            self.f(self.s1 * (self.alpha * p + offset))
            * self.g(self.s2 * (self.alpha * p - offset))
            * np.exp(-p * p / 2)
        )
        singular = ~np.isfinite(values) & (half < 1e-12)
        values[singular] = 0.0  # an integrable infinity, met because its panel is below rounding
        weighted = values * (half * weights / math.sqrt(2 * math.pi))
        sums = np.bincount(row, weighted.sum(axis=1), minlength=len(d))
        sizes = np.bincount(row, np.abs(weighted).sum(axis=1), minlength=len(d))
        return sums.astype(np.float64), sizes.astype(np.float64)
