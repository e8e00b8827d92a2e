"""Moments of softmaxes of Gaussian logits, and of their derivatives.

a (T) and a' (T') are jointly normal with mean 0, ``first`` = Cov(a, a), ``second`` = Cov(a', a'),
``cross`` = Cov(a, a'), and zeta = softmax(a), zeta' = softmax(a').  Copies of a logit are counted
as one with a multiplicity.  Three methods, by what is cheapest:

1. few independent directions: the trapezoid rule in canonical directions (`grid_moments`);
2. logits that are independent of each other but for pairs (a_u, a'_v): Laplace's transform of the
   two denominators (`laplace_moments`);
3. otherwise: randomly shifted lattices (`lattice_moments`).

Each states its error: a bound for the first two, five standard errors for the third.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.softmax_factors import SAME_LOGIT, canonical_pair, principal_factor
from symntk.emission.runtime.softmax_grids import grid_moments
from symntk.emission.runtime.softmax_laplace import independent_pairs
from symntk.emission.runtime.softmax_lattice import lattice_means, lattice_moments
from symntk.emission.runtime.softmax_pairs import pair_classes, pair_means

EFFORT = 1e9  # multiplications after which another method is taken
SMALL_EFFORT = 3e5  # the same where there is another method of the same accuracy
MOST_GROUPS = 12  # whose products of two are formed


@njit(cache=True, error_model="numpy")
def softmax_moments(first: Any, second: Any, cross: Any) -> tuple[Any, float]:
    """E[zeta_u zeta'_v], shape (T, T'), and a bound on its error.

    Exactly 1 / (T T') where all logits of each side are equal.
    """
    return moments_or_tangents(first, second, cross, np.zeros((0, 0)))


@njit(cache=True, error_model="numpy")
def softmax_tangents(first: Any, second: Any, cross: Any, weights: Any) -> tuple[Any, float]:
    """G_uv = sum_ts weights_ts E[d zeta_t / d a_u  d zeta'_s / d a'_v], and a bound on its error.

    d zeta_t / d a_u = zeta_u ([t = u] - zeta_t).  As sum_f zeta_f = 1,

        G_uv = sum_fk E[zeta_u zeta_f zeta'_v zeta'_k] (w_uv - w_fv - w_uk + w_fk).
    """
    return moments_or_tangents(first, second, cross, weights)


@njit(cache=True, error_model="numpy")
def moments_or_tangents(first: Any, second: Any, cross: Any, weights: Any) -> tuple[Any, float]:
    """`softmax_tangents` for ``weights`` of the shape of ``cross``, `softmax_moments` without."""
    length1, length2 = cross.shape
    order = 2 if weights.size > 0 else 1
    scale1, scale2 = largest_variance(first), largest_variance(second)
    group1, leader1 = equal_logits(first, scale1)
    group2, leader2 = equal_logits(second, scale2)
    if order == 1 and len(leader1) == 1 and len(leader2) == 1:
        return np.full((length1, length2), 1.0 / (length1 * length2)), 0.0
    sizes1, sizes2 = group_sizes(group1, len(leader1)), group_sizes(group2, len(leader2))
    distinct1, distinct2 = chosen(first, leader1, leader1), chosen(second, leader2, leader2)
    between = chosen(cross, leader1, leader2)
    size = 1.0 if order == 1 else 4.0 * largest_size(weights)
    partner, shared = independent_pairs(distinct1, distinct2, between, max(scale1, scale2))
    in_pairs = len(shared) == 3 and (
        order == 1 or equal_weights(weights, group1, group2, leader1, leader2)
    )
    if order == 1 or max(len(leader1), len(leader2)) <= MOST_GROUPS:
        canonical1, canonical2, rho = canonical_pair(
            principal_factor(distinct1, scale1), principal_factor(distinct2, scale2), between
        )
        effort = SMALL_EFFORT if in_pairs else EFFORT
        found, error = grid_moments(canonical1, canonical2, rho, sizes1, sizes2, order, effort)
        if error < math.inf and order == 1:
            return chosen(found, group1, group2), error
        if error < math.inf:
            return contracted(found, group1, group2, sizes1, sizes2, weights), size * error
    if in_pairs:
        classes, class1, class2 = pair_classes(
            distinct1, distinct2, between, partner, shared, sizes1, sizes2
        )
        by_group = chosen(weights, leader1 if order == 2 else leader1[:0], leader2)
        found, error = pair_means(classes, class1, class2, partner, sizes1, sizes2, by_group)
        return chosen(found, group1, group2), size * error
    if order == 1:
        found, error = lattice_moments(distinct1, distinct2, between, sizes1, sizes2)
        return chosen(found, group1, group2), error
    return lattice_means(
        distinct1, distinct2, between, sizes1, sizes2, group1, group2, weights, True
    )


@njit(cache=True, error_model="numpy")
def largest_size(matrix: Any) -> float:
    """The largest absolute value of an entry."""
    largest = 0.0
    for value in matrix.flat:
        largest = max(largest, abs(value))
    return largest


@njit(cache=True, error_model="numpy")
def equal_weights(weights: Any, group1: Any, group2: Any, leader1: Any, leader2: Any) -> bool:
    """Whether the weights are the same for all copies of a logit."""
    for u in range(len(group1)):
        for v in range(len(group2)):
            if weights[u, v] != weights[leader1[group1[u]], leader2[group2[v]]]:
                return False
    return True


@njit(cache=True, error_model="numpy")
def largest_variance(covariance: Any) -> float:
    """The largest entry of the diagonal."""
    largest = 0.0
    for i in range(len(covariance)):
        largest = max(largest, covariance[i, i])
    return largest


@njit(cache=True, error_model="numpy")
def equal_logits(covariance: Any, scale: float) -> tuple[Any, Any]:
    """The number of its group for each logit, and one logit of each group."""
    count = len(covariance)
    group, leader = np.empty(count, np.int64), np.empty(count, np.int64)
    groups = 0
    for i in range(count):
        group[i] = groups
        for g in range(groups):
            j = leader[g]
            if covariance[i, i] + covariance[j, j] - 2.0 * covariance[i, j] <= SAME_LOGIT * scale:
                group[i] = g
                break
        if group[i] == groups:
            leader[groups] = i
            groups += 1
    return group, leader[:groups].copy()


@njit(cache=True, error_model="numpy")
def group_sizes(group: Any, groups: int) -> Any:
    """The number of logits in each group."""
    sizes = np.zeros(groups)
    for g in group:
        sizes[g] += 1.0
    return sizes


@njit(cache=True, error_model="numpy")
def chosen(matrix: Any, rows: Any, columns: Any) -> Any:
    """The entries in the given rows and columns."""
    found = np.empty((len(rows), len(columns)))
    for i in range(len(rows)):
        for j in range(len(columns)):
            found[i, j] = matrix[rows[i], columns[j]]
    return found


@njit(cache=True, error_model="numpy")
def contracted(
    moments: Any, group1: Any, group2: Any, sizes1: Any, sizes2: Any, weights: Any
) -> Any:
    """The sum over f and k in `softmax_tangents`, from the moments of products of two.

    Over the copies f of one logit, w_fv is replaced by its mean.
    """
    groups1, groups2 = len(sizes1), len(sizes2)
    length1, length2 = weights.shape
    by_row, by_column = np.zeros((groups1, length2)), np.zeros((length1, groups2))
    by_both = np.zeros((groups1, groups2))
    for u in range(length1):
        for v in range(length2):
            g, h = group1[u], group2[v]
            by_row[g, v] += weights[u, v] / sizes1[g]
            by_column[u, h] += weights[u, v] / sizes2[h]
            by_both[g, h] += weights[u, v] / (sizes1[g] * sizes2[h])
    found = np.zeros((length1, length2))
    for u in range(length1):
        for v in range(length2):
            g, h = group1[u], group2[v]
            for f in range(groups1):
                row = place_of_pair(g, f, groups1)
                for k in range(groups2):
                    change = (weights[u, v] - by_row[f, v]) - (by_column[u, k] - by_both[f, k])
                    moment = moments[row, place_of_pair(h, k, groups2)]
                    found[u, v] += sizes1[f] * sizes2[k] * moment * change
    return found


@njit(cache=True, error_model="numpy")
def place_of_pair(g: int, f: int, groups: int) -> int:
    """The place of (min, max) in the list (0, 0), (0, 1), ..., (1, 1), (1, 2), ..."""
    low, high = min(g, f), max(g, f)
    return low * groups - low * (low - 1) // 2 + high - low
