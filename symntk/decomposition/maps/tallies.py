"""Where the readings of a statistic occur in documents, and which tuples of tokens they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from symntk.decomposition.maps.positions import Chunk, Positions
from symntk.decomposition.maps.reading_groups import ReadingGroup, reading_groups
from symntk.decomposition.maps.statistics import Statistic

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
    groups = list(reading_groups(statistic))
    positions = {excess: Positions(chunk, excess) for excess in {g.excess for g in groups}}
    for group in groups:
        if group.is_document:
            yield _documents(chunk, group)
        else:
            yield _around(positions[group.excess], group, statistic.is_aligned)


def _documents(chunk: Chunk, group: ReadingGroup) -> Occurrences:
    import numpy as np

    every = np.arange(len(chunk))
    return Occurrences(every, np.full(len(chunk), group.numbers[0]), ())


def _around(positions: Positions, group: ReadingGroup, is_aligned: bool) -> Occurrences:
    import numpy as np

    code = np.zeros(len(positions.places), dtype=np.int64)
    for bit, condition in enumerate(group.conditions):
        code |= positions.holds(condition).astype(np.int64) << bit
    known = np.array(group.codes)
    place = np.minimum(np.searchsorted(known, code), len(known) - 1)
    met = known[place] == code
    for offset in group.offsets:
        met &= positions.has(offset)
    values = [positions.tokens(offset)[met] for offset in group.offsets]
    if is_aligned:
        values.append(positions.places[met])
    which = np.array(group.numbers)[place[met]]
    return Occurrences(positions.documents[met], which, tuple(values))


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

    def learn(self, seen: Callable[[], Iterable[tuple[Integers, ...]]], size: int) -> None:
        """Number the tuples of ``size`` numbers that ``seen`` gives, in columns, when called."""
        import numpy as np

        self._levels = []
        if size:
            is_seen = np.zeros(self.base, dtype=np.bool_)
            for first, *_ in seen():
                is_seen[first] = True
            self._levels.append(np.flatnonzero(is_seen))
        for level in range(1, size):
            codes = (self.numbers(row[:level]) * self.base + row[level] for row in seen())
            self._levels.append(merged(codes))

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


def merged(parts: Iterable[Integers]) -> Integers:
    """The different numbers of all ``parts``, in rising order.

    Like sizes are merged first: memory is a few times what there is to keep, whatever the number
    of parts.
    """
    import numpy as np

    waiting: list[Integers] = []
    for part in parts:
        waiting.append(_distinct(part))
        while len(waiting) > 1 and 2 * len(waiting[-1]) > len(waiting[-2]):
            waiting.append(_distinct(np.concatenate([waiting.pop(), waiting.pop()])))
    return _distinct(np.concatenate([np.zeros(0, dtype=np.int64), *waiting]))


def _distinct(numbers: Integers) -> Integers:
    """The different numbers in rising order, by sorting: NumPy's unique hashes, ten times slower
    where nearly all are different.
    """
    import numpy as np

    ordered = np.sort(numbers)
    found: Integers = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]]
    return found
