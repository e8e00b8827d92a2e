"""Numbers in and out of files: .npy and .csv in, .npy and .npz out.

Nothing here unpickles: a .npy file of Python objects is refused.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_matrix(path: Path) -> NDArray[np.float64]:
    """The inputs in ``path``, one a row: float64 of shape (N, d), all finite, N and d positive."""
    import numpy as np

    if path.suffix not in _READERS:
        raise UsageError(f"{path}: inputs are read from {' or '.join(_READERS)} files")
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    matrix = _READERS[path.suffix](path)
    if matrix.size == 0:
        raise UsageError(f"{path}: the array is empty, its shape is {matrix.shape}")
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise UsageError(
            f"{path}: row {row + 1}, column {column + 1} is {matrix[row, column]}"
            + (f" (and {len(bad) - 1} more are not finite)" if len(bad) > 1 else "")
        )
    return matrix


def _read_npy(path: Path) -> NDArray[np.float64]:
    import numpy as np

    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UsageError(f"{path}: not an array of numbers in NumPy's format") from error
    if array.dtype.kind not in "fiu":
        raise UsageError(f"{path}: real numbers are needed, the array holds {array.dtype}")
    if array.ndim != 2:
        raise UsageError(f"{path}: needed is one input a row, shape (N, d), not {array.shape}")
    return array.astype(np.float64)


def _read_csv(path: Path) -> NDArray[np.float64]:
    """Numbers separated by commas; a first line in which nothing is a number is a heading."""
    import numpy as np

    rows: list[list[float]] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            lines = [line for line in csv.reader(file) if line]
        except (csv.Error, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: not a text of comma-separated values: {error}") from error
    heading = bool(lines) and not any(map(_is_number, lines[0]))
    for number, line in enumerate(lines[heading:], start=1):
        if rows and len(line) != len(rows[0]):
            raise UsageError(
                f"{path}: row {number} has {len(line)} columns, the rows above have {len(rows[0])}"
            )
        for column, cell in enumerate(line, start=1):
            if not _is_number(cell):
                raise UsageError(f"{path}: row {number}, column {column}: {cell!r} is no number")
        rows.append([float(cell) for cell in line])
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else 0)


_READERS = {".npy": _read_npy, ".csv": _read_csv}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_arrays(path: Path, which: str, nngp: NDArray[Any], ntk: NDArray[Any]) -> None:
    """Write both kernels to a .npz file, or the one that ``which`` names to a .npy file."""
    import numpy as np

    with path.open("wb") as file:
        if path.suffix == ".npz":
            np.savez(file, nngp=nngp, ntk=ntk)
        else:
            np.save(file, {"nngp": nngp, "ntk": ntk}[which], allow_pickle=False)
