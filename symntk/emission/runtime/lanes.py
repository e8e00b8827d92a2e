"""Positions of many samples side by side, for kernels that run over rows of them."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.inputs import input_gaps

LANES = 4096  # positions of x2 that one task works on, unless one sample has more
CACHE = 1 << 17  # numbers that a task keeps of its pairs of positions, where rows are not too long
NARROW = 64  # columns that are worked on at a time, at least
WIDE = 512  # and at most


def block_borders(starts: Any) -> Any:
    """Where blocks of samples of about ``LANES`` positions begin and end."""
    borders = [0]
    for n in range(1, len(starts) - 1):
        if starts[n + 1] - starts[borders[-1]] > LANES:
            borders.append(n)
    return np.array([*borders, len(starts) - 1])


def columns_at_a_time(rows: int, arrays: int) -> int:
    """How many columns of arrays with so many rows stay in the cache."""
    return max(NARROW, min(WIDE, CACHE // (rows * max(arrays, 1))))


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


def tiled(x: Any) -> Any:
    """x / sqrt(d) with columns of zeros up to a multiple of eight, and rows to read in fours."""
    rows, columns = x.shape
    found = np.zeros((rows + 4, -(-columns // 8) * 8))
    found[:rows, :columns] = x / np.sqrt(columns)
    return found


def aligned_places(starts: Any, at_end: bool) -> Any:
    """[k, m]: the place of position k of sample m, counted from its last if ``at_end``; the place
    after all others where sample m has no such position.
    """
    lengths, steps = np.diff(starts), np.arange(np.diff(starts).max())[:, None]
    places = starts[1:] - 1 - steps if at_end else starts[:-1] + steps
    return np.where(steps < lengths, places, starts[-1])


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
    """found[j] = sum_k x[k] columns[k, begin + j], eight terms at a time."""
    count = end - begin
    for j in range(count):
        found[j] = 0.0
    for k in range(0, len(columns), 8):
        s0, s1 = columns[k, begin:end], columns[k + 1, begin:end]
        s2, s3 = columns[k + 2, begin:end], columns[k + 3, begin:end]
        s4, s5 = columns[k + 4, begin:end], columns[k + 5, begin:end]
        s6, s7 = columns[k + 6, begin:end], columns[k + 7, begin:end]
        a0, a1, a2, a3, a4, a5, a6, a7 = x[k : k + 8]
        for j in range(count):
            found[j] += a0 * s0[j] + a1 * s1[j] + a2 * s2[j] + a3 * s3[j]
            found[j] += a4 * s4[j] + a5 * s5[j] + a6 * s6[j] + a7 * s7[j]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def four_rows(first: Any, i: int, second: Any, begin: int, end: int, tile: Any) -> None:
    """tile[r, j] = sum_k first[i + r, k] second[k, begin + j] for r < 4, 8 terms at a time."""
    count = end - begin
    tile[:] = 0.0
    t0, t1, t2, t3 = tile[0], tile[1], tile[2], tile[3]
    for k in range(0, len(second), 8):
        s0, s1 = second[k, begin:end], second[k + 1, begin:end]
        s2, s3 = second[k + 2, begin:end], second[k + 3, begin:end]
        s4, s5 = second[k + 4, begin:end], second[k + 5, begin:end]
        s6, s7 = second[k + 6, begin:end], second[k + 7, begin:end]
        a0, a1, a2, a3, a4, a5, a6, a7 = first[i, k : k + 8]
        b0, b1, b2, b3, b4, b5, b6, b7 = first[i + 1, k : k + 8]
        c0, c1, c2, c3, c4, c5, c6, c7 = first[i + 2, k : k + 8]
        d0, d1, d2, d3, d4, d5, d6, d7 = first[i + 3, k : k + 8]
        for j in range(count):
            x0, x1, x2, x3 = s0[j], s1[j], s2[j], s3[j]
            x4, x5, x6, x7 = s4[j], s5[j], s6[j], s7[j]
            t0[j] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            t0[j] += a4 * x4 + a5 * x5 + a6 * x6 + a7 * x7
            t1[j] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            t1[j] += b4 * x4 + b5 * x5 + b6 * x6 + b7 * x7
            t2[j] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            t2[j] += c4 * x4 + c5 * x5 + c6 * x6 + c7 * x7
            t3[j] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3
            t3[j] += d4 * x4 + d5 * x5 + d6 * x6 + d7 * x7


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
    covariances: Any,
) -> None:
    """covariances[t + reach, p - t - low] = x_t . x'_p / d, on the diagonals from ``low`` on."""
    for top in range(0, size, 4):
        left, right = max(begin, low + top), min(end, low + width + top + 3)
        if left < right:
            four_rows(rows, origin + top, columns, left, right, tile)
        for t in range(top, min(top + 4, size)):
            start, stop = max(begin, low + t), min(end, low + width + t)
            row, products = covariances[t + reach], tile[t - top]
            for p in range(start, stop):
                row[p - t - low] = products[p - left]


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
    gap: Any,
    total: Any,
) -> None:
    """The gaps of the pairs of positions on the diagonals from ``low`` on, as `band_products`."""
    for top in range(0, size, 4):
        left, right = max(begin, low + top), min(end, low + width + top + 3)
        if left < right:
            four_rows(rows, origin + top, columns, left, right, tile)
        for t in range(top, min(top + 4, size)):
            start, stop = max(begin, low + t), min(end, low + width + t)
            if start < stop:
                at, to = start - t - low, stop - t - low
                input_gaps(
                    tile[t - top, start - left : stop - left],
                    roots[origin + t],
                    roots2[start:stop],
                    rows[origin + t],
                    rows2[start:stop],
                    gap[t + reach, at:to],
                    total[t + reach, at:to],
                )
