"""Kernels of smooth activations as tables in two variances and an angle, fitted when called.

Divided by the square roots of both diagonals, a kernel is F(q1, q2, rho).  For smooth activations F
is smooth up to rho = +-1, whatever the variances, and

    F = sum_k T_k(y) sum_r c_rk(q1) v_r(q2),

with Chebyshev's polynomials T_k, a variable y(rho), and few r: c_rk and v_r are polynomials in the
logarithms of the variances, found by fitting F at Chebyshev's points in all three variables and by
singular values.  A pair then costs a short polynomial, whatever the depth of the network, and a
sample a few more, however long its own quantities take.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from symntk.emission.runtime.profiles import chebyshev_points, chebyshev_series, one_variance

CURVES = (-1.0, -0.2, 0.0, 0.2, 0.4)  # m of y = (1 - m) u / (1 - m u^2), u = tan(asin(rho) / 2)
ANGLES = 96  # of the fit that finds the curve; kernels that need as many terms have no table
MOST_POINTS = 48  # of a fit in the logarithm of a variance
MORE_POINTS = 4  # after a fit that is not close enough
WIDEST = 6.0  # range of the logarithms of the variances
RANGES = 4.0  # ranges end at multiples of 1 / 4, so that calls share tables
CLOSE = 3e-14  # error of a table, beside the square roots of the diagonals
STEEPEST = 30.0  # change of F with rho: rounding of rho is multiplied by it
GROUP = 4  # terms that are summed at a time, and ranks


class Table(NamedTuple):
    """F of both kernels, and the logarithms of their diagonals.

    low, high: the logarithms of the variances.  curve: m; y = rho at -1.  parity: of F in rho, 1 if
    it is odd, 2 if even, else 0.  diagonals: (2, count) Chebyshev coefficients.
    bases: (2, ranks, count), the coefficients of v_r of either kernel.  core: (count, terms), those
    of c_rk, first of the one kernel, then of the other, in the order of `table_sums`: k in groups,
    the highest first, and for each group the first ranks, as many as widths, (2, groups), says.
    """

    low: float
    high: float
    curve: float
    parity: int
    diagonals: Any
    bases: Any
    core: Any
    widths: Any


class TableSamples(NamedTuple):
    """What pairs need of samples along a table.

    polynomials: (samples, count), Chebyshev's polynomials of the logarithms of the variances;
    scales: (2, samples), the square roots of the diagonals; bases: (2, ranks, samples), v_r scaled;
    outside: the numbers of the samples that the table is not for.
    """

    polynomials: Any
    scales: Any
    bases: Any
    outside: Any


def table_range(variances1: Any, variances2: Any, pairs: int) -> tuple[float, float] | None:
    """The logarithms of the variances that a table is to be for; None where it does not pay.

    Most of the samples must be in the range.  Samples of one variance have a profile instead.
    """
    if one_variance(variances1, variances2) > 0.0:
        return None
    return worthwhile_range(np.concatenate([variances1, variances2]), pairs)


def worthwhile_range(variances: Any, pairs: int) -> tuple[float, float] | None:
    """As `table_range`, of samples of one variance too."""
    logs = np.sort(np.log(variances[variances > 0.0]))
    ends = np.searchsorted(logs, logs + WIDEST, side="right")
    start = int(np.argmax(ends - np.arange(len(logs)))) if len(logs) else 0
    if not len(logs) or 2 * (ends[start] - start) < len(variances):
        return None
    low = np.floor(RANGES * logs[start]) / RANGES
    high = max(low + 1.0 / RANGES, np.ceil(RANGES * logs[ends[start] - 1]) / RANGES)
    # a fit takes a few values for each pair of its points and each of some fifty angles
    points = 11.0 + 3.5 * (high - low)
    return (float(low), float(high)) if pairs >= 50.0 * points * points else None


def tabulated(grid: Any, low: float, high: float) -> Table | None:
    """The table for variances whose logarithms are between ``low`` and ``high``; None if it fails.

    grid(variances, below, above): both kernels of samples of these variances at all rho,
    below = 1 - rho and above = 1 + rho, shape (2, angles, samples, samples), only for i <= j; and
    both diagonals, (2, samples).
    The error is measured between the points of the fit, and is at most ``CLOSE``.
    """
    if not is_regular(grid, low, high):
        return None
    curve, parity, count = curve_of(grid, low, high)
    if count == ANGLES:
        return None
    fewest = points_enough(grid, low, high)
    for points in range(fewest, min(fewest + 3 * MORE_POINTS, MOST_POINTS) + 1, MORE_POINTS):
        series, diagonals = series_of(grid, low, high, curve, parity, points, count)
        if np.abs(series[..., -2:]).max() <= CLOSE / 4:
            kept = series[:, parity % 2 :: 2 if parity else 1]
            table = Table(low, high, curve, parity, diagonals, *of_low_rank(kept))
            if _is_close(grid, table):
                return table
    return None


def table_samples(table: Table, variances: Any) -> TableSamples:
    """The samples of these variances along the table."""
    with np.errstate(divide="ignore"):
        places = (np.log(variances) - table.low) * (2.0 / (table.high - table.low)) - 1.0
    outside = np.flatnonzero(np.abs(places) > 1.0)
    polynomials = chebyshev_values(np.clip(places, -1.0, 1.0), table.diagonals.shape[1])
    scales = np.exp(table.diagonals @ polynomials.T / 2.0)
    bases = table.bases @ polynomials.T * scales[:, None]
    return TableSamples(polynomials, scales, bases, outside)


def is_regular(grid: Any, low: float, high: float) -> bool:
    """Whether the diagonals are positive numbers."""
    diagonals = grid(np.exp([low, high]), np.empty(0), np.empty(0))[1]
    return bool((diagonals > 0.0).all() and np.isfinite(diagonals).all())


def curve_of(grid: Any, low: float, high: float) -> tuple[float, int, int]:
    """The curve that needs the fewest terms, the parity of F, and the angles that a fit takes."""
    best, least, parity = (0.0, 0, ANGLES), float(ANGLES), 0
    for curve in CURVES:
        values, _ = _at_points(grid, np.exp([low, high]), curve, parity, ANGLES)
        sizes = np.abs(series_along(values, 1)).max(axis=(0, 2, 3))
        if curve == CURVES[0]:
            parity = 1 if sizes[::2].max() <= CLOSE else 2 if sizes[1::2].max() <= CLOSE else 0
        if curve == -1.0 and sizes @ np.arange(ANGLES) ** 2 > STEEPEST:
            continue
        needed = int((np.cumsum(sizes[::-1])[::-1] > CLOSE).sum())
        cost = needed / (2 if parity else 1) + (0 if curve == -1.0 else 3)
        if cost < least:
            best, least = (curve, parity, min(ANGLES, -(-(needed + 4) // 4) * 4)), cost
    return best


def points_enough(grid: Any, low: float, high: float) -> int:
    """The points that the logarithms of the diagonals need."""
    points = (low + high) / 2 + (high - low) / 2 * chebyshev_points(MOST_POINTS)
    diagonals = grid(np.exp(points), np.empty(0), np.empty(0))[1]
    sizes = np.abs(log_diagonals(diagonals))[:, 1:].max(axis=0)
    return max(6, 1 + int((np.cumsum(sizes[::-1])[::-1] > CLOSE).sum()))


def series_of(
    grid: Any, low: float, high: float, curve: float, parity: int, points: int, count: int
) -> tuple[Any, Any]:
    """Coefficients of F, (2, count, points, points), and of the logarithms of the diagonals."""
    variances = np.exp((low + high) / 2 + (high - low) / 2 * chebyshev_points(points))
    values, diagonals = _at_points(grid, variances, curve, parity, count)
    series = series_along(series_along(series_along(values, 1), 2), 3)
    return series, log_diagonals(diagonals)


def log_diagonals(diagonals: Any) -> Any:
    """Coefficients of the logarithms of the diagonals; small numbers, but for the first."""
    found = series_along(np.log(diagonals / diagonals[:, :1]), 1)
    found[:, 0] += np.log(diagonals[:, 0])
    return found


def _at_points(grid: Any, variances: Any, curve: float, parity: int, count: int) -> tuple[Any, Any]:
    """F at an even number of Chebyshev's points, and the diagonals."""
    y = chebyshev_points(count)
    if parity == 0:
        return _relative(grid, variances, y, curve)
    ahead, diagonals = _relative(grid, variances, y[: count // 2], curve)
    behind = ahead[:, ::-1] if parity == 2 else -ahead[:, ::-1]
    return np.concatenate([ahead, behind], axis=1), diagonals


def _relative(grid: Any, variances: Any, y: Any, curve: float) -> tuple[Any, Any]:
    """F of all kernels at all pairs of variances and all y, and the diagonals."""
    return relative_at(grid, variances, *gaps_of_curve(y, curve))


def relative_at(grid: Any, variances: Any, below: Any, above: Any) -> tuple[Any, Any]:
    """F of all kernels at all pairs of variances and all rho, and the diagonals."""
    upper, diagonals = grid(variances, below, above)
    values = upper + np.triu(upper, 1).swapaxes(2, 3)
    roots = np.sqrt(diagonals)
    return values / (roots[:, None, :, None] * roots[:, None, None, :]), diagonals


def of_low_rank(series: Any) -> tuple[Any, Any, Any]:
    """Bases, core and widths of coefficients (kernels, terms, size, size)."""
    kernels, count, size, _ = series.shape
    groups, ranks = -(-count // GROUP), -(-size // GROUP) * GROUP
    parts = np.zeros((kernels, groups * GROUP, size, size))
    parts[:, groups * GROUP - count :] = series[:, ::-1]
    bases = np.zeros((kernels, ranks, size))
    bases[:, :size] = np.linalg.svd(parts.reshape(kernels, -1, size), full_matrices=False)[2]
    cores = parts @ bases[:, None].swapaxes(2, 3)
    # how large each summand gets, and all from a rank on
    fine = chebyshev_values(np.linspace(-1.0, 1.0, 4 * size), size)
    largest = np.abs(fine @ bases.swapaxes(1, 2)).max(axis=1)
    sizes = np.abs(fine @ cores).max(axis=2) * largest[:, None]
    squares = (sizes.reshape(kernels, groups, GROUP, ranks) ** 2).sum(axis=2)
    rest = np.cumsum(squares[..., ::-1], axis=2)[..., ::-1]
    widths = np.maximum(1, (rest > (CLOSE / 4) ** 2 / groups).sum(axis=2))
    widths = -(-widths // GROUP) * GROUP
    pieces = [
        cores[kernel, group * GROUP + k, :, rank : rank + GROUP]
        for kernel in range(kernels)
        for group, width in enumerate(widths[kernel])
        for rank in range(width - GROUP, -1, -GROUP)
        for k in range(GROUP)
    ]
    bases = np.ascontiguousarray(bases[:, : widths.max()])
    return bases, np.concatenate(pieces, axis=1), widths


def _is_close(grid: Any, table: Table) -> bool:
    """Whether the table is as close to the kernels between the points of its fit as is demanded."""
    places = np.array([-1.0, -0.87, -0.41, 0.13, 0.64, 0.96, 1.0])
    y = np.cos(np.pi * np.linspace(0.0, 1.0, 32) ** 1.01)
    variances = np.exp(table.low + (places + 1.0) / 2.0 * (table.high - table.low))
    values, diagonals = _relative(grid, variances, y, table.curve)
    samples = table_samples(table, variances)
    terms = terms_of_rows(samples.polynomials @ table.core, table.widths, samples.bases)
    degrees = np.arange(terms.shape[1]) * (2 if table.parity else 1) + table.parity % 2
    sums = np.einsum("yk,nkab->nyab", chebyshev_values(y, degrees[-1] + 1)[:, degrees], terms)
    errors = sums / samples.scales[:, None, None] - values
    of_diagonals = samples.scales**2 / diagonals - 1.0
    return bool(max(np.abs(errors).max(), np.abs(of_diagonals).max()) <= CLOSE)


def terms_of_rows(rows: Any, widths: Any, bases: Any) -> Any:
    """sum_r c_rk v_r of all pairs and k, (2, terms, samples, samples)."""
    found = []
    at = 0
    for width, basis in zip(widths.ravel(), np.repeat(bases, widths.shape[1], axis=0), strict=True):
        part = rows[:, at : at + GROUP * width].reshape(len(rows), -1, GROUP, GROUP)
        ranks = np.arange(width).reshape(-1, GROUP)[::-1]
        found.append(np.einsum("agkr,grb->kab", part, basis[ranks]))
        at += GROUP * width
    return np.array(found).reshape(len(bases), -1, len(rows), len(rows))[:, ::-1]


def chebyshev_values(places: Any, count: int) -> Any:
    """Chebyshev's polynomials T_0 to T_(count - 1) at all places, one place a row."""
    return np.polynomial.chebyshev.chebvander(places, count - 1)


def series_along(values: Any, axis: int) -> Any:
    """Chebyshev coefficients along an axis, on which the values at Chebyshev's points are."""
    last = np.moveaxis(values, axis, -1)
    series = chebyshev_series(last.reshape(-1, last.shape[-1])).reshape(last.shape)
    return np.moveaxis(series, -1, axis)


def gaps_of_curve(y: Any, curve: float) -> tuple[Any, Any]:
    """1 - rho and 1 + rho where the variable is y."""
    if curve == -1.0:
        return 1.0 - y, 1.0 + y
    u = 2.0 * y / ((1.0 - curve) + np.sqrt((1.0 - curve) ** 2 + 4.0 * curve * y * y))
    return (1.0 - u) ** 2 / (1.0 + u * u), (1.0 + u) ** 2 / (1.0 + u * u)
