"""Numbers in and out of files: .npy, .npz and .csv in, .npy and .npz out.

Nothing here unpickles: a .npy file of Python objects is refused.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_matrix(path: Path) -> NDArray[np.float64]:
    """The inputs in ``path``, one a row: float64 of shape (N, d), all finite, N and d positive."""
    if path.suffix == ".csv":
        matrix = _read_csv(path)
    elif path.suffix == ".npy":
        matrix = _numbers(path, _read_npy(path)).astype("float64")
        if matrix.ndim != 2:
            raise UsageError(f"{path}: needed is one input a row, shape (N, d), not {matrix.shape}")
    else:
        raise UsageError(f"{path}: vectors are read from .npy or .csv files")
    _require_finite(str(path), matrix)
    return matrix


def read_arrays(path: Path, rank: int) -> NDArray[np.float64] | list[NDArray[np.float64]]:
    """Sequences of vectors (``rank`` 1) or images (2): (N, T, d) or (N, H, W, C), all finite.

    A .npz file may hold each of them as an array of its own, of any length.
    """
    axes = ("T, d", "H, W, C")[rank - 1]
    if path.suffix == ".npy":
        arrays = {"": _read_npy(path)}
    elif path.suffix == ".npz":
        arrays = _read_npz(path)
    else:
        raise UsageError(f"{path}: arrays of shape (N, {axes}) are read from .npy or .npz files")
    found = {name: _numbers(path, array).astype("float64") for name, array in arrays.items()}
    for name, array in found.items():
        _require_finite(f"{path}: {name}" if name else str(path), array)
    shapes = {array.ndim for array in found.values()}
    if shapes == {rank + 2} and len(found) == 1:
        (batch,) = found.values()
        return batch
    if shapes == {rank + 1} and path.suffix == ".npz":
        return list(found.values())
    shown = ", ".join(str(array.shape) for array in found.values())
    each = f", or arrays of shape ({axes})" if path.suffix == ".npz" else ""
    raise UsageError(f"{path}: needed is an array of shape (N, {axes}){each}, not {shown}")


def map_array(path: Path, rank: int) -> NDArray[Any]:
    """The array of a .npy file, which may be larger than memory, as it is on disk.

    rank: of one input: 1 for a vector, 2 for a sequence of vectors, 3 for an image.
    """
    array = _numbers(path, _read_npy(path, "r"))
    if array.ndim != rank + 1 or not array.size:
        raise UsageError(f"{path}: needed is an array of {rank + 1} axes, not {array.shape}")
    return array


def read_tokens(path: Path) -> list[list[int]]:
    """Token ids, one document a row: whole numbers of shape (N, T)."""
    array = _read_npy(path)
    if array.dtype.kind not in "iu" or array.ndim != 2 or not array.size:
        raise UsageError(
            f"{path}: needed are token ids, whole numbers of shape (N, T), not {array.dtype} of "
            f"shape {array.shape}"
        )
    documents: list[list[int]] = array.tolist()
    return documents


def _require_finite(what: str, array: NDArray[np.float64]) -> None:
    import numpy as np

    if array.size == 0:
        raise UsageError(f"{what}: the array is empty, its shape is {array.shape}")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        names = ("row", "column") if array.ndim == 2 else [f"axis {k}," for k in range(array.ndim)]
        place = ", ".join(f"{name} {k + 1}" for name, k in zip(names, bad[0], strict=True))
        raise UsageError(
            f"{what}: {place} is {array[tuple(bad[0])]}"
            + (f" (and {len(bad) - 1} more are not finite)" if len(bad) > 1 else "")
        )


def _read_npy(path: Path, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    import numpy as np

    try:
        array: NDArray[Any] = np.load(path, mmap_mode, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UsageError(f"{path}: not an array of numbers in NumPy's format") from error
    return array


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays in a .npz file, by name, in their order."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (ValueError, EOFError, BadZipFile) as error:
        raise UsageError(f"{path}: not arrays of numbers in NumPy's format") from error
    if not found:
        raise UsageError(f"{path} holds no arrays")
    return found


def _numbers(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "fiu":
        raise UsageError(f"{path}: real numbers are needed, the array holds {array.dtype}")
    return array


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
