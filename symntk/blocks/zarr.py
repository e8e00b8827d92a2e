"""Matrices in a Zarr store: a group with an array for each kernel, whose chunks are the blocks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symntk.blocks.disk import naming, sync_file, sync_folder
from symntk.blocks.store import Store
from symntk.blocks.work import Work
from symntk.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

METADATA = "zarr.json"


def import_zarr() -> Any:
    """The package; MissingExtra without it."""
    try:
        import zarr
    except ImportError:
        raise MissingExtra("zarr", "zarr", "a .zarr store") from None
    return zarr


class ZarrStore(Store):
    """A folder in Zarr's format 3: a file for each block."""

    most = 2

    def __init__(self, part: Path, work: Work) -> None:
        super().__init__(part, work)
        self._zarr = import_zarr()
        self._arrays: dict[str, Any] = {}
        self._written: set[Path] = set()

    def create(self) -> None:
        """Write the metadata."""
        group = self._zarr.create_group(self.part, overwrite=True)
        side = self.work.block
        for name in self.work.which:
            self._arrays[name] = group.create_array(
                name,
                shape=self.work.shape,
                chunks=tuple(min(side, count) for count in self.work.shape),
                dtype=self.work.dtype,
                compressors=None,
                dimension_names=("x1", "x2"),
                config={"write_empty_chunks": True},
            )
        for path in (self.part, *(self.part / name for name in self.work.which)):
            sync_file(path / METADATA)
            sync_folder(path)
        sync_folder(self.part.parent)

    def reopen(self) -> None:
        """Go on, without the remains of files that a kill cut short."""
        if not (self.part / METADATA).is_file():
            raise UsageError(f"{self.part} is not what its journal says: delete both to begin anew")
        for remains in self.part.rglob("*.partial"):
            remains.unlink()
        group = self._zarr.open_group(self.part, mode="r+")
        for name in self.work.which:
            self._arrays[name] = group[name].with_config({"write_empty_chunks": True})

    def write(self, name: str, top: int, left: int, block: NDArray[Any]) -> None:
        """A chunk: one file, which Zarr puts in its place when it is whole."""
        array, side = self._arrays[name], self.work.block
        with naming(self.part):
            array[top : top + block.shape[0], left : left + block.shape[1]] = block
        key = array.metadata.encode_chunk_key((top // side, left // side))
        self._written.add(self.part / name / key)

    def sync(self) -> None:
        """Flush the files of the chunks, and the folders that name them."""
        folders = set[Path]()
        while self._written:
            path = self._written.pop()
            sync_file(path)
            folders |= {*path.parents[:3]}  # c/3, c and ntk of ntk/c/3/7
        for folder in folders:
            sync_folder(folder)

    def close(self) -> None:
        """Nothing is open."""

    def remove(self) -> None:
        """Delete the folder."""
        if self.part.exists():
            shutil.rmtree(self.part)

    @classmethod
    def stamp(cls, path: Path) -> str:
        """When the metadata were written."""
        return str((path / METADATA).stat().st_mtime_ns)

    @classmethod
    def load(cls, path: Path) -> Any:
        """The group."""
        return import_zarr().open_group(path, mode="r")
