"""Softmaxes of Gaussian logits of many directions, by randomly shifted lattices.

The logits are L z, L the principal directions of the covariance, or Cholesky's factor if there are
many, the largest first, and z normal at the points of a rank-1 lattice:

    z_j = quantile(tent(i g^j / N + shift_j mod 1)),    tent(u) = 1 - |2 u - 1|,    i = 0 ... N - 1.

Every point is used with both signs.  The shifts are random (from a fixed seed) and independent
between LATTICE_SHIFTS repetitions, whose spread gives the standard error.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.exponentials import exponential
from symntk.emission.runtime.softmax_factors import (
    SAME_LOGIT,
    centred_block,
    cholesky_factor,
    exchanged_block,
    matrix_product,
    orthogonal_columns,
)

LATTICES = np.array([[4093, 450], [16381, 372], [65521, 60199]])  # points, a prime, and generator
LATTICE_SHIFTS = 8
MOST_TURNED_LOGITS = 64  # logits whose directions are made orthogonal
NORMAL_QUANTILE_ERROR = 1e-9  # of the normal quantiles
STANDARD_ERRORS = 6.0  # Student's law with 7 degrees of freedom: beyond with probability 5e-4


@njit(cache=True, error_model="numpy")
def normal_quantile(u: float) -> float:
    """The inverse of the normal distribution function: Acklam's rational functions (1e-9)."""
    if u < 0.02425 or u > 0.97575:
        tail = math.sqrt(-2.0 * math.log(max(min(u, 1.0 - u), 1e-300)))
        top = -7.784894002430293e-03 * tail - 3.223964580411365e-01
        top = (top * tail - 2.400758277161838) * tail - 2.549732539343734
        top = (top * tail + 4.374664141464968) * tail + 2.938163982698783
        low = (7.784695709041462e-03 * tail + 3.224671290700398e-01) * tail + 2.445134137142996
        low = (low * tail + 3.754408661907416) * tail + 1.0
        return top / low if u < 0.5 else -top / low
    q = u - 0.5
    r = q * q
    top = (-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02
    top = ((top * r + 1.383577518672690e02) * r - 3.066479806614716e01) * r + 2.506628277459239
    low = (-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02
    low = ((low * r + 6.680131188771972e01) * r - 1.328068155288572e01) * r + 1.0
    return q * top / low


@njit(cache=True, error_model="numpy")
def joint_factor(first: Any, second: Any, cross: Any) -> Any:
    """L^T, the joint covariance being L L^T, each side without its mean."""
    count1, count2 = cross.shape
    whole = np.empty((count1 + count2, count1 + count2))
    upper, lower, between = centred_block(first), centred_block(second), centred_block(cross)
    largest = 0.0
    for i in range(count1):
        largest = max(largest, first[i, i])
        for j in range(count1):
            whole[i, j] = upper[i, j]
        for j in range(count2):
            whole[i, count1 + j] = whole[count1 + j, i] = between[i, j]
    for i in range(count2):
        largest = max(largest, second[i, i])
        for j in range(count2):
            whole[count1 + i, count1 + j] = lower[i, j]
    factor = cholesky_factor(whole, SAME_LOGIT * largest)
    if count1 + count2 <= MOST_TURNED_LOGITS:
        factor = matrix_product(factor, orthogonal_columns(factor))
    return exchanged_block(factor)


@njit(cache=True, error_model="numpy")
def lattice_logits(factor: Any, step: int, points: int, powers: Any, shift: Any, a: Any) -> None:
    """The logits ``a`` at one point of the shifted lattice."""
    rank, count = factor.shape
    a[:] = 0.0
    for j in range(rank):
        at = (step * powers[j] % points) / points + shift[j]
        z = normal_quantile(1.0 - abs(2.0 * (at - math.floor(at)) - 1.0))
        for u in range(count):
            a[u] += factor[j, u] * z


@njit(cache=True, error_model="numpy")
def lattice_of(most: float) -> tuple[int, int]:
    """The points and the generator of the largest lattice of at most that many points."""
    place = 0
    while place + 1 < len(LATTICES) and LATTICES[place + 1, 0] <= most:
        place += 1
    return LATTICES[place, 0], LATTICES[place, 1]


@njit(cache=True, error_model="numpy")
def lattice_means(
    first: Any,
    second: Any,
    cross: Any,
    sizes1: Any,
    sizes2: Any,
    group1: Any,
    group2: Any,
    weights: Any,
    values: Any,
    effort: float,
) -> Any:
    """The mean of zeta zeta'^T, or of J w J'^T for ``weights`` w, J_ut = d zeta_t / d a_u.

    With it the error of an entry, and that of the sum of all entries times ``values``, if given.
    The covariances are those of groups of ``sizes`` equal logits, the means those of all logits.
    """
    groups1, groups2, rows, columns = len(sizes1), len(sizes2), len(group1), len(group2)
    factor = joint_factor(first, second, cross)
    rank = len(factor)
    per_entry = 6.0 if len(weights) > 0 else 1.0
    work = (rank + 25.0) * (groups1 + groups2) + per_entry * rows * columns
    points, generator = lattice_of(effort / (work * LATTICE_SHIFTS))
    powers, shift = np.ones(rank, np.int64), np.zeros(rank)
    for j in range(1, rank):
        powers[j] = powers[j - 1] * generator % points
    logits = np.empty(groups1 + groups2)
    zeta1, zeta2 = np.empty(rows), np.empty(columns)
    means, squares = np.zeros((rows, columns)), np.zeros((rows, columns))
    sums = np.zeros(LATTICE_SHIFTS)
    state = 20240607
    for repetition in range(LATTICE_SHIFTS):
        for j in range(rank):
            state = state * 16807 % 2147483647
            shift[j] = state / 2147483647.0
        total = np.zeros((rows, columns))
        for step in range(points):
            lattice_logits(factor, step, points, powers, shift, logits)
            for side in (1.0, -1.0):
                softmax_of(logits, 0, side, sizes1, group1, zeta1)
                softmax_of(logits, groups1, side, sizes2, group2, zeta2)
                if len(weights) > 0:
                    add_tangent(zeta1, zeta2, weights, total)
                else:
                    for u in range(rows):
                        for v in range(columns):
                            total[u, v] += zeta1[u] * zeta2[v]
        for u in range(rows):
            for v in range(columns):
                mean = total[u, v] / (2.0 * points)
                means[u, v] += mean / LATTICE_SHIFTS
                squares[u, v] += mean * mean / LATTICE_SHIFTS
                if len(values) > 0:
                    sums[repetition] += values[u, v] * mean
    largest = highest = 0.0
    for u in range(rows):
        for v in range(columns):
            largest = max(largest, squares[u, v] - means[u, v] ** 2)
            if len(values) > 0:
                highest = max(highest, abs(values[u, v]))
    error = STANDARD_ERRORS * math.sqrt(largest / (LATTICE_SHIFTS - 1)) + NORMAL_QUANTILE_ERROR
    mean = spread = 0.0
    for repetition in range(LATTICE_SHIFTS):
        mean += sums[repetition] / LATTICE_SHIFTS
    for repetition in range(LATTICE_SHIFTS):
        spread += (sums[repetition] - mean) ** 2 / LATTICE_SHIFTS
    spread = STANDARD_ERRORS * math.sqrt(spread / (LATTICE_SHIFTS - 1))
    return means, error, spread + NORMAL_QUANTILE_ERROR * highest


@njit(cache=True, error_model="numpy")
def softmax_of(logits: Any, start: int, side: float, sizes: Any, group: Any, zeta: Any) -> None:
    """zeta_u = e^(b_g) / sum_f sizes_f e^(b_f), g the group of u, b the logits times ``side``."""
    count = len(sizes)
    powers = np.empty(count)
    top = side * logits[start]
    for g in range(count):
        top = max(top, side * logits[start + g])
    for g in range(count):
        powers[g] = exponential(side * logits[start + g] - top)
    total = 0.0
    for g in range(count):
        total += sizes[g] * powers[g]
    for u in range(len(zeta)):
        zeta[u] = powers[group[u]] / total


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def add_tangent(zeta1: Any, zeta2: Any, weights: Any, total: Any) -> None:
    """Adds zeta_u zeta'_v (w_uv - sum_t zeta_t w_tv - sum_s w_us zeta'_s + sum_ts ...)."""
    rows, columns = weights.shape
    by_column, by_row, both = np.zeros(columns), np.zeros(rows), 0.0
    for u in range(rows):
        for v in range(columns):
            by_column[v] += zeta1[u] * weights[u, v]
        for v in range(columns):
            by_row[u] += weights[u, v] * zeta2[v]
        both += zeta1[u] * by_row[u]
    for u in range(rows):
        for v in range(columns):
            change = (weights[u, v] - by_column[v]) - (by_row[u] - both)
            total[u, v] += zeta1[u] * zeta2[v] * change
