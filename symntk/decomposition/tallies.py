"""Where the readings of a statistic occur in documents, and which tuples of tokens they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from symntk.decomposition.conditions import Condition, Conditions
from symntk.decomposition.positions import Chunk, Positions
from symntk.decomposition.readings import Reading
from symntk.decomposition.statistics import Statistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


class Occurrences(NamedTuple):
    """Where some readings of a statistic occur: one entry for each occurrence.

    documents: which document.  readings: which reading.
    values: what is read, a row for each token of the tuple; and the position, if it counts.
    """

    documents: Integers
    readings: Integers
    values: tuple[Integers, ...]


def occurrences(statistic: Statistic, chunk: Chunk) -> Iterator[Occurrences]:
    """All of a chunk of documents, for readings of the same offsets together."""
    groups: dict[tuple[tuple[int, ...], int, bool], list[int]] = defaultdict(list)
    for number, reading in enumerate(statistic.readings):
        groups[reading.offsets, reading.excess, reading.is_document].append(number)
    positions = {excess: Positions(chunk, excess) for _, excess, _ in groups}
    for (offsets, excess, is_document), numbers in groups.items():
        if is_document:
            yield _documents(chunk, numbers)
        else:
            readings = [statistic.readings[number] for number in numbers]
            yield _around(positions[excess], offsets, readings, numbers)


def _documents(chunk: Chunk, numbers: Sequence[int]) -> Occurrences:
    import numpy as np

    every = np.arange(len(chunk))
    return Occurrences(every, np.full(len(chunk), numbers[0]), ())


def _around(
    positions: Positions,
    offsets: tuple[int, ...],
    readings: Sequence[Reading],
    numbers: Sequence[int],
) -> Occurrences:
    import numpy as np

    kinds = sorted(_codes(readings, numbers))
    code = np.zeros(len(positions.places), dtype=np.int64)
    for bit, condition in enumerate(_ordered(readings[0].conditions)):
        code |= positions.holds(condition).astype(np.int64) << bit
    known = np.array([kind for kind, _ in kinds])
    place = np.minimum(np.searchsorted(known, code), len(known) - 1)
    met = known[place] == code
    for offset in offsets:
        met &= positions.has(offset)
    values = [positions.tokens(offset)[met] for offset in offsets]
    if readings[0].is_aligned:
        values.append(positions.places[met])
    which = np.array([number for _, number in kinds])[place[met]]
    return Occurrences(positions.documents[met], which, tuple(values))


def _codes(readings: Sequence[Reading], numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    for reading, number in zip(readings, numbers, strict=True):
        ordered = _ordered(reading.conditions)
        yield sum(1 << bit for bit, c in enumerate(ordered) if c in reading.kind), number


def _ordered(conditions: Conditions) -> list[Condition]:
    return sorted(conditions, key=repr)


@dataclass
class Tuples:
    """Tuples of numbers that were seen, numbered in their order.

    A tuple (a, b, c) has the number of (a, b), times ``base``, plus c, among those that were seen,
    and so on from the first.
    """

    base: int
    _levels: list[Integers] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._levels[-1]) if self._levels else 1

    def learn(self, seen: Sequence[tuple[Integers, ...]], size: int) -> None:
        """Number the tuples of ``size`` numbers in ``seen``, which holds their columns."""
        import numpy as np

        self._levels = []
        numbers = [np.zeros(1, dtype=np.int64) for _ in seen]
        for level in range(size):
            codes = [n * self.base + row[level] for n, row in zip(numbers, seen, strict=True)]
            self._levels.append(np.unique(np.concatenate([np.unique(code) for code in codes])))
            numbers = [np.searchsorted(self._levels[-1], code) for code in codes]

    def numbers(self, values: tuple[Integers, ...], count: int) -> Integers:
        """The numbers of ``count`` tuples; -1 for those that were not seen."""
        import numpy as np

        found = np.zeros(count, dtype=np.int64)
        for seen, column in zip(self._levels, values, strict=True):
            codes = found * self.base + column
            if not len(seen):
                return np.full(count, -1)
            place = np.minimum(np.searchsorted(seen, codes), len(seen) - 1)
            is_seen = (found >= 0) & (column < self.base) & (seen[place] == codes)
            found = np.where(is_seen, place, -1)
        return found

    def tuples(self) -> Integers:
        """The tuples in their order, (tuples, size)."""
        import numpy as np

        columns: list[Integers] = []
        number = np.arange(len(self))
        for seen in reversed(self._levels):
            number, last = np.divmod(seen[number], self.base)
            columns.append(last)
        return np.stack(columns[::-1], axis=1) if columns else np.zeros((1, 0), dtype=np.int64)
