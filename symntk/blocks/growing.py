"""A matrix on disk as it grows: the store, its journal, and their names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from symntk.blocks.disk import sync_folder
from symntk.blocks.journal import Journal
from symntk.blocks.npy import NpyStore
from symntk.blocks.store import Store
from symntk.blocks.tiling import Tile
from symntk.blocks.work import Work
from symntk.blocks.zarr import ZarrStore
from symntk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

STORES: dict[str, type[Store]] = {".npy": NpyStore, ".zarr": ZarrStore}
"""How a matrix is stored, by the end of its name."""

OFTEN = 2.0
"""Seconds of work, at least, from one flush of the disk to the next."""


@dataclass(frozen=True)
class Place:
    """Where a matrix is to be: ``path`` when it is whole, ``part`` until then."""

    path: Path

    @property
    def part(self) -> Path:
        """``k.part.npy`` for ``k.npy``."""
        return self.path.with_name(f"{self.path.stem}.part{self.path.suffix}")

    @property
    def journal(self) -> Path:
        """``k.npy.journal``."""
        return self.path.with_name(f"{self.path.name}.journal")

    def kind(self) -> type[Store]:
        """The format; UsageError for a name that has none, or a folder that is not there."""
        if self.path.suffix not in STORES:
            raise UsageError(f"{self.path}: the name must end in {' or '.join(STORES)}")
        if not self.path.parent.is_dir():
            raise UsageError(f"{self.path}: there is no folder {self.path.parent}")
        return STORES[self.path.suffix]

    @contextmanager
    def open_journal(self) -> Iterator[Journal]:
        """The journal; UsageError where a file is there that is not a result of one."""
        with Journal(self.journal) as journal:
            if journal.fields is None:
                self._refuse(self.part)
            if journal.stamp is None:
                self._refuse(self.path)
            yield journal

    def _refuse(self, path: Path) -> None:
        if path.exists():
            raise UsageError(
                f"{path} is there, and no journal says what it holds: choose another name, or "
                "delete it"
            )

    def require_same(self, work: Work, journal: Journal) -> None:
        """UsageError where blocks of another work are there; without any, nothing is kept."""
        if not (self.path.exists() or self.part.exists()):
            journal.forget()
        differences = work.differences(journal.fields or {}) if journal.done else []
        if differences:
            raise UsageError(
                f"{self.journal} is of another matrix, which differs in {', '.join(differences)}: "
                "choose another name, or delete it and what it describes"
            )


class Growing:
    """The matrix of a ``work`` at a ``place``, whose ``journal`` is open.

    Blocks count as done when their data are on disk and, after that, a line of the journal is.
    """

    def __init__(self, place: Place, work: Work, journal: Journal) -> None:
        self._place = place
        self._work = work
        self._journal = journal
        self._store = place.kind()(place.part, work)
        self._pending: list[Tile] = []
        self._flushed = monotonic()

    @property
    def missing(self) -> list[Tile]:
        """The blocks that are not done."""
        return [tile for tile in self._work.tiling if tile not in self._journal.done]

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Begin or go on; what was written is noted at the end, also where an error is its end.

        Of a work without a block that is done nothing is left.
        """
        try:
            self._open()
            with self._store:
                try:
                    yield
                finally:
                    self.flush()
        finally:
            if not self._journal.done:
                self.clear()

    def clear(self) -> None:
        """Delete what was begun."""
        self._store.remove()
        self._journal.forget()

    def _open(self) -> None:
        if self._journal.done:
            self._store.reopen()
            return
        self._journal.begin(self._work.fields)
        try:
            self._store.create()
        except OSError as error:
            raise self._no_room(error) from error

    def put(self, tile: Tile, blocks: Sequence[NDArray[Any]]) -> None:
        """Write a block of each kernel, and its mirror image if the matrix is symmetric."""
        top, left = (number * self._work.block for number in tile)
        for name, block in zip(self._work.which, blocks, strict=True):
            self._store.write(name, top, left, block)
            if self._work.tiling.is_symmetric and top < left:
                self._store.write(name, left, top, block.T)
        self._pending.append(tile)
        if monotonic() - self._flushed >= OFTEN:
            self.flush()

    def flush(self) -> None:
        """Note the blocks that were written, once they are on disk.

        Blocks whose flush fails are not noted, also not by a second flush that succeeds: the system
        reports lost data once.
        """
        written, self._pending = self._pending, []
        if written:
            self._store.sync()
            self._journal.add(written)
        self._flushed = monotonic()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do; UsageError where a whole matrix was changed since."""
        if self._journal.stamp is None:
            return False
        if not self._place.path.exists():
            self._rename()  # a kill was faster
        if self._place.kind().stamp(self._place.path) != self._journal.stamp:
            raise UsageError(
                f"{self._place.path} was changed after it was computed: choose another name, or "
                f"delete it, with {self._place.journal}"
            )
        return True

    def finish(self) -> None:
        """Give the whole matrix its name."""
        assert not self.missing
        self._journal.finish(self._store.stamp(self._place.part))
        self._rename()

    def _rename(self) -> None:
        os.rename(self._place.part, self._place.path)
        sync_folder(self._place.path.parent)

    def _no_room(self, error: OSError) -> OSError:
        """The same error, with the size of what was to be written."""
        import numpy as np

        rows, columns = self._work.shape
        size = rows * columns * np.dtype(self._work.dtype).itemsize * len(self._work.which)
        reason = f"{error.strerror}; the matrix takes {size / 1e9:.3g} GB"
        return OSError(error.errno, reason, str(self._place.part))
