"""Softmaxes of Gaussian logits of few independent directions, by the trapezoid rule.

With canonical directions, a = A z and a' = A' z' for independent pairs (z_i, z'_i) of standard
normal variables with correlation rho_i, and

    E[f(z) f'(z')] = sum_(z, z') f(z) prod_i sqrt(p(z_i)) K_i(z_i, z'_i) sqrt(p(z'_i)) f'(z')

over two grids, p the normal density times the step, K_i Mehler's kernel for rho_i, which acts on
one axis after the other: the cost is that of the larger grid, not of the product of the two.

A softmax is analytic for |Im z_i| < pi / r_i, r_i the spread max A_ui - min A_ui, and at most
1 / cos(r_i y / 2) in size at |Im z_i| = y.  The trapezoid rule with step h therefore errs by

    2 min_y exp(y^2 / 2 - 2 pi y / h) / cos(r_i y / 2)^p

for a product of p softmaxes, and the tails that it leaves out are those of the normal law.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.exponentials import exponential

WIDEST_STEP = 0.8
MOST_HELD = 2e7  # numbers


@njit(cache=True, error_model="numpy")
def step_error(step: float, spread: float, powers: int) -> float:
    """The bound above on the error of the trapezoid rule."""
    strip = math.pi / max(spread, 1e-300)
    least = math.inf
    for k in range(1, 41):
        y = min(2.0 * math.pi / step, strip) * (k / 41.0)
        size = math.exp(0.5 * y * y - 2.0 * math.pi * y / step)
        least = min(least, 2.0 * size / math.cos(0.5 * spread * y) ** powers)
    return least


@njit(cache=True, error_model="numpy")
def grid_axis(spread: float, rho: float, powers: int, tolerance: float) -> tuple[float, int, float]:
    """The step, the odd number of nodes and the error of the grid of one direction."""
    step = WIDEST_STEP
    while step_error(step, spread, powers) > tolerance and step > 1e-4:
        step *= 0.97
    reach = 4.0
    while math.erfc(reach / math.sqrt(2.0)) > tolerance:
        reach += 0.1
    if rho > 0.0 and not kernel_is_wide(rho, step):
        # the kernel is cut off at the frequency pi / h and so not local: from the ends, where
        # sqrt(p) is exp(-reach^2 / 4), it reaches the middle
        cut = (1.0 - rho) * (1.0 + rho) / rho * (math.pi / step) ** 2
        while 5e-4 * cut * math.exp(-0.5 * cut - 0.25 * reach * reach) > tolerance:
            reach += 0.1
    half = math.ceil(reach / step)
    return step, 2 * half + 1, step_error(step, spread, powers) + 2.0 * tolerance


@njit(cache=True, error_model="numpy")
def kernel_is_wide(rho: float, step: float) -> bool:
    """Whether the grid resolves Mehler's kernel, so that its values at the nodes can be used."""
    return (1.0 - rho * rho) > 7.5 * step * step * rho


@njit(cache=True, error_model="numpy")
def normal_weights(step: float, count: int) -> Any:
    """The standard normal density at the nodes, times the step."""
    found = np.empty(count)
    for j in range(count):
        z = (j - 0.5 * (count - 1)) * step
        found[j] = step * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return found


