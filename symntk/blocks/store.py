"""What every format of a matrix on disk can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symntk.blocks.work import Work

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Store(ABC):
    """A matrix on disk, or several of one shape, into which blocks are written.

    part: where it is until it is whole.
    """

    most: int
    """How many kernels one store can hold."""

    def __init__(self, part: Path, work: Work) -> None:
        self.part = part
        self.work = work

    @abstractmethod
    def create(self) -> None:
        """Make room for all of it, in place of what an earlier attempt at that left."""

    @abstractmethod
    def reopen(self) -> None:
        """Go on with what `create` made; UsageError where something else is there."""

    @abstractmethod
    def write(self, name: str, top: int, left: int, block: NDArray[Any]) -> None:
        """Put a block of the kernel ``name`` where its first row and column are."""

    @abstractmethod
    def sync(self) -> None:
        """Return when all that was written is on disk."""

    @abstractmethod
    def close(self) -> None:
        """Write no more."""

    @abstractmethod
    def remove(self) -> None:
        """Delete what `create` made, if it did."""

    @classmethod
    @abstractmethod
    def stamp(cls, path: Path) -> str:
        """Of a whole one: what another program that changed it would change."""

    @classmethod
    @abstractmethod
    def load(cls, path: Path) -> Any:
        """A whole one, to read."""

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
