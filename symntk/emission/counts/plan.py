"""From the statistics of a kernel to the data of its module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symntk.decomposition.maps.reading_groups import reading_groups
from symntk.decomposition.maps.statistics import Mean, Statistic, statistics
from symntk.decomposition.windows.conditions import (
    Condition,
    Conditions,
    Equal,
    Present,
    states,
)
from symntk.derivation import Derivation
from symntk.emission.counts.weighted import Feature, weighted_sum
from symntk.emission.sequences.programs import equations
from symntk.emission.sequences.weights import WeightsCode, weights_code

KERNELS = ("nngp", "ntk")

Group = tuple[object, ...]
"""A group of readings as `symntk.emission.runtime.counts` takes it."""


@dataclass(frozen=True)
class CountPlan:
    """All that the source text says.

    statistics: for each its name and its groups of readings, with the features of both kernels.
    means: for the NNGP and for the NTK, what features are divided by.
    """

    title: str
    formula: str
    token_input: tuple[str, int | None]
    statistics: tuple[tuple[str, tuple[Group, ...]], ...]
    means: tuple[Mean | None, ...]


def plan_kernel(derivation: Derivation) -> CountPlan:
    """The plan of the kernels of ``derivation``.

    Raises NotWindows where one is no sum over pairs of windows of tokens.
    """
    found = [statistics(derivation, name) for name in KERNELS]
    (node,) = derivation.graph.inputs
    (length,) = node.positions
    return CountPlan(
        title=_title(derivation),
        formula=str(derivation.graph),
        token_input=(str(node["name"]), int(length) if length.is_Integer else None),
        statistics=tuple(
            (item.name, tuple(_groups(item)))
            for item in _joint(*(kernel.items for kernel in found))
        ),
        means=tuple(kernel.mean for kernel in found),
    )


@dataclass(frozen=True)
class WeightedPlan:
    """All that the source text says of a kernel of sums of weights.

    count: of weights, which ``code`` computes.
    """

    title: str
    formula: str
    equations: tuple[str, ...]
    features: tuple[Feature, ...]
    count: int
    code: WeightsCode


def plan_weighted(derivation: Derivation) -> WeightedPlan:
    """The plan of the kernels of ``derivation``.

    Raises NotWindows where one is not linear in matches.
    """
    found = weighted_sum(derivation)
    return WeightedPlan(
        title=_title(derivation),
        formula=str(derivation.graph),
        equations=tuple(equations(found.program)),
        features=found.features,
        count=len(found.weights),
        code=weights_code(derivation, found.program, found.weights),
    )


def _title(derivation: Derivation) -> str:
    return f"Kernels of an infinitely wide network: {derivation.graph.title or 'f'}."


def _joint(nngp: Sequence[Statistic], ntk: Sequence[Statistic]) -> Iterator[Statistic]:
    """The statistics of both kernels, those as one that count the same tuples at the same places.

    The factor of a reading has its features in the NNGP, and then as many in the NTK.
    """
    partners = {_places(item): item for item in ntk}
    for item in nngp:
        other = partners.get(_places(item))
        if other is not None and _are_comparable(item, other):
            del partners[_places(item)]
            yield _together(item, other)
        else:
            yield _together(item, None)
    for item in partners.values():
        yield _together(None, item)


def _places(statistic: Statistic) -> tuple[bool, frozenset[tuple[object, ...]]]:
    places = ((r.offsets, r.excess, r.is_document) for r in statistic.readings)
    return statistic.is_aligned, frozenset(places)


def _are_comparable(*statistics: Statistic) -> bool:
    """Whether kinds that tell positions apart for one of them can be told apart for the others."""
    conditions = {item.readings[0].conditions for item in statistics}
    return len(conditions) == 1 or all(
        isinstance(c, Present) for found in conditions for c in found
    )


def _together(*statistics: Statistic | None) -> Statistic:
    import numpy as np

    given = [item for item in statistics if item is not None]
    conditions = Conditions().union(*(item.readings[0].conditions for item in given))
    readings = list(
        dict.fromkeys(
            finer
            for item in given
            for reading in item.readings
            for kind in states(conditions)
            if kind & reading.conditions == reading.kind
            and (finer := replace(reading, conditions=conditions, kind=kind)).occurs
        )
    )
    rank = max(item.rank for item in given)
    factor = np.zeros((len(readings), len(statistics), rank))
    for place, item in enumerate(statistics):
        if item is not None:
            rows = dict(zip(item.readings, item.factor, strict=True))
            known = item.readings[0].conditions
            for number, reading in enumerate(readings):
                coarse = replace(reading, conditions=known, kind=reading.kind & known)
                if coarse in rows:
                    factor[number, place, : item.rank] = rows[coarse]
    return Statistic(given[0].name, tuple(readings), factor.reshape((len(readings), -1)))


def _groups(statistic: Statistic) -> Iterator[Group]:
    """The readings of the same offsets together."""
    rank = statistic.rank // len(KERNELS)
    for group in reading_groups(statistic):
        rows = statistic.factor[list(group.numbers)].reshape((-1, len(KERNELS), rank))
        yield (
            group.offsets,
            group.excess,
            statistic.is_aligned,
            tuple(map(_encoded, group.conditions)),
            () if group.is_document else group.codes,
            tuple(tuple(map(tuple, row)) for row in rows.tolist()),
        )


def _encoded(condition: Condition) -> tuple[str, int, int]:
    match condition:
        case Present(spot, excess):
            return "inside", spot.offset, excess
        case Equal(first, other):
            return "equal", first.offset, other.offset
    raise AssertionError(condition)
