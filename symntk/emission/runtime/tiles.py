"""The matrices of pairs, tile by tile: products of the inputs, and the lower triangle."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

ROWS = 32  # rows of a tile; a multiple of 4
STRIP = 256  # columns of a tile: its products stay in the cache
COLUMNS = 4096  # columns that one task works on
DEPTH = 128  # coordinates whose products are summed at a time; a multiple of 4


def padded(x: Any) -> Any:
    """``x`` with rows and columns of zeros, so that there are multiples of four of both."""
    rows, columns = x.shape
    found = np.zeros((-(-rows // 4) * 4, -(-columns // 4) * 4))
    found[:rows, :columns] = x
    return found


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def inner_products(
    first: Any, top: int, bottom: int, second: Any, begin: int, end: int, tile: Any
) -> None:
    """tile[r, j] = sum_k first[top + r, k] second[k, begin + j], four rows and terms at a time."""
    count = end - begin
    tile[:] = 0.0
    for start in range(0, len(second), DEPTH):
        for i in range(top, bottom, 4):
            t0, t1, t2, t3 = tile[i - top], tile[i - top + 1], tile[i - top + 2], tile[i - top + 3]
            for k in range(start, min(start + DEPTH, len(second)), 4):
                s0 = second[k, begin:end]
                s1 = second[k + 1, begin:end]
                s2 = second[k + 2, begin:end]
                s3 = second[k + 3, begin:end]
                a0, a1, a2, a3 = first[i, k : k + 4]
                b0, b1, b2, b3 = first[i + 1, k : k + 4]
                c0, c1, c2, c3 = first[i + 2, k : k + 4]
                d0, d1, d2, d3 = first[i + 3, k : k + 4]
                for j in range(count):
                    x0, x1, x2, x3 = s0[j], s1[j], s2[j], s3[j]
                    t0[j] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                    t1[j] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
                    t2[j] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
                    t3[j] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3


@njit(cache=True)
def mirrored(matrix: Any, top: int, bottom: int, begin: int, end: int) -> None:
    """Copies the part of a tile that lies above the diagonal to below it."""
    for j in range(begin, end):
        copy = matrix[j, top:bottom]
        for i in range(min(bottom, j) - top):
            copy[i] = matrix[top + i, j]
