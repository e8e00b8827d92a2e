"""Sums over the random weights of an attention of many heads, query by query.

For queries t of x and t' of x' the logits of all keys are jointly normal,

    Cov(a_r, a_s) = q1[t] K11[r, s],  Cov(a'_r', a'_s') = q2[t'] K22[r', s'],
    Cov(a_r, a'_r') = c[t, t'] K12[r, r'],

and M(t r, t' r') is either E[softmax(a)_r softmax(a')_r'], or with ``values`` V the covariance of
the gradients at the logits, sum V_ss' E[d softmax_s / d a_r  d softmax'_s' / d a'_r'].  The four
indices never stand in one array: M is made for a pair of queries, used, and kept only as long as
other queries have the same variances and covariance.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.quadrature import copied
from symntk.emission.runtime.softmax import SOFTMAX_EFFORT, softmax_means

KEPT_HEADS = 16  # matrices M that are kept for queries with equal laws


@njit(cache=True, error_model="numpy", inline="always")
def heads_over_keys(
    q1: Any, q2: Any, c: Any, k11: Any, k22: Any, k12: Any, values: Any, weights: Any
) -> Any:
    """sum_{r, r'} M(t r, t' r') weights[r, r'], shape of ``c``; of moments without ``values``."""
    found = np.empty(c.shape)
    laws = np.empty((KEPT_HEADS, 3))
    sums = np.empty(KEPT_HEADS)
    known = 0
    for t in range(c.shape[0]):
        for t_2 in range(c.shape[1]):
            at = same_law(laws, known, q1[t], q2[t_2], c[t, t_2])
            if at < 0:
                matrix = heads_matrix(q1[t], q2[t_2], c[t, t_2], k11, k22, k12, values)
                total = np.sum(matrix * weights)
                at = known % KEPT_HEADS
                laws[at, 0], laws[at, 1], laws[at, 2] = q1[t], q2[t_2], c[t, t_2]
                sums[at] = total
                known += 1
            found[t, t_2] = sums[at]
    return found


@njit(cache=True, error_model="numpy", inline="always")
def heads_over_queries(
    q1: Any, q2: Any, c: Any, k11: Any, k22: Any, k12: Any, values: Any, weights: Any
) -> Any:
    """sum_{t, t'} M(t r, t' r') weights[t, t'], shape (keys, keys')."""
    found = np.zeros(k12.size)
    laws = np.empty((KEPT_HEADS, 3))
    matrices = np.empty((KEPT_HEADS, k12.size))
    known = 0
    for t in range(c.shape[0]):
        for t_2 in range(c.shape[1]):
            if weights[t, t_2] == 0.0:
                continue
            at = same_law(laws, known, q1[t], q2[t_2], c[t, t_2])
            if at < 0:
                at = known % KEPT_HEADS
                laws[at, 0], laws[at, 1], laws[at, 2] = q1[t], q2[t_2], c[t, t_2]
                matrix = heads_matrix(q1[t], q2[t_2], c[t, t_2], k11, k22, k12, values)
                copied(matrix.ravel(), matrices[at])
                known += 1
            found += weights[t, t_2] * matrices[at]
    return found.reshape(k12.shape)


@njit(cache=True, error_model="numpy", inline="always")
def heads_matrix(q1: float, q2: float, c: float, k11: Any, k22: Any, k12: Any, values: Any) -> Any:
    """M for one pair of queries, shape (keys, keys')."""
    none = np.zeros((0, 0))
    return softmax_means(q1 * k11, q2 * k22, c * k12, values, none, SOFTMAX_EFFORT)[0]


@njit(cache=True, error_model="numpy")
def same_law(laws: Any, known: int, q1: float, q2: float, c: float) -> int:
    """The number of a kept law, or -1."""
    for at in range(min(known, KEPT_HEADS)):
        if laws[at, 0] == q1 and laws[at, 1] == q2 and laws[at, 2] == c:
            return at
    return -1
