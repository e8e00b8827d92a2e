"""Sparse rows of features: sums over what is read in documents, in columns that documents share."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

SPREADERS = (625341585, 1013904243)  # odd, below 2^30: they spread the halves of a key over bits
DENSE_KEYS = 4  # keys below so many for each reading are numbers as they are


def numbered_sums(
    ends: Any, keys: Any, kinds: Any, rows: Any, span: int, scales: Any, count: int
) -> Any:
    """`row_sums` for keys below ``span`` in place of numbers, in columns that documents share."""
    squares = np.zeros((2, len(ends) - 1))
    if span > DENSE_KEYS * len(keys):
        ends, keys, kinds = met_again(ends, keys, kinds, (rows**2).sum(axis=2), squares)
        keys, span = key_numbers(keys)
        squares *= scales.T**2
    terms, width = terms_of(rows, span), span * rows.shape[2]
    sizes = np.bincount(kinds, minlength=len(rows))
    return only_shared(
        row_sums(ends, keys, kinds, sizes, terms, width, scales, count, squares), count
    )


@njit(cache=True, error_model="numpy", forceinline=True)
def mixed_bits(key: int) -> int:
    """A number whose lower bits all bits of a key decide; products stay below 2^63."""
    mixed = (key & 0x7FFFFFFF) * SPREADERS[0] + (key >> 31) * SPREADERS[1]
    return mixed ^ (mixed >> 27)


@njit(cache=True, error_model="numpy", nogil=True)
def met_again(ends: Any, keys: Any, kinds: Any, own: Any, squares: Any) -> Any:
    """The readings, but for those with a key that surely is met once, as most of n-grams are.

    For these own[kind] is added to the squares, (2, rows).  Keys are counted by some of their bits,
    so that some that are met once are left in.  The result is in the memory of keys and kinds.
    """
    bits = 4
    while 1 << bits < 4 * len(keys):
        bits += 1
    mask = (1 << bits) - 1
    times = np.zeros(1 << bits, np.uint8)
    for n in range(len(keys)):
        place = mixed_bits(keys[n]) & mask
        times[place] = 1 if times[place] == 0 else 2
    found, left = np.zeros(len(ends), np.int64), np.empty_like(kinds)
    known = 0
    for row in range(len(ends) - 1):
        once = 0
        for n in range(ends[row], ends[row + 1]):
            kind, again = kinds[n], times[mixed_bits(keys[n]) & mask] > 1
            keys[known], kinds[known], left[once] = keys[n], kind, kind
            known += again
            once += 1 - again
        for n in range(once):
            squares[0, row] += own[left[n], 0]
            squares[1, row] += own[left[n], 1]
        found[row + 1] = known
    return found, keys[:known], kinds[:known]


@njit(cache=True, error_model="numpy", nogil=True)
def key_numbers(keys: Any) -> Any:
    """Numbers for keys in the order in which they are met, and how many, by a table of hashes."""
    bits = 4
    while 1 << bits < 2 * len(keys):
        bits += 1
    mask = (1 << bits) - 1
    table = np.full(1 << bits, -1, np.int64)
    different = np.empty(len(keys), np.int64)
    found = np.empty(len(keys), np.int64)
    count = 0
    for n in range(len(keys)):
        place = mixed_bits(keys[n]) & mask
        while table[place] >= 0 and different[table[place]] != keys[n]:
            place = (place + 1) & mask
        if table[place] < 0:
            table[place] = count
            different[count] = keys[n]
            count += 1
        found[n] = table[place]
    return found, count


def terms_of(rows: Any, width: int) -> Any:
    """What is not 0 in rows (kinds, 2, rank): where kinds begin, k width, and values (terms, 2)."""
    used = (rows != 0.0).any(axis=1)
    kinds, k = np.nonzero(used)
    return np.append(0, np.cumsum(used.sum(axis=1))), k * width, rows[kinds, :, k]


@njit(cache=True, error_model="numpy", nogil=True)
def row_sums(
    ends: Any,
    numbers: Any,
    kinds: Any,
    sizes: Any,
    terms: Any,
    width: int,
    scales: Any,
    count: int,
    squares: Any,
) -> Any:
    """Sparse rows of the sums of features: (starts, columns, amounts, squares, documents).

    The reading n, of the document whose readings end behind it, adds the terms of its kind: values
    of the NNGP and of the NTK, to columns numbers[n] + k width, as `terms_of` gives them.  A row
    is scaled by ``scales``; amounts are (entries, 2).  squares, (2, rows), get those of each row.
    documents: how many of the first ``count`` have a column, and how many of the others,
    (2, width).  sizes: how many readings are of each kind.
    """
    begins, shifts, values = terms
    usual, capacity = 0, 1  # the kind of most readings, away from the edges, which are counted
    for kind in range(len(sizes)):
        usual = kind if sizes[kind] > sizes[usual] else usual
        capacity += sizes[kind] * (begins[kind + 1] - begins[kind])
    if begins[usual + 1] != begins[usual] + 1:
        usual = -1
    starts = np.zeros(len(ends), np.int64)
    columns, amounts = np.empty(capacity, np.int64), np.empty((capacity, 2))
    documents = np.zeros((2, width), np.int32)
    times, places = np.zeros(width, np.int64), np.full(width, -1)
    known = 0
    for row in range(len(ends) - 1):
        begin, met = known, documents[0 if row < count else 1]
        if usual >= 0:
            term = begins[usual]
            for n in range(ends[row], ends[row + 1]):
                if kinds[n] == usual:
                    column = numbers[n] + shifts[term]
                    columns[known] = column
                    known += times[column] == 0
                    times[column] += 1
            for n in range(begin, known):
                column = columns[n]
                amounts[n, 0] = times[column] * values[term, 0]
                amounts[n, 1] = times[column] * values[term, 1]
                places[column], times[column] = n, 0
                met[column] += 1
        for n in range(ends[row], ends[row + 1]):
            if kinds[n] != usual:
                for term in range(begins[kinds[n]], begins[kinds[n] + 1]):
                    column = numbers[n] + shifts[term]
                    if places[column] < begin:
                        places[column], columns[known] = known, column
                        amounts[known, 0] = amounts[known, 1] = 0.0
                        met[column] += 1
                        known += 1
                    amounts[places[column], 0] += values[term, 0]
                    amounts[places[column], 1] += values[term, 1]
        for n in range(begin, known):
            amounts[n, 0] *= scales[row, 0]
            amounts[n, 1] *= scales[row, 1]
            squares[0, row] += amounts[n, 0] ** 2
            squares[1, row] += amounts[n, 1] ** 2
        starts[row + 1] = known
    return starts, columns[:known], amounts[:known], squares, documents


@njit(cache=True, error_model="numpy", nogil=True)
def only_shared(found: Any, count: int) -> Any:
    """What `row_sums` gives, for the columns alone that documents share, in the same memory.

    These are the columns of two documents, or of one of the first ``count`` and one of the others,
    if there are others.
    """
    starts, columns, amounts, squares, documents = found
    numbers = np.full(documents.shape[1], -1)
    kept = 0
    for column in range(len(numbers)):
        one, two = documents[0, column], documents[1, column]
        if (one > 1) if count == len(starts) - 1 else (one > 0 and two > 0):
            documents[0, kept], documents[1, kept] = one, two
            numbers[column] = kept
            kept += 1
    known = begin = 0
    for row in range(len(starts) - 1):
        end = starts[row + 1]
        for n in range(begin, end):
            number = numbers[columns[n]]
            if number >= 0:
                columns[known] = number
                amounts[known, 0], amounts[known, 1] = amounts[n, 0], amounts[n, 1]
                known += 1
        begin, starts[row + 1] = end, known
    return starts, columns[:known], amounts[:known], squares, documents[:, :kept]
