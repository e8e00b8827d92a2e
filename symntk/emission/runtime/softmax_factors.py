"""Matrix factors of the covariance of logits: few independent directions, the largest first.

A softmax does not change when all logits move together, so that only C - (means of rows and
columns) matters.  All routines are deterministic and leave directions alone that are already
orthogonal.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

SAME_LOGIT = 1e-14  # variances below this, beside the largest, are rounding


@njit(cache=True, error_model="numpy")
def centred_block(block: Any) -> Any:
    """P B P' with the projections P, P' that take the mean off: P = I - 1 1^T / n."""
    rows, columns = block.shape
    found = np.empty((rows, columns))
    total = 0.0
    row_means, column_means = np.zeros(rows), np.zeros(columns)
    for i in range(rows):
        for j in range(columns):
            row_means[i] += block[i, j] / columns
            column_means[j] += block[i, j] / rows
            total += block[i, j] / (rows * columns)
    for i in range(rows):
        for j in range(columns):
            found[i, j] = (block[i, j] - row_means[i]) - (column_means[j] - total)
    return found


@njit(cache=True, error_model="numpy")
def cholesky_factor(covariance: Any, floor: float) -> Any:
    """L (n, rank) with L L^T = covariance, the largest pivot first, down to pivots of ``floor``."""
    count = len(covariance)
    rest = np.empty(count)
    for i in range(count):
        rest[i] = covariance[i, i]
    factor = np.zeros((count, count))
    for rank in range(count):
        pivot = 0
        for i in range(count):
            if rest[i] > rest[pivot]:
                pivot = i
        if not rest[pivot] > floor:
            return first_columns(factor, rank)
        root = math.sqrt(rest[pivot])
        for i in range(count):
            value = covariance[i, pivot]
            for k in range(rank):
                value -= factor[i, k] * factor[pivot, k]
            factor[i, rank] = value / root
            rest[i] -= factor[i, rank] ** 2
        factor[pivot, rank] = root
        rest[pivot] = -1.0
    return factor


@njit(cache=True, error_model="numpy")
def first_columns(matrix: Any, count: int) -> Any:
    """That many columns."""
    found = np.empty((len(matrix), count))
    for i in range(len(matrix)):
        for j in range(count):
            found[i, j] = matrix[i, j]
    return found


@njit(cache=True, error_model="numpy")
def orthogonal_columns(matrix: Any) -> Any:
    """V, orthogonal, such that the columns of ``matrix @ V`` are orthogonal and decrease.

    One-sided Jacobi rotations.  Equal singular values keep the columns that are there.
    """
    work = matrix.copy()
    rows, count = work.shape
    turned = np.eye(count)
    for _ in range(60):
        quiet = True
        for p in range(count - 1):
            for q in range(p + 1, count):
                pp = qq = pq = 0.0
                for i in range(rows):
                    pp += work[i, p] * work[i, p]
                    qq += work[i, q] * work[i, q]
                    pq += work[i, p] * work[i, q]
                if abs(pq) <= 1e-15 * math.sqrt(pp * qq) or abs(pq) < 1e-300:
                    continue
                quiet = False
                zeta = (qq - pp) / (2.0 * pq)
                tangent = 1.0 / (abs(zeta) + math.hypot(1.0, zeta))
                if zeta < 0.0:
                    tangent = -tangent
                cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
                sine = cosine * tangent
                for i in range(rows):
                    left, right = work[i, p], work[i, q]
                    work[i, p] = cosine * left - sine * right
                    work[i, q] = sine * left + cosine * right
                for i in range(count):
                    left, right = turned[i, p], turned[i, q]
                    turned[i, p] = cosine * left - sine * right
                    turned[i, q] = sine * left + cosine * right
        if quiet:
            break
    sizes = np.empty(count)
    for q in range(count):
        sizes[q] = 0.0
        for i in range(rows):
            sizes[q] += work[i, q] ** 2
    ordered = np.empty((count, count))
    for place in range(count):
        largest = 0
        for q in range(count):
            if sizes[q] > sizes[largest]:
                largest = q
        for i in range(count):
            ordered[i, place] = turned[i, largest]
        sizes[largest] = -1.0
    return ordered


@njit(cache=True, error_model="numpy")
def principal_factor(covariance: Any, scale: float) -> Any:
    """A (n, rank) with orthogonal columns and A A^T = covariance without its means."""
    factor = cholesky_factor(centred_block(covariance), SAME_LOGIT * scale)
    return matrix_product(factor, orthogonal_columns(factor))


@njit(cache=True, error_model="numpy")
def matrix_product(left: Any, right: Any) -> Any:
    """The matrix product, without BLAS."""
    found = np.zeros((left.shape[0], right.shape[1]))
    for i in range(left.shape[0]):
        for k in range(left.shape[1]):
            for j in range(right.shape[1]):
                found[i, j] += left[i, k] * right[k, j]
    return found


@njit(cache=True, error_model="numpy")
def exchanged_block(block: Any) -> Any:
    """The transposed matrix, in rows."""
    found = np.empty((block.shape[1], block.shape[0]))
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            found[j, i] = block[i, j]
    return found


@njit(cache=True, error_model="numpy")
def canonical_pair(first: Any, second: Any, cross: Any) -> Any:
    """(A V, A' V', rho): independent standard normal pairs (z_i, z'_i), correlated by rho_i.

    ``first`` A and ``second`` A' have orthogonal columns; a = A z, a' = A' z' up to their means,
    and ``cross`` is the covariance of a and a'.  The correlations, 0 <= rho <= 1, decrease; the
    longer of the two sets of directions ends with some that are independent of the other side.
    """
    rank1, rank2 = first.shape[1], second.shape[1]
    shift_free = centred_block(cross)
    white = np.zeros((rank1, rank2))
    for i in range(rank1):
        norm1 = 0.0
        for u in range(first.shape[0]):
            norm1 += first[u, i] ** 2
        for j in range(rank2):
            norm2 = 0.0
            for v in range(second.shape[0]):
                norm2 += second[v, j] ** 2
            for u in range(first.shape[0]):
                for v in range(second.shape[0]):
                    white[i, j] += first[u, i] * shift_free[u, v] * second[v, j]
            white[i, j] /= norm1 * norm2
    if rank1 >= rank2:
        turn2 = orthogonal_columns(white)
        turn1, rho = completed_basis(matrix_product(white, turn2), rank1)
    else:
        white = exchanged_block(white)
        turn1 = orthogonal_columns(white)
        turn2, rho = completed_basis(matrix_product(white, turn1), rank2)
    return matrix_product(first, turn1), matrix_product(second, turn2), rho


@njit(cache=True, error_model="numpy")
def completed_basis(columns: Any, size: int) -> Any:
    """An orthogonal matrix that begins with the directions of ``columns``, and their lengths."""
    count = columns.shape[1]
    basis = np.zeros((size, size))
    lengths = np.zeros(count)
    used = 0
    for k in range(count):
        length = 0.0
        for i in range(size):
            length += columns[i, k] ** 2
        length = math.sqrt(length)
        if length > 1e-13:
            for i in range(size):
                basis[i, k] = columns[i, k] / length
            lengths[k] = min(1.0, length)
            used = k + 1
    for k in range(used, size):  # the unit vector farthest from those there, by Gram and Schmidt
        best, farthest = 0, -1.0
        for i in range(size):
            distance = 1.0
            for j in range(k):
                distance -= basis[i, j] ** 2
            if distance > farthest + 1e-9:
                best, farthest = i, distance
        basis[best, k] = 1.0
        for _ in range(2):
            for j in range(k):
                overlap = 0.0
                for i in range(size):
                    overlap += basis[i, j] * basis[i, k]
                for i in range(size):
                    basis[i, k] -= overlap * basis[i, j]
            length = 0.0
            for i in range(size):
                length += basis[i, k] ** 2
            for i in range(size):
                basis[i, k] /= math.sqrt(length)
    return basis, lengths
