"""Softmaxes of Gaussian logits of many directions, by randomly shifted lattices.

The logits are L z with Cholesky's factor L, largest pivot first, and z normal at the points of a
rank-1 lattice: z_j = quantile(tent(i g^j / N + shift_j mod 1)), tent(u) = 1 - |2 u - 1|.  Every
point is used with both signs.  The shifts are random (from a fixed seed) and independent between
SHIFTS repetitions, whose spread gives the standard error.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.exponentials import exponential
from symntk.emission.runtime.softmax_factors import SAME_LOGIT, centred, cholesky_factor

POINTS = 4093  # a prime
GENERATOR = 450
SHIFTS = 8
QUANTILE_ERROR = 1e-9  # of the normal quantiles
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
    """Cholesky's factor of the joint covariance, each side without its mean."""
    count1, count2 = cross.shape
    whole = np.empty((count1 + count2, count1 + count2))
    whole[:count1, :count1] = centred(first)
    whole[count1:, count1:] = centred(second)
    between = centred(cross)
    whole[:count1, count1:] = between
    whole[count1:, :count1] = between.T
    largest = 0.0
    for i in range(count1):
        largest = max(largest, first[i, i])
    for i in range(count2):
        largest = max(largest, second[i, i])
    return cholesky_factor(whole, SAME_LOGIT * largest)


@njit(cache=True, error_model="numpy")
def softmax_of(logits: Any, start: int, stop: int, side: float, sizes: Any, zeta: Any) -> None:
    """zeta_g = e^(side a_g) / sum_f sizes_f e^(side a_f) for the logits from start to stop."""
    top = side * logits[start]
    for g in range(start, stop):
        top = max(top, side * logits[g])
    total = 0.0
    for g in range(stop - start):
        zeta[g] = exponential(side * logits[start + g] - top)
    for g in range(stop - start):
        total += sizes[g] * zeta[g]
    for g in range(stop - start):
        zeta[g] /= total


@njit(cache=True, error_model="numpy")
def lattice_logits(factor: Any, point: int, powers: Any, shift: Any, logits: Any) -> None:
    """The logits at one point of the shifted lattice."""
    rank, count = factor.shape
    for u in range(count):
        logits[u] = 0.0
    for j in range(rank):
        at = (point * powers[j] % POINTS) / POINTS + shift[j]
        z = normal_quantile(1.0 - abs(2.0 * (at - math.floor(at)) - 1.0))
        for u in range(count):
            logits[u] += factor[j, u] * z


@njit(cache=True, error_model="numpy")
def lattice_moments(
    first: Any, second: Any, cross: Any, sizes1: Any, sizes2: Any
) -> tuple[Any, float]:
    """E[zeta_g zeta'_h] for groups of equal logits, and its error."""
    none = np.zeros(0, np.int64)
    return lattice_means(
        first,
        second,
        cross,
        sizes1,
        sizes2,
        none,
        none,
        np.zeros((len(sizes1), len(sizes2))),
        False,
    )


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
    tangents: bool,
) -> tuple[Any, float]:
    """The mean of zeta zeta'^T over groups, or of J w J'^T over all logits, and its error."""
    groups1, groups2 = len(sizes1), len(sizes2)
    rows, columns = weights.shape
    factor = joint_factor(first, second, cross).T.copy()
    rank = len(factor)
    powers, shift = np.ones(rank, np.int64), np.zeros(rank)
    for j in range(1, rank):
        powers[j] = powers[j - 1] * GENERATOR % POINTS
    logits = np.empty(groups1 + groups2)
    zeta1, zeta2 = np.empty(groups1), np.empty(groups2)
    means, squares = np.zeros((rows, columns)), np.zeros((rows, columns))
    state = 20240607
    for _ in range(SHIFTS):
        for j in range(rank):
            state = state * 16807 % 2147483647
            shift[j] = state / 2147483647.0
        total = np.zeros((rows, columns))
        for point in range(POINTS):
            lattice_logits(factor, point, powers, shift, logits)
            for side in (1.0, -1.0):
                softmax_of(logits, 0, groups1, side, sizes1, zeta1)
                softmax_of(logits, groups1, groups1 + groups2, side, sizes2, zeta2)
                if tangents:
                    add_tangent(zeta1, zeta2, group1, group2, weights, total)
                else:
                    for g in range(rows):
                        for h in range(columns):
                            total[g, h] += zeta1[g] * zeta2[h]
        for u in range(rows):
            for v in range(columns):
                mean = total[u, v] / (2.0 * POINTS)
                means[u, v] += mean / SHIFTS
                squares[u, v] += mean * mean / SHIFTS
    largest = 0.0
    for u in range(rows):
        for v in range(columns):
            largest = max(largest, squares[u, v] - means[u, v] ** 2)
    return means, STANDARD_ERRORS * math.sqrt(largest / (SHIFTS - 1)) + QUANTILE_ERROR


@njit(cache=True, error_model="numpy")
def add_tangent(zeta1: Any, zeta2: Any, group1: Any, group2: Any, weights: Any, total: Any) -> None:
    """Adds zeta_u zeta'_v (w_uv - sum_t zeta_t w_tv - sum_s w_us zeta'_s + sum_ts ...)."""
    rows, columns = weights.shape
    by_column, by_row, both = np.zeros(columns), np.zeros(rows), 0.0
    for u in range(rows):
        for v in range(columns):
            by_column[v] += zeta1[group1[u]] * weights[u, v]
            by_row[u] += weights[u, v] * zeta2[group2[v]]
        both += zeta1[group1[u]] * by_row[u]
    for u in range(rows):
        for v in range(columns):
            change = (weights[u, v] - by_column[v]) - (by_row[u] - both)
            total[u, v] += zeta1[group1[u]] * zeta2[group2[v]] * change
