"""Kernels of texts as inner products of counts: where their features occur in documents.

A statistic is a list of groups (offsets, excess, is_aligned, conditions, codes, rows).  At each
position t of the first T + excess of a document the tokens at t + offsets are read, and t itself if
is_aligned.  The conditions are ("inside", a, k) for 0 <= t + a < T + k and ("equal", a, b) for the
same token at t + a and at t + b; those that hold make a number, bit by bit, and where it is the
k-th of ``codes``, the features get the k-th of ``rows``: what they are in the NNGP, and what in the
NTK.  A group without codes reads each document once.

Features are kept as rows of a sparse matrix: (starts, columns, amounts) with amounts (entries, 2).
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

MIXER = -7046029254386353131  # 2^64 / golden ratio, modulo 2^64: spreads keys over the bits


def features(statistics: Any, batch: Any, means: Any, count: int) -> Any:
    """The features of documents by counts, as `shared` gives them.

    batch: (tokens, starts, lengths).  means: for the NNGP and for the NTK (beyond, power) where
    features are divided by (T + beyond)^power, else None.
    """
    sizes = batch[2][:, 0]
    scales = np.ones((len(sizes), 2))
    for n, mean in enumerate(means):
        if mean is not None:
            scales[:, n] = (sizes + mean[0]) ** mean[1]
    return shared((counted(groups, batch) for groups in statistics), scales, count)


def shared(parts: Any, scales: Any, count: int) -> Any:
    """The features that documents share, a row for each, and the squares of all features.

    parts: rows, and the number of their columns, for one statistic after the other; their amounts
    are divided by ``scales``.  count: the documents of the first batch, which are compared with the
    others, or with one another if there are none.
    Returns (rows, width, squares): ``width`` columns, and squares (2, documents).
    """
    found, width, squares = [], 0, np.zeros((2, len(scales)))
    for (starts, columns, amounts), column_count in parts:
        documents = np.repeat(np.arange(len(scales)), np.diff(starts))
        amounts /= scales[documents]
        for n in range(2):
            squares[n] += np.bincount(documents, amounts[:, n] ** 2, minlength=len(scales))
        first = np.bincount(columns[: starts[count]], minlength=column_count)
        others = np.bincount(columns[starts[count] :], minlength=column_count)
        met = (first > 0) & (others > 0) if count < len(scales) else first > 1
        numbers = width + np.cumsum(met) - 1
        kept = np.flatnonzero(met[columns])
        found.append((documents[kept], numbers[columns[kept]], amounts[kept]))
        width += int(met.sum())
    entries = map(np.concatenate, zip(*found, strict=True))
    return summed(len(scales), width, *entries), width, squares


def weighted(statistic: Any, batch: Any, weights: Any) -> Any:
    """The rows of sums of weights over positions that agree, and the number of their columns.

    statistic: (has_token, has_position, n, factors) for weights[n] at positions with the same token
    and at the same place, times ``factors`` in the NNGP and in the NTK.
    """
    tokens, starts, lengths = batch
    has_token, has_position, n, factors = statistic
    documents = np.repeat(np.arange(len(lengths)), lengths[:, 0])
    places = np.arange(len(tokens)) - starts[documents]
    read = (tokens,) * has_token + (places,) * has_position
    (columns,), count = numbered([(len(tokens), read)])
    amounts = weights[n][:, None] * np.array(factors)
    if not read:  # one number of each document, at all of its positions
        documents, columns, amounts = (
            documents[starts[:-1]],
            columns[starts[:-1]],
            amounts[starts[:-1]],
        )
    return summed(len(lengths), count, documents, columns, amounts), count


def counted(groups: Any, batch: Any) -> Any:
    """The rows of the features of a statistic, and the number of their columns."""
    read = [occurrences(batch, group) for group in groups]
    numbers, count = numbered([(len(which), values) for _, which, values in read])
    rank = len(groups[0][-1][0][0])
    parts = []
    for (documents, which, _), number, group in zip(read, numbers, groups, strict=True):
        rows: Any = np.array(group[-1]).transpose(0, 2, 1)
        for k in range(rank):
            is_used = (rows[:, k] != 0.0).any(axis=1)
            kept = slice(None) if is_used.all() else np.flatnonzero(is_used[which])
            parts.append((documents[kept], rank * number[kept] + k, rows[which[kept], k]))
    entries = map(np.concatenate, zip(*parts, strict=True))
    return summed(len(batch[2]), rank * count, *entries), rank * count


def occurrences(batch: Any, group: Any) -> Any:
    """Where the readings of a group occur: documents, which of them, and what is read."""
    tokens, starts, lengths = batch
    sizes = lengths[:, 0]
    offsets, excess, is_aligned, conditions, codes, _ = group
    if not codes:
        return np.arange(len(sizes)), np.zeros(len(sizes), np.int64), ()
    asked = np.array([(kind == "equal", a, b) for kind, a, b in conditions], np.int64)
    found = met_readings(
        tokens, starts, excess, np.array(offsets, np.int64), asked.reshape((-1, 3)), np.array(codes)
    )
    documents, places, which = found
    first = starts[documents] + places
    values = [tokens[first + offset] for offset in offsets] + [places] * is_aligned
    return documents, which, tuple(values)


@njit(cache=True, error_model="numpy")
def met_readings(
    tokens: Any, starts: Any, excess: int, offsets: Any, conditions: Any, codes: Any
) -> Any:
    """The documents, the positions and the numbers of the readings that are met."""
    count = 0
    for n in range(len(starts) - 1):
        count += max(0, starts[n + 1] - starts[n] + excess)
    documents = np.empty(count, np.int64)
    places, which = np.empty_like(documents), np.empty_like(documents)
    known = 0
    for n in range(len(starts) - 1):
        size = starts[n + 1] - starts[n]
        last_code: Any = -1
        last: Any = 0
        for t in range(size + excess):
            met = True
            for k in range(len(offsets)):
                met = met and 0 <= t + offsets[k] < size
            code: Any = 0
            for k in range(len(conditions)):
                a, b = t + conditions[k, 1], conditions[k, 2]
                if conditions[k, 0] == 0:
                    holds = 0 <= a < size + b
                else:
                    b += t
                    holds = 0 <= a < size and 0 <= b < size
                    holds = holds and tokens[starts[n] + a] == tokens[starts[n] + b]
                code |= np.int64(holds) << k
            if code != last_code:
                last_code, last = code, 0
                while last < len(codes) and codes[last] < code:
                    last += 1
            if met and last < len(codes) and codes[last] == code:
                documents[known], places[known], which[known] = n, t, last
                known += 1
    return documents[:known], places[:known], which[:known]


def numbered(lists: Any) -> Any:
    """A number for each tuple, the same for the same ones in all lists, and how many there are.

    lists: for each list its length, and its tuples as columns of small numbers.
    """
    sizes = [size for size, _ in lists]
    found, count = np.zeros(sum(sizes), np.int64), 1
    for level, column in enumerate(zip(*(columns for _, columns in lists), strict=True)):
        values = np.concatenate(column)
        if level == 0:
            found, count = values, int(values.max(initial=-1)) + 1
        else:
            found, count = key_numbers(found * (values.max(initial=0) + 1) + values)
    return np.split(found, np.cumsum(sizes)[:-1]), count


@njit(cache=True, error_model="numpy")
def key_numbers(keys: Any) -> Any:
    """Numbers for keys in the order in which they are met, and how many, by a table of hashes."""
    bits = 4
    while 1 << bits < 2 * len(keys):
        bits += 1
    mask = (1 << bits) - 1
    mixed = keys * MIXER
    mixed = (mixed ^ (mixed >> 32)) & mask
    table = np.full(1 << bits, -1, np.int64)
    different = np.empty(len(keys), np.int64)
    found = np.empty(len(keys), np.int64)
    count = 0
    for n in range(len(keys)):
        place = mixed[n]
        while table[place] >= 0 and different[table[place]] != keys[n]:
            place = (place + 1) & mask
        if table[place] < 0:
            table[place] = count
            different[count] = keys[n]
            count += 1
        found[n] = table[place]
    return found, count


def summed(count: int, width: int, rows: Any, columns: Any, amounts: Any) -> Any:
    """Rows (starts, columns, amounts) from entries in any order, those of equal places added."""
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])
    order = order_of_keys(rows, ends[:-1].copy())
    columns, amounts = columns[order], amounts[order]
    starts, kept = np.zeros(count + 1, np.int64), np.zeros(len(rows), np.bool_)
    add_equal(ends, columns, amounts, np.full(width, -1), starts, kept)
    return starts, columns[kept], amounts[kept]


@njit(cache=True, error_model="numpy")
def order_of_keys(keys: Any, places: Any) -> Any:
    """The order that sorts keys, those that are equal as they come; places: where each begins."""
    order = np.empty_like(keys)
    for n in range(len(keys)):
        order[places[keys[n]]] = n
        places[keys[n]] += 1
    return order


@njit(cache=True, error_model="numpy")
def add_equal(ends: Any, columns: Any, amounts: Any, seen: Any, starts: Any, kept: Any) -> None:
    """Adds the entries of a row with the same column to the first of them, the one that is kept.

    ends: of the rows; starts: of the rows of what is kept; seen: -1 for each column.
    """
    known = 0
    for row in range(len(ends) - 1):
        for n in range(ends[row], ends[row + 1]):
            first = seen[columns[n]]
            if first < ends[row]:
                seen[columns[n]] = n
                kept[n] = True
                known += 1
            else:
                amounts[first, 0] += amounts[n, 0]
                amounts[first, 1] += amounts[n, 1]
        starts[row + 1] = known


def joined(batches: Any) -> Any:
    """Batches of documents as one."""
    tokens, starts, lengths = zip(*batches, strict=True)
    begin = np.cumsum([0, *map(len, tokens)])
    ends = [one[1:] + offset for one, offset in zip(starts, begin, strict=False)]
    return np.concatenate(tokens), np.concatenate([[0], *ends]), np.concatenate(lengths)


def parted(rows: Any, count: int) -> Any:
    """The first ``count`` rows, and the others."""
    starts, columns, amounts = rows
    at = starts[count]
    return (
        (starts[: count + 1], columns[:at], amounts[:at]),
        (starts[count:] - at, columns[at:], amounts[at:]),
    )
