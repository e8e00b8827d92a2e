r"""The flow of squared loss in closed form: x' = b - A x, read off the spectrum of A.

    x(t) = sum_k (1 - exp(-lambda_k t)) / lambda_k  (u_k . b) u_k

Of a large matrix A >= 0 Lanczos finds the part of the spectrum that b sees, on m orthonormal
vectors V with A V = V T + beta v e_m^T.  The approximation V y, y' = |b| e_1 - T y, solves the
equation up to beta y_m(t) v, so that the error is at most beta times the integral of |y_m|, since
the exponential of -A t lengthens no vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NEGLIGIBLE = 1e-13
"""A remainder this small, relative to the largest, is rounding: the basis is complete."""


def relax(
    apply: Callable[[Array], Array], drive: Array, times: Sequence[float], tolerance: float
) -> tuple[Array, Array]:
    """x(t) at ``times`` (rising) for x' = b - A x, x(0) = 0, and bounds on the norm of its error.

    apply: x -> A x, A symmetric and positive semidefinite.
    drive: b, (n,).
    tolerance: the basis grows until the error is below it, relative to the norm of x.

    Returns (times, n) and (times,).
    """
    import numpy as np

    at = np.asarray(times, dtype=np.float64)
    size = float(np.linalg.norm(drive))
    if size == 0 or at[-1] == 0:
        return np.zeros((len(at), len(drive))), np.zeros(len(at))
    basis, diagonal, beside = [drive / size], list[float](), list[float]()
    check = 8
    while True:
        image = apply(basis[-1])
        diagonal.append(float(basis[-1] @ image))
        known = np.array(basis)
        for _ in range(2):  # once more: rounding leaves the first pass not quite orthogonal
            image = image - known.T @ (known @ image)
        remainder = float(np.linalg.norm(image))
        complete = len(basis) == len(drive) or remainder <= NEGLIGIBLE * max(
            *diagonal, *beside, 0.0
        )
        if complete or len(basis) == check:
            inner, last = _inner(diagonal, beside, size, at)
            errors = 0.0 * at if complete else remainder * _integral(last, at)
            if complete or np.all(errors <= tolerance * np.linalg.norm(inner, axis=1)):
                return inner @ known, errors
            check += max(8, check // 4)
        beside.append(remainder)
        basis.append(image / remainder)


def _inner(
    diagonal: list[float], beside: list[float], size: float, times: Array
) -> tuple[Array, Callable[[Array], Array]]:
    """y(t) at ``times``, (times, m), and the function y_m(t)."""
    import numpy as np
    from scipy.linalg import eigh_tridiagonal

    spectrum, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside))
    rates = np.maximum(spectrum, 0.0)

    def at(moments: Array, rows: Array) -> Array:
        spans = moments[:, None] * rates
        slow = rates == 0
        grown = np.where(slow, moments[:, None], -np.expm1(-spans) / np.where(slow, 1.0, rates))
        result: Array = (grown * (size * vectors[0])) @ rows.T
        return result

    return at(times, vectors), lambda moments: at(moments, vectors[-1:])[:, 0]


def _integral(value: Callable[[Array], Array], times: Array) -> Array:
    """A bound on the integral of |value| from 0 to each of ``times``: its largest, times t."""
    import numpy as np

    positive = times[times > 0]
    moments = np.geomspace(positive[0] / 1e3, positive[-1], 1 + 32 * len(positive) + 64 * 8)
    largest = np.maximum.accumulate(np.abs(value(moments)))
    bounds: Array = times * np.where(
        times > 0, largest[np.minimum(np.searchsorted(moments, times), len(moments) - 1)], 0.0
    )
    return bounds
