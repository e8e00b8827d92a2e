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

from symntk.emission.runtime.threads import on_threads
from symntk.emission.runtime.tiles import ROWS, mirrored

COMMON = 16  # a column that more than one document in so many has is written out
MOST_COMMON = 512  # columns that are written out
SPAN = 32  # documents of a strip: the columns that are written out fit the cache
HEIGHT = 512  # documents that share a strip: their products fit the cache; a multiple of both


def count_products(found: Any, count: int, dtype: Any) -> Any:
    """The inner products of all rows of the first batch and all of the other: NNGP and NTK.

    found: rows of both batches as `row_sums` gives them, ``count`` of the first; of one batch, the
    products of each row with itself are their squares.
    """
    common, rare, width = shared(found, count)
    rows = len(common[0]) - 1
    symmetric = count == rows
    matrices = np.empty((2, count, count if symmetric else rows - count), dtype)
    index = by_column(rare, count, width[1])
    tasks = -(-matrices.shape[1] // HEIGHT) * -(-matrices.shape[2] // SPAN)
    on_threads(inner_counts, tasks, common, rare, index, width[0], symmetric, *matrices)
    if symmetric:
        for matrix, own in zip(matrices, squared(found), strict=True):
            np.fill_diagonal(matrix, own)
    return matrices


def squared(found: Any) -> Any:
    """The squares of all features, (2, rows)."""
    return sum(squares for _, _, _, squares, _ in found)


def shared(found: Any, count: int) -> Any:
    """The columns that documents share: rows of the common ones, of the rare ones, and how many.

    found: rows for one statistic after the other.
    """
    documents = np.concatenate([part[4] for part in found], axis=1)
    rows = len(found[0][0]) - 1
    others = rows - count if count < rows else count
    sizes = documents[1] if count < rows else documents[0]
    met = (documents[0] > 0) & (sizes > 0) if count < rows else sizes > 1
    is_common = met & (sizes * COMMON > others)
    if is_common.sum() > MOST_COMMON:
        is_common &= sizes > np.sort(sizes[is_common])[-MOST_COMMON - 1]
    numbers = np.cumsum(met & ~is_common, dtype=np.int32)
    rare, common = int(numbers[-1]), int(is_common.sum())
    numbers[~met] = 0
    numbers[is_common] = -np.arange(1, common + 1)
    limits = np.cumsum([part[4].shape[1] for part in found])[:-1]
    parts = [
        (starts, columns, amounts, own)
        for (starts, columns, amounts, *_), own in zip(
            found, np.split(numbers, limits), strict=True
        )
    ]
    ends = np.zeros((2, rows + 1), np.int64)
    for starts, columns, _, own in parts:
        count_kept(starts, columns, own, ends)
    ends = np.cumsum(ends, axis=1)
    kept = [(np.empty(own[-1], np.int32), np.empty((own[-1], 2))) for own in ends]
    at = ends[:, :-1].copy()
    for part in parts:
        keep(*part, at, *kept[0], *kept[1])
    return (ends[0], *kept[0]), (ends[1], *kept[1]), (common, rare)


@njit(cache=True, error_model="numpy", nogil=True)
def count_kept(starts: Any, columns: Any, numbers: Any, sizes: Any) -> None:
    """Adds to sizes[0, row + 1] the common columns of a row, and to sizes[1] the rare ones."""
    for row in range(len(starts) - 1):
        common = rare = 0
        for n in range(starts[row], starts[row + 1]):
            common += numbers[columns[n]] < 0
            rare += numbers[columns[n]] > 0
        sizes[0, row + 1] += common
        sizes[1, row + 1] += rare


@njit(cache=True, error_model="numpy", nogil=True)
def keep(
    starts: Any,
    columns: Any,
    amounts: Any,
    numbers: Any,
    at: Any,
    common: Any,
    common_amounts: Any,
    rare: Any,
    rare_amounts: Any,
) -> None:
    """Writes the entries of a row with a number to where the row has come to, ``at``."""
    for row in range(len(starts) - 1):
        a, b = at[0, row], at[1, row]
        for n in range(starts[row], starts[row + 1]):
            number = numbers[columns[n]]
            if number < 0:
                common[a] = -1 - number
                common_amounts[a, 0], common_amounts[a, 1] = amounts[n, 0], amounts[n, 1]
                a += 1
            elif number > 0:
                rare[b] = number - 1
                rare_amounts[b, 0], rare_amounts[b, 1] = amounts[n, 0], amounts[n, 1]
                b += 1
        at[0, row], at[1, row] = a, b


@njit(cache=True, error_model="numpy")
def by_column(matrix: Any, count: int, width: int) -> Any:
    """The first ``count`` rows column by column: where each begins, rows and amounts."""
    starts, columns, amounts = matrix
    ends = np.zeros(width + 1, np.int64)
    for n in range(starts[count]):
        ends[columns[n] + 1] += 1
    for column in range(width):
        ends[column + 1] += ends[column]
    at = ends.copy()
    rows, found = np.empty(starts[count], np.int32), np.empty((starts[count], 2))
    for row in range(count):
        for n in range(starts[row], starts[row + 1]):
            place = at[columns[n]]
            at[columns[n]] = place + 1
            rows[place] = row
            found[place, 0], found[place, 1] = amounts[n, 0], amounts[n, 1]
    return ends, rows, found


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


@njit(cache=True, error_model="numpy")
def add_rare(
    begin: int, end: int, columns: Any, amounts: Any, at: Any, index: Any, top: int, bottom: int,
    r: int, tile: Any,
) -> None:  # fmt: skip
    """Adds to tile[i - top, :, r] the products of the rare columns of a row and of rows i."""
    limits, rows, found = index
    for n in range(begin, end):
        column, a, b = columns[n], amounts[n, 0], amounts[n, 1]
        place, last = at[column], limits[column + 1]
        while place < last and rows[place] < bottom:
            values = tile[rows[place] - top]
            values[0, r] += a * found[place, 0]
            values[1, r] += b * found[place, 1]
            place += 1


@njit(cache=True, error_model="numpy", nogil=True)
def inner_counts(
    thread: int,
    threads: int,
    common: Any,
    rare: Any,
    index: Any,
    width: int,
    symmetric: bool,
    nngp: Any,
    ntk: Any,
) -> None:
    """The inner product of row i of the first batch and row j of the other, for all i and j.

    common: the ``width`` columns to be written out; rare: the others; index: those of the first
    batch column by column.  If symmetric, the upper triangle is computed and copied, and the
    diagonal is left to the caller.
    """  # fmt: skip
    count1, count2 = nngp.shape
    base = 0 if symmetric else count1
    dense = np.empty((width, 2, SPAN))
    tile = np.empty((HEIGHT, 2, SPAN))
    at = index[0][:-1].copy()  # how far the documents of a rare column are done
    task = 0
    for top in range(0, count1, HEIGHT):
        for column in range(len(at) if top > 0 else 0):
            while at[column] < index[0][column + 1] and index[1][at[column]] < top:
                at[column] += 1
        for begin in range(top if symmetric else 0, count2, SPAN):
            turn = task % (2 * threads)  # there and back, as strips near the diagonal are short
            task += 1
            if min(turn, 2 * threads - 1 - turn) != thread:
                continue
            end = min(begin + SPAN, count2)
            bottom = min(top + HEIGHT, end if symmetric else count1)
            dense[:] = 0.0
            for j in range(begin, end):
                for n in range(common[0][base + j], common[0][base + j + 1]):
                    dense[common[1][n], 0, j - begin] = common[2][n, 0]
                    dense[common[1][n], 1, j - begin] = common[2][n, 1]
            for i in range(top, bottom):
                values = tile[i - top]
                values[:] = 0.0
                add_multiples(
                    common[0][i],
                    common[0][i + 1],
                    common[1],
                    common[2],
                    dense,
                    values[0],
                    values[1],
                )
            for j in range(begin, end):
                last = min(bottom, j) if symmetric else bottom
                add_rare(
                    rare[0][base + j], rare[0][base + j + 1], rare[1], rare[2], at, index, top,
                    last, j - begin, tile,
                )  # fmt: skip
            for i in range(top, bottom):
                one, two, values = nngp[i, begin:end], ntk[i, begin:end], tile[i - top]
                for r in range(end - begin):
                    one[r], two[r] = values[0, r], values[1, r]
            if symmetric:
                for i in range(top, bottom, ROWS):
                    part = tile[i - top : i - top + ROWS]
                    mirrored(part[:, 0], nngp, i, min(i + ROWS, bottom), begin, end)
                    mirrored(part[:, 1], ntk, i, min(i + ROWS, bottom), begin, end)