@njit(cache=True, error_model="numpy")
def mehler_kernel(rho: float, step: float, count: int) -> Any:
    """(scale, band): sqrt(p(z_i)) K(z_i, z_j) sqrt(p(z_j)) = scale_i band_|i-j| scale_j.

    K(z, z') = p_rho(z, z') / sqrt(p(z) p(z')) = exp(-b (z^2 + z'^2)) rho^(-1/2) N(z - z'; w) with
    b = (1 - rho) / (4 (1 + rho)) and w = (1 - rho^2) / rho.  Where w is small beside the step, the
    convolution is done on the frequencies that the grid has; for rho = 1 it is the identity.
    """
    scale, band = normal_weights(step, count), np.empty(count)
    b = 0.25 * (1.0 - rho) / (1.0 + rho)
    for j in range(count):
        z = (j - 0.5 * (count - 1)) * step
        scale[j] = math.sqrt(scale[j]) * math.exp(-b * z * z)
    gap = (1.0 - rho) * (1.0 + rho)
    if kernel_is_wide(rho, step):
        size = step / math.sqrt(2.0 * math.pi * gap)
        for j in range(count):
            band[j] = size * math.exp(-0.5 * rho / gap * (j * step) ** 2)
        return scale, band
    period = 2 * count + 1  # so that one end of the grid does not follow upon the other
    cosines, damping = np.empty(period), np.empty(period)
    for m in range(period):
        cosines[m] = math.cos(2.0 * math.pi * m / period)
        frequency = 2.0 * math.pi * min(m, period - m) / (period * step)
        damping[m] = math.exp(-0.5 * gap / rho * frequency * frequency)
    for j in range(count):
        total, at = 0.0, 0
        for m in range(period):
            total += damping[m] * cosines[at]
            at += j
            if at >= period:
                at -= period
        band[j] = total / (period * math.sqrt(rho))
    return scale, band


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def along_axis(values: Any, band: Any, before: int, after: int) -> Any:
    """The convolution with ``band`` along the middle axis of (before, len(band), after)."""
    count = len(band)
    found = np.zeros(len(values))
    if after == 1:
        both_sides = np.empty(2 * count - 1)
        for j in range(count):
            both_sides[count - 1 + j] = both_sides[count - 1 - j] = band[j]
        for p in range(before):
            row = found[p * count : (p + 1) * count]
            for k in range(count):
                value, start = values[p * count + k], count - 1 - k
                for j in range(count):
                    row[j] += value * both_sides[start + j]
        return found
    for p in range(before):
        for j in range(count):
            at = (p * count + j) * after
            row = found[at : at + after]
            for k in range(count):
                weight = band[abs(j - k)]
                other = (p * count + k) * after
                for q in range(after):
                    row[q] += weight * values[other + q]
    return found


@njit(cache=True, error_model="numpy")
def grid_features(
    axes: Any, sizes: Any, steps: Any, counts: Any, scales: Any, paired: int, order: int
) -> Any:
    """Weighted values at the nodes of the first ``paired`` directions, summed over the others.

    Of order 1 zeta_g = e^(a_g) / sum_f sizes_f e^(a_f), of order 2 zeta_g zeta_f for g <= f.
    """
    groups, rank = axes.shape
    width = groups if order == 1 else groups * (groups + 1) // 2
    nodes = 1
    for axis in range(paired):
        nodes *= counts[axis]
    found = np.zeros((width, nodes))
    place = np.zeros(rank + 1, np.int64)
    logits = np.zeros((rank + 1, groups))
    weights = np.ones(rank + 1)
    zeta = np.empty(groups)
    level, node = 0, 0
    while level >= 0:
        if level == rank:
            top = logits[rank, 0]
            for g in range(groups):
                top = max(top, logits[rank, g])
            total = 0.0
            for g in range(groups):
                zeta[g] = exponential(logits[rank, g] - top)
            for g in range(groups):
                total += sizes[g] * zeta[g]
            weight = weights[rank]
            if order == 1:
                for g in range(groups):
                    found[g, node] += weight * zeta[g] / total
            else:
                k = 0
                for g in range(groups):
                    for f in range(g, groups):
                        found[k, node] += weight * (zeta[g] / total) * (zeta[f] / total)
                        k += 1
            level -= 1
            if level < paired:
                node += 1
            continue
        if place[level] == counts[level]:
            place[level] = 0
            level -= 1
            if level == paired - 1:
                node += 1
            continue
        j = place[level]
        place[level] += 1
        z = (j - 0.5 * (counts[level] - 1)) * steps[level]
        weights[level + 1] = weights[level] * scales[level, j]
        for g in range(groups):
            logits[level + 1, g] = logits[level, g] + axes[g, level] * z
        level += 1
    return found


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def sum_of_products(left: Any, right: Any) -> float:
    """The sum of products, without BLAS."""
    total = 0.0
    for k in range(len(left)):
        total += left[k] * right[k]
    return total


@njit(cache=True, error_model="numpy")
def spread_of(axes: Any, axis: int) -> float:
    """max_u A_ui - min_u A_ui."""
    low = high = axes[0, axis]
    for g in range(len(axes)):
        low, high = min(low, axes[g, axis]), max(high, axes[g, axis])
    return float(high - low)


