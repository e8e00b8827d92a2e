"""Networks that see pairs of positions (t, t') along diagonals, with others (t + k, t' + k)."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Expr

from symntk.derivation import Entry, entries
from symntk.emission.sequences.bags import Bags
from symntk.emission.sequences.indices import sides
from symntk.emission.sequences.reading import others_in
from symntk.emission.sequences.schedule import Group, Schedule, Target
from symntk.emission.sequences.sums import Axes, Part
from symntk.graph.positions import Positions, lengths_at


def fits(schedule: Schedule, bags: Bags, given: Iterable[Target], lengths: Positions) -> bool:
    """Whether the diagonals of the pairs of positions do not meet, and no group is cheaper by the
    counts of tokens.

    lengths: of the axes of the one input.
    """
    if any(site == "ba" for _, site in given):
        return False
    kept = schedule.kept()
    for item in schedule.items:
        if not isinstance(item, Group) or bags.match(item, kept) is not None:
            return False
        if not (_scalar_fits(item) if item.domain == ((), ()) else _grid_fits(item, lengths)):
            return False
    return any(item.domain != ((), ()) for item in schedule.items)


def _scalar_fits(group: Group) -> bool:
    found = (entry for work in group.works for entry in entries(work.value))
    return all(
        (entry.site in ("aa", "bb") and not _is_mixed(entry))
        or (entry.quantity.kind != "match" and bool(entry.left) == bool(entry.right))
        for entry in found
    )


def _grid_fits(group: Group, lengths: Positions) -> bool:
    first, second = group.domain
    if len(first) != len(lengths) or len(second) != len(lengths):
        return False
    for (_, one), (_, other), size in zip(first, second, lengths, strict=True):
        if lengths_at(one, True) != other or not (size - one).is_nonnegative:
            return False
    for work in group.works:
        if work.value.atoms(Part) or any(len(sides(other)) > 1 for other in others_in(work.value)):
            return False
        for entry in entries(work.value):
            if _is_mixed(entry):
                return False
            if entry.site in ("aa", "bb") or entry.quantity.kind == "match":
                continue
            shift = _shift(entry, group.domain)
            if shift is None:
                return False
            own = (entry.quantity, entry.site) in group.keys
            if own and group.reverse is not None and any(shift) and (shift[0] < 0) == group.reverse:
                return False
    return True


def _is_mixed(entry: Entry) -> bool:
    """Whether positions of one sample are used as positions of the other."""
    places = zip((entry.left, entry.right), entry.site, strict=True)
    return any(sides(part) - {site == "b"} for index, site in places for part in index)


def _shift(entry: Entry, domain: tuple[Axes, Axes]) -> tuple[int, ...] | None:
    """By how much an entry is off the positions of the loop, if by the same for x and x'."""
    places = (entry.left, entry.right) if entry.site == "ab" else (entry.right, entry.left)
    return equal_shift(places, domain)


def equal_shift(
    places: tuple[tuple[Expr, ...], ...], domain: tuple[Axes, Axes]
) -> tuple[int, ...] | None:
    """By how much two places are off the positions of a loop; None if not by the same."""
    found = []
    for place, axes in zip(places, domain, strict=True):
        if len(place) != len(axes):
            return None
        found.append(tuple(part - symbol for part, (symbol, _) in zip(place, axes, strict=True)))
    if found[0] != found[1] or not all(part.is_Integer for part in found[0]):
        return None
    return tuple(map(int, found[0]))
