"""From the statistics of a kernel to the data of its module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from symntk.decomposition.maps.statistics import Mean, Statistic, statistics
from symntk.decomposition.windows.conditions import Condition, Equal, Present
from symntk.decomposition.windows.readings import Reading
from symntk.derivation import Derivation

Group = tuple[object, ...]
"""A group of readings as `symntk.emission.runtime.counts` takes it."""


@dataclass(frozen=True)
class CountPlan:
    """All that the source text says.

    statistics: by kernel, for each statistic its name and its groups of readings.
    means: by kernel, what features are divided by.
    """

    title: str
    formula: str
    token_input: tuple[str, int | None]
    statistics: dict[str, tuple[tuple[str, tuple[Group, ...]], ...]]
    means: dict[str, Mean | None]


def plan_kernel(derivation: Derivation) -> CountPlan:
    """The plan of the kernels of ``derivation``.

    Raises NotWindows where one is no sum over pairs of windows of tokens.
    """
    found = {name: statistics(derivation, name) for name in ("nngp", "ntk")}
    (node,) = derivation.graph.inputs
    (length,) = node.positions
    return CountPlan(
        title=f"Kernels of an infinitely wide network: {derivation.graph.title or 'f'}.",
        formula=str(derivation.graph),
        token_input=(str(node["name"]), int(length) if length.is_Integer else None),
        statistics={
            name: tuple((item.name, tuple(_groups(item))) for item in kernel.items)
            for name, kernel in found.items()
        },
        means={name: kernel.mean for name, kernel in found.items()},
    )


def _groups(statistic: Statistic) -> Iterator[Group]:
    """The readings of the same offsets together."""
    together: dict[tuple[tuple[int, ...], int, bool], list[int]] = defaultdict(list)
    for number, reading in enumerate(statistic.readings):
        together[reading.offsets, reading.excess, reading.is_document].append(number)
    for (offsets, excess, is_document), numbers in together.items():
        conditions = sorted(statistic.readings[numbers[0]].conditions, key=repr)
        rows = sorted(
            (_code(statistic.readings[n], conditions), statistic.factor[n].tolist())
            for n in numbers
        )
        yield (
            offsets,
            excess,
            statistic.is_aligned,
            tuple(map(_encoded, conditions)),
            () if is_document else tuple(code for code, _ in rows),
            tuple(tuple(row) for _, row in rows),
        )


def _code(reading: Reading, conditions: list[Condition]) -> int:
    return sum(1 << bit for bit, condition in enumerate(conditions) if condition in reading.kind)


def _encoded(condition: Condition) -> tuple[str, int, int]:
    match condition:
        case Present(spot, excess):
            return "inside", spot.offset, excess
        case Equal(first, other):
            return "equal", first.offset, other.offset
    raise AssertionError(condition)
