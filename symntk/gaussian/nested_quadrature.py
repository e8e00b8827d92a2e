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
from typing import TYPE_CHECKING, TypeAlias

from symntk.errors import UsageError
from symntk.gaussian.law import Law
from symntk.gaussian.numeric import (
    NODES,
    Numeric,
    gauss_legendre,
    resolved_panels,
    tails,
)
from symntk.gaussian.single_quadrature import EPSILON, NEGLIGIBLE, Estimate, logarithm, summed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

_CHUNK = 400_000


def diagonal_panels(f: Numeric, g: Numeric, s1: float, s2: float) -> Estimate:
    """E[f(s1 z) g(s2 z)], the panels being those of both functions."""
    import numpy as np

    z = np.linspace(-40.0, 40.0, 801)
    height = logarithm(f(s1 * z)) + logarithm(g(s2 * z)) - z * z / 2
    low, high = box(height, z, f, g)
    nodes, weights = gauss_legendre()
    edges = np.unique(
        np.concatenate(
            [
                resolved_panels(f, s1 * low, s1 * high) / s1,
                resolved_panels(g, s2 * low, s2 * high) / s2,
                np.arange(math.ceil(low), high),
            ]
        )
    )
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes
    density = np.exp(-points * points / 2) / math.sqrt(2 * math.pi)
    return summed(f(s1 * points) * g(s2 * points) * half * weights * density)


def box(height: Array, z: Array, f: Numeric, g: Numeric) -> tuple[float, float]:
    """Where a log-integrand on the grid ``z`` matters."""
    import numpy as np

    top = height[np.isfinite(height)].max(initial=-math.inf)
    if height.max() == math.inf or height[[0, -1]].max() > top - NEGLIGIBLE > -math.inf:
        raise UsageError(f"E[f g] of {f.name} and {g.name} does not exist or overflows")
    matters = z[height > top - NEGLIGIBLE]
    step = float(z[1] - z[0])
    if not len(matters):
        return -step, step
    return float(matters[0]) - 2 * step, float(matters[-1]) + 2 * step


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
    return Estimate(total, error + 4 * EPSILON * size)


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
        grid = np.linspace(-40.0, 40.0, 321)
        p, d = grid[:, None], grid[None, :]
        height = (
            logarithm(f(s1 * (alpha * p + beta * d)))
            + logarithm(g(s2 * (alpha * p - beta * d)))
            - (p * p + d * d) / 2
        )
        inner_range = box(height.max(axis=1), grid, f, g)
        outer_range = box(height.max(axis=0), grid, f, g)
        matters = height > height.max() - NEGLIGIBLE
        step = 2 * float(grid[1] - grid[0])
        f_range, g_range = (
            (s * (float(z[matters].min()) - step), s * (float(z[matters].max()) + step))
            for s, z in ((s1, alpha * p + beta * d), (s2, alpha * p - beta * d))
        )
        return cls(
            f,
            g,
            s1,
            s2,
            alpha,
            beta,
            inner_range,
            outer_range,
            resolved_panels(f, *f_range),
            resolved_panels(g, *g_range),
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
        weighted = values * (half * weights / math.sqrt(2 * math.pi))
        sums = np.bincount(row, weighted.sum(axis=1), minlength=len(d))
        sizes = np.bincount(row, np.abs(weighted).sum(axis=1), minlength=len(d))
        return sums.astype(np.float64), sizes.astype(np.float64)
