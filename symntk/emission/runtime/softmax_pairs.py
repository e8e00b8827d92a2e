"""The sum over Laplace's nodes for independent pairs of logits (`softmax_laplace`)."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.softmax_grids import MOST_HELD
from symntk.emission.runtime.softmax_laplace import (
    LAPLACE_ERROR,
    LAPLACE_STEP,
    LEAST_SHARE,
    denominator_range,
    laplace_nodes,
    pair_table,
    single_table,
)

LARGEST_DEVIATION = 60.0  # of a logit, so that nothing overflows
LEAST_LOG_SHARE = -55.0  # logarithm of a weight


@njit(cache=True, error_model="numpy")
def pair_classes(
    first: Any, second: Any, cross: Any, partner: Any, shared: Any, sizes1: Any, sizes2: Any
) -> Any:
    """The classes (m, variance, m', variance', covariance), and the class of each logit.

    m = 0 or m' = 0 in a class of single logits.
    """
    count1, count2 = len(sizes1), len(sizes2)
    classes = np.empty((count1 + count2, 5))
    class1, class2 = np.full(count1, -1, np.int64), np.full(count2, -1, np.int64)
    item = np.zeros(5)
    known = 0
    for i in range(count1 + count2):
        item[:] = 0.0
        if i < count1:
            item[0], item[1] = sizes1[i], first[i, i] - shared[0]
            j = partner[i]
        else:
            j = i - count1
            if class2[j] >= 0:
                continue
        if j >= 0:
            item[2], item[3] = sizes2[j], second[j, j] - shared[1]
            item[4] = cross[i, j] - shared[2] if i < count1 else 0.0
        place = 0
        while place < known:
            equal = True
            for k in range(5):
                equal = equal and classes[place, k] == item[k]
            if equal:
                break
            place += 1
        for k in range(5):
            classes[place, k] = item[k]
        known = max(known, place + 1)
        if i < count1:
            class1[i] = place
        if j >= 0:
            class2[j] = place
    return classes[:known].copy(), class1, class2


@njit(cache=True, error_model="numpy")
def pair_work(classes: Any, class1: Any, class2: Any, sizes1: Any, sizes2: Any) -> float:
    """About how many multiplications `pair_tables` needs; infinite where it cannot be done."""
    root = 0.0
    for c in range(len(classes)):
        root = max(root, math.sqrt(max(classes[c, 1], classes[c, 3])))
    if root > LARGEST_DEVIATION:
        return math.inf
    low1, high1 = denominator_range(classes, class1, 1, sizes1)
    low2, high2 = denominator_range(classes, class2, 3, sizes2)
    nodes = (high1 - low1 + 9.0) * (high2 - low2 + 9.0) / LAPLACE_STEP**2
    if 4.0 * nodes * (len(classes) + 1) > MOST_HELD:
        return math.inf
    return nodes * len(classes) * (100.0 * (1.0 + root) + 4.0 * len(classes))


@njit(cache=True, error_model="numpy")
def pair_tables(classes: Any, class1: Any, class2: Any, sizes1: Any, sizes2: Any) -> Any:
    """(tables, nodes1, nodes2, error) for the sums below.

    ``tables`` (classes + 1, 4, nodes of l, nodes of l'): H, U, V, B of each class, and in the last
    place w w' times the product of H over all logits, 0 where that is negligible.  ``nodes``: the
    l alone, which turn the sum for 1 / D into that for 1 / D^2.
    """
    kinds = len(classes)
    low, high = denominator_range(classes, class1, 1, sizes1)
    nodes1, weights1 = laplace_nodes(low, high)
    low, high = denominator_range(classes, class2, 3, sizes2)
    nodes2, weights2 = laplace_nodes(low, high)
    length1, length2 = len(nodes1), len(nodes2)
    members = np.zeros(kinds)
    for g in range(len(class1)):
        members[class1[g]] += 1.0
    for h in range(len(class2)):
        if classes[class2[h], 0] == 0.0:
            members[class2[h]] += 1.0
    tables = np.zeros((kinds + 1, 4, length1, length2))
    shares = tables[kinds, 0]
    error = 2.0 * LAPLACE_ERROR + 4.0 * LEAST_SHARE + 1e-14
    tolerance = 1e-13 / (len(class1) + len(class2))
    for c in range(kinds):
        if classes[c, 0] > 0.0 and classes[c, 2] > 0.0:
            table, slip = pair_table(classes[c], nodes1, nodes2, tolerance)
            for p in range(4):
                for k in range(length1):
                    for q in range(length2):
                        tables[c, p, k, q] = table[p, k, q]
        elif classes[c, 0] > 0.0:
            single, slip = single_table(classes[c, 1], classes[c, 0], nodes1, tolerance)
            for k in range(length1):
                for q in range(length2):
                    tables[c, 0, k, q], tables[c, 1, k, q] = single[0, k], single[1, k]
        else:
            single, slip = single_table(classes[c, 3], classes[c, 2], nodes2, tolerance)
            for k in range(length1):
                for q in range(length2):
                    tables[c, 0, k, q], tables[c, 2, k, q] = single[0, q], single[1, q]
        error += members[c] * slip
        for k in range(length1):
            for q in range(length2):
                shares[k, q] += members[c] * math.log(max(tables[c, 0, k, q], 1e-300))
    for k in range(length1):
        for q in range(length2):
            size = math.exp(shares[k, q]) if shares[k, q] > LEAST_LOG_SHARE else 0.0
            shares[k, q] = weights1[k] * weights2[q] * size
    return tables, nodes1, nodes2, error


@njit(cache=True, error_model="numpy")
def exchanged_tables(tables: Any) -> Any:
    """The tables with the two sides in each other's place."""
    kinds, _, length1, length2 = tables.shape
    found = np.empty((kinds, 4, length2, length1))
    for c in range(kinds):
        for k in range(4):
            source = 3 - k if 0 < k < 3 else k
            for p in range(length1):
                for q in range(length2):
                    found[c, k, q, p] = tables[c, source, p, q]
    return found


@njit(cache=True, error_model="numpy")
def pair_moments(tables: Any, class1: Any, class2: Any, partner: Any) -> Any:
    """E[zeta_g zeta'_h]."""
    kinds = len(tables) - 1
    sums, bound = np.zeros((kinds, kinds)), np.zeros(kinds)
    for k in range(tables.shape[2]):
        for q in range(tables.shape[3]):
            share = tables[kinds, 0, k, q]
            if share == 0.0:
                continue
            for c in range(kinds):
                part = share * tables[c, 1, k, q]
                if part > 0.0:
                    for e in range(kinds):
                        sums[c, e] += part * tables[e, 2, k, q]
                bound[c] += share * tables[c, 3, k, q]
    found = np.empty((len(class1), len(class2)))
    for g in range(len(class1)):
        for h in range(len(class2)):
            found[g, h] = sums[class1[g], class2[h]]
            if partner[g] == h:
                found[g, h] += bound[class1[g]]
    return found


@njit(cache=True, error_model="numpy")
def pair_mixed(
    tables: Any,
    nodes2: Any,
    mate: Any,
    class1: Any,
    class2: Any,
    partner: Any,
    sizes2: Any,
    group1: Any,
    weights: Any,
) -> Any:
    """sum_k m'_k E[zeta_g zeta'_h zeta'_k] (w_uh - w_uk) for each logit u and its group g.

    E_l[X_g X'_h X'_k] = (U_g V_h + B_gh) V_k + B_gk V_h; ``mate``: m' of each class.
    """
    rows, columns = weights.shape
    kinds = len(tables) - 1
    by_class, mass = np.zeros((rows, kinds)), np.zeros(kinds)
    for h in range(columns):
        mass[class2[h]] += sizes2[h]
        for u in range(rows):
            by_class[u, class2[h]] += sizes2[h] * weights[u, h]
    plain, mates = np.zeros((kinds, kinds)), np.zeros((kinds, kinds))
    on_first, on_pairs = np.zeros((rows, kinds)), np.zeros(rows)
    for k in range(tables.shape[2]):
        for q in range(tables.shape[3]):
            share = tables[kinds, 0, k, q] * nodes2[q]
            if share == 0.0:
                continue
            whole = 0.0
            for e in range(kinds):
                whole += mass[e] * tables[e, 2, k, q]
            for c in range(kinds):
                u1, b = tables[c, 1, k, q], tables[c, 3, k, q]
                for e in range(kinds):
                    plain[c, e] += share * u1 * tables[e, 2, k, q] * whole
                    mates[c, e] += share * mate[c] * b * tables[e, 2, k, q]
            for u in range(rows):
                g = group1[u]
                c, p = class1[g], partner[g]
                mean = 0.0
                for e in range(kinds):
                    mean += by_class[u, e] * tables[e, 2, k, q]
                part = share * tables[c, 1, k, q] * mean
                for e in range(kinds):
                    on_first[u, e] += part * tables[e, 2, k, q]
                if p >= 0:
                    on_pairs[u] += share * tables[c, 3, k, q] * (whole * weights[u, p] - mean)
    found = np.empty((rows, columns))
    for u in range(rows):
        g = group1[u]
        c, p = class1[g], partner[g]
        for h in range(columns):
            e = class2[h]
            found[u, h] = weights[u, h] * plain[c, e] - on_first[u, e]
            if p >= 0:
                found[u, h] += mates[c, e] * (weights[u, h] - weights[u, p])
            if p == h:
                found[u, h] += on_pairs[u]
    return found


@njit(cache=True, error_model="numpy")
def pair_tangents(
    tables: Any,
    nodes1: Any,
    nodes2: Any,
    classes: Any,
    class1: Any,
    class2: Any,
    partner: Any,
    partner2: Any,
    sizes1: Any,
    sizes2: Any,
    weights: Any,
) -> Any:
    """sum_fk m_f m'_k E[zeta_g zeta_f zeta'_h zeta'_k] (w_gh - w_fh - w_gk + w_fk).

    As at most one covariance B = Cov(X_g, X'_h) of each row and column is not 0,

        E_l[X_g X_f X'_h X'_k] = (U_g V_h + B_gh) (U_f V_k + B_fk)
                                 + B_gk U_f V_h + B_fh U_g V_k + B_gk B_fh,

    and the sum over f and k is done with sums of weights over classes.
    """
    count1, count2, kinds = len(sizes1), len(sizes2), len(classes)
    mass1, mass2, mass = np.zeros(kinds), np.zeros(kinds), np.zeros(kinds)
    by1, bound1 = np.zeros((kinds, count2)), np.zeros((kinds, count2))
    by2, bound2 = np.zeros((count1, kinds)), np.zeros((count1, kinds))
    by_both, bound_both = np.zeros((kinds, kinds)), np.zeros(kinds)
    for g in range(count1):
        c, p = class1[g], partner[g]
        mass1[c] += sizes1[g]
        if p >= 0:
            mass[c] += sizes1[g] * sizes2[p]
            bound_both[c] += sizes1[g] * sizes2[p] * weights[g, p]
        for h in range(count2):
            by1[c, h] += sizes1[g] * weights[g, h]
            by_both[c, class2[h]] += sizes1[g] * sizes2[h] * weights[g, h]
            if p >= 0:
                bound1[c, h] += sizes1[g] * sizes2[p] * weights[g, h]
    for h in range(count2):
        e, p = class2[h], partner2[h]
        mass2[e] += sizes2[h]
        for g in range(count1):
            by2[g, e] += sizes2[h] * weights[g, h]
            if p >= 0:
                bound2[g, e] += sizes1[p] * sizes2[h] * weights[g, h]
    alpha, rows = np.empty(count2), np.empty(count2)
    beta, columns = np.empty(count1), np.empty(count1)
    plain, level = np.zeros((kinds, kinds)), np.zeros((kinds, kinds))
    left, right, double = (
        np.zeros((kinds, kinds)),
        np.zeros((kinds, kinds)),
        np.zeros((kinds, kinds)),
    )
    on_second, on_first = np.zeros((kinds, count2)), np.zeros((count1, kinds))
    on_pairs = np.zeros(count1)
    u, v, b = np.empty(kinds), np.empty(kinds), np.empty(kinds)
    for k in range(len(nodes1)):
        for q in range(len(nodes2)):
            share = tables[kinds, 0, k, q] * nodes1[k] * nodes2[q]
            if share == 0.0:
                continue
            all1 = all2 = all_bound = gamma = 0.0
            for c in range(kinds):
                u[c], v[c], b[c] = tables[c, 1, k, q], tables[c, 2, k, q], tables[c, 3, k, q]
                all1 += mass1[c] * u[c]
                all2 += mass2[c] * v[c]
                all_bound += mass[c] * b[c]
                gamma += bound_both[c] * b[c]
            for c in range(kinds):
                for e in range(kinds):
                    gamma += u[c] * by_both[c, e] * v[e]
            whole = all1 * all2 + all_bound
            for h in range(count2):
                alpha[h] = rows[h] = 0.0
            for g in range(count1):
                beta[g] = columns[g] = 0.0
            for c in range(kinds):
                for h in range(count2):
                    alpha[h] += u[c] * by1[c, h]
                    rows[h] += b[c] * bound1[c, h]
            for g in range(count1):
                for e in range(kinds):
                    beta[g] += by2[g, e] * v[e]
                    columns[g] += bound2[g, e] * b[e]
            for h in range(count2):
                rows[h] += all2 * alpha[h]
            for g in range(count1):
                columns[g] += all1 * beta[g]
            for c in range(kinds):
                mate = classes[c, 2] * b[c]
                for e in range(kinds):
                    plain[c, e] += share * u[c] * v[e] * whole
                    level[c, e] += share * u[c] * v[e] * gamma
                    left[c, e] += share * mate * v[e] * all1
                    right[c, e] += share * classes[e, 0] * b[e] * u[c] * all2
                    double[c, e] += share * mate * classes[e, 0] * b[e]
                for h in range(count2):
                    e, p = class2[h], partner2[h]
                    change = mate * v[e] * alpha[h] + u[c] * v[e] * rows[h]
                    if p >= 0:
                        change -= classes[e, 0] * b[e] * u[c] * beta[p]
                    on_second[c, h] += share * change
            for g in range(count1):
                c, p = class1[g], partner[g]
                for e in range(kinds):
                    change = classes[e, 0] * b[e] * u[c] * beta[g] + u[c] * v[e] * columns[g]
                    if p >= 0:
                        change -= classes[c, 2] * b[c] * v[e] * alpha[p]
                    on_first[g, e] += share * change
                if p >= 0:
                    change = weights[g, p] * whole - rows[p] - columns[g] + gamma
                    on_pairs[g] += share * b[c] * change
    found = np.empty((count1, count2))
    for g in range(count1):
        for h in range(count2):
            c, e, p, r = class1[g], class2[h], partner[g], partner2[h]
            value = weights[g, h] * plain[c, e] + level[c, e]
            value -= on_second[c, h] + on_first[g, e]
            if p >= 0:
                value += left[c, e] * (weights[g, h] - weights[g, p])
            if r >= 0:
                value += right[c, e] * (weights[g, h] - weights[r, h])
            if p >= 0 and r >= 0:
                change = (weights[g, h] - weights[r, h]) - (weights[g, p] - weights[r, p])
                value += double[c, e] * change
            if p == h:
                value += on_pairs[g]
            found[g, h] = value
    return found
