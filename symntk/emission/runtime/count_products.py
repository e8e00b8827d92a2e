"""Inner products of sparse rows of counts, for all pairs of documents.

Words are as Zipf says: a few are in most documents, and most in few.  A column that many rows have
is written out as a dense vector, strip by strip, and a row of the result gets multiples of those
vectors; the entries of a rare column are met one by one; and a column that a single document has
adds to the diagonal alone.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.threads import on_threads
from symntk.emission.runtime.tiles import mirrored

COMMON = 16  # a column that more than one row in so many has is written out
MOST_COMMON = 512  # columns that are written out
SHARE = 64  # rows that share the columns that are written out
SPAN = 128  # rows of the second matrix that are done at a time: the columns fit the cache


def count_products(first: Any, second: Any, width: int, squares: Any, dtype: Any) -> Any:
    """The inner products of all rows of two matrices, or of one without a second: NNGP and NTK.

    Rows are (starts, columns, amounts) with amounts (entries, 2); of one matrix, ``squares`` are
    the products of each row with itself, (2, rows).
    """
    symmetric = second is None
    others = first if symmetric else second
    sizes = np.bincount(others[1], minlength=width)
    is_common = sizes * COMMON > len(others[0]) - 1
    if is_common.sum() > MOST_COMMON:
        is_common &= sizes > np.sort(sizes[is_common])[-MOST_COMMON - 1]
    parts = []
    for chosen in (is_common, ~is_common):
        numbers = np.where(chosen, np.cumsum(chosen) - 1, -1)
        parts.append([only_columns(rows, numbers) for rows in (first, others)])
    (common1, common2), (rare1, rare2) = parts
    rare2 = by_column(rare2, int((~is_common).sum()))
    found = np.empty((2, len(first[0]) - 1, len(others[0]) - 1), dtype)
    tasks = -(-found.shape[1] // SHARE)
    on_threads(
        inner_counts, tasks, common1, common2, int(is_common.sum()), rare1, rare2, symmetric, *found
    )
    if symmetric:
        for matrix, own in zip(found, squares, strict=True):
            np.fill_diagonal(matrix, own)
    return found


@njit(cache=True, error_model="numpy")
def only_columns(matrix: Any, numbers: Any) -> Any:
    """The rows with those columns alone that have a number."""
    starts, columns, amounts = matrix
    found_starts = np.zeros_like(starts)
    found_columns, found = np.empty_like(columns), np.empty_like(amounts)
    known = 0
    for row in range(len(starts) - 1):
        for n in range(starts[row], starts[row + 1]):
            if numbers[columns[n]] >= 0:
                found_columns[known] = numbers[columns[n]]
                found[known] = amounts[n]
                known += 1
        found_starts[row + 1] = known
    return found_starts, found_columns[:known].copy(), found[:known].copy()


@njit(cache=True, error_model="numpy")
def by_column(matrix: Any, width: int) -> Any:
    """The same matrix column by column: starts, rows and amounts."""
    starts, columns, amounts = matrix
    begin = np.zeros(width + 1, np.int64)
    for column in columns:
        begin[column + 1] += 1
    begin = np.cumsum(begin)
    next_place = begin[:-1].copy()
    rows, found = np.empty_like(columns), np.empty_like(amounts)
    for row in range(len(starts) - 1):
        for n in range(starts[row], starts[row + 1]):
            place = next_place[columns[n]]
            rows[place] = row
            found[place] = amounts[n]
            next_place[columns[n]] += 1
    return begin, rows, found


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def add_multiples(columns: Any, amounts: Any, dense: Any, nngp: Any, ntk: Any) -> None:
    """Adds the columns of ``dense`` times ``amounts``, four at a time."""
    whole = len(columns) // 4 * 4
    for n in range(0, whole, 4):
        c0, c1, c2, c3 = columns[n : n + 4]
        a0, a1, a2, a3 = amounts[n, 0], amounts[n + 1, 0], amounts[n + 2, 0], amounts[n + 3, 0]
        b0, b1, b2, b3 = amounts[n, 1], amounts[n + 1, 1], amounts[n + 2, 1], amounts[n + 3, 1]
        x0, x1, x2, x3 = dense[c0, 0], dense[c1, 0], dense[c2, 0], dense[c3, 0]
        y0, y1, y2, y3 = dense[c0, 1], dense[c1, 1], dense[c2, 1], dense[c3, 1]
        for j in range(SPAN):
            nngp[j] += a0 * x0[j] + a1 * x1[j] + a2 * x2[j] + a3 * x3[j]
        for j in range(SPAN):
            ntk[j] += b0 * y0[j] + b1 * y1[j] + b2 * y2[j] + b3 * y3[j]
    for n in range(whole, len(columns)):
        x, y = dense[columns[n], 0], dense[columns[n], 1]
        for j in range(SPAN):
            nngp[j] += amounts[n, 0] * x[j]
            ntk[j] += amounts[n, 1] * y[j]


@njit(cache=True, error_model="numpy", nogil=True)
def inner_counts(
    thread: int,
    threads: int,
    common1: Any,
    common2: Any,
    count: int,
    rare1: Any,
    rare2: Any,
    symmetric: bool,
    nngp: Any,
    ntk: Any,
) -> None:
    """The inner product of row i of one matrix and row j of the other, for all i and j.

    common1, common2: the columns to be written out, ``count`` of them, row by row; rare1, rare2:
    the others, row by row and column by column.  If symmetric, the upper triangle is computed and
    copied, and the diagonal is left to the caller.  Each of the threads does its share of rows.
    """  # fmt: skip
    count1, count2 = nngp.shape
    for top in range(SHARE * thread, count1, SHARE * threads):
        bottom = min(top + SHARE, count1)
        first = top if symmetric else 0
        base = rare1[0][top]
        at = np.empty(rare1[0][bottom] - base, np.int64)  # how far the list of a column is done
        for n in range(len(at)):
            column = rare1[1][base + n]
            begin, end = rare2[0][column], rare2[0][column + 1]
            at[n] = begin + np.searchsorted(rare2[1][begin:end], first)
        dense = np.empty((count, 2, SPAN))
        sums = np.empty((2, SPAN))
        for begin in range(first, count2, SPAN):
            end = min(begin + SPAN, count2)
            dense[:] = 0.0
            for j in range(begin, end):
                for n in range(common2[0][j], common2[0][j + 1]):
                    dense[common2[1][n], 0, j - begin] = common2[2][n, 0]
                    dense[common2[1][n], 1, j - begin] = common2[2][n, 1]
            for i in range(top, bottom):
                one, two = sums[0], sums[1]
                one[:] = 0.0
                two[:] = 0.0
                part = slice(common1[0][i], common1[0][i + 1])
                add_multiples(common1[1][part], common1[2][part], dense, one, two)
                for n in range(rare1[0][i], rare1[0][i + 1]):
                    last = rare2[0][rare1[1][n] + 1]
                    a, b = rare1[2][n, 0], rare1[2][n, 1]
                    place = at[n - base]
                    while place < last and rare2[1][place] < end:
                        j = rare2[1][place] - begin
                        one[j] += a * rare2[2][place, 0]
                        two[j] += b * rare2[2][place, 1]
                        place += 1
                    at[n - base] = place
                nngp[i, begin:end] = one[: end - begin]
                ntk[i, begin:end] = two[: end - begin]
            if symmetric:
                mirrored(nngp[top:bottom, begin:end], nngp, top, bottom, begin, end)
                mirrored(ntk[top:bottom, begin:end], ntk, top, bottom, begin, end)
