"""Inner products of sparse rows of counts, for all pairs of documents.

Words are as Zipf says: a few are in most documents, and most in few.  A column that many documents
have is written out as a dense vector, strip by strip, and a document gets multiples of those
vectors; the documents that have a rare column are met one by one; and a column that a single
document has adds to the diagonal alone.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.shared_counts import shared
from symntk.emission.runtime.threads import on_threads
from symntk.emission.runtime.tiles import ROWS, mirrored

SPAN = 64  # documents of a strip: the columns that are written out fit the cache
HEIGHT = 1024  # documents whose products with a strip fit the cache; a multiple of SPAN
PART = 8 * HEIGHT  # documents that are multiplied with a strip by one task


def count_products(found: Any, count: int, dtype: Any) -> Any:
    """The inner products of all rows of the first batch and all of the other: NNGP and NTK.

    found: `row_sums` of each statistic for both batches, ``count`` rows of the first; of one batch,
    the products of each row with itself are their squares.
    """
    rows = len(found[0][0]) - 1
    symmetric = count == rows
    matrices = np.empty((2, count, count if symmetric else rows - count), dtype)
    tasks = -(-matrices.shape[1] // PART) * -(-matrices.shape[2] // SPAN)
    on_threads(inner_counts, tasks, *shared(found, count), symmetric, *matrices)
    if symmetric:
        for matrix, own in zip(matrices, squared(found), strict=True):
            np.fill_diagonal(matrix, own)
    return matrices


def squared(found: Any) -> Any:
    """The squares of all features, (2, rows)."""
    return sum(squares for _, _, _, squares, _ in found)


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


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def add_listed(
    begin: int, end: int, at: Any, amounts: Any, lists: Any, top: int, bottom: int, r: int,
    tile: Any,
) -> None:  # fmt: skip
    """Adds to tile[i - top, :, r] what a row has of lists times what documents i < bottom have.

    at: how far each of its lists is done; the entries of the row are those from begin to end.
    """
    documents, values = lists
    for n in range(begin, end):
        place, a, b = at[n - begin], amounts[n, 0], amounts[n, 1]
        while documents[place] < bottom:
            sums = tile[documents[place] - top]
            sums[0, r] += a * values[place, 0]
            sums[1, r] += b * values[place, 1]
            place += 1
        at[n - begin] = place


@njit(cache=True, error_model="numpy")
def skip_listed(at: Any, documents: Any, top: int) -> None:
    """Moves ``at`` in each of some lists to the first document from ``top`` on."""
    for n in range(len(at)):
        place = at[n]
        while documents[place] < top:
            place += 1
        at[n] = place


@njit(cache=True, error_model="numpy", nogil=True)
def inner_counts(
    thread: int,
    threads: int,
    width: int,
    common: Any,
    lists: Any,
    met: Any,
    symmetric: bool,
    nngp: Any,
    ntk: Any,
) -> None:
    """The inner product of row i of the first batch and row j of the other, for all i and j.

    The rest is what `shared` gives.  If symmetric, the upper triangle is computed and copied, and
    the diagonal is left to the caller.
    """
    count1, count2 = nngp.shape
    base = 0 if symmetric else count1
    dense, tile = np.empty((width, 2, SPAN)), np.empty((HEIGHT, 2, SPAN))
    task = 0
    for first in range(0, count1, PART):
        for begin in range(first if symmetric else 0, count2, SPAN):
            turn = task % (2 * threads)  # there and back, as strips of a triangle grow
            task += 1
            if min(turn, 2 * threads - 1 - turn) != thread:
                continue
            end = min(begin + SPAN, count2)
            dense[:] = 0.0
            for j in range(begin, end):
                for n in range(common[0][base + j], common[0][base + j + 1]):
                    dense[common[1][n], 0, j - begin] = common[2][n, 0]
                    dense[common[1][n], 1, j - begin] = common[2][n, 1]
            starts = met[0][base + begin : base + end + 1]
            at = met[1][starts[0] : starts[-1]].copy()
            skip_listed(at, lists[0], first)
            last = min(first + PART, end if symmetric else count1)
            for top in range(first, last, HEIGHT):
                bottom = min(top + HEIGHT, last)
                for i in range(top, bottom):
                    sums = tile[i - top]
                    sums[:] = 0.0
                    add_multiples(
                        common[0][i],
                        common[0][i + 1],
                        common[1],
                        common[2],
                        dense,
                        sums[0],
                        sums[1],
                    )
                for r in range(end - begin):
                    limit = min(bottom, begin + r) if symmetric else bottom
                    add_listed(
                        starts[r], starts[r + 1], at[starts[r] - starts[0] :], met[2], lists, top,
                        limit, r, tile,
                    )  # fmt: skip
                for i in range(top, bottom):
                    one, two, sums = nngp[i, begin:end], ntk[i, begin:end], tile[i - top]
                    for r in range(end - begin):
                        one[r], two[r] = sums[0, r], sums[1, r]
                for i in range(top, bottom if symmetric else top, ROWS):
                    part = tile[i - top : i - top + ROWS]
                    mirrored(part[:, 0], nngp, i, min(i + ROWS, bottom), begin, end)
                    mirrored(part[:, 1], ntk, i, min(i + ROWS, bottom), begin, end)
