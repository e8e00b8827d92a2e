"""Kernels of texts as inner products of counts: where their features occur in documents.

A statistic is a list of groups (offsets, excess, is_aligned, conditions, codes, rows).  At each
position t of the first T + excess of a document the tokens at t + offsets are read, and t itself if
is_aligned.  The conditions are ("inside", a, k) for 0 <= t + a < T + k and ("equal", a, b) for the
same token at t + a and at t + b; those that hold make a number, bit by bit, and where it is the
k-th of ``codes``, the features get the k-th of ``rows``: what they are in the NNGP, and what in the
NTK.  A group without codes reads each document once.

What is read gets a number: the features are the columns of a sparse matrix, see `row_sums`.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.count_rows import key_numbers, numbered_sums
from symntk.emission.runtime.threads import each_on_threads

SPAN_OF_KEYS = 2**62  # keys of tuples stay below this


def features(statistics: Any, batch: Any, means: Any, count: int) -> list[Any]:
    """The features of documents by counts: `numbered_sums` for each statistic.

    batch: (tokens, starts, lengths).  means: for the NNGP and for the NTK (beyond, power) where
    features are divided by (T + beyond)^power, else None.  count: the documents of the first batch.
    """
    sizes = batch[2][:, 0]
    scales = np.ones((len(sizes), 2))
    for n, mean in enumerate(means):
        if mean is not None:
            scales[:, n] = 1.0 / (sizes + mean[0]) ** mean[1]
    calls = [(groups, batch, scales, count) for groups in statistics]
    # n-grams, which take longest, come last
    return each_on_threads(counted, calls[::-1], len(batch[0]))[::-1]


def counted(groups: Any, batch: Any, scales: Any, count: int) -> Any:
    """The rows of the features of a statistic."""
    read = [readings(batch, group) for group in groups]
    keys, span = keys_of(batch, groups, read)
    rows = np.concatenate([np.array(group[-1]) for group in groups])
    shifts = np.cumsum([0, *(len(group[-1]) for group in groups)], dtype=np.int32)
    if len(groups) == 1:
        ends, numbers, kinds = read[0][0], keys[0], read[0][2]
    else:
        which = [kinds + shift for (_, _, kinds), shift in zip(read, shifts, strict=False)]
        documents = np.concatenate([np.repeat(np.arange(len(e) - 1), np.diff(e)) for e, *_ in read])
        order = np.argsort(documents, kind="stable")
        ends = sum(e for e, *_ in read)
        numbers, kinds = np.concatenate(keys)[order], np.concatenate(which)[order]
    return numbered_sums(ends, numbers, kinds, rows, span, scales, count)


def weighted(statistic: Any, batch: Any, weights: Any, count: int) -> Any:
    """The rows of sums of weights over positions that agree.

    statistic: (has_token, has_position, n, factors) for weights[n] at positions with the same token
    and at the same place, times ``factors`` in the NNGP and in the NTK.
    """
    tokens, starts, _ = batch
    has_token, has_position, n, factors = statistic
    if has_token or has_position:
        ends, places = starts, np.arange(len(tokens))
    else:  # one number of each document, at all of its positions
        ends, places = np.arange(len(starts)), starts[:-1]
    group = ((0,) * has_token, 0, has_position)
    (keys,), span = keys_of(batch, [group], [(ends, places, None)])
    rows = weights[n][places, None, None] * np.array(factors)[:, None]
    scales = np.ones((len(ends) - 1, 2))
    return numbered_sums(
        ends, keys, np.arange(len(keys), dtype=np.int32), rows, span, scales, count
    )


def readings(batch: Any, group: Any) -> Any:
    """Where the readings of a document end, the places in all tokens, and which of them it is."""
    tokens, starts, _ = batch
    offsets, excess, _, conditions, codes, _ = group
    if not codes:
        return np.arange(len(starts)), starts[:-1], np.zeros(len(starts) - 1, np.int32)
    asked = np.array([(kind == "equal", a, b) for kind, a, b in conditions], np.int64)
    return met_readings(
        tokens, starts, excess, np.array(offsets, np.int64), asked.reshape((-1, 3)), np.array(codes)
    )


@njit(cache=True, error_model="numpy", nogil=True)
def met_readings(
    tokens: Any, starts: Any, excess: int, offsets: Any, conditions: Any, codes: Any
) -> Any:
    """The readings that are met, document by document, as `readings`.

    Far from the edges all that is asked to be inside is: only equal tokens are looked for.
    """
    count, equal = 0, 0
    for n in range(len(starts) - 1):
        count += max(0, starts[n + 1] - starts[n] + excess)
    for k in range(len(conditions)):
        equal += conditions[k, 0]
    every = (1 << len(conditions)) - 1
    places, which = np.empty(count, np.int64), np.empty(count, np.int32)
    ends = np.zeros(len(starts), np.int64)
    known = 0
    for n in range(len(starts) - 1):
        size = starts[n + 1] - starts[n]
        low, high = 0, size + excess
        for k in range(len(offsets)):
            low, high = max(low, -offsets[k]), min(high, size - offsets[k])
        begin, end = low, high
        for k in range(len(conditions)):
            if conditions[k, 0] == 0:
                begin = max(begin, -conditions[k, 1])
                end = min(end, size + conditions[k, 2] - conditions[k, 1])
        last_code: Any = -1
        last: Any = 0
        for t in range(low, high):
            code: Any = every
            if equal > 0 or t < begin or t >= end:
                code = 0
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
            if last < len(codes) and codes[last] == code:
                places[known], which[known] = starts[n] + t, last
                known += 1
        ends[n + 1] = known
    return ends, places[:known], which[:known]


def keys_of(batch: Any, groups: Any, read: Any) -> Any:
    """A number from 0 for each reading of each group, the same for the same ones; their bound."""
    tokens, starts, lengths = batch
    keys = [np.zeros(len(places), np.int64) for _, places, _ in read]
    span, base = 1, int(tokens.max()) + 1
    for level in range(len(groups[0][0])):
        keys, span = room_for(keys, span, base)
        for (_, places, _), group, own in zip(read, groups, keys, strict=True):
            add_tokens(own, base, tokens, places, group[0][level])
        span *= base
    if groups[0][2]:
        base = int(lengths.max())
        keys, span = room_for(keys, span, base)
        for (ends, places, _), own in zip(read, keys, strict=True):
            own *= base
            own += places - np.repeat(starts[:-1], np.diff(ends))
        span *= base
    return keys, span


def room_for(keys: Any, span: int, base: int) -> Any:
    """The keys and their bound, or smaller ones, so that ``base`` times as many are possible."""
    if span * base <= SPAN_OF_KEYS:
        return keys, span
    numbers, span = key_numbers(np.concatenate(keys))
    return np.split(numbers, np.cumsum([len(own) for own in keys])[:-1]), span


@njit(cache=True, error_model="numpy", nogil=True)
def add_tokens(keys: Any, base: int, tokens: Any, places: Any, offset: int) -> None:
    """The token at each place + offset becomes the last digit of a key."""
    for n in range(len(keys)):
        keys[n] = keys[n] * base + tokens[places[n] + offset]


def joined(batches: Any) -> Any:
    """Batches of documents as one."""
    if len(batches) == 1:
        return batches[0]
    tokens, starts, lengths = zip(*batches, strict=True)
    begin = np.cumsum([0, *map(len, tokens)])
    ends = [one[1:] + offset for one, offset in zip(starts, begin, strict=False)]
    return np.concatenate(tokens), np.concatenate([[0], *ends]), np.concatenate(lengths)
