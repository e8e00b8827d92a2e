"""The blocks of a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Tile = tuple[int, int]
"""A block by its place: the row of blocks, and the column of blocks."""


@dataclass(frozen=True)
class Tiling:
    """A matrix (rows, columns) in square blocks, smaller ones at the lower and right edges.

    is_symmetric: whether blocks below the diagonal are left out, as they mirror those above.
    """

    rows: int
    columns: int
    block: int
    is_symmetric: bool

    def __iter__(self) -> Iterator[Tile]:
        for row in range(self.height):
            for column in range(row if self.is_symmetric else 0, self.width):
                yield row, column

    def __len__(self) -> int:
        if self.is_symmetric:
            return self.height * (self.height + 1) // 2
        return self.height * self.width

    @property
    def height(self) -> int:
        """Rows of blocks."""
        return -(-self.rows // self.block)

    @property
    def width(self) -> int:
        """Columns of blocks."""
        return -(-self.columns // self.block)

    def span(self, number: int, count: int) -> slice:
        """Which of ``count`` rows or columns the row or column of blocks ``number`` holds."""
        return slice(number * self.block, min((number + 1) * self.block, count))
