"""Softmaxes of independent Gaussian logits, or pairs of them, at any length.

With X_g = e^(a_g) and D = sum_g m_g X_g, Laplace's transform of the denominators,

    1 / D^n = int_0^inf l^(n-1) e^(-l D) / (n-1)! dl ~ sum_k w_k l_k^(n-1) e^(-l_k D),    n = 1, 2,

makes a product over the logits of every expectation: at the node (l, l') it is that of
independent pairs under the law whose density is e^(-m l X - m' l' X') / H, with

    H = E e^(-m l X - m' l' X'),  U = E_l[X],  V = E_l[X'],  B = Cov_l(X, X').

The sum over k is the trapezoid rule in t for l = exp(t - e^(t0 - t)).  Logits of the same variance,
multiplicity and covariance form a class and share one table of H, U, V, B.  E over one pair is the
trapezoid rule over its Gaussian law, which replaces that law by a discrete one: its error is that
of a softmax as a function of one logit (`step_error`).
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.exponentials import exponential
from symntk.emission.runtime.softmax_factors import SAME_LOGIT
from symntk.emission.runtime.softmax_grids import grid_axis, normal_weights

LAPLACE_STEP = 0.27
LAPLACE_ERROR = 3e-13  # of the sum over k, relative, for n = 1 and 2
LEAST_SHARE = 1e-16  # probability of denominators outside the range of the sum


@njit(cache=True, error_model="numpy")
def common_entry(matrix: Any) -> float:
    """The value of all entries but at most one in each row and column, if there is one."""
    rows, columns = matrix.shape
    if columns >= 3:
        a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    elif rows >= 3:
        a, b, c = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    else:
        return 0.0
    return float(max(min(a, b), min(max(a, b), c)))


@njit(cache=True, error_model="numpy")
def independent_pairs(first: Any, second: Any, cross: Any, scale: float) -> Any:
    """For each logit of a its partner in a', or -1, and the number that all covariances share.

    The second result is (common of first, common of second, common of cross), or empty where
    logits depend on each other in another way.
    """
    count1, count2 = cross.shape
    floor = SAME_LOGIT * scale
    partner = np.full(count1, -1, np.int64)
    shared = np.zeros(3)
    refused = np.zeros(0)
    for side in range(2):
        block = first if side == 0 else second
        if len(block) > 1:
            shared[side] = block[0, 1]
        for i in range(len(block)):
            for j in range(len(block)):
                if i != j and not abs(block[i, j] - shared[side]) <= floor:
                    return partner, refused
            if block[i, i] < shared[side]:
                return partner, refused
    shared[2] = common_entry(cross)
    taken = np.zeros(count2, np.bool_)
    for i in range(count1):
        for j in range(count2):
            own = cross[i, j] - shared[2]
            if abs(own) <= floor:
                continue
            bound = (first[i, i] - shared[0]) * (second[j, j] - shared[1])
            if partner[i] >= 0 or taken[j] or own * own > bound * (1.0 + 1e-9):
                return partner, refused
            partner[i] = j
            taken[j] = True
    return partner, shared


@njit(cache=True, error_model="numpy")
def denominator_range(classes: Any, kinds: Any, column: int, sizes: Any) -> tuple[float, float]:
    """log D lies between these two but with probability LEAST_SHARE.

    ``column`` of ``classes`` holds the variances of the logits, ``kinds`` the class of each.
    """
    of_logits = np.empty(len(kinds))
    for g in range(len(kinds)):
        of_logits[g] = classes[kinds[g], column]
    low, high = math.inf, -math.inf
    for g in range(len(of_logits)):
        root = math.sqrt(of_logits[g])
        low = min(low, math.log(sizes[g]) - 9.0 * root)
        high = max(high, math.log(sizes[g]) + 9.0 * root)
    top = high + math.log(1.0 * len(of_logits))
    bottom = low
    while bottom < top:  # D < d only if all m_g X_g < d
        share = 1.0
        for g in range(len(of_logits)):
            gap = bottom + 0.25 - math.log(sizes[g])
            if of_logits[g] > 0.0:
                share *= 0.5 * math.erfc(-gap / math.sqrt(2.0 * of_logits[g]))
            elif gap < 0.0:
                share = 0.0
        if share > LEAST_SHARE:
            break
        bottom += 0.25
    while top > bottom:  # D > d only if some m_g X_g > d / n
        share = 0.0
        for g in range(len(of_logits)):
            gap = top - 0.25 - math.log(sizes[g] * len(of_logits))
            if of_logits[g] > 0.0:
                share += 0.5 * math.erfc(gap / math.sqrt(2.0 * of_logits[g]))
            elif gap < 0.0:
                share = 1.0
        if share > LEAST_SHARE:
            break
        top -= 0.25
    return bottom, top


@njit(cache=True, error_model="numpy")
def laplace_nodes(low: float, high: float) -> Any:
    """Nodes l and weights w with 1 / D = sum w e^(-l D) for low <= log D <= high."""
    turn = -high - 1.0
    start = turn - 4.2
    count = math.ceil((math.log(40.0) - low - start) / LAPLACE_STEP) + 1
    nodes, weights = np.empty(count), np.empty(count)
    for k in range(count):
        t = start + LAPLACE_STEP * k
        bend = math.exp(turn - t)
        nodes[k] = math.exp(t - bend)
        weights[k] = LAPLACE_STEP * (1.0 + bend) * nodes[k]
    return nodes, weights


@njit(cache=True, error_model="numpy")
def single_table(variance: float, size: float, nodes: Any, tolerance: float) -> Any:
    """(H, U) at each node for a logit without partner, and the error of its quadrature."""
    root = math.sqrt(variance)
    step, count, error = grid_axis(root, 0.0, 2, tolerance)
    weights = normal_weights(step, count)
    table = np.zeros((2, len(nodes)))
    for j in range(count):
        value = math.exp(root * (j - 0.5 * (count - 1)) * step)
        for k in range(len(nodes)):
            part = weights[j] * exponential(-size * nodes[k] * value)
            table[0, k] += part
            table[1, k] += part * value
    for k in range(len(nodes)):
        table[1, k] /= max(table[0, k], 1e-300)
    return table, error


@njit(cache=True, error_model="numpy")
def pair_table(item: Any, nodes1: Any, nodes2: Any, tolerance: float) -> Any:
    """(H, U, V, B) at each pair of nodes for a class (m, variance, m', variance', covariance)."""
    root1, root2 = math.sqrt(item[1]), math.sqrt(item[3])
    rho = max(-1.0, min(1.0, item[4] / (root1 * root2)))
    slope, rest = rho * root2, root2 * math.sqrt((1.0 - rho) * (1.0 + rho))
    if rest * rest <= SAME_LOGIT * item[3]:
        rest = 0.0
    step1, count1, error1 = grid_axis(max(root1, abs(slope)), 0.0, 4, tolerance)
    step2, count2, error2 = grid_axis(rest, 0.0, 2, tolerance)
    if rest == 0.0:
        count2, error2 = 1, 0.0
    outer, inner = normal_weights(step1, count1), normal_weights(step2, count2)
    if rest == 0.0:
        inner[0] = 1.0
    length1, length2 = len(nodes1), len(nodes2)
    table = np.zeros((4, length1, length2))
    given, given_x = np.empty(length2), np.empty(length2)
    for j in range(count1):
        z = (j - 0.5 * (count1 - 1)) * step1
        value1 = math.exp(root1 * z)
        given[:] = 0.0
        given_x[:] = 0.0
        for i in range(count2):
            value2 = math.exp(slope * z + rest * (i - 0.5 * (count2 - 1)) * step2)
            for k in range(length2):
                part = inner[i] * exponential(-item[2] * nodes2[k] * value2)
                given[k] += part
                given_x[k] += part * value2
        for k in range(length1):
            part = outer[j] * exponential(-item[0] * nodes1[k] * value1)
            if part < 1e-60:
                break
            moved = part * value1
            for q in range(length2):
                table[0, k, q] += part * given[q]
                table[1, k, q] += moved * given[q]
                table[2, k, q] += part * given_x[q]
                table[3, k, q] += moved * given_x[q]
    for k in range(length1):
        for q in range(length2):
            whole = max(table[0, k, q], 1e-300)
            table[1, k, q] /= whole
            table[2, k, q] /= whole
            table[3, k, q] = table[3, k, q] / whole - table[1, k, q] * table[2, k, q]
    return table, error1 + error2
