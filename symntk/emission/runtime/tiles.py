"""The matrices of pairs, tile by tile: products of the inputs, and the lower triangle."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

ROWS = 32  # rows of a tile; a multiple of 8
STRIP = 512  # columns of a tile: its products stay in the cache
COLUMNS = 4096  # columns that one task works on
PITCH = STRIP + 8  # of a tile's rows, so that its columns do not share lines of the cache
DEPTH = 128  # coordinates whose products are summed at a time; a multiple of 4


def padded(x: Any) -> Any:
    """``x`` with rows and columns of zeros: a multiple of eight rows, and of four columns."""
    rows, columns = x.shape
    found = np.zeros((-(-rows // 8) * 8, -(-columns // 4) * 4))
    found[:rows, :columns] = x
    return found


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def inner_products(
    first: Any, top: int, bottom: int, second: Any, begin: int, end: int, tile: Any
) -> None:
    """tile[r, j] = sum_k first[top + r, k] second[k, begin + j], 8 rows, 4 terms at a time."""
    count = end - begin
    tile[:] = 0.0
    for start in range(0, len(second), DEPTH):
        for i in range(top, bottom, 8):
            r = i - top
            t0, t1, t2, t3 = tile[r], tile[r + 1], tile[r + 2], tile[r + 3]
            t4, t5, t6, t7 = tile[r + 4], tile[r + 5], tile[r + 6], tile[r + 7]
            for k in range(start, min(start + DEPTH, len(second)), 4):
                s0, s1 = second[k, begin:end], second[k + 1, begin:end]
                s2, s3 = second[k + 2, begin:end], second[k + 3, begin:end]
                a0, a1, a2, a3 = first[i, k : k + 4]
                b0, b1, b2, b3 = first[i + 1, k : k + 4]
                c0, c1, c2, c3 = first[i + 2, k : k + 4]
                d0, d1, d2, d3 = first[i + 3, k : k + 4]
                e0, e1, e2, e3 = first[i + 4, k : k + 4]
                f0, f1, f2, f3 = first[i + 5, k : k + 4]
                g0, g1, g2, g3 = first[i + 6, k : k + 4]
                h0, h1, h2, h3 = first[i + 7, k : k + 4]
                for j in range(count):
                    x0, x1, x2, x3 = s0[j], s1[j], s2[j], s3[j]
                    t0[j] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                    t1[j] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
                    t2[j] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
                    t3[j] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3
                    t4[j] += e0 * x0 + e1 * x1 + e2 * x2 + e3 * x3
                    t5[j] += f0 * x0 + f1 * x1 + f2 * x2 + f3 * x3
                    t6[j] += g0 * x0 + g1 * x1 + g2 * x2 + g3 * x3
                    t7[j] += h0 * x0 + h1 * x1 + h2 * x2 + h3 * x3


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
    for start in range(begin, end, 8):
        if start >= bottom and start + 8 <= end and bottom - top == ROWS:
            for i in range(0, ROWS, 8):  # squares of 8: a line of the cache each way
                for j in range(start, start + 8):
                    row = matrix[j, top + i : top + i + 8]
                    for k in range(8):
                        row[k] = tile[i + k, j - begin]
        else:
            for j in range(start, min(start + 8, end)):
                row = matrix[j, top:bottom]
                for i in range(min(bottom, j) - top):
                    row[i] = tile[i, j - begin]
