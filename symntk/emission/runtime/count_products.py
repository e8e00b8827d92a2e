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

    found: `numbered_sums` of each statistic for both batches, ``count`` rows of the first; of one
    batch, the products of each row with itself are their squares.
    """
    rows = len(found[0][0]) - 1
    symmetric = count == rows
    base = 0 if symmetric else count
    matrices = np.empty((2, count, rows - base), dtype)
    width, common, lists = shared(found, count)
    met = by_strip(lists[0], lists[1], base, rows)
    tasks = -(-count // PART) * -(-(rows - base) // SPAN)
    on_threads(inner_counts, tasks, width, common, lists, met, symmetric, *matrices)
    if symmetric:
        for matrix, own in zip(matrices, squared(found), strict=True):
            np.fill_diagonal(matrix, own)
    return matrices


def squared(found: Any) -> Any:
    """The squares of all features, (2, rows)."""
    return sum(squares for _, _, _, squares, _ in found)


@njit(cache=True, error_model="numpy", nogil=True)
def by_strip(starts: Any, documents: Any, base: int, rows: int) -> Any:
    """For each strip of documents from ``base`` on, the lists that have some to meet one of it.

    Returns where a strip's lists begin, and for each of them where it begins, and where its
    documents of the strip begin and end, (lists, 3), in the order of the lists.
    """
    counts = np.zeros(-(-(rows - base) // SPAN) + 1, np.int64)
    at, found = counts, np.empty((0, 3), np.int64)
    for is_counted in (True, False):
        for n in range(len(starts) - 1):
            place = starts[n]
            while place < starts[n + 1] and documents[place] < base:
                place += 1
            while place < starts[n + 1]:
                strip, first = (documents[place] - base) // SPAN, place
                last = base + (strip + 1) * SPAN
                while place < starts[n + 1] and documents[place] < last:
                    place += 1
                if place == starts[n] + 1:  # the first document of a list has none to meet
                    continue
                if is_counted:
                    counts[strip + 1] += 1
                else:
                    own = found[at[strip]]
                    own[0], own[1], own[2] = starts[n], first, place
                    at[strip] += 1
        if is_counted:
            for strip in range(len(counts) - 1):
                counts[strip + 1] += counts[strip]
            at, found = counts.copy(), np.empty((counts[-1], 3), np.int64)
    return counts, found


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
    met: Any, lists: Any, shift: int, top: int, bottom: int, symmetric: bool, tile: Any
) -> None:
    """Adds to tile[i - top, :, j - shift] what the lists have of documents i < bottom and j.

    met: of the lists, where documents i >= top begin, and where documents j begin and end.  If
    symmetric, only i < j.
    """
    _, documents, values = lists
    for n in range(len(met)):
        for other in range(met[n, 1], met[n, 2]):
            j, a, b = documents[other] - shift, values[other, 0], values[other, 1]
            limit = min(bottom, documents[other]) if symmetric else bottom
            place = met[n, 0]
            while documents[place] < limit:
                sums = tile[documents[place] - top]
                sums[0, j] += a * values[place, 0]
                sums[1, j] += b * values[place, 1]
                place += 1


@njit(cache=True, error_model="numpy")
def skip_listed(met: Any, documents: Any, top: int) -> None:
    """Moves where documents i begin to the first from ``top`` on, or to the first document j."""
    for n in range(len(met)):
        place, end = met[n, 0], met[n, 1]
        while place < end:  # by halves
            middle = (place + end) // 2
            if documents[middle] < top:
                place = middle + 1
            else:
                end = middle
        met[n, 0] = place


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

    The rest is what `shared` and `by_strip` give.  If symmetric, the upper triangle is computed and
    copied, and the diagonal is left to the caller.
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
            own = met[1][met[0][begin // SPAN] : met[0][begin // SPAN + 1]].copy()
            last = min(first + PART, end if symmetric else count1)
            for top in range(first, last, HEIGHT):
                bottom = min(top + HEIGHT, last)
                if top > 0:
                    skip_listed(own, lists[1], top)
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
                add_listed(own, lists, base + begin, top, bottom, symmetric, tile)
                for i in range(top, bottom):
                    one, two, sums = nngp[i, begin:end], ntk[i, begin:end], tile[i - top]
                    for r in range(end - begin):
                        one[r], two[r] = sums[0, r], sums[1, r]
                for i in range(top, bottom if symmetric else top, ROWS):
                    part = tile[i - top : i - top + ROWS]
                    mirrored(part[:, 0], nngp, i, min(i + ROWS, bottom), begin, end)
                    mirrored(part[:, 1], ntk, i, min(i + ROWS, bottom), begin, end)