@njit(cache=True, error_model="numpy")
def grid_moments(
    first: Any, second: Any, rho: Any, sizes1: Any, sizes2: Any, order: int, effort: float
) -> Any:
    """E[features of a, features of a'] with the error; an infinite error where it is too much.

    ``first`` and ``second`` are canonical directions with correlations ``rho``; ``effort`` is a
    bound on the number of multiplications.
    """
    rank1, rank2 = first.shape[1], second.shape[1]
    paired = 0
    while paired < len(rho) and rho[paired] > 0.0:
        paired += 1
    groups1, groups2 = len(first), len(second)
    width1 = groups1 if order == 1 else groups1 * (groups1 + 1) // 2
    width2 = groups2 if order == 1 else groups2 * (groups2 + 1) // 2
    steps1, counts1 = np.zeros(rank1), np.zeros(rank1, np.int64)
    steps2, counts2 = np.zeros(rank2), np.zeros(rank2, np.int64)
    error = math.inf
    for tolerance in (2e-13, 2e-12, 1e-10, 1e-8):
        error = 1e-14
        work1 = work2 = shared = 1.0
        sweep = kernels = 0.0
        for axis in range(max(rank1, rank2)):
            spread1 = spread_of(first, axis) if axis < rank1 else 0.0
            spread2 = spread_of(second, axis) if axis < rank2 else 0.0
            if axis < paired:
                spread = max(spread1, spread2)
                step, count, slip = grid_axis(spread, rho[axis], 2 * order, tolerance)
                steps1[axis], counts1[axis] = step, count
                steps2[axis], counts2[axis] = step, count
                error += slip
                shared *= count
                sweep += 0.0 if rho[axis] == 1.0 else count
                kernels += 2.0 * count * count
            else:
                if axis < rank1:
                    steps1[axis], counts1[axis], slip = grid_axis(spread1, 0.0, order, tolerance)
                    error += slip
                if axis < rank2:
                    steps2[axis], counts2[axis], slip = grid_axis(spread2, 0.0, order, tolerance)
                    error += slip
            work1 *= counts1[axis] if axis < rank1 else 1.0
            work2 *= counts2[axis] if axis < rank2 else 1.0
        work = 10.0 * (groups1 * work1 + groups2 * work2) + width1 * work1 + width2 * work2
        work += shared * width1 * (sweep + width2) + kernels
        held = shared * (width1 + width2)
        if work <= effort and held <= MOST_HELD and error < 1.0:
            break
        error = math.inf
    found = np.zeros((width1, width2))
    if error == math.inf:
        return found, error
    most_nodes = 1
    for axis in range(rank1):
        most_nodes = max(most_nodes, counts1[axis])
    for axis in range(rank2):
        most_nodes = max(most_nodes, counts2[axis])
    scales1, scales2 = np.empty((rank1, most_nodes)), np.empty((rank2, most_nodes))
    bands = np.zeros((paired, most_nodes))
    for axis in range(max(rank1, rank2)):
        if axis < paired:
            count = counts1[axis]
            scale, band = mehler_kernel(rho[axis], steps1[axis], count)
            for j in range(count):
                scales1[axis, j] = scales2[axis, j] = scale[j]
                bands[axis, j] = band[j]
        else:
            if axis < rank1:
                scale = normal_weights(steps1[axis], counts1[axis])
                for j in range(counts1[axis]):
                    scales1[axis, j] = scale[j]
            if axis < rank2:
                scale = normal_weights(steps2[axis], counts2[axis])
                for j in range(counts2[axis]):
                    scales2[axis, j] = scale[j]
    values1 = grid_features(first, sizes1, steps1, counts1, scales1, paired, order)
    values2 = grid_features(second, sizes2, steps2, counts2, scales2, paired, order)
    for k in range(width1):
        row = values1[k]
        before, after = 1, values1.shape[1]
        for axis in range(paired):
            after //= counts1[axis]
            if rho[axis] < 1.0:
                row = along_axis(row, bands[axis, : counts1[axis]], before, after)
            before *= counts1[axis]
        for j in range(width2):
            found[k, j] = sum_of_products(row, values2[j])
    return found, error
