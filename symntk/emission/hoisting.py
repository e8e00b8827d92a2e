"""Loop-invariant code motion and common subexpressions: from raw lines to a plan's segments.

In a pair (a, b), whatever depends on a alone or on b alone is a feature of one sample: it is
computed once for each sample.  What is left and occurs twice gets a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sympy as sp
from sympy import Add, Expr, Mul, Pow, Symbol

from symntk.emission.naming import first, second
from symntk.emission.plan import (
    Assign,
    Feature,
    PairItem,
    Repeat,
    SampleItem,
    SampleRepeat,
    Segment,
    Store,
)
from symntk.emission.raw import Line, RawRepeat, RawSegment

RawItem = Line | RawSegment | RawRepeat


def pair_segments(items: Iterable[RawItem]) -> Iterator[RawSegment]:
    """Every segment, in order."""
    for item in items:
        if isinstance(item, RawSegment):
            yield item
        elif isinstance(item, RawRepeat):
            yield from pair_segments(item.pairs)


def sample_lines(items: Iterable[RawItem]) -> Iterator[Line]:
    """Every line of the code for samples."""
    for item in items:
        if isinstance(item, tuple):
            yield item
        elif isinstance(item, RawRepeat):
            yield from sample_lines(item.samples)


def live(lines: Iterable[Line], wanted: Iterable[Symbol]) -> set[Symbol]:
    """The variables that the wanted ones depend on, in whatever order the lines are run."""
    uses: dict[Symbol, set[Symbol]] = {}
    for target, value, _ in lines:
        uses.setdefault(target, set()).update(value.free_symbols)
    found: set[Symbol] = set()
    pending = list(wanted)
    while pending:
        symbol = pending.pop()
        if symbol not in found:
            found.add(symbol)
            pending += uses.get(symbol, ())
    return found


@dataclass
class Hoist:
    """Replaces what depends on one sample alone by features, within one segment.

    ``variables`` maps the pair's variables of either sample to the sample's own.
    """

    variables: Mapping[Symbol, Symbol]
    constants: frozenset[Symbol]
    features: dict[Expr, list[Symbol | None]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def __call__(self, node: Expr) -> Expr:
        """``node`` with its features in place."""
        side = self._side(node)
        if side in (1, 2):
            return self._feature(node, side)
        if side == 0 or node.is_Atom:
            return node
        if isinstance(node, Add | Mul):
            return self._grouped(node)
        return node.func(*(self(argument) for argument in node.args))

    def _grouped(self, node: Expr) -> Expr:
        groups: dict[int, list[Expr]] = {0: [], 1: [], 2: [], 3: []}
        for argument in node.args:
            groups[self._side(argument)].append(argument)
        parts = groups[0] + [self(argument) for argument in groups[3]]
        for side in (1, 2):
            if groups[side]:
                parts.append(self._feature(node.func(*groups[side]), side))
        return node.func(*parts)

    def _side(self, node: sp.Basic) -> int:
        """0: constant; 1, 2: of the first or the second sample alone; 3: of the pair."""
        side = 0
        for symbol in node.free_symbols - self.constants:
            sample = self.variables.get(symbol)
            side |= 3 if sample is None else 1 if symbol == first(sample) else 2
        return side

    def _feature(self, node: Expr, side: int) -> Expr:
        coefficient, rest = node.as_coeff_Mul()
        if coefficient != 1:
            return coefficient * self._feature(rest, side)
        value = node.xreplace({s: self.variables.get(s, s) for s in node.free_symbols})
        stem = self._stem(value)
        symbol = (first if side == 1 else second)(stem)
        self.features.setdefault(value, [None, None])[side - 1] = symbol
        return symbol

    def _stem(self, value: Expr) -> Symbol:
        if isinstance(value, Symbol):
            return value
        for known, names in self.features.items():
            if known == value:
                name = next(symbol.name for symbol in names if symbol is not None)
                return Symbol(name[:-2], **_assumptions(value))
        if isinstance(value, Pow) and value.exp == sp.S.Half and value.base.is_Symbol:
            wanted = value.base.name.removesuffix("_q") + "_r"
        else:
            roots = sorted(s.name for s in value.free_symbols - self.constants)
            wanted = roots[0].removesuffix("_q") + "_w"
        name, count = wanted, 1
        while name in self.taken:
            count += 1
            name = f"{wanted}{count}"
        self.taken.add(name)
        return Symbol(name, **_assumptions(value))


def _assumptions(value: Expr) -> dict[str, bool]:
    if value.is_positive:
        return {"positive": True}
    return {"nonnegative": True} if value.is_nonnegative else {"real": True}


def named_subexpressions(lines: list[Assign], temporary: Iterator[Symbol]) -> list[Assign]:
    """The lines with what occurs in them twice computed once, under a name, just before its use."""
    shared, values = sp.cse([line.value for line in lines], symbols=temporary, order="none")
    definitions = dict(shared)
    result: list[Assign] = []
    done: set[Symbol] = set()

    def define(expression: Expr) -> None:
        for symbol in sorted(expression.free_symbols & definitions.keys(), key=str):
            if symbol not in done:
                done.add(symbol)
                define(definitions[symbol])
                result.append(Assign(symbol, definitions[symbol]))

    for line, value in zip(lines, values, strict=True):
        define(value)
        result.append(Assign(line.target, value, line.note))
    return result


@dataclass
class Planner:
    """Turns raw code into the items of a plan."""

    variables: Mapping[Symbol, Symbol]
    constants: frozenset[Symbol]
    live_pairs: set[Symbol]
    segments: dict[int, tuple[int, tuple[Assign, ...], tuple[Feature, ...]]] = field(
        default_factory=dict
    )

    def prepare(self, items: Iterable[RawItem]) -> None:
        """Hoists and names, segment by segment."""
        temporaries = sp.numbered_symbols("t", real=True)
        for index, segment in enumerate(pair_segments(items)):
            hoist = Hoist(self.variables, self.constants)
            lines = [
                Assign(target, hoist(value), note)
                for target, value, note in segment.lines
                if target in self.live_pairs
            ]
            copies = [line for line in lines if line.value.is_Symbol]
            rest = [line for line in lines if not line.value.is_Symbol]
            ordered = _in_order(lines, named_subexpressions(rest, temporaries), copies)
            features = tuple(
                Feature(value, names[0], names[1]) for value, names in hoist.features.items()
            )
            self.segments[id(segment)] = (index, tuple(ordered), features)

    def pairs(self, items: Iterable[RawItem]) -> tuple[PairItem, ...]:
        """The code for pairs; `prepare` first."""
        crossing = self._crossing()
        return tuple(self._pair_items(items, crossing))

    def _pair_items(self, items: Iterable[RawItem], crossing: set[Symbol]) -> Iterator[PairItem]:
        for item in items:
            if isinstance(item, RawSegment):
                index, lines, features = self.segments[id(item)]
                if lines:
                    loads, stores = _border(lines, crossing)
                    yield Segment(index, lines, features, loads, stores)
            elif isinstance(item, RawRepeat):
                body = tuple(self._pair_items(item.pairs, crossing))
                if body:
                    yield Repeat(item.counter, item.times, body)

    def _crossing(self) -> set[Symbol]:
        """The variables that are read in a segment that has not set them before."""
        found: set[Symbol] = set()
        for _, lines, features in self.segments.values():
            known = {name for f in features for name in (f.first, f.second) if name is not None}
            for line in lines:
                found |= line.value.free_symbols - known
                known.add(line.target)
        return found - self.constants

    def samples(self, items: Iterable[RawItem], alive: set[Symbol]) -> tuple[SampleItem, ...]:
        """The code for samples, with only the lines that matter."""
        result: list[SampleItem] = []
        for item in items:
            if isinstance(item, tuple):
                if item[0] in alive:
                    result.append(Assign(*item))
            elif isinstance(item, RawSegment):
                index, lines, features = self.segments[id(item)]
                if lines and features:
                    result.append(Store(index))
            else:
                body = self.samples(item.samples, alive)
                if body:
                    result.append(SampleRepeat(item.counter, item.times, body))
        return tuple(result)


def _in_order(lines: list[Assign], named: list[Assign], copies: list[Assign]) -> list[Assign]:
    """The named lines with plain copies back in their places."""
    result: list[Assign] = []
    rest = iter(named)
    targets = {line.target for line in lines}
    for line in lines:
        if line.value.is_Symbol:
            result.append(line)
            continue
        for candidate in rest:
            result.append(candidate)
            if candidate.target == line.target and candidate.target in targets:
                break
    return result


def _border(
    lines: tuple[Assign, ...], crossing: set[Symbol]
) -> tuple[tuple[Symbol, ...], tuple[Symbol, ...]]:
    loads: dict[Symbol, None] = {}
    stores: dict[Symbol, None] = {}
    for line in lines:
        for symbol in sorted(line.value.free_symbols & crossing, key=str):
            if symbol not in stores:
                loads.setdefault(symbol)
        if line.target in crossing:
            stores.setdefault(line.target)
    return tuple(loads), tuple(stores)
