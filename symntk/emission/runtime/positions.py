"""What an emitted module for sequences and grids does with its inputs, and covariances of rows."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.exponentials import exponential
from symntk.emission.runtime.inputs import NEAR, as_samples, require_range
from symntk.emission.runtime.quadrature import NODES, TERMS, WEIGHTS, copied, hermite_phi
from symntk.emission.runtime.threads import on_threads
from symntk.emission.runtime.token_lists import as_tokens

ROUNDING = 1e-14  # a gap smaller than this, beside n, is taken for rounding


@njit(cache=True, error_model="numpy", forceinline=True)
def plain_gap(n: float, c: float) -> float:
    """n - c for |c| <= n, and 0 where that is no more than rounding: equal vectors stay equal."""
    gap = n - c
    return gap if gap > ROUNDING * n else 0.0


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def product(x: Any, y: Any) -> float:
    """x . y"""
    total = 0.0
    for k in range(len(x)):
        total += x[k] * y[k]
    return total


@njit(cache=True, error_model="numpy")
def row_products(x: Any, y: Any, shape: Any) -> Any:
    """x_p . y_q / d for all rows p of x and q of y, as an array of the given shape."""
    found = np.empty((len(x), len(y)))
    for p in range(len(x)):
        for q in range(len(y)):
            found[p, q] = product(x[p], y[q]) / x.shape[1]
    return found.reshape(shape)


@njit(cache=True, error_model="numpy")
def own_products(x: Any, y: Any) -> Any:
    """x_p . y_p / d for all rows p."""
    found = np.empty(len(x))
    for p in range(len(x)):
        found[p] = product(x[p], y[p]) / x.shape[1]
    return found


@njit(cache=True, error_model="numpy")
def row_gaps(x: Any, y: Any, shape: Any) -> Any:
    """n - c and n + c for all rows p of x and q of y: c = x_p . y_q / d, n = |x_p| |y_q| / d.

    For nearly parallel or opposite rows n - c would be lost in rounding, and the gaps are
    n |x/|x| - y/|y||^2 / 2 and n |x/|x| + y/|y||^2 / 2, from the data.
    """
    gap, total = np.empty((len(x), len(y))), np.empty((len(x), len(y)))
    width = x.shape[1]
    length1 = np.sqrt(own_products(x, x) * width)
    length2 = np.sqrt(own_products(y, y) * width)
    for p in range(len(x)):
        for q in range(len(y)):
            c = product(x[p], y[q]) / width
            n = length1[p] * length2[q] / width
            g, s = n - c, n + c
            if n == 0.0:
                g = s = 0.0
            elif min(g, s) < NEAR * n:
                side = 1.0 if g < s else -1.0
                near = 0.0
                for k in range(width):
                    near += (x[p, k] / length1[p] - side * y[q, k] / length2[q]) ** 2
                small = 0.5 * n * near
                g, s = (small, 2.0 * n - small) if side > 0.0 else (2.0 * n - small, small)
            gap[p, q], total[p, q] = g, s
    return gap.reshape(shape), total.reshape(shape)


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def row_total(row: Any) -> float:
    """The sum of the items of a row."""
    total = 0.0
    for k in range(len(row)):
        total += row[k]
    return total


@njit(cache=True, error_model="numpy")
def softmax_rows(logits: Any) -> None:
    """Rows become exp(l_r) / sum_k exp(l_k), the largest logit taken off first.

    In loops of their own, which vector instructions are made of.  With a logit that is no number
    none of the row is.
    """
    for t in range(len(logits)):
        row = logits[t]
        top, are_numbers = row[0], True
        for r in range(len(row)):
            top = max(top, row[r])
            are_numbers &= row[r] == row[r]
        top = top if are_numbers else math.nan
        for r in range(len(row)):
            row[r] = exponential(row[r] - top)
        total = row_total(row)
        for r in range(len(row)):
            row[r] /= total


@njit(cache=True, error_model="numpy")
def mix_rows(weights: Any, rows: Any, mixed: Any) -> None:
    """mixed_t = sum_r weights[t, r] rows_r."""
    mixed[:] = 0.0
    for t in range(len(rows)):
        found = mixed[t]
        for r in range(len(rows)):
            weight, row = weights[t, r], rows[r]
            for k in range(len(row)):
                found[k] += weight * row[k]


@njit(cache=True, error_model="numpy")
def tally(tokens: Any, distinct: Any, counts: Any) -> int:
    """The number of distinct tokens; these in ascending order, and how often each occurs."""
    ordered = np.sort(tokens)
    number = 0
    for k in range(len(ordered)):
        if k == 0 or ordered[k] != ordered[k - 1]:
            distinct[number] = ordered[k]
            counts[number] = 0.0
            number += 1
        counts[number - 1] += 1.0
    return number


@njit(cache=True, error_model="numpy")
def matching_pairs(
    distinct1: Any, counts1: Any, number1: Any, distinct2: Any, counts2: Any, number2: Any
) -> float:
    """How many pairs of positions hold the same token: the inner product of the counts."""
    total = 0.0
    p = q = 0
    while p < number1[0] and q < number2[0]:
        one, two = distinct1[p], distinct2[q]
        total += counts1[p] * counts2[q] if one == two else 0.0
        p += one <= two
        q += two <= one
    return total


@njit(cache=True, error_model="numpy")
def table_phi(deviations: Any) -> Any:
    """The coefficients of phi for each standard deviation, one row each."""
    rows = np.empty((len(deviations), TERMS + 3))
    fill_table_phi(0, 1, deviations, rows)
    return rows


@njit(cache=True, error_model="numpy", nogil=True)
def fill_table_phi(thread: int, threads: int, deviations: Any, rows: Any) -> None:
    """The rows of `table_phi` that are one thread's."""
    for k in range(thread, len(deviations), threads):
        copied(hermite_phi(deviations[k], rows.shape[1] - 3), rows[k])


