"""From the statistics of a kernel to the data of its module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symntk.decomposition.maps.reading_groups import reading_groups
from symntk.decomposition.maps.statistics import Mean, Statistic, statistics
from symntk.decomposition.windows.conditions import Condition, Equal, Present
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
    for group in reading_groups(statistic):
        yield (
            group.offsets,
            group.excess,
            statistic.is_aligned,
            tuple(map(_encoded, group.conditions)),
            () if group.is_document else group.codes,
            tuple(tuple(statistic.factor[number].tolist()) for number in group.numbers),
        )


def _encoded(condition: Condition) -> tuple[str, int, int]:
    match condition:
        case Present(spot, excess):
            return "inside", spot.offset, excess
        case Equal(first, other):
            return "equal", first.offset, other.offset
    raise AssertionError(condition)
