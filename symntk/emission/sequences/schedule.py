"""Equations and sums arranged into groups, each of them one loop over pairs of positions.

What is needed only at the pair of positions at which it is computed never goes into an array, and
sums over all pairs of positions are gathered while their terms are computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sympy import Expr, Symbol

from symntk.derivation import Entry, Quantity, entries
from symntk.derivation.program import Site
from symntk.emission.sequences.indices import sides
from symntk.emission.sequences.reading import Reader
from symntk.emission.sequences.sums import Axes, Part, Reduction
from symntk.graph.positions import indices, reindex

if TYPE_CHECKING:
    from symntk.emission.sequences.heads import HeadCall

Target: TypeAlias = tuple[Quantity, Site]
Key: TypeAlias = Target | str
"""A quantity at a site, or the name of a sum."""


@dataclass(frozen=True)
class Work:
    """``key`` at the pair of positions ``domain`` is ``value``; a part is the sum of it over them.

    domain: the axes of x, then those of x'.
    """

    key: Key
    domain: tuple[Axes, Axes]
    value: Expr
    is_sum: bool = False


@dataclass
class Group:
    """Works of one domain, in order; ``reverse`` is None but for a recurrence."""

    domain: tuple[Axes, Axes]
    works: list[Work]
    reverse: bool | None = None

    @property
    def keys(self) -> set[Key]:
        """What is defined here."""
        return {work.key for work in self.works}


Item: TypeAlias = "Group | HeadCall | Reduction"


@dataclass
class Schedule:
    """Groups in the order in which they are run; a `Reduction` that is no group stays apart."""

    items: list[Item] = field(default_factory=list)
    place: dict[Key, int] = field(default_factory=dict)

    def recurrence(self, works: list[Work], reverse: bool) -> None:
        """Adds works that need each other at other positions."""
        self.items.append(Group(works[0].domain, in_order(works), reverse))
        for work in works:
            self.place[work.key] = len(self.items) - 1

    def reduction(self, found: Reduction) -> None:
        """Adds a sum: to the loop over its terms' positions where there is one."""
        work = _as_work(found)
        if work is not None:
            self.work(work)
        else:
            self.items.append(found)
            self.place[found.part.array] = len(self.items) - 1

    def call(self, call: HeadCall) -> None:
        """Adds a call, after everything so far."""
        self.items.append(call)
        self.place[call.work.key] = len(self.items) - 1

    def work(self, work: Work) -> None:
        """Adds a work to the first group in which everything that it needs is at hand."""
        earliest = 0
        for key, pointwise in uses(work.value, work.domain):
            if key in self.place:
                at = self.place[key]
                item = self.items[at]
                same = (
                    isinstance(item, Group)
                    and item.domain == work.domain
                    and not _is_sum(item, key)
                )
                here = pointwise and same and _takes(item, work)
                earliest = max(earliest, at if here else at + 1)
        for at in range(earliest, len(self.items)):
            item = self.items[at]
            if isinstance(item, Group) and item.domain == work.domain and _takes(item, work):
                item.works.append(work)
                self.place[work.key] = at
                return
        self.items.append(Group(work.domain, [work]))
        self.place[work.key] = len(self.items) - 1

    def kept(self) -> set[Key]:
        """What is needed elsewhere than where it is computed, and so stands in an array."""
        found: set[Key] = set()
        for at, item in enumerate(self.items):
            values = [item.body] if isinstance(item, Reduction) else [w.value for w in item.works]
            domain = None if isinstance(item, Reduction) else item.domain
            for value in values:
                for key, pointwise in uses(value, domain):
                    if not pointwise or self.place.get(key) != at:
                        found.add(key)
        return found


def in_order(works: list[Work]) -> list[Work]:
    """Works of one pair of positions, each after those that it needs there."""
    keys = {work.key: work for work in works}
    done: dict[Key, Work] = {}

    def visit(work: Work) -> None:
        if work.key in done:
            return
        for key, pointwise in sorted(uses(work.value, work.domain), key=str):
            if pointwise and key in keys and key != work.key:
                visit(keys[key])
        done[work.key] = work

    for work in works:
        visit(work)
    return list(done.values())


def _takes(item: Item, work: Work) -> bool:
    """Whether a work can join a loop: a recurrence, which has its own order, takes sums alone."""
    return isinstance(item, Group) and (item.reverse is None or work.is_sum)


def _is_sum(group: Group, key: Key) -> bool:
    return any(work.is_sum for work in group.works if work.key == key)


def uses(value: Expr, domain: tuple[Axes, Axes] | None) -> Iterator[tuple[Key, bool]]:
    """What an expression needs, and whether at the pair of positions where it stands."""
    own: tuple[tuple[Symbol, ...], ...] = ()
    if domain is not None:
        own = tuple(tuple(symbol for symbol, _ in axes) for axes in domain)
    for entry in entries(value):
        if entry.site in ("ab", "ba"):
            yield (entry.quantity, entry.site), is_own(entry, own)
    for part in value.atoms(Part):
        yield part.array, domain is not None and part.index == own[0] + own[1]


def is_own(entry: Entry, own: tuple[tuple[Symbol, ...], ...]) -> bool:
    """Whether an entry stands at the pair of positions ``own``."""
    if not own:
        return False
    place = (entry.left, entry.right) if entry.site == "ab" else (entry.right, entry.left)
    return place == own


def _as_work(found: Reduction) -> Work | None:
    """A sum over all pairs of positions, in the names t and t' of positions; else None."""
    if found.domain:
        return None
    first = tuple(axis for axis in found.limits if not axis[0].name.endswith("'"))
    second = tuple(axis for axis in found.limits if axis[0].name.endswith("'"))
    if len(first) > 2 or len(second) > 2 or _is_mixed(found, first, second):
        return None
    first, second = tuple(sorted(first, key=str)), tuple(sorted(second, key=str))
    names: dict[Symbol, Symbol] = {}
    for axes, mark in ((first, False), (second, True)):
        fresh = indices(len(axes), mark)
        names |= {old: new for (old, _), new in zip(axes, fresh, strict=True)}
    value = reindex(found.body, names)
    domain = tuple(tuple((names[s], size) for s, size in axes) for axes in (first, second))
    return Work(found.part.array, (domain[0], domain[1]), value, is_sum=True)


def _is_mixed(found: Reduction, first: Axes, second: Axes) -> bool:
    """Whether positions of one input are used as positions of the other."""
    sizes = any(
        sides(size) - {mark} for axes, mark in ((first, False), (second, True)) for _, size in axes
    )
    return sizes or not all(Reader.is_on_its_side(entry) for entry in entries(found.body))
