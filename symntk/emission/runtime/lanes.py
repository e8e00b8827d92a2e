"""Positions of many samples side by side, for kernels that run over rows of them."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.inputs import input_gaps
from symntk.emission.runtime.tiles import inner_products

VECTOR = 8  # numbers that one instruction works on: loops are over whole vectors of lanes
LANES = 4096  # positions of x2 that one task works on, unless one sample has more
CACHE = 1 << 17  # numbers that a task keeps of its pairs of positions, where rows are not too long
NARROW = 64  # columns that are worked on at a time, at least; a multiple of VECTOR
WIDE = 512  # and at most; a multiple of VECTOR
LANE_PITCH = WIDE + 8  # of rows of memory, so that their columns do not share lines of the cache


def block_borders(starts: Any) -> Any:
    """Where blocks of samples of about ``LANES`` positions begin and end."""
    borders = [0]
    for n in range(1, len(starts) - 1):
        if starts[n + 1] - starts[borders[-1]] > LANES:
            borders.append(n)
    return np.array([*borders, len(starts) - 1])


def columns_at_a_time(rows: int, arrays: int) -> int:
    """How many columns of arrays with so many rows stay in the cache."""
    return max(NARROW, min(WIDE, CACHE // (rows * max(arrays, 1)) // VECTOR * VECTOR))


@njit(cache=True, error_model="numpy", forceinline=True)
def whole_vectors(begin: int, end: int, width: int) -> tuple[int, int]:
    """The lanes from ``begin`` to ``end``, of those from 0 to ``width``, and what fills vectors.

    What is computed beside them is never read; without it a loop would do the last few lanes, and
    LLVM's code for these takes as long as several vectors.
    """
    return max(begin, 0) // VECTOR * VECTOR, min(-(-end // VECTOR) * VECTOR, width)


def widest(inputs: Any) -> int:
    """The largest width of an image."""
    return int(inputs[0][2][:, 1].max())


def spread(x: Any, packed: Any, starts: Any, lengths: Any, stride: int) -> Any:
    """The rows of ``x`` with those of an image ``stride`` apart, and zeros between."""
    found = np.zeros((starts[-1], x.shape[1]))
    for n in range(len(starts) - 1):
        height, width = lengths[n]
        into = found[starts[n] : starts[n] + height * stride].reshape((height, stride, -1))
        into[:, :width] = x[packed[n] : packed[n + 1]].reshape((height, width, -1))
    return found


def tiled(x: Any, before: int) -> Any:
    """x / sqrt(d) as `inner_products` reads it, ``before`` rows of zeros first and some behind."""
    rows, columns = x.shape
    found = np.zeros((before + rows + VECTOR + 8, -(-columns // 4) * 4))
    found[before : before + rows, :columns] = x / np.sqrt(columns)
    return found


def aligned_places(starts: Any, at_end: bool) -> Any:
    """[k, m]: the place of position k of sample m, counted from its last if ``at_end``; the place
    after all others where sample m has no such position, or where there is no sample m: there are
    whole vectors of them.
    """
    lengths, steps = np.diff(starts), np.arange(np.diff(starts).max())[:, None]
    places = starts[1:] - 1 - steps if at_end else starts[:-1] + steps
    found = np.full((len(steps), -(-len(lengths) // VECTOR) * VECTOR), starts[-1])
    found[:, : len(lengths)] = np.where(steps < lengths, places, starts[-1])
    return found


def aligned(x: Any, places: Any) -> Any:
    """``x`` at these places, and zeros where there is none."""
    last = places.max() if places.size else 0
    found = np.zeros((max(last, len(x)) + 1, *x.shape[1:]))
    found[: len(x)] = x
    return found[places]


@njit(cache=True, error_model="numpy")
def total_of_lanes(row: Any, at: int, height: int, width: int, stride: int) -> float:
    """The sum over the positions of one sample, in rows that are ``stride`` apart."""
    total = 0.0
    for i in range(height):
        for j in range(width):
            total += row[at + i * stride + j]
    return total


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def products_with(x: Any, columns: Any, begin: int, end: int, found: Any) -> None:
    """found[j] = sum_k x[k] columns[k, begin + j], four terms at a time."""
    count = end - begin
    for j in range(count):
        found[j] = 0.0
    for k in range(0, len(columns), 4):
        s0, s1 = columns[k, begin:end], columns[k + 1, begin:end]
        s2, s3 = columns[k + 2, begin:end], columns[k + 3, begin:end]
        a0, a1, a2, a3 = x[k : k + 4]
        for j in range(count):
            found[j] += a0 * s0[j] + a1 * s1[j] + a2 * s2[j] + a3 * s3[j]


@njit(cache=True, error_model="numpy")
def band_tile(
    rows: Any, top: int, columns: Any, begin: int, end: int, low: int, width: int, tile: Any
) -> int:
    """tile[r, j] = x_top+r . x'_left+j / d for r < 8, with the columns of a band; returns ``left``.

    low: the first column of the band beside row ``top``; it is one further on in every row.
    """
    left = max(begin - VECTOR, low)
    right = left - (left - min(end + VECTOR, low + width + 7)) // VECTOR * VECTOR
    if left < right:
        inner_products(rows, top, top + 8, columns, left, right, tile)
    return left


@njit(cache=True, error_model="numpy")
def band_products(
    rows: Any,
    origin: int,
    size: int,
    columns: Any,
    begin: int,
    end: int,
    low: int,
    width: int,
    reach: int,
    tile: Any,
    memory: Any,
    covariance: int,
) -> None:
    """memory[t + reach, covariance, p - t - low] = x_t . x'_p / d, for the diagonals of a band."""
    for top in range(0, size, 8):
        left = band_tile(rows, origin + top, columns, begin, end, low + top, width, tile)
        for t in range(top, min(top + 8, size)):
            at, to = whole_vectors(begin - low - t, end - low - t, width)
            if at < to:
                start, stop = low + t + at - left, low + t + to - left
                row, products = memory[t + reach, covariance, at:to], tile[t - top, start:stop]
                for s in range(to - at):
                    row[s] = products[s]


@njit(cache=True, error_model="numpy")
def band_gaps(
    rows: Any,
    roots: Any,
    origin: int,
    size: int,
    columns: Any,
    rows2: Any,
    roots2: Any,
    begin: int,
    end: int,
    low: int,
    width: int,
    reach: int,
    tile: Any,
    memory: Any,
    gap: int,
    total: int,
) -> None:
    """The gaps of the pairs of positions on the diagonals from ``low`` on, as `band_products`."""
    for top in range(0, size, 8):
        left = band_tile(rows, origin + top, columns, begin, end, low + top, width, tile)
        for t in range(top, min(top + 8, size)):
            at, to = whole_vectors(begin - low - t, end - low - t, width)
            if at < to:
                start, stop = low + t + at, low + t + to
                input_gaps(
                    tile[t - top, start - left : stop - left],
                    roots[origin + t],
                    roots2[start:stop],
                    rows[origin + t],
                    rows2[start:stop],
                    memory[t + reach, gap, at:to],
                    memory[t + reach, total, at:to],
                )
