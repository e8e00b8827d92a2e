"""What an emitted module does with its inputs before the pass over pairs."""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

SMALLEST = 1e-140  # |x|^2 / d but 0, so that products of two do not vanish
LARGEST = 1e140  # and do not overflow
NEAR = 1e-2  # pairs of inputs closer than this (1 - |cosine|) get their gap from the data


def as_samples(x: Any, name: str, dim: int | None) -> Any:
    """``x`` as a float64 array of shape (samples, dimension); ValueError says what to do if not."""
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: real numbers are needed, the array holds {array.dtype}")
    if array.ndim != 2:
        hint = "; for one sample, pass it as x[None, :]" if array.ndim == 1 else ""
        raise ValueError(f"{name}: one sample a row is needed, (N, d), not {array.shape}{hint}")
    if array.size == 0:
        raise ValueError(f"{name}: the array is empty, its shape is {array.shape}")
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name}: the network takes {dim} numbers a sample, not {array.shape[1]}")
    array = np.ascontiguousarray(array, dtype=np.float64)
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"{name}: row {row}, column {column} is {array[row, column]}")
    require_range(array, f"{name}: row")
    return array


def require_range(rows: Any, label: str) -> None:
    """ValueError for a row, not of zeros, that is so short or long that its kernels would be wrong.

    They have products of two variances, of which ``SMALLEST`` and ``LARGEST`` keep far from the
    ends of float64.
    """
    with np.errstate(over="ignore"):
        squares = variances(rows)
    row = int(squares.argmax())
    if squares[row] <= LARGEST:
        short = np.flatnonzero(squares < SMALLEST)
        short = short[rows[short].any(axis=1)]
        if len(short) == 0:
            return
        row = int(short[0])
    word, bound = ("long", LARGEST) if squares[row] > LARGEST else ("short", SMALLEST)
    raise ValueError(
        f"{label} {row} is too {word}: |x|^2 / d is {squares[row]:.0e}, beyond {bound:.0e}; "
        "scale the inputs"
    )


def as_inputs(x: Any, name: str, inputs: dict[str, int | None]) -> tuple[Any, ...]:
    """The arrays of all ``inputs``: ``x`` if there is one, else a tuple, or a dict by name."""
    if len(inputs) == 1 and not isinstance(x, dict | tuple):
        x = (x,)
    if isinstance(x, dict):
        if set(x) != set(inputs):
            given = ", ".join(map(str, x))
            raise ValueError(f"{name}: the inputs are {', '.join(inputs)}, not {given}")
        x = tuple(x[key] for key in inputs)
    if not isinstance(x, tuple) or len(x) != len(inputs):
        raise ValueError(
            f"{name}: the network has {len(inputs)} inputs ({', '.join(inputs)}): "
            "pass a tuple with one array for each, or a dict by name"
        )
    labels = [f"{name}[{key!r}]" if len(inputs) > 1 else name for key in inputs]
    parts = zip(x, labels, inputs.values(), strict=True)
    arrays = tuple(as_samples(part, label, dim) for part, label, dim in parts)
    counts = [len(array) for array in arrays]
    if len(set(counts)) > 1:
        raise ValueError(f"{name}: the inputs have {counts} samples, not one number of them")
    return arrays


def same_dimensions(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    """ValueError unless the samples of x1 and x2 have the same dimension."""
    for one, two in zip(first, second, strict=True):
        if one.shape[1] != two.shape[1]:
            raise ValueError(f"x1 has {one.shape[1]} numbers a sample, x2 has {two.shape[1]}")


def covariances(x: Any, y: Any) -> Any:
    """x.y / d for each row of x and the same row of y."""
    return np.einsum("ij,ij->i", x, y) / x.shape[1]


@njit(cache=True, error_model="numpy")
def input_gaps(
    products: Any,
    root1: float,
    roots2: Any,
    sample1: Any,
    samples2: Any,
    gap: Any,
    total: Any,
) -> None:
    """gap = n - c and total = n + c for a row of pairs, n = |x||x'|/d and c = x.x'/d.

    products: c of the pairs; root1, roots2: |x|/sqrt(d), |x'|/sqrt(d);
    sample1, samples2: x/sqrt(d), x'/sqrt(d).
    """
    close = 0
    for j in range(len(gap)):
        n = root1 * roots2[j]
        gap[j], total[j] = n - products[j], n + products[j]
        close += abs(products[j]) >= (1.0 - NEAR) * n
    if close == 0:
        return
    for j in range(len(gap)):
        n = root1 * roots2[j]
        if abs(products[j]) >= (1.0 - NEAR) * n:
            gap[j], total[j] = close_gaps(products[j], sample1, root1, samples2[j], roots2[j])


@njit(cache=True, error_model="numpy")
def close_gaps(
    c: float, sample1: Any, root1: float, sample2: Any, root2: float
) -> tuple[float, float]:
    """n - c and n + c for a pair that is nearly parallel or opposite, n = root1 root2.

    One of them would be lost in rounding; with u = x/|x| they are n |u - u'|^2 / 2 and
    n |u + u'|^2 / 2.  Rows of zeros have no direction: 0 and 0.
    """
    n = root1 * root2
    if n == 0.0:
        return 0.0, 0.0
    other = math.copysign(root2, c)
    small = 0.0
    for k in range(len(sample1)):
        # quotients, as products could be fused with the difference, and equal samples differ
        small += (sample1[k] / root1 - sample2[k] / other) ** 2
    small *= 0.5 * n
    return (small, 2.0 * n - small) if c > 0.0 else (2.0 * n - small, small)


def variances(x: Any) -> Any:
    """|x|^2 / d for each row."""
    return covariances(x, x)
