r"""A journal beside a matrix: which blocks are on disk.

A text file.  Its first line says what the matrix is the result of; each line after it names a block
whose data were on disk before the line was written, and the last says that all of them are.  Every
line ends in a checksum, which depends on the first line too: a line that was cut short, or that is
of another journal, counts as none.

    symntk blocks 1 {"block": 2048, ...} 5b1c88a4
    block 0 0 90a1f3c2
    block 0 1 1e7700d3
    whole 32000128 1763804413000000000 0badcafe
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from symntk.blocks.disk import naming, sync_folder
from symntk.blocks.tiling import Tile
from symntk.errors import UsageError

MAGIC = "symntk blocks 1 "


class Journal:
    """The journal at ``path``, of this process alone until it is left.

    fields: what the matrix is the result of; None in a new journal.
    done: the blocks that are on disk.
    stamp: of the whole matrix; None until it is whole.
    """

    fields: Mapping[str, Any] | None
    done: set[Tile]
    stamp: str | None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a+b", buffering=0)
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if self.fields is None:
            self.path.unlink()

    def begin(self, fields: Mapping[str, Any]) -> None:
        """Begin anew: say what the matrix is the result of."""
        self._file.truncate(0)
        self._seed = 0
        self._append([MAGIC + json.dumps(fields, sort_keys=True)])
        sync_folder(self.path.parent)
        self._read()

    def add(self, tiles: Iterable[Tile]) -> None:
        """Note blocks that are on disk."""
        found = list(tiles)
        self._append(f"block {row} {column}" for row, column in found)
        self.done.update(found)

    def finish(self, stamp: str) -> None:
        """Note that the matrix is whole."""
        self._append([f"whole {stamp}"])
        self.stamp = stamp

    def forget(self) -> None:
        """Leave no journal, unless another is begun."""
        self.fields, self.done, self.stamp = None, set(), None

    def _lock(self) -> None:
        """Until the file is closed, or the process ends in whatever way."""
        try:
            import fcntl
        except ImportError:  # not a POSIX system
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{self.path}: another process is writing this matrix") from None
        except OSError:  # a file system without locks
            return

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        end = content.rfind(b"\n") + 1
        self.fields, self.done, self.stamp = None, set(), None
        self._seed = 0
        first, *others = content[:end].decode("utf-8", "replace").split("\n")
        head = self._checked(first)
        if head is None or not head.startswith(MAGIC):
            if end or not MAGIC.encode().startswith(content[: len(MAGIC)]):
                raise UsageError(f"{self.path} is not a journal of symntk: move it away")
            self._file.truncate(0)
            return
        self.fields = json.loads(head.removeprefix(MAGIC))
        self._file.truncate(end)  # a line that was cut short would swallow the next
        self._seed = _checksum(head, 0)
        for line in map(self._checked, others):
            match (line or "").split():
                case ["block", row, column]:
                    self.done.add((int(row), int(column)))
                case ["whole", *stamp]:
                    self.stamp = " ".join(stamp)

    def _checked(self, line: str) -> str | None:
        """A line without its checksum, if that is right."""
        text, _, found = line.rpartition(" ")
        return text if found == f"{_checksum(text, self._seed):08x}" else None

    def _append(self, lines: Iterable[str]) -> None:
        text = "".join(f"{line} {_checksum(line, self._seed):08x}\n" for line in lines)
        with naming(self.path):
            if self._file.write(text.encode()) < len(text.encode()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())


def _checksum(text: str, seed: int) -> int:
    return zlib.crc32(text.encode(), seed)
