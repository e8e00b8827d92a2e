"""What the machine does at best, with the cores that this process has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks import inputs


def fill(size: int) -> Callable[[], Any]:
    """Write an array (size, size) that is in memory already."""
    out = np.empty((size, size))
    return lambda: _fill(out)


def write(size: int) -> Callable[[], Any]:
    """Write a new array (size, size), pages of memory included."""
    return lambda: _fill(np.empty((size, size)))


def copy(size: int) -> Callable[[], Any]:
    """Read an array (size, size) and write another."""
    source, out = np.ones((size, size)), np.empty((size, size))
    return lambda: _copy(source, out)


def multiply(rows: int, inner: int) -> Callable[[], Any]:
    """A product of matrices (rows, inner) and (inner, rows), by the BLAS that NumPy has."""
    x = inputs.vectors(rows, inner)
    y, out = x.T.copy(), np.empty((rows, rows))
    return lambda: np.matmul(x, y, out)


def gram_and_write(rows: int, inner: int) -> Callable[[], Any]:
    """The products of all pairs of vectors, as a new matrix, and another new one to write."""
    x = inputs.vectors(rows, inner)
    y, new = x.T.copy(), write(rows)
    return lambda: (x @ y, new())


@numba.njit(parallel=True)
def _fill(out: Any) -> Any:
    for i in numba.prange(out.shape[0]):
        out[i] = 1.0
    return out


@numba.njit(parallel=True)
def _copy(source: Any, out: Any) -> Any:
    for i in numba.prange(out.shape[0]):
        out[i] = source[i]
    return out
