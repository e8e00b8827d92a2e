"""Tables of expectations over positions, and of their gaps, which keep their relative precision.

E[f(u) f(v)] of a smooth f, divided by the root of E f(u)^2 E f(v)^2, is F(q1, q2, rho), a `Table`.
The gap of a stage is the covariance of the next, and small gaps grow from step to step: it is

    1 - F = |w(q1) - w(q2)|^2 / 2 + (1 - rho) H(q1, q2, rho),
    (1 - rho) H = sqrt(q1 q2 / (E f(u)^2 E f(v)^2)) integral_rho^1 E[f'(u) f'(v)] drho,

by Price's theorem, in which nothing cancels: w are unit vectors whose products are F at rho = 1.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from symntk.emission.runtime.profiles import chebyshev_points
from symntk.emission.runtime.table_fits import (
    ANGLES,
    CLOSE,
    GROUP,
    MORE_POINTS,
    MOST_POINTS,
    Table,
    chebyshev_values,
    curve_of,
    gaps_of_curve,
    is_regular,
    log_diagonals,
    of_low_rank,
    points_enough,
    relative_at,
    series_along,
    series_of,
    table_samples,
    terms_of_rows,
)


class GapTable(NamedTuple):
    """H as a table: its parity is 1 and it has T_k(2 |y| - 1) if f is odd, else T_k(y).

    directions: (dimensions, count), the Chebyshev coefficients of w.
    """

    slope: Table
    directions: Any


def gap_table(slopes: Any, values: Any, low: float, high: float) -> GapTable | None:
    """The table for variances whose logarithms are between ``low`` and ``high``; None if it fails.

    slopes, values: of E[f'(u) f'(v)] and of E[f(u) f(v)], as `tabulated` has its ``grid``.
    """
    if not is_regular(slopes, low, high) or not is_regular(values, low, high):
        return None
    curve, parity, count = curve_of(slopes, low, high)
    if count == ANGLES:
        return None
    fewest = max(points_enough(slopes, low, high), points_enough(values, low, high))
    for points in range(fewest, min(fewest + 3 * MORE_POINTS, MOST_POINTS) + 1, MORE_POINTS):
        variances = np.exp((low + high) / 2 + (high - low) / 2 * chebyshev_points(points))
        series, logarithms = series_of(slopes, low, high, curve, parity, points, count)
        if np.abs(series[..., -2:]).max() > CLOSE / 4:
            continue
        (alike, opposite), diagonals = _ends(values, variances)
        odd = parity == 2 and bool(np.abs(alike + opposite).max() <= CLOSE / 4)
        steepness = np.exp(chebyshev_values(chebyshev_points(points), points) @ logarithms[0] / 2)
        steepness *= np.sqrt(variances / diagonals[0])
        means = _averages(curve, odd, count) @ _at_pairs(series[0]).reshape(count, -1)
        means = means.reshape(count, points, points) * np.outer(steepness, steepness)
        found = series_along(series_along(series_along(means[None], 1), 2), 3)
        sizes = np.abs(found).max(axis=(0, 2, 3))
        needed = int((np.cumsum(sizes[::-1])[::-1] > CLOSE / 8).sum())
        kept = found[:, : -(-max(needed, 1) // GROUP) * GROUP]
        slope = Table(low, high, curve, int(odd), log_diagonals(diagonals), *of_low_rank(kept))
        table = GapTable(slope, _directions(alike))
        if _gaps_are_close(values, table):
            return table
    return None


def _ends(grid: Any, variances: Any) -> tuple[Any, Any]:
    """F at rho = 1 and at rho = -1 at all pairs of variances, and the diagonals."""
    ends = np.array([0.0, 2.0])
    found, diagonals = relative_at(grid, variances, ends, ends[::-1])
    return found[0], diagonals


def _at_pairs(series: Any) -> Any:
    """Coefficients (terms, points, points) of T_k(y) at pairs of variances instead."""
    fine = chebyshev_values(chebyshev_points(series.shape[1]), series.shape[1])
    return fine @ series @ fine.T


def _averages(curve: float, odd: bool, count: int) -> Any:
    """The averages of T_k(y), k < count, from rho to 1, at Chebyshev's points of H.

    With u = tan(asin(rho) / 2), rho = 2 u / (1 + u^2) and u' = 1 - (1 - u) z, they are
    2 (1 + u^2) integral_0^1 T_k(y(u')) z (1 + u') / (1 + u'^2)^2 dz.
    """
    x = chebyshev_points(count)
    y = (1.0 + x) / 2.0 if odd else x
    u = 2.0 * y / ((1.0 - curve) + np.sqrt((1.0 - curve) ** 2 + 4.0 * curve * y * y))
    nodes, weights = np.polynomial.legendre.leggauss(2 * count)
    z = (nodes + 1.0) / 2.0
    between = 1.0 - (1.0 - u[:, None]) * z
    places = (1.0 - curve) * between / (1.0 - curve * between**2)
    density = weights / 2.0 * z * (1.0 + between) / (1.0 + between**2) ** 2
    polynomials = chebyshev_values(np.clip(places, -1.0, 1.0), count)
    return 2.0 * (1.0 + u[:, None] ** 2) * np.einsum("jz,jzk->jk", density, polynomials)


def _directions(alike: Any) -> Any:
    """Coefficients of unit vectors w with w(q1) . w(q2) = ``alike`` at Chebyshev's points."""
    values, vectors = np.linalg.eigh((alike + alike.T) / 2.0)
    kept = values > CLOSE / 16
    found = vectors[:, kept] * np.sqrt(values[kept])
    found /= np.sqrt((found**2).sum(axis=1, keepdims=True))
    series = series_along(found.T, 1)
    return np.pad(series, ((0, -len(series) % GROUP), (0, 0)))


def _gaps_are_close(values: Any, table: GapTable) -> bool:
    """As `_is_close`, of 1 - F."""
    slope = table.slope
    places = np.array([-1.0, -0.87, -0.41, 0.13, 0.64, 0.96, 1.0])
    x = np.cos(np.pi * np.linspace(0.0, 1.0, 32) ** 1.01)
    below, above = gaps_of_curve((1.0 + x) / 2.0 if slope.parity else x, slope.curve)
    variances = np.exp(slope.low + (places + 1.0) / 2.0 * (slope.high - slope.low))
    exact, diagonals = relative_at(values, variances, below, above)
    samples = table_samples(slope, variances)
    terms = terms_of_rows(samples.polynomials @ slope.core, slope.widths, samples.bases)[0]
    sums = np.einsum("yk,kab->yab", chebyshev_values(x, len(terms)), terms)
    w = samples.polynomials @ table.directions.T
    apart = ((w[:, None] - w) ** 2).sum(axis=2) / 2.0
    found = apart + below[:, None, None] * sums / samples.scales[0]
    errors = np.abs(1.0 - exact[0] - found).max()
    of_diagonals = np.abs(samples.scales**2 / diagonals - 1.0).max()
    return bool(max(errors, of_diagonals) <= CLOSE)
