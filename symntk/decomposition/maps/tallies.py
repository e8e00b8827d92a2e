"""Where the readings of a statistic occur in documents, and which tuples of tokens they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from symntk.decomposition.maps.positions import Chunk, Positions
from symntk.decomposition.maps.statistics import Statistic
from symntk.decomposition.windows.conditions import Condition, Conditions
from symntk.decomposition.windows.readings import Reading

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
    """Tuples of numbers below ``base`` that were seen, numbered in their order.

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
        for level in range(size):
            if level == 0:
                is_seen = np.zeros(self.base, dtype=np.bool_)
                for row in seen:
                    is_seen[row[0]] = True
                self._levels.append(np.flatnonzero(is_seen))
                continue
            codes = [self.numbers(row[:level]) * self.base + row[level] for row in seen]
            self._levels.append(_distinct(np.concatenate([_distinct(code) for code in codes])))

    def numbers(self, values: tuple[Integers, ...]) -> Integers:
        """The numbers of tuples, given by their columns; -1 for those that were not seen."""
        import numpy as np

        first, *others = values
        found = np.where(first < self.base, self._first[np.minimum(first, self.base - 1)], -1)
        for seen, column in zip(self._levels[1:], others, strict=False):
            if not len(seen):
                return np.full(len(column), -1)
            codes = found * self.base + column
            order = np.argsort(codes)  # so that the search goes through memory in order
            place = np.empty_like(codes)
            place[order] = np.minimum(np.searchsorted(seen, codes[order]), len(seen) - 1)
            is_seen = (found >= 0) & (column < self.base) & (seen[place] == codes)
            found = np.where(is_seen, place, -1)
        return found

    @property
    def _first(self) -> Integers:
        """The number of each first number of a tuple."""
        import numpy as np

        found = np.full(self.base, -1)
        found[self._levels[0]] = np.arange(len(self._levels[0]))
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


def _distinct(numbers: Integers) -> Integers:
    """The different numbers in rising order, by sorting: NumPy's unique hashes, ten times slower
    where nearly all are different.
    """
    import numpy as np

    ordered = np.sort(numbers)
    found: Integers = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]]
    return found
