"""Expectations without a closed form in rows of positions: along tables, else by quadrature.

``phi`` and ``psi`` stand for functions as in `quadrature`; psi is the derivative of phi.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.angles import TINY
from symntk.emission.runtime.gap_fits import GapTable, gap_table
from symntk.emission.runtime.lanes import spread
from symntk.emission.runtime.positions import fill_table_phi, full_table_phi
from symntk.emission.runtime.quadrature import ACCURACY, TERMS, expectation_phi_psi, gap_phi
from symntk.emission.runtime.table_fits import Table, table_samples, tabulated, worthwhile_range
from symntk.emission.runtime.tables import combination, doubled, table_sums, table_values
from symntk.emission.runtime.threads import on_threads

expectation_phi_phi = expectation_phi_psi
LONGER = (1024, 4096)  # terms of Mehler's series for tables, where TERMS are too few

# -- tables --------------------------------------------------------------------------------------


def values_phi(variances: Any, below: Any, above: Any) -> tuple[Any, Any]:
    """E[phi(u) phi(v)] and E[phi(u)^2], as `tabulated` has its ``grid``.

    By Mehler's series, a longer one if that leaves no rest at rho = +-1, else by quadrature.
    """
    roots = np.sqrt(variances)
    rows = full_table_phi(roots)
    sizes = rows[:, TERMS + 1]
    found = np.zeros((1, len(below), len(roots), len(roots)))
    last = np.argmax(roots)
    rest = math.sqrt(ACCURACY) * sizes[last]
    for terms in LONGER if len(below) and rows[last, TERMS] > rest else ():
        longer = np.empty((len(roots), terms + 3))
        fill_table_phi(0, 1, roots[last : last + 1], longer[last : last + 1])
        if longer[last, terms] <= rest:
            on_threads(fill_table_phi, len(roots), roots, longer)
            along_series(longer[:, :terms], (above - below) / 2.0, found[0])
            return found, sizes[None] ** 2
    on_threads(fill_values_phi, len(below), roots, rows, below, above, found[0])
    return found, sizes[None] ** 2


values_psi = values_phi


def along_series(coefficients: Any, correlations: Any, found: Any) -> None:
    """found[k, i, j] = sum_t a_it a_jt rho_k^t."""
    powers = correlations[:, None] ** np.arange(coefficients.shape[1])
    for k in range(len(correlations)):
        found[k] = np.triu(coefficients * powers[k] @ coefficients.T)


@njit(cache=True, error_model="numpy", nogil=True)
def fill_values_phi(
    thread: int, threads: int, roots: Any, rows: Any, below: Any, above: Any, found: Any
) -> None:
    """The values of `values_phi` that are one thread's."""
    for k in range(thread, len(below), threads):
        for i in range(len(roots)):
            for j in range(i, len(roots)):
                n = roots[i] * roots[j]
                g, s = n * below[k], n * above[k]
                found[k, i, j] = expectation_phi_phi(g, s, roots[i], roots[j], rows[i], rows[j])


@cache
def expectation_table_phi(low: float, high: float) -> Table | None:
    """E[phi(u) phi(v)] for variances with logarithms from ``low`` to ``high``."""
    return tabulated(values_phi, low, high)


@cache
def gap_table_phi_psi(low: float, high: float) -> GapTable | None:
    """The gap of E[phi(u) phi(v)] for variances with logarithms from ``low`` to ``high``."""
    return gap_table(values_psi, values_phi, low, high)


# -- what pairs of positions need ----------------------------------------------------------------


def expectations_along_phi(deviations1: Any, deviations2: Any, pairs: int) -> tuple[Any, Any]:
    """What `expectation_row_phi` needs of deviations of x1, and columns for those of x2.

    There is a table if it pays for so many pairs.
    """
    span = worthwhile_range(np.concatenate([deviations1, deviations2]) ** 2, pairs)
    table = None if span is None else expectation_table_phi(*span)
    own, columns, is_whole = along_table(table, None, deviations1, deviations2)
    return (*own, *rows_phi(deviations1, deviations2, is_whole)), columns


