"""Conditions on a pair of windows, around t in x and t' in x', and which can hold together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple, TypeAlias

from symntk.decomposition.polynomials.summands import NotWindows

MOST = 100_000
"""States of a pair of windows: about 20 s."""


class Spot(NamedTuple):
    """The position t + offset of x, or t' + offset of x' (``second``)."""

    second: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Present:
    """[0 <= t + offset < T + excess] at a spot."""

    spot: Spot
    excess: int = 0

    @property
    def spots(self) -> tuple[Spot, ...]:
        """What it is about."""
        return (self.spot,)


@dataclass(frozen=True, slots=True)
class Equal:
    """[the tokens at two spots are the same], of one document or of both."""

    first: Spot
    other: Spot

    @property
    def spots(self) -> tuple[Spot, ...]:
        """What it is about."""
        return (self.first, self.other)

    @property
    def is_match(self) -> bool:
        """Whether it compares the documents."""
        return self.first.second != self.other.second


@dataclass(frozen=True, slots=True)
class Aligned:
    """[t = t']."""

    spots: tuple[Spot, ...] = ()


Condition: TypeAlias = Present | Equal | Aligned
Conditions: TypeAlias = frozenset[Condition]
State: TypeAlias = frozenset[Condition]
"""The conditions that hold, out of some."""


def equal(first: Spot, other: Spot) -> Equal:
    """The condition that two spots have one token, those of x before those of x'."""
    return Equal(*sorted((first, other)))


def of_side(conditions: Iterable[Condition], second: bool) -> Conditions:
    """The conditions on one of the documents alone."""
    return frozenset(
        c for c in conditions if c.spots and all(spot.second == second for spot in c.spots)
    )


def as_first(conditions: Iterable[Condition]) -> Conditions:
    """Conditions on one of the documents, written for x."""
    return frozenset(_as_first(condition) for condition in conditions)


def _as_first(condition: Condition) -> Condition:
    match condition:
        case Present(spot, excess):
            return Present(Spot(False, spot.offset), excess)
        case Equal(first, other):
            return Equal(Spot(False, first.offset), Spot(False, other.offset))
    raise AssertionError(condition)


@lru_cache(maxsize=1024)
def states(conditions: Conditions, is_distinct: bool = False) -> tuple[State, ...]:
    """Every choice of which conditions hold that some documents have, those with few first.

    Equality is transitive, what is absent equals nothing, and presence follows the order of
    positions; ``is_distinct``: no token comes twice in a window.

    Raises NotWindows where there are too many.
    """
    found: list[State] = []
    equals = sorted((c for c in conditions if isinstance(c, Equal)), key=lambda c: c.spots)
    aligned = [frozenset[Condition]()] + [frozenset([c]) for c in conditions & {Aligned()}]
    sides = [presences(of_side(conditions, second)) for second in (False, True)]
    for here, there in product(*sides):
        present = here | there
        missing = {c.spot for c in conditions - present if isinstance(c, Present) and not c.excess}
        possible = [c for c in equals if missing.isdisjoint(c.spots)]
        names = {spot: n for n, spot in enumerate({s for c in possible for s in c.spots})}
        apart = _of_one_document(names) if is_distinct else frozenset[frozenset[int]]()
        for same in _equalities(possible, names, apart):
            found += [present | same | together for together in aligned]
        if len(found) > MOST:
            raise NotWindows("a window of so many tokens that it has too many patterns")
    return tuple(sorted(found, key=len))


def presences(conditions: Conditions) -> list[State]:
    """Which positions around one position of a document can lie inside of it."""
    return list(dict.fromkeys(state for _, _, state in _presences(conditions, 0)))


def occurs(kind: State, conditions: Conditions, excess: int) -> bool:
    """Whether a sum over T + ``excess`` positions meets one where ``kind`` holds of
    ``conditions``, for some length T of at least 1.
    """
    wanted = frozenset(c for c in kind if isinstance(c, Present))
    return any(
        state == wanted and behind >= -excess and before + behind >= 0
        for before, behind, state in _presences(conditions, abs(excess))
    )


def _presences(conditions: Conditions, beyond: int) -> Iterator[tuple[int, int, State]]:
    """How many positions are before t and behind it, as far as counts, and what is inside.

    As far as counts: to where all is inside, or outside, and by ``beyond`` farther.
    """
    asked = [c for c in conditions if isinstance(c, Present)]
    farthest = max((abs(c.spot.offset) + abs(c.excess) for c in asked), default=0)
    far = 1 + farthest + beyond
    for before, behind in product(range(far + 1), range(-far, far + 1)):
        inside = (
            c for c in asked if before >= -c.spot.offset and behind >= c.spot.offset - c.excess
        )
        yield before, behind, frozenset(inside)


def _of_one_document(names: dict[Spot, int]) -> frozenset[frozenset[int]]:
    return frozenset(
        frozenset([names[a], names[b]])
        for a in names
        for b in names
        if a != b and a.second == b.second
    )


def _equalities(
    conditions: list[Equal], names: dict[Spot, int], apart: frozenset[frozenset[int]]
) -> Iterator[frozenset[Condition]]:
    """Which of the conditions can hold together: spots with one name are the same token, names that
    are ``apart`` are different ones.
    """
    if not conditions:
        yield frozenset()
        return
    first, *rest = conditions
    one, other = names[first.first], names[first.other]
    pair = frozenset([one, other])
    if one != other:
        yield from _equalities(rest, names, apart | {pair})
    if one == other or pair not in apart:
        merged = {spot: one if name == other else name for spot, name in names.items()}
        moved = frozenset(frozenset(one if n == other else n for n in names) for names in apart)
        for inner in _equalities(rest, merged, moved):
            yield inner | {first}
