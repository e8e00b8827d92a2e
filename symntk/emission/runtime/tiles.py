"""The matrices of pairs, tile by tile: products of the inputs, and the lower triangle."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

ROWS = 32  # rows of a tile; a multiple of 4
STRIP = 256  # columns of a tile: its products stay in the cache
COLUMNS = 4096  # columns that one task works on
PITCH = STRIP + 8  # of a tile's rows, so that its columns do not share lines of the cache
DEPTH = 128  # coordinates whose products are summed at a time; a multiple of 8


def padded(x: Any) -> Any:
    """``x`` with rows and columns of zeros: a multiple of four rows, and of eight columns."""
    rows, columns = x.shape
    found = np.zeros((-(-rows // 4) * 4, -(-columns // 8) * 8))
    found[:rows, :columns] = x
    return found


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def inner_products(
    first: Any, top: int, bottom: int, second: Any, begin: int, end: int, tile: Any
) -> None:
    """tile[r, j] = sum_k first[top + r, k] second[k, begin + j], 4 rows, 8 terms at a time."""
    count = end - begin
    tile[:] = 0.0
    for start in range(0, len(second), DEPTH):
        for i in range(top, bottom, 4):
            t0, t1, t2, t3 = tile[i - top], tile[i - top + 1], tile[i - top + 2], tile[i - top + 3]
            for k in range(start, min(start + DEPTH, len(second)), 8):
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


@njit(cache=True)
def placed(
    tile: Any, matrix: Any, top: int, bottom: int, begin: int, end: int, symmetric: bool
) -> None:
    """Copies a tile into its place; if symmetric, what is above the diagonal below it as well."""
    count = end - begin
    for i in range(top, bottom):
        values, row = tile[i - top, :count], matrix[i, begin:end]
        for j in range(count):
            row[j] = values[j]
    if symmetric:
        mirrored(tile, matrix, top, bottom, begin, end)


@njit(cache=True)
def mirrored(tile: Any, matrix: Any, top: int, bottom: int, begin: int, end: int) -> None:
    """Copies the part of a tile that lies above the diagonal of the matrix to below it."""
    for j in range(begin, end):
        column, row = tile[:, j - begin], matrix[j, top:bottom]
        for i in range(min(bottom, j) - top):
            row[i] = column[i]
