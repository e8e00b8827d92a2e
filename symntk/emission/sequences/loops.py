"""Groups of works as loops."""

from __future__ import annotations

from dataclasses import dataclass, field

from sympy import S, Symbol

from symntk.emission.hoisting import named_subexpressions
from symntk.emission.plan import Assign
from symntk.emission.sequences.indices import extent, index_name, whole
from symntk.emission.sequences.lowering import Positioned
from symntk.emission.sequences.plan import Allocate, For, Increase, Item, Load, Store
from symntk.emission.sequences.reading import Demand, Frame, Reading
from symntk.emission.sequences.schedule import Group, Key, Target, Work
from symntk.emission.sequences.sums import Axes, Reduction


@dataclass
class Code:
    """Items of a function, with what they demand of a sample and the arrays that they read."""

    items: list[Item] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    arrays: set[str] = field(default_factory=set)
    stored: set[Demand] = field(default_factory=set)

    def add(self, other: Code) -> None:
        """Appends other code."""
        self.items += other.items
        self.demands += other.demands
        self.arrays |= other.arrays
        self.stored |= other.stored


@dataclass(frozen=True)
class Body:
    """The code of a group at one pair of positions.

    items: loads and assignments; stores: quantities that are needed elsewhere, with their site and
    variables; totals: sums with their terms; results: variables of a group without positions.
    """

    items: tuple[Assign | Load, ...]
    stores: tuple[tuple[Target, tuple[Symbol, ...]], ...]
    totals: tuple[tuple[Symbol, Symbol], ...]
    results: tuple[Symbol, ...]
    demands: list[Demand]
    arrays: set[str]


def group_body(lowering: Positioned, group: Group, frame: Frame, kept: set[Key]) -> Body:
    """The code of a group; what is ``kept`` is stored."""
    lowering.enter(frame, group.domain, {work.key for work in group.works})
    stores: list[tuple[Target, tuple[Symbol, ...]]] = []
    totals: list[tuple[Symbol, Symbol]] = []
    results: list[Symbol] = []
    for work in group.works:
        symbols = _lines(lowering, work)
        if work.is_sum:
            (term,) = symbols
            totals.append((Symbol(str(work.key), real=True), term))
        elif group.domain == ((), ()):
            assert isinstance(work.key, tuple)
            results += [*symbols, lowering.names.pair(work.key[0].at(work.key[1]))]
        elif work.key in kept:
            assert isinstance(work.key, tuple)
            stores.append((work.key, symbols))
    stored = [symbol for _, symbols in stores for symbol in symbols]
    body, demands, arrays = lowering.finished([*stored, *(term for _, term in totals), *results])
    lowering.scalars = lowering.scalars | {total for total, _ in totals} | set(results)
    if results:
        lowering.scalars |= {line.target for line in body if isinstance(line, Assign)}
    return Body(tuple(body), tuple(stores), tuple(totals), tuple(results), demands, arrays)


def group_code(lowering: Positioned, group: Group, frame: Frame, kept: set[Key]) -> Code:
    """The loop over the pairs of positions of a group; what is ``kept`` goes into arrays."""
    body = group_body(lowering, group, frame, kept)
    before: list[Item] = []
    inner: list[Item] = list(body.items)
    for (quantity, site), symbols in body.stores:
        place = [*group.domain[0], *group.domain[1]]
        if site == "ba":
            place = [*group.domain[1], *group.domain[0]]
        shape = tuple(extent(size, frame.lengths) for _, size in place)
        at = ", ".join(index_name(symbol) for symbol, _ in place)
        for array, symbol in zip(lowering.read.pair_arrays(quantity, site), symbols, strict=True):
            before.append(Allocate(array, shape))
            inner.append(Store(f"{array}[{at}]", symbol))
    axes = (*group.domain[0], *group.domain[1])
    items = _nested(axes, inner, list(body.totals), frame, bool(group.reverse))
    stored = stored_demands(lowering) & set(body.demands)
    return Code([*before, *items], body.demands, body.arrays, stored)