def full_table_phi(deviations: Any) -> Any:
    """As `table_phi`, by all threads."""
    rows = np.empty((len(deviations), TERMS + 3))
    on_threads(fill_table_phi, len(deviations), deviations, rows)
    return rows


def places(starts: Any, sizes: Any) -> Any:
    """Every place in a flat array of the blocks of the given sizes that begin at ``starts``."""
    offsets = np.cumsum(sizes) - sizes
    return np.repeat(starts - offsets, sizes) + np.arange(sizes.sum())


def longest(first: tuple[Any, ...], second: tuple[Any, ...]) -> int:
    """The largest length of an axis."""
    return max(int(lengths.max(initial=1)) for side in (first, second) for _, _, lengths in side)


@njit(cache=True, error_model="numpy")
def sinusoid_covariances(count: int) -> Any:
    """1/2 int_0^1 cos(k 10000^-y) dy for k < count, by Gauss-Legendre panels in w = log(10000) y.

    The integrand in the angle a = k exp(-w) oscillates where a > 1: panels of width 1/2 in w and,
    where the angle passes through more than 1/2, of that width in the angle.
    """
    top = math.log(10000.0)
    found = np.full(count, 0.5)
    for k in range(1, count):
        total, right = 0.0, 0.0
        while right < top:
            left = right
            right = min(top, left + min(0.5, 2.0 * math.exp(left) / k))
            half, middle = 0.5 * (right - left), 0.5 * (right + left)
            for node in range(16):
                angle = k * math.exp(-(middle + half * NODES[node]))
                total += half * WEIGHTS[node] * math.cos(angle)
        found[k] = 0.5 * total / top
    return found