def gaps_along_phi_psi(deviations1: Any, deviations2: Any, pairs: int) -> tuple[Any, Any]:
    """The same for `gap_row_phi`."""
    span = worthwhile_range(np.concatenate([deviations1, deviations2]) ** 2, pairs)
    table, directions = (span and gap_table_phi_psi(*span)) or (None, None)
    own, columns, is_whole = along_table(table, directions, deviations1, deviations2)
    return (*own, *rows_phi(deviations1, deviations2, is_whole)), columns


def rows_phi(deviations1: Any, deviations2: Any, is_whole: bool) -> tuple[Any, Any, bool]:
    """The coefficients that quadrature needs, none where the table is for all deviations."""
    kept = 0 if is_whole else None
    return full_table_phi(deviations1[:kept]), full_table_phi(deviations2[:kept]), is_whole


def along_table(
    table: Table | None, directions: Any, deviations1: Any, deviations2: Any
) -> tuple[tuple[Any, ...], Any, bool]:
    """The table with its parts for deviations of x1, columns for those of x2, and whether it is
    for all of them.

    columns: v_r scaled, w, the scale, and 1 where the table is not for a deviation, else 0.
    """
    if table is None:
        ones, none = np.ones(len(deviations1)), np.zeros((len(deviations1), 0))
        nothing = (0.0, 0, none[:0], np.zeros(0, np.int64), none, none, ones, ones)
        return nothing, np.ones((2, len(deviations2))), False
    one, two = (table_samples(table, deviations**2) for deviations in (deviations1, deviations2))
    points = one.polynomials.shape[1]
    w = np.empty((0, points)) if directions is None else directions
    outside1, outside2 = np.zeros(len(deviations1)), np.zeros((1, len(deviations2)))
    outside1[one.outside] = outside2[0, two.outside] = 1.0
    columns = np.concatenate([two.bases[0], w @ two.polynomials.T, two.scales, outside2])
    parts = (table.core, table.widths[0], one.polynomials, one.polynomials @ w.T, one.scales[0])
    own = (table.curve, table.parity, *map(np.ascontiguousarray, parts), outside1)
    is_whole = not len(one.outside) and not len(two.outside)
    return own, np.ascontiguousarray(columns), is_whole


def without_padding(values: Any, packed: Any, starts: Any, lengths: Any, stride: int) -> Any:
    """The numbers of all positions, the largest of them where there is none: between the rows of
    an image, before the first and behind the last.
    """
    inside = np.zeros(len(values), np.bool_)
    ones = np.ones((packed[-1], 1))
    inside[: starts[-1]] = spread(ones, packed, starts, lengths, stride)[:, 0] > 0.0
    return np.where(inside, values, values.max())


def in_lanes(columns: Any, numbers: Any) -> Any:
    """The columns of positions, [row, position], or [k, row, sample] for aligned numbers."""
    found = columns[:, numbers.astype(np.int64)]
    return np.ascontiguousarray(found if numbers.ndim == 1 else np.moveaxis(found, 1, 0))


# -- rows of pairs -------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
def expectation_row_phi(
    own: Any,
    number: int,
    columns: Any,
    at: int,
    g: Any,
    s: Any,
    r1: float,
    r2: Any,
    numbers: Any,
    found: Any,
) -> None:
    """found[j] = E[phi(u) phi(v)] for one position of x and a row of positions of x'.

    own, columns: of `expectations_along_phi`, its row ``number`` and its columns from ``at`` on;
    g, s: the gaps of the covariances; r1, r2: deviations; numbers: of rows of coefficients.
    """
    rows1, rows2, is_whole = own[8:]
    if own[7][number] == 0.0:
        expectations_in_row(own[:8], number, columns, at, g, s, found)
    if is_whole:
        return
    for j in range(len(found)):
        if own[7][number] > 0.0 or columns[-1, at + j] > 0.0:
            row = rows2[int(numbers[j])]
            found[j] = expectation_phi_phi(g[j], s[j], r1, r2[j], rows1[number], row)


