"""Kernels that one diagonal of the pairs of positions decides.

Where the gradient at (t, t') vanishes except for t and t' as far from the ends of their sequences
(the last state of a recurrent network is read), or for t = t' (each position has a readout of its
own), no other pair of positions matters: T of them are computed instead of T T'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp
from sympy import Expr

from symntk.derivation import Entry, entries
from symntk.emission.sequences.plan import Alignment
from symntk.emission.sequences.schedule import Group, Item, Key, Schedule, Work
from symntk.emission.sequences.sums import Axes, Reduction
from symntk.graph.positions import Inside, Positions, Same, indices, lengths_at
from symntk.ops.law import reindex_all


def aligned(schedule: Schedule, lengths: Positions) -> tuple[Alignment, Schedule]:
    """Which diagonal decides, and the schedule for it; "" and the schedule itself if none does.

    lengths: the axes of the one input.
    """
    whole = _without_single_sums(schedule, lengths)
    if whole is not None:
        if _is_decided(whole, lengths, "last"):
            return "last", whole
        if _is_decided(whole, lengths, "first"):
            same = {Same(t, t2): sp.S.One for t, t2 in zip(*_places(lengths), strict=True)}
            return "first", _replaced(whole, same)
    return "", schedule


def _places(lengths: Positions) -> tuple[tuple[sp.Symbol, ...], tuple[sp.Symbol, ...]]:
    return indices(len(lengths)), indices(len(lengths), True)


def _domain(lengths: Positions) -> tuple[Axes, Axes]:
    here, there = _places(lengths)
    second = (lengths_at(size, True) for size in lengths)
    return tuple(zip(here, lengths, strict=True)), tuple(zip(there, second, strict=True))


def _replaced(schedule: Schedule, values: dict[Expr, Expr]) -> Schedule:
    items: list[Item] = []
    for item in schedule.items:
        assert isinstance(item, Group)
        works = [replace(work, value=work.value.xreplace(values)) for work in item.works]
        items.append(Group(item.domain, works, item.reverse))
    return Schedule(items, dict(schedule.place))


# -- sums over t = t' ----------------------------------------------------------------------------


def _without_single_sums(schedule: Schedule, lengths: Positions) -> Schedule | None:
    """The schedule with sum_t f(t, t) as the sum of f(t, t') [t = t'] over all pairs; None where
    there are other sums or calls in it.
    """
    items: list[Item] = []
    for item in schedule.items:
        if isinstance(item, Group):
            items.append(item)
            continue
        work = _as_pairs(item, lengths) if isinstance(item, Reduction) else None
        if work is None:
            return None
        items.append(Group(work.domain, [work]))
    return Schedule(items, dict(schedule.place))


def _as_pairs(found: Reduction, lengths: Positions) -> Work | None:
    here, there = _places(lengths)
    domain = _domain(lengths)
    if found.domain or {s for s, _ in found.limits} != set(here):
        return None
    body = found.body
    if any(e.site not in ("aa", "ab") or e.left != e.right for e in entries(body)):
        return None
    for symbol, end in found.limits:
        # a sum that ends with one of the sequences asks whether t is inside of the other
        sizes = {size for axes in domain for s, size in axes if s in (symbol, *there)}
        body = body.xreplace({Inside(symbol, size): sp.S.One for size in sizes - {end}})
    if body.atoms(Inside):
        return None
    moved = {
        e: e.quantity.at("ab", e.left, reindex_all(e.right, dict(zip(here, there, strict=True))))
        for e in entries(body)
    }
    same = sp.Mul(*(Same(t, t2) for t, t2 in zip(here, there, strict=True)))
    return Work(found.part.array, domain, body.xreplace(moved) * same, is_sum=True)


# -- what the results depend on ------------------------------------------------------------------


def _is_decided(schedule: Schedule, lengths: Positions, kind: Alignment) -> bool:
    """Whether all sums vanish off the diagonal, and all single entries are on it."""
    groups = [item for item in schedule.items if isinstance(item, Group)]
    grids = [group for group in groups if group.domain != ((), ())]
    if any(group.domain != _domain(lengths) for group in grids):
        return False
    works = {work.key: work.value for group in grids for work in group.works}
    vanishing: set[Key] = set(works)
    while True:
        kept = {key for key in vanishing if _vanishes(works[key], vanishing, lengths, kind)}
        if kept == vanishing:
            break
        vanishing = kept
    if not all(work.key in vanishing for g in grids for work in g.works if work.is_sum):
        return False
    return all(_is_on(entry, lengths, kind) for entry in _single(groups))


def _single(groups: list[Group]) -> Iterator[Entry]:
    for group in groups:
        if group.domain == ((), ()):
            for work in group.works:
                yield from (e for e in entries(work.value) if e.site in ("ab", "ba") and e.left)


def _is_on(entry: Entry, lengths: Positions, kind: Alignment) -> bool:
    first, second = _domain(lengths)
    if entry.site == "ba":
        first, second = second, first
    if kind == "last":
        ends = [tuple(size - 1 for _, size in axes) for axes in (first, second)]
        return [entry.left, entry.right] == ends
    return entry.left == entry.right and all(part.is_Integer for part in entry.left)


def _vanishes(value: Expr, vanishing: set[Key], lengths: Positions, kind: Alignment) -> bool:
    """Whether a value is 0 off the diagonal, if those of ``vanishing`` are."""
    return all(
        _is_tied(sp.Mul.make_args(term), lengths, kind)
        or any(
            isinstance(factor, Entry)
            and factor.site in ("ab", "ba")
            and (factor.quantity, factor.site) in vanishing
            for factor in sp.Mul.make_args(term)
        )
        for term in sp.Add.make_args(value)
    )


def _is_tied(factors: tuple[Expr, ...], lengths: Positions, kind: Alignment) -> bool:
    """Whether brackets among some factors leave one diagonal."""
    first, second = _domain(lengths)
    both = list(zip(first, second, strict=True))
    found = set(factors)
    if kind == "last":
        return all({Same(t, n - 1), Same(t2, n2 - 1)} <= found for (t, n), (t2, n2) in both)
    return all(
        Same(t, t2) in found or {Same(t, sp.S.Zero), Same(t2, sp.S.Zero)} <= found
        for (t, _), (t2, _) in both
    )