def as_rows(x: Any, name: str, fixed: tuple[int | None, ...], dim: int | None) -> list[Any]:
    """Samples of vectors at positions as float64 arrays (T, d) or (H, W, d)."""
    rank = len(fixed)
    shape = {1: "(T, d)", 2: "(H, W, channels)"}[rank]
    found: list[Any] = []
    for row, sample in enumerate(x):
        label = f"{name}: sample {row}"
        try:
            array = np.asarray(sample)
        except ValueError as error:
            raise ValueError(f"{label} is ragged: an array {shape} is needed") from error
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{label}: real numbers are needed, it holds {array.dtype}")
        if array.ndim != rank + 1:
            raise ValueError(f"{label}: an array {shape} is needed, not {array.shape}")
        if array.size == 0:
            raise ValueError(f"{label} is empty, its shape is {array.shape}")
        array = np.ascontiguousarray(array, dtype=np.float64)
        if not np.isfinite(array).all():
            raise ValueError(f"{label}: numbers must be finite")
        for given, wanted in zip(array.shape, fixed, strict=False):
            if wanted is not None and given != wanted:
                raise ValueError(f"{label} has the shape {array.shape}; the network takes {fixed}")
        width = array.shape[-1]
        if dim is not None and width != dim:
            raise ValueError(f"{label}: the network takes {dim} numbers a position, not {width}")
        if found and found[0].shape[-1] != width:
            raise ValueError(f"{label} has {width} numbers a position, others {found[0].shape[-1]}")
        require_range(array.reshape((-1, width)), f"{label}: position")
        found.append(array)
    if not found:
        raise ValueError(f"{name}: there is no sample in it")
    return found


def packed(samples: list[Any], rank: int) -> tuple[Any, Any, Any]:
    """Samples one after the other: the data, where each begins, and the lengths of the axes."""
    lengths = np.array([sample.shape[:rank] for sample in samples], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths.prod(axis=1))]).astype(np.int64)
    return np.concatenate([s.reshape((-1, s.shape[-1])) for s in samples]), starts, lengths


def as_positioned(
    x: Any, name: str, inputs: dict[str, tuple[Any, ...]], vocabularies: dict[str, dict[Any, Any]]
) -> tuple[Any, ...]:
    """The packed data of all ``inputs``: ``x`` if there is one, else a tuple, or a dict by name."""
    if len(inputs) == 1:
        x = x if isinstance(x, dict) else {next(iter(inputs)): x}
    elif isinstance(x, tuple) and len(x) == len(inputs):
        x = dict(zip(inputs, x, strict=True))
    if not isinstance(x, dict) or set(x) != set(inputs):
        raise ValueError(
            f"{name}: the network has {len(inputs)} inputs ({', '.join(inputs)}): "
            "pass a tuple with the samples of each, or a dict by name"
        )
    found = []
    for key, (kind, fixed, dim) in inputs.items():
        label = f"{name}[{key!r}]" if len(inputs) > 1 else name
        if kind == "tokens":
            vocabulary = vocabularies.setdefault(key, {})
            found.append(as_tokens(x[key], label, fixed[0], vocabulary))
        elif fixed:
            found.append(packed(as_rows(x[key], label, fixed, dim), len(fixed)))
        else:
            rows = as_samples(x[key], label, dim)
            found.append((rows, np.arange(len(rows) + 1), np.empty((len(rows), 0), np.int64)))
    counts = {len(lengths) for _, _, lengths in found}
    if len(counts) > 1:
        raise ValueError(f"{name}: the inputs have {sorted(counts)} samples, not one number")
    return tuple(found)


def same_widths(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    """ValueError unless the vectors of x1 and x2 have the same dimension."""
    for (one, _, _), (two, _, _) in zip(first, second, strict=True):
        if one.ndim == 2 and one.shape[1] != two.shape[1]:
            raise ValueError(f"x1 has {one.shape[1]} numbers a position, x2 has {two.shape[1]}")


def require_positions(left: Any, name: str, words: str) -> None:
    """ValueError where no position is left of a sample."""
    if (np.asarray(left) < 1).any():
        row = int(np.argmax(np.asarray(left) < 1))
        raise ValueError(f"{name}: sample {row} is too short, no position is left: {words} < 1")
