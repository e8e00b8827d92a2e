"""The pass over pairs along a `Table`: a short sum for each pair, whatever the network's depth."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.angles import TINY
from symntk.emission.runtime.inputs import NEAR, close_gaps
from symntk.emission.runtime.tiles import COLUMNS, PITCH, ROWS, STRIP, inner_products, placed


@njit(cache=True, error_model="numpy", nogil=True)
def tabulated_pairs(
    thread: int,
    threads: int,
    symmetric: bool,
    curve: float,
    parity: int,
    first: Any,
    second: Any,
    samples2: Any,
    roots1: Any,
    roots2: Any,
    polynomials: Any,
    scales: Any,
    core: Any,
    widths: Any,
    bases: Any,
    nngp: Any,
    ntk: Any,
) -> None:
    """Both kernels of all pairs, tile by tile; if symmetric of the upper triangle, and copies.

    first, second: rows x/sqrt(d), and columns x'/sqrt(d); samples2: the second ones as rows.
    roots1, roots2: |x|/sqrt(d), |x'|/sqrt(d).
    polynomials, scales: of the first samples; bases: of the second; as in `TableSamples`.
    core, widths: as in `Table`.
    """
    count1, count2 = nngp.shape
    parts = -(-count2 // COLUMNS)
    begins = np.array([0, 4 * widths[0].sum(), core.shape[1]])
    for task in range(thread, -(-count1 // ROWS) * parts, threads):
        top, begin = ROWS * (task // parts), COLUMNS * (task % parts)
        bottom, end = min(top + ROWS, count1), min(begin + COLUMNS, count2)
        if symmetric:
            begin = max(begin, top)
        rows = np.zeros((ROWS, core.shape[1]))
        for i in range(top, bottom):
            combination(polynomials[i], core, rows[i - top])
        products, tiles = np.empty((ROWS, PITCH)), np.empty((2, ROWS, PITCH))
        memory = np.empty((8, STRIP))
        for left in range(begin, end, STRIP):
            right = min(left + STRIP, end)
            count = right - left
            inner_products(first, top, bottom, second, left, right, products)
            for i in range(top, bottom):
                row = i - top
                y, x = memory[0, :count], memory[1, :count]
                c, roots = products[row, :count], roots2[left:right]
                if table_variable(curve, c, roots1[i], roots, y):
                    close_places(curve, c, first[i], roots1[i], samples2[left:right], roots, y)
                doubled(parity, y, x)
                for kernel in range(2):
                    terms = rows[row, begins[kernel] : begins[kernel + 1]]
                    table_sums(terms, widths[kernel], bases[kernel], left, x, memory[2:])
                    values, scale = tiles[kernel, row, :count], scales[kernel, i]
                    table_values(parity, scale, y, x, memory[2], memory[3], values)
            placed(tiles[0], nngp, top, bottom, left, right, symmetric)
            placed(tiles[1], ntk, top, bottom, left, right, symmetric)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def combination(factors: Any, rows: Any, total: Any) -> None:
    """total += sum_k factors_k rows_k."""
    for k in range(len(factors)):
        factor, row = factors[k], rows[k]
        for j in range(len(total)):
            total[j] += factor * row[j]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def table_variable(curve: float, products: Any, root1: float, roots2: Any, y: Any) -> bool:
    """y = (1 - m) u / (1 - m u^2), u = tan(asin(rho) / 2) = c / (n + sqrt((n - c) (n + c))).

    Whether there are pairs so nearly parallel or opposite that `close_places` is due.
    """
    if curve == -1.0:
        for j in range(len(y)):
            y[j] = min(max(products[j] / max(root1 * roots2[j], TINY), -1.0), 1.0)
        return False
    close = 0
    for j in range(len(y)):
        close += abs(products[j]) >= (1.0 - NEAR) * (root1 * roots2[j])
    factor = 1.0 - curve
    for j in range(len(y)):
        c, n = products[j], root1 * roots2[j]
        far = n + math.sqrt(max(0.0, (n - c) * (n + c)))
        value = factor * c * far / max(far * far - curve * c * c, TINY)
        y[j] = min(max(value, -1.0), 1.0)
    return close > 0


@njit(cache=True, error_model="numpy")
def close_places(
    curve: float, products: Any, sample1: Any, root1: float, samples2: Any, roots2: Any, y: Any
) -> None:
    """y of the pairs that are nearly parallel or opposite, from their `close_gaps`."""
    for j in range(len(y)):
        if abs(products[j]) >= (1.0 - NEAR) * (root1 * roots2[j]):
            gap, total = close_gaps(products[j], sample1, root1, samples2[j], roots2[j])
            c, far = (total - gap) / 2.0, (total + gap) / 2.0 + math.sqrt(gap * total)
            value = (1.0 - curve) * c * far / max(far * far - curve * c * c, TINY)
            y[j] = min(max(value, -1.0), 1.0)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def doubled(parity: int, y: Any, x: Any) -> None:
    """Twice the variable of Chebyshev's polynomials: y, or 2 y^2 - 1 for even and odd functions."""
    if parity == 0:
        for j in range(len(x)):
            x[j] = 2.0 * y[j]
    else:
        for j in range(len(x)):
            x[j] = 4.0 * y[j] * y[j] - 2.0


