"""Kernels of texts as inner products of counts: sparse features, multiplied column by column.

A group of readings is a tuple (offsets, excess, is_aligned, conditions, codes, factor).  At each
position t of the first T + excess of a document the tokens at t + offsets are read, and t itself if
is_aligned.  The conditions are ("inside", a, k) for 0 <= t + a < T + k and ("equal", a, b) for the
same token at t + a and at t + b; those that hold make a number, bit by bit, and where it is the
k-th of ``codes``, the features get the k-th row of ``factor``.  A group without codes reads each
document once.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from symntk.emission.runtime.tiles import ROWS, STRIP, mirrored


def features(statistics: Any, batches: Any, mean: Any) -> Any:
    """The features of each batch of documents: their columns, and amounts, row by row.

    A batch is (tokens, starts, lengths).  The result for each is (starts, columns, amounts) of a
    matrix of compressed rows, equal features added; the columns are those of all batches.
    mean: (beyond, power) where features are divided by (T + beyond)^power, else None.
    """
    parts: list[list[Any]] = [[] for _ in batches]
    width = 0
    for groups in statistics:
        read = [occurrences(batch, group) for batch in batches for group in groups]
        numbers, count = numbered([values for _, _, values in read])
        rank = read[0][1].shape[1]
        for k, (documents, amounts, _) in enumerate(read):
            columns = width + rank * numbers[k][:, None] + np.arange(rank)
            parts[k // len(groups)].append((documents, columns, amounts))
        width += rank * count
    return [
        compressed(batch, part, width, mean) for batch, part in zip(batches, parts, strict=True)
    ]


def occurrences(batch: Any, group: Any) -> Any:
    """Where the readings of a group occur: documents, rows of the factor, and what is read."""
    tokens, starts, lengths = batch
    sizes = lengths[:, 0]
    offsets, excess, is_aligned, conditions, codes, factor = group
    factor = np.array(factor)
    if not codes:
        return np.arange(len(sizes)), np.repeat(factor, len(sizes), axis=0), ()
    counts = np.maximum(sizes + excess, 0)
    documents = np.repeat(np.arange(len(sizes)), counts)
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)

    def inside(offset: int, more: int = 0) -> Any:
        return (places + offset >= 0) & (places + offset < sizes[documents] + more)

    def token(offset: int) -> Any:
        index = np.clip(starts[documents] + places + offset, 0, len(tokens) - 1)
        return np.where(inside(offset), tokens[index], -1)

    code = np.zeros(len(places), dtype=np.int64)
    for bit, (kind, one, other) in enumerate(conditions):
        if kind == "inside":
            holds = inside(one, other)
        else:
            holds = (token(one) >= 0) & (token(one) == token(other))
        code |= holds.astype(np.int64) << bit
    which = np.minimum(np.searchsorted(codes, code), len(codes) - 1)
    met = np.array(codes)[which] == code
    for offset in offsets:
        met &= inside(offset)
    values = [token(offset)[met] for offset in offsets] + ([places[met]] if is_aligned else [])
    return documents[met], factor[which[met]], tuple(values)


def numbered(tuples: Any) -> Any:
    """A number for each tuple, the same for the same ones in all lists, and how many there are.

    tuples: lists of tuples, each given by its columns.
    """
    sizes = [len(columns[0]) if columns else -1 for columns in tuples]
    if -1 in sizes:
        return [np.zeros(1, dtype=np.int64) for _ in tuples], 1
    found = np.zeros(sum(sizes), dtype=np.int64)
    count = 1
    for column in zip(*tuples, strict=True):
        values = np.concatenate(column)
        _, found = np.unique(found * (values.max(initial=0) + 1) + values, return_inverse=True)
        count = int(found.max(initial=-1)) + 1
    return np.split(found, np.cumsum(sizes)[:-1]), count


def compressed(batch: Any, parts: Any, width: int, mean: Any) -> Any:
    """Compressed rows of (documents, columns, amounts), equal places added."""
    sizes = batch[2][:, 0]
    rows, columns, amounts = (
        np.concatenate([np.broadcast_to(part[n], part[2].shape).ravel() for part in parts])
        if n
        else np.concatenate([np.repeat(part[0], part[2].shape[1]) for part in parts])
        for n in range(3)
    )
    kept = amounts != 0.0
    rows, columns, amounts = rows[kept], columns[kept], amounts[kept]
    if mean is not None:
        amounts = amounts / (sizes[rows] + mean[0]) ** mean[1]
    places, inverse = np.unique(rows * max(width, 1) + columns, return_inverse=True)
    amounts = np.bincount(inverse.ravel(), weights=amounts, minlength=len(places))
    rows, columns = np.divmod(places, max(width, 1))
    starts = np.searchsorted(rows, np.arange(len(sizes) + 1))
    return starts, columns, amounts, width


def by_column(rows: Any) -> Any:
    """The same matrix column by column: starts, rows and amounts."""
    starts, columns, amounts, width = rows
    numbers = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.argsort(columns, kind="stable")
    return np.searchsorted(columns[order], np.arange(width + 1)), numbers[order], amounts[order]


def squares(rows: Any) -> Any:
    """The inner product of each row with itself."""
    starts, _, amounts, _ = rows
    numbers = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return np.bincount(numbers, weights=amounts**2, minlength=len(starts) - 1)


@njit(cache=True, error_model="numpy", parallel=True, nogil=True)
def inner_counts(
    starts1: Any,
    columns1: Any,
    amounts1: Any,
    starts2: Any,
    rows2: Any,
    amounts2: Any,
    symmetric: bool,
    found: Any,
) -> None:
    """found[i, j] = the inner product of row i of one matrix and row j of the other.

    The first is given row by row, the second column by column; the upper triangle is computed and
    copied if symmetric.
    """  # fmt: skip
    count1, count2 = found.shape
    blocks = -(-count1 // ROWS)
    for task in prange(blocks):
        # long and short rows alternate, so that all threads get the same share
        block = task // 2 if task % 2 == 0 else blocks - 1 - task // 2
        top, bottom = ROWS * block, min(ROWS * (block + 1), count1)
        row = np.empty(count2)
        for i in range(top, bottom):
            first = i if symmetric else 0
            row[first:] = 0.0
            for k in range(starts1[i], starts1[i + 1]):
                column, amount = columns1[k], amounts1[k]
                p = starts2[column + 1] - 1
                while p >= starts2[column] and rows2[p] >= first:
                    row[rows2[p]] += amount * amounts2[p]
                    p -= 1
            found[i, first:] = row[first:]
        if symmetric:
            for begin in range(top, count2, STRIP):
                end = min(begin + STRIP, count2)
                mirrored(found[top:bottom, begin:end], found, top, bottom, begin, end)
