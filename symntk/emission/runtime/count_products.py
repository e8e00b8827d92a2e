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

from symntk.emission.runtime.counts import order_of_keys
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
        part = only_columns(first, numbers)
        parts.append((part, part if symmetric else only_columns(others, numbers)))
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


def only_columns(matrix: Any, numbers: Any) -> Any:
    """The rows with those columns alone that have a number."""
    starts, columns, amounts = matrix
    kept = numbers[columns] >= 0
    before = np.concatenate([[0], np.cumsum(kept)])
    return before[starts], numbers[columns[kept]], amounts[kept]


def by_column(matrix: Any, width: int) -> Any:
    """The same matrix column by column: starts, rows and amounts."""
    starts, columns, amounts = matrix
    ends = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=width))])
    order = order_of_keys(columns, ends[:-1].copy())
    return ends, np.repeat(np.arange(len(starts) - 1), np.diff(starts))[order], amounts[order]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def add_multiples(
    begin: int, end: int, columns: Any, amounts: Any, dense: Any, nngp: Any, ntk: Any
) -> None:
    """Adds columns of ``dense`` times amounts, those from ``begin`` to ``end``, four at a time."""
    whole = begin + (end - begin) // 4 * 4
    for n in range(begin, whole, 4):
        c0, c1, c2, c3 = columns[n], columns[n + 1], columns[n + 2], columns[n + 3]
        a0, a1, a2, a3 = amounts[n, 0], amounts[n + 1, 0], amounts[n + 2, 0], amounts[n + 3, 0]
        b0, b1, b2, b3 = amounts[n, 1], amounts[n + 1, 1], amounts[n + 2, 1], amounts[n + 3, 1]
        x0, x1, x2, x3 = dense[c0, 0], dense[c1, 0], dense[c2, 0], dense[c3, 0]
        y0, y1, y2, y3 = dense[c0, 1], dense[c1, 1], dense[c2, 1], dense[c3, 1]
        for j in range(SPAN):
            nngp[j] += a0 * x0[j] + a1 * x1[j] + a2 * x2[j] + a3 * x3[j]
        for j in range(SPAN):
            ntk[j] += b0 * y0[j] + b1 * y1[j] + b2 * y2[j] + b3 * y3[j]
    for n in range(whole, end):
        a0, b0 = amounts[n, 0], amounts[n, 1]
        x0, y0 = dense[columns[n], 0], dense[columns[n], 1]
        for j in range(SPAN):
            nngp[j] += a0 * x0[j]
            ntk[j] += b0 * y0[j]


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
            at[n], end = rare2[0][column], rare2[0][column + 1]
            while at[n] < end:  # by halves
                middle = (at[n] + end) // 2
                if rare2[1][middle] < first:
                    at[n] = middle + 1
                else:
                    end = middle
        dense = np.empty((count, 2, SPAN))
        one, two = np.empty(SPAN), np.empty(SPAN)
        for begin in range(first, count2, SPAN):
            end = min(begin + SPAN, count2)
            for n in range(count):
                for j in range(SPAN):
                    dense[n, 0, j] = dense[n, 1, j] = 0.0
            for j in range(begin, end):
                for n in range(common2[0][j], common2[0][j + 1]):
                    dense[common2[1][n], 0, j - begin] = common2[2][n, 0]
                    dense[common2[1][n], 1, j - begin] = common2[2][n, 1]
            for i in range(top, bottom):
                for j in range(SPAN):
                    one[j] = two[j] = 0.0
                add_multiples(
                    common1[0][i], common1[0][i + 1], common1[1], common1[2], dense, one, two
                )
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
                for j in range(begin, end):
                    nngp[i, j] = one[j - begin]
                    ntk[i, j] = two[j - begin]
            if symmetric:
                mirrored(nngp[top:bottom, begin:end], nngp, top, bottom, begin, end)
                mirrored(ntk[top:bottom, begin:end], ntk, top, bottom, begin, end)