@njit(cache=True, error_model="numpy")
def gap_row_phi(
    own: Any,
    number: int,
    columns: Any,
    at: int,
    g: Any,
    s: Any,
    r1: float,
    r2: Any,
    numbers: Any,
    root1: float,
    roots2: Any,
    found: Any,
) -> None:
    """As `expectation_row_phi`, for the gap of E[phi(u) phi(v)] on the side of the covariance."""
    rows1, rows2, is_whole = own[8:]
    if own[7][number] == 0.0:
        gaps_in_row(own[:8], number, columns, at, g, s, found)
    if is_whole:
        return
    for j in range(len(found)):
        if own[7][number] > 0.0 or columns[-1, at + j] > 0.0:
            row = rows2[int(numbers[j])]
            found[j] = gap_phi(g[j], s[j], r1, r2[j], rows1[number], row, root1, roots2[j])


@njit(cache=True, error_model="numpy")
def expectations_in_row(
    own: Any, number: int, columns: Any, at: int, g: Any, s: Any, found: Any
) -> None:
    """A row of pairs along a `Table`."""
    curve, parity, core, widths, polynomials, _, scales, _ = own
    memory, total = np.empty((8, len(found))), np.zeros(core.shape[1])
    combination(polynomials[number], core, total)
    y, x = memory[6], memory[7]
    places_of_gaps(curve, g, s, y)
    doubled(parity, y, x)
    table_sums(total, widths, columns, at, x, memory)
    table_values(parity, scales[number], y, x, memory[0], memory[1], found)


@njit(cache=True, error_model="numpy")
def gaps_in_row(own: Any, number: int, columns: Any, at: int, g: Any, s: Any, found: Any) -> None:
    """A row of pairs along a `GapTable`."""
    curve, parity, core, widths, polynomials, directions, scales, _ = own
    count = len(found)
    memory, total = np.empty((8, count)), np.zeros(core.shape[1])
    combination(polynomials[number], core, total)
    y, x = memory[6], memory[7]
    places_of_gaps(curve, g, s, y)
    for j in range(count):
        x[j] = 4.0 * abs(y[j]) - 2.0 if parity == 1 else 2.0 * y[j]
    table_sums(total, widths, columns, at, x, memory)
    last, before, apart = memory[0], memory[1], memory[2]
    first = columns.shape[0] - 2 - directions.shape[1]
    apart[:] = 0.0
    for k in range(directions.shape[1]):
        squared_difference(directions[number, k], columns[first + k, at : at + count], apart)
    scale, scales2 = scales[number], columns[-2, at : at + count]
    gaps_of_sums(parity, scale, scales2, g, s, x, last, before, apart, found)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def squared_difference(value: float, row: Any, total: Any) -> None:
    """total += (value - row)^2."""
    for j in range(len(total)):
        total[j] += (value - row[j]) ** 2


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def places_of_gaps(curve: float, g: Any, s: Any, y: Any) -> None:
    """y = (1 - m) u / (1 - m u^2), u = (sqrt(s) - sqrt(g)) / (sqrt(s) + sqrt(g))."""
    if curve == -1.0:
        for j in range(len(y)):
            y[j] = (s[j] - g[j]) / max(s[j] + g[j], TINY)
        return
    for j in range(len(y)):
        above, below = math.sqrt(s[j]), math.sqrt(g[j])
        p, q = above - below, above + below
        y[j] = (1.0 - curve) * p * q / max(q * q - curve * p * p, TINY)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def gaps_of_sums(
    parity: int,
    scale: float,
    scales2: Any,
    g: Any,
    s: Any,
    x: Any,
    last: Any,
    before: Any,
    apart: Any,
    found: Any,
) -> None:
    """The gaps on the side of the covariance, from H in Clenshaw's last two values."""
    for j in range(len(found)):
        ahead = g[j] <= s[j]
        small = min(g[j], s[j]) if parity == 1 else g[j]
        below = 2.0 * small / max(g[j] + s[j], TINY)
        slope = last[j] - 0.5 * x[j] * before[j]
        n = scale * scales2[j]
        gap = scale * (below * slope) + 0.5 * n * apart[j]
        found[j] = gap if ahead or parity == 1 else 2.0 * n - gap