@njit(cache=True, error_model="numpy")
def table_sums(row: Any, widths: Any, basis: Any, left: int, x: Any, memory: Any) -> None:
    """Clenshaw's rule with coefficients sum_r row_rk basis_r; its last two values are in memory."""
    count = len(x)
    right = left + count
    last, before = memory[0, :count], memory[1, :count]
    c0, c1, c2, c3 = memory[2, :count], memory[3, :count], memory[4, :count], memory[5, :count]
    last[:] = 0.0
    before[:] = 0.0
    at = 0
    for width in widths:
        for rank in range(width - 4, -1, -4):
            v0, v1 = basis[rank, left:right], basis[rank + 1, left:right]
            v2, v3 = basis[rank + 2, left:right], basis[rank + 3, left:right]
            factors = row[at : at + 16]
            at += 16
            if rank == width - 4:
                combined(factors, v0, v1, v2, v3, c0, c1, c2, c3)
            else:
                added(factors, v0, v1, v2, v3, c0, c1, c2, c3)
        four_steps(c0, c1, c2, c3, x, last, before)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def combined(
    f: Any, v0: Any, v1: Any, v2: Any, v3: Any, c0: Any, c1: Any, c2: Any, c3: Any
) -> None:
    """c_k = sum_r f_kr v_r."""
    f00, f01, f02, f03, f10, f11, f12, f13 = f[:8]
    f20, f21, f22, f23, f30, f31, f32, f33 = f[8:]
    for j in range(len(c0)):
        a, b, c, d = v0[j], v1[j], v2[j], v3[j]
        c0[j] = f00 * a + f01 * b + f02 * c + f03 * d
        c1[j] = f10 * a + f11 * b + f12 * c + f13 * d
        c2[j] = f20 * a + f21 * b + f22 * c + f23 * d
        c3[j] = f30 * a + f31 * b + f32 * c + f33 * d


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def added(f: Any, v0: Any, v1: Any, v2: Any, v3: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> None:
    """c_k += sum_r f_kr v_r."""
    f00, f01, f02, f03, f10, f11, f12, f13 = f[:8]
    f20, f21, f22, f23, f30, f31, f32, f33 = f[8:]
    for j in range(len(c0)):
        a, b, c, d = v0[j], v1[j], v2[j], v3[j]
        c0[j] += f00 * a + f01 * b + f02 * c + f03 * d
        c1[j] += f10 * a + f11 * b + f12 * c + f13 * d
        c2[j] += f20 * a + f21 * b + f22 * c + f23 * d
        c3[j] += f30 * a + f31 * b + f32 * c + f33 * d


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def four_steps(c0: Any, c1: Any, c2: Any, c3: Any, x: Any, last: Any, before: Any) -> None:
    """Clenshaw's rule, four terms."""
    for j in range(len(x)):
        t, a, b = x[j], last[j], before[j]
        b = c0[j] + (t * a - b)
        a = c1[j] + (t * b - a)
        b = c2[j] + (t * a - b)
        a = c3[j] + (t * b - a)
        last[j], before[j] = a, b


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def table_values(
    parity: int, scale: float, y: Any, x: Any, last: Any, before: Any, values: Any
) -> None:
    """``scale`` times the sum from Clenshaw's last two values: T_0 and T_1 are 1 and x / 2.

    An odd function is y sum_k c_k V_k(x / 2), T_(2k+1)(y) = y V_k(2 y^2 - 1), V_1 = x - 1.
    """
    if parity == 1:
        for j in range(len(values)):
            values[j] = scale * y[j] * (last[j] - before[j])
    else:
        for j in range(len(values)):
            values[j] = scale * (last[j] - 0.5 * x[j] * before[j])
