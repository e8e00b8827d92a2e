"""The positions of many documents at once: which tokens stand around each, and of what kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Documents
from symntk.decomposition.windows.conditions import Condition, Equal, Present

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Truths = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some documents: their tokens by number, one after another, and where each begins.

    tokens: (n,).  starts: (documents + 1,).
    """

    tokens: NDArray[np.int32]
    starts: Integers

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> Integers:
        """The number of tokens of each document."""
        found: Integers = self.starts[1:] - self.starts[:-1]
        return found


def chunks(docs: Documents, numbers: NDArray[np.int32]) -> Iterator[Chunk]:
    """Documents in pieces, whose arrays take about 25 MB each.

    numbers: what each token of their vocabulary is called.
    """
    for some in docs.pieces():
        starts = docs.starts[some.start : some.stop + 1]
        yield Chunk(numbers[docs.tokens[starts[0] : starts[-1]]], starts - starts[0])


@dataclass(frozen=True, eq=False)
class Positions:
    """The positions t of a sum over T + ``excess`` of them, in each document of a chunk."""

    chunk: Chunk
    excess: int = 0

    @cached_property
    def counts(self) -> Integers:
        """How many each document has."""
        import numpy as np

        return np.maximum(self.chunk.lengths + self.excess, 0)

    @cached_property
    def documents(self) -> Integers:
        """The number of the document, for each position."""
        import numpy as np

        return np.repeat(np.arange(len(self.chunk)), self.counts)

    @cached_property
    def places(self) -> Integers:
        """T, for each position."""
        import numpy as np

        before = np.cumsum(self.counts) - self.counts
        return np.arange(self.counts.sum()) - np.repeat(before, self.counts)

    @cached_property
    def _sizes(self) -> Integers:
        found: Integers = self.chunk.lengths[self.documents]
        return found

    @cached_property
    def _begins(self) -> Integers:
        found: Integers = self.chunk.starts[self.documents]
        return found

    def has(self, offset: int, excess: int = 0) -> Truths:
        """[0 <= t + offset < T + excess]."""
        place = self.places + offset
        found: Truths = (place >= 0) & (place < self._sizes + excess)
        return found

    def tokens(self, offset: int) -> NDArray[np.int32]:
        """The tokens at t + offset; -1 outside of the document."""
        import numpy as np

        if not len(self.chunk.tokens):
            return np.full(len(self.places), -1, dtype=np.int32)
        place = np.clip(self._begins + self.places + offset, 0, len(self.chunk.tokens) - 1)
        return np.where(self.has(offset), self.chunk.tokens[place], -1)

    def holds(self, condition: Condition) -> Truths:
        """Whether a condition on the window around each position holds."""
        match condition:
            case Present(spot, excess):
                return self.has(spot.offset, excess)
            case Equal(first, other):
                here, there = self.tokens(first.offset), self.tokens(other.offset)
                found: Truths = (here >= 0) & (here == there)
                return found
        raise AssertionError(condition)
