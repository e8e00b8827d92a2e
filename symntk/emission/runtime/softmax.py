"""Moments of softmaxes of Gaussian logits, and of their derivatives.

a (T) and a' (T') are jointly normal with mean 0, ``first`` = Cov(a, a), ``second`` = Cov(a', a'),
``cross`` = Cov(a, a'), and zeta = softmax(a), zeta' = softmax(a').  Copies of a logit are counted
as one with a multiplicity.  Three methods, by what is cheapest:

1. few independent directions: the trapezoid rule in canonical directions (`grid_moments`);
2. logits that are independent of each other but for pairs (a_u, a'_v): Laplace's transform of the
   two denominators (`pair_means`);
3. otherwise: randomly shifted lattices (`lattice_means`).

Each states its error: a bound for the first two, six standard errors for the third.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.softmax_factors import (
    SAME_LOGIT,
    canonical_pair,
    exchanged_block,
    principal_factor,
)
from symntk.emission.runtime.softmax_grids import grid_moments
from symntk.emission.runtime.softmax_laplace import independent_pairs
from symntk.emission.runtime.softmax_lattice import lattice_means
from symntk.emission.runtime.softmax_pairs import (
    exchanged_tables,
    pair_classes,
    pair_mixed,
    pair_moments,
    pair_tables,
    pair_tangents,
    pair_work,
)

SOFTMAX_EFFORT = 3e9  # multiplications that a call may take, about half a second
SMALL_SOFTMAX_EFFORT = 3e5  # the same where there is another method of the same accuracy
SMALL_GRID_ERROR = 1e-11  # that it must then reach
LATTICE_PART = 0.2  # of the effort
MOST_PAIRED_GROUPS = 12  # whose products of two are formed


@njit(cache=True, error_model="numpy")
def softmax_moments(first: Any, second: Any, cross: Any, effort: float = SOFTMAX_EFFORT) -> Any:
    """E[zeta_u zeta'_v], shape (T, T'), and a bound on the error of every entry.

    Exactly 1 / (T T') where all logits of each side are equal.
    """
    none = np.zeros((0, 0))
    found, error, _ = softmax_means(first, second, cross, none, none, effort)
    return found, error


@njit(cache=True, error_model="numpy")
def softmax_average(
    first: Any, second: Any, cross: Any, values: Any, effort: float = SOFTMAX_EFFORT
) -> tuple[float, float]:
    """sum_uv values_uv E[zeta_u zeta'_v] and a bound on its error.

    The error is that of the sum, which a lattice knows better than that of the entries.
    """
    none = np.zeros((0, 0))
    found, _, error = softmax_means(first, second, cross, none, values, effort)
    total = 0.0
    for u in range(len(values)):
        for v in range(values.shape[1]):
            total += values[u, v] * found[u, v]
    return total, error


@njit(cache=True, error_model="numpy")
def softmax_tangents(
    first: Any, second: Any, cross: Any, weights: Any, effort: float = SOFTMAX_EFFORT
) -> Any:
    """G_uv = sum_ts weights_ts E[d zeta_t / d a_u  d zeta'_s / d a'_v], and a bound on its error.

    d zeta_t / d a_u = zeta_u ([t = u] - zeta_t).  As sum_f zeta_f = 1,

        G_uv = sum_fk E[zeta_u zeta_f zeta'_v zeta'_k] (w_uv - w_fv - w_uk + w_fk).
    """
    found, error, _ = softmax_means(first, second, cross, weights, np.zeros((0, 0)), effort)
    return found, error


@njit(cache=True, error_model="numpy")
def softmax_means(
    first: Any, second: Any, cross: Any, weights: Any, values: Any, effort: float
) -> Any:
    """`softmax_tangents` if there are ``weights``, else `softmax_moments`.

    With it the error of an entry, and that of the sum of all entries times ``values``.
    """
    length1, length2 = cross.shape
    order = 2 if len(weights) > 0 else 1
    scale1, scale2 = largest_variance(first), largest_variance(second)
    group1, leader1 = equal_logits(first, scale1)
    group2, leader2 = equal_logits(second, scale2)
    if order == 1 and len(leader1) == 1 and len(leader2) == 1:
        return np.full((length1, length2), 1.0 / (length1 * length2)), 0.0, 0.0
    sizes1, sizes2 = group_sizes(group1, len(leader1)), group_sizes(group2, len(leader2))
    distinct1, distinct2 = entries_at(first, leader1, leader1), entries_at(second, leader2, leader2)
    between = entries_at(cross, leader1, leader2)
    if len(leader1) == 1 or len(leader2) == 1:
        between = np.zeros((len(leader1), len(leader2)))  # one softmax is a constant
    size = 1.0 if order == 1 else 4.0 * largest_size(weights)
    partner, shared = independent_pairs(distinct1, distinct2, between, max(scale1, scale2))
    most = max(len(leader1), len(leader2))
    by_grid = order == 1 or most <= MOST_PAIRED_GROUPS
    if len(shared) == 3:
        if most <= 3:
            found, error = grid_means(
                distinct1,
                distinct2,
                between,
                sizes1,
                sizes2,
                group1,
                group2,
                weights,
                min(SMALL_SOFTMAX_EFFORT, effort),
            )
            if error < SMALL_GRID_ERROR:
                return found, size * error, size * error * largest_size(values)
        classes, class1, class2 = pair_classes(
            distinct1, distinct2, between, partner, shared, sizes1, sizes2
        )
        if pair_work(classes, class1, class2, sizes1, sizes2) <= effort:
            found, error = pair_means(
                classes, class1, class2, partner, sizes1, sizes2, group1, group2, weights
            )
            return found, size * error, size * error * largest_size(values)
    if by_grid:
        found, error = grid_means(
            distinct1, distinct2, between, sizes1, sizes2, group1, group2, weights, effort
        )
        if error < math.inf:
            return found, size * error, size * error * largest_size(values)
    return lattice_means(
        distinct1,
        distinct2,
        between,
        sizes1,
        sizes2,
        group1,
        group2,
        weights,
        values,
        LATTICE_PART * effort,
    )


@njit(cache=True, error_model="numpy")
def grid_means(
    first: Any,
    second: Any,
    cross: Any,
    sizes1: Any,
    sizes2: Any,
    group1: Any,
    group2: Any,
    weights: Any,
    effort: float,
) -> Any:
    """The moments, or the tangents for ``weights``, by a grid, and its error, or infinity."""
    canonical1, canonical2, rho = canonical_pair(
        principal_factor(first, largest_variance(first)),
        principal_factor(second, largest_variance(second)),
        cross,
    )
    order = 2 if len(weights) > 0 else 1
    found, error = grid_moments(canonical1, canonical2, rho, sizes1, sizes2, order, effort)
    if error == math.inf:
        return found, error
    if order == 1:
        return entries_at(found, group1, group2), error
    return contracted_products(found, group1, group2, sizes1, sizes2, weights), error


@njit(cache=True, error_model="numpy")
def pair_means(
    classes: Any,
    class1: Any,
    class2: Any,
    partner1: Any,
    sizes1: Any,
    sizes2: Any,
    group1: Any,
    group2: Any,
    weights: Any,
) -> Any:
    """The moments, or the tangents for ``weights``, of independent pairs, and the error.

    Weights that differ between copies of a logit are w_gh + (w_uh - w_gh) + (w_gv - w_gh) + rest
    with means over copies; on a side where its mean over copies is 0, a part meets zeta alone.
    """
    tables, nodes1, nodes2, error = pair_tables(classes, class1, class2, sizes1, sizes2)
    if len(weights) == 0:
        found = entries_at(pair_moments(tables, class1, class2, partner1), group1, group2)
        return found, error
    partner2 = np.full(len(sizes2), -1, np.int64)
    for g in range(len(partner1)):
        if partner1[g] >= 0:
            partner2[partner1[g]] = g
    by_row, by_column, by_both = means_over_copies(weights, group1, group2, sizes1, sizes2)
    found = pair_tangents(
        tables,
        nodes1,
        nodes2,
        classes,
        class1,
        class2,
        partner1,
        partner2,
        sizes1,
        sizes2,
        by_both,
    )
    found = entries_at(found, group1, group2)
    if max(len(group1) - len(sizes1), len(group2) - len(sizes2)) == 0:
        return found, error
    rest = weights.copy()
    for u in range(len(group1)):
        for v in range(len(group2)):
            rest[u, v] -= by_row[group1[u], v]
            rest[u, v] -= by_column[u, group2[v]] - by_both[group1[u], group2[v]]
    for u in range(len(group1)):
        for h in range(len(sizes2)):
            by_column[u, h] -= by_both[group1[u], h]
    for v in range(len(group2)):
        for g in range(len(sizes1)):
            by_row[g, v] -= by_both[g, group2[v]]
    unequal = largest_size(rest) + largest_size(by_column) + largest_size(by_row)
    if unequal <= 1e-14 * largest_size(weights):
        return found, error
    alone = pair_moments(tables, class1, class2, partner1)
    right = pair_mixed(
        tables, nodes2, classes[:, 2], class1, class2, partner1, sizes2, group1, by_column
    )
    left = pair_mixed(
        exchanged_tables(tables),
        nodes1,
        classes[:, 0],
        class2,
        class1,
        partner2,
        sizes1,
        group2,
        exchanged_block(by_row),
    )
    for u in range(len(group1)):
        for v in range(len(group2)):
            g, h = group1[u], group2[v]
            found[u, v] += rest[u, v] * alone[g, h] + right[u, h] + left[v, g]
    return found, error


@njit(cache=True, error_model="numpy")
def means_over_copies(weights: Any, group1: Any, group2: Any, sizes1: Any, sizes2: Any) -> Any:
    """The means over the copies of each logit of a (rows), of a' (columns), and of both."""
    length1, length2 = weights.shape
    by_row, by_column = np.zeros((len(sizes1), length2)), np.zeros((length1, len(sizes2)))
    by_both = np.zeros((len(sizes1), len(sizes2)))
    for u in range(length1):
        for v in range(length2):
            g, h = group1[u], group2[v]
            by_row[g, v] += weights[u, v] / sizes1[g]
            by_column[u, h] += weights[u, v] / sizes2[h]
            by_both[g, h] += weights[u, v] / (sizes1[g] * sizes2[h])
    return by_row, by_column, by_both


@njit(cache=True, error_model="numpy")
def largest_size(matrix: Any) -> float:
    """The largest absolute value of an entry."""
    largest = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            largest = max(largest, abs(matrix[i, j]))
    return largest


@njit(cache=True, error_model="numpy")
def largest_variance(covariance: Any) -> float:
    """The largest entry of the diagonal."""
    largest = 0.0
    for i in range(len(covariance)):
        largest = max(largest, covariance[i, i])
    return largest


@njit(cache=True, error_model="numpy")
def equal_logits(covariance: Any, scale: float) -> Any:
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
def entries_at(matrix: Any, rows: Any, columns: Any) -> Any:
    """The entries in the given rows and columns."""
    found = np.empty((len(rows), len(columns)))
    for i in range(len(rows)):
        for j in range(len(columns)):
            found[i, j] = matrix[rows[i], columns[j]]
    return found


@njit(cache=True, error_model="numpy")
def contracted_products(
    moments: Any, group1: Any, group2: Any, sizes1: Any, sizes2: Any, weights: Any
) -> Any:
    """The sum over f and k in `softmax_tangents`, from the moments of products of two."""
    groups1, groups2 = len(sizes1), len(sizes2)
    length1, length2 = weights.shape
    by_row, by_column, by_both = means_over_copies(weights, group1, group2, sizes1, sizes2)
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
