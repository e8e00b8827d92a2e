"""The readings of a statistic in groups that are counted in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from symntk.decomposition.maps.statistics import Statistic
from symntk.decomposition.windows.conditions import Condition
from symntk.decomposition.windows.readings import Reading


class ReadingGroup(NamedTuple):
    """Readings of the same offsets, at the same positions, which differ in their kind alone.

    offsets, excess, is_document: as in `Reading`.
    conditions: what makes up a kind, in order.
    codes: the kind of each reading, rising: bit k says whether the condition k holds.
    numbers: the readings, by their number in the statistic, in the order of ``codes``.
    """

    offsets: tuple[int, ...]
    excess: int
    is_document: bool
    conditions: tuple[Condition, ...]
    codes: tuple[int, ...]
    numbers: tuple[int, ...]


def reading_groups(statistic: Statistic) -> Iterator[ReadingGroup]:
    """All readings of ``statistic``, each in one group."""
    together: dict[tuple[tuple[int, ...], int, bool], list[int]] = defaultdict(list)
    for number, reading in enumerate(statistic.readings):
        together[reading.offsets, reading.excess, reading.is_document].append(number)
    for (offsets, excess, is_document), numbers in together.items():
        conditions = tuple(sorted(statistic.readings[numbers[0]].conditions, key=repr))
        kinds = sorted((_code(statistic.readings[n], conditions), n) for n in numbers)
        codes, ordered = zip(*kinds, strict=True)
        yield ReadingGroup(offsets, excess, is_document, conditions, codes, ordered)


def _code(reading: Reading, conditions: tuple[Condition, ...]) -> int:
    return sum(1 << bit for bit, condition in enumerate(conditions) if condition in reading.kind)
