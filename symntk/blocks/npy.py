"""A matrix in a .npy file, which ``numpy.load(path, mmap_mode="r")`` reads."""

from __future__ import annotations

import errno
import os
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from symntk.blocks.disk import naming
from symntk.blocks.store import Store
from symntk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BAND = 64
"""Rows that are copied at a time: those of a transposed block are not contiguous."""


class NpyStore(Store):
    """One kernel in one file, row by row.

    Blocks are written, not mapped: a full disk is then an error, and not the end of the process.
    """

    most = 1
    _file: BinaryIO

    def create(self) -> None:
        """Write the header, and reserve the space where the system can."""
        with naming(self.part), self.part.open("w+b") as file:
            file.write(self._header)
            file.flush()
            _reserve(file, self._size)
        self._file = self.part.open("r+b")

    def reopen(self) -> None:
        """Go on; the file must be as long as it was."""
        if not self.part.is_file() or self.part.stat().st_size != self._size:
            raise UsageError(f"{self.part} is not what its journal says: delete both to begin anew")
        self._file = self.part.open("r+b")

    def write(self, name: str, top: int, left: int, block: NDArray[Any]) -> None:
        """Row by row, each at its place in the file."""
        import numpy as np

        width, size = self.work.shape[1], block.dtype.itemsize
        with naming(self.part):
            for begin in range(0, len(block), BAND):
                band = np.ascontiguousarray(block[begin : begin + BAND])
                for row, numbers in enumerate(band, start=top + begin):
                    self._file.seek(len(self._header) + (row * width + left) * size)
                    self._file.write(numbers.data)

    def sync(self) -> None:
        """Flush the file."""
        with naming(self.part):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file."""
        self.part.unlink(missing_ok=True)

    @cached_property
    def _header(self) -> bytes:
        """The first bytes of a .npy file, as NumPy itself writes them."""
        import numpy as np

        file = BytesIO()
        descr = np.lib.format.dtype_to_descr(np.dtype(self.work.dtype))
        fields = {"descr": descr, "fortran_order": False, "shape": self.work.shape}
        np.lib.format.write_array_header_1_0(file, fields)
        return file.getvalue()

    @cached_property
    def _size(self) -> int:
        """The bytes of the file."""
        import numpy as np

        rows, columns = self.work.shape
        return len(self._header) + rows * columns * np.dtype(self.work.dtype).itemsize

    @classmethod
    def stamp(cls, path: Path) -> str:
        """The size, and when it was last written."""
        found = path.stat()
        return f"{found.st_size} {found.st_mtime_ns}"

    @classmethod
    def load(cls, path: Path) -> NDArray[Any]:
        """The matrix, mapped into memory."""
        import numpy as np

        matrix: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return matrix


def _reserve(file: BinaryIO, size: int) -> None:
    """Make a file as long, and make sure that the disk has room for it, where that can be done."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
    file.truncate(size)
