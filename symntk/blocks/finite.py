"""Kernels that are not finite are refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from symntk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def require_finite(matrices: Iterable[NDArray[Any]], top: int = 0, left: int = 0) -> None:
    """UsageError where a kernel overflows or an activation has no finite moment.

    top, left: the row and the column of the first entries.
    """
    import numpy as np

    for matrix in matrices:
        is_finite = np.isfinite(matrix)
        if is_finite.all():
            continue
        row, column = np.argwhere(~is_finite)[0] + (top + 1, left + 1)
        raise UsageError(
            f"the kernel of row {row} with row {column} is not finite: these inputs are too "
            "large for the activation, or for floating-point numbers"
        )