def stored_demands(lowering: Positioned) -> set[Demand]:
    """What the readings of the last body need in arrays of a sample."""
    readings = (reading for found in lowering.readings.values() for reading in found)
    return {reading.demand for reading in readings if reading.demand and reading.stored}


def _lines(lowering: Positioned, work: Work) -> tuple[Symbol, ...]:
    """Defines a work's variables; those that an array of it would hold."""
    note = _note(work)
    if work.is_sum:
        term = Symbol(f"{work.key}_term", real=True)
        lowering.pair_line(term, lowering.pair(work.value), note)
        return (term,)
    assert isinstance(work.key, tuple)
    quantity, site = work.key
    entry = quantity.at(site)
    if not lowering.read.is_gapped(quantity, site):
        symbol = lowering.names.pair(entry)
        lowering.pair_line(symbol, lowering.pair(work.value), note)
        return (symbol,)
    lowering.diagonals[work.value] = quantity.at("aa", entry.left, entry.left)
    g, s = lowering.gaps_of(entry)
    form = lowering.form(work.value)
    lowering.pair_line(g, form.g, note)
    lowering.pair_line(s, form.s)
    lowering.pair_line(lowering.names.pair(entry), (s - g) / 2)
    return g, s


def _note(work: Work) -> str:
    return f"{work.key}" if work.is_sum else f"{work.key[0]}"


def _nested(
    axes: Axes, inner: list[Item], totals: list[tuple[Symbol, Symbol]], frame: Frame, reverse: bool
) -> list[Item]:
    """Loops over ``axes``; terms are summed row by row, rows up to the total."""
    if not axes:
        return [*inner, *(Assign(total, term) for total, term in totals)]
    (symbol, size), *rest = axes
    if rest:
        rows = [(Symbol(f"{total}_{len(rest)}", real=True), term) for total, term in totals]
        body = _nested(tuple(rest), inner, rows, frame, reverse)
        body += [Increase(total, row) for (total, _), (row, _) in zip(totals, rows, strict=True)]
    else:
        body = [*inner, *(Increase(total, term) for total, term in totals)]
    loop = For(index_name(symbol), whole(size, frame.lengths), tuple(body), reverse)
    return [*(Assign(total, S.Zero) for total, _ in totals), loop]


def reduction_body(
    lowering: Positioned, found: Reduction, frame: Frame
) -> tuple[Symbol, Symbol, tuple[Assign | Load, ...], list[Reading]]:
    """The variable of a sum, that of its terms, their code, and what it reads."""
    lowering.enter(frame, (found.domain, ()), set())
    lowering.loops |= dict(found.limits)
    value, readings = lowering.plain(found.body)
    term = Symbol(f"{found.part.array}_term", real=True)
    lines = named_subexpressions([Assign(term, value)], lowering.temporaries)
    items: tuple[Assign | Load, ...] = (*(reading.load for reading in readings), *lines)
    return Symbol(found.part.array, real=True), term, items, readings


def reduction_code(lowering: Positioned, found: Reduction, frame: Frame) -> Code:
    """A sum at each of the positions that it depends on."""
    total, term, body, readings = reduction_body(lowering, found, frame)
    summed = _nested(found.limits, list(body), [(total, term)], frame, False)
    at = ", ".join(index_name(symbol) for symbol, _ in found.domain)
    items: list[Item] = []
    if found.domain:
        shape = tuple(extent(size, frame.lengths) for _, size in found.domain)
        items.append(Allocate(f"{total}_at", shape))
        summed.append(Store(f"{total}_at[{at}]", total))
    else:
        lowering.scalars = lowering.scalars | {total}
    for symbol, size in reversed(found.domain):
        summed = [For(index_name(symbol), whole(size, frame.lengths), tuple(summed))]
    demands = [reading.demand for reading in readings if reading.demand]
    stored = {r.demand for r in readings if r.demand and r.stored}
    return Code([*items, *summed], demands, set(), stored)
