"""Networks that see their pairs of positions through matches of tokens alone: both cases, once.

If all that is computed at (t, t') depends on t and t' through m(t, t') = [x_t = x'_t'], which is 0
or 1, then it takes two values, whatever the lengths: one code for m = 1 and one for m = 0 takes the
place of the loops over pairs of positions, and

    sum_{t, t'} f(m(t, t')) = f(1) M + f(0) (T T' - M),    M = sum_{t, t'} m(t, t').
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import Entry
from symntk.emission.plan import Assign
from symntk.emission.sequences.loops import Code, group_body, reduction_body, stored_demands
from symntk.emission.sequences.lowering import Positioned
from symntk.emission.sequences.plan import Allocate, Item, Load, SequenceInput
from symntk.emission.sequences.reading import Frame
from symntk.emission.sequences.schedule import Group, Key
from symntk.emission.sequences.sums import Reduction

_CASES = ("same", "apart")
"""What the names of variables end with for m = 1 and for m = 0."""

_PLACE = re.compile(r"_at\[\w+, \w+\]")
"""Where an array over pairs of positions would be read: there are two variables instead."""

_OWN_PLACE = re.compile(r"\[t(_2)?\]")
"""Where a number of one document is read that is the same at all of its positions."""


@dataclass(frozen=True)
class Cases:
    """Writes the code of groups for m = 1 and for m = 0, in the function of ``frame``.

    match: m(t, t').
    """

    lowering: Positioned
    frame: Frame
    match: Entry

    @property
    def _input(self) -> SequenceInput:
        return self.lowering.read.inputs[self.match.quantity.left]

    @property
    def _numbers(self) -> tuple[Symbol, ...]:
        return tuple(Symbol(f"{self._input.stem}_{case}", real=True) for case in _CASES)

    def opening(self) -> Iterator[Item]:
        """How many pairs of positions hold the same token, and how many do not."""
        item = self._input
        self.lowering.tallied.add(self.match.quantity.left)
        data, lengths = (
            [self.frame.of(name, second) for second in (False, True)]
            for name in (item.data, item.lengths[0])
        )
        marks = [name.removeprefix(item.data) for name in data]
        tallies = (
            f"{item.data}_{part}_at{mark}"
            for mark in marks
            for part in ("distinct", "counts", "number")
        )
        same, apart = map(str, self._numbers)
        yield Allocate(same, (), f"matching_pairs({', '.join(tallies)})")
        yield Allocate(apart, (), f"{' * '.join(lengths)} - {same}")

    def group(self, group: Group, kept: set[Key]) -> Code:
        """The code of a group; of what is ``kept`` there are two variables."""
        body = group_body(self.lowering, group, self.frame, kept)
        stored = {symbol for _, symbols in body.stores for symbol in symbols}
        items = self._written(body.items, dict(body.totals), stored)
        demands = stored_demands(self.lowering) & set(body.demands)
        return Code(items, body.demands, body.arrays, demands)

    def reduction(self, found: Reduction) -> Code:
        """A sum over all pairs of positions of one document."""
        total, term, items, readings = reduction_body(self.lowering, found, self.frame)
        self.lowering.scalars = self.lowering.scalars | {total}
        demands = [reading.demand for reading in readings if reading.demand]
        return Code(self._written(items, {total: term}, set()), demands)

    def _written(
        self, items: tuple[Assign | Load, ...], totals: dict[Symbol, Symbol], stored: set[Symbol]
    ) -> list[Item]:
        """The code, of what depends on m once for each case."""
        split = set(stored)
        for item in items:
            if self._is_split(item, split):
                split.add(_target(item))
        found: list[Item] = [_at_first(item) for item in items if _target(item) not in split]
        for case in _CASES:
            names = {s: Symbol(f"{s}_{case}", **s.assumptions0) for s in split}
            for item in items:
                if _target(item) in split:
                    found += self._in_case(item, case, names)
        for total, term in totals.items():
            found.append(Assign(total, sp.Add(*self._parts(term, term in split))))
        return found

    def _parts(self, term: Symbol, is_split: bool) -> Iterator[Expr]:
        for case, number in zip(_CASES, self._numbers, strict=True):
            yield number * (Symbol(f"{term}_{case}", real=True) if is_split else term)

    def _is_split(self, item: Assign | Load, split: set[Symbol]) -> bool:
        if isinstance(item, Assign):
            return bool(item.value.free_symbols & split)
        return self._is_match(item) or bool(_PLACE.search(item.text))

    def _is_match(self, load: Load) -> bool:
        return any(condition.startswith(self._input.data) for condition in load.conditions)

    def _in_case(
        self, item: Assign | Load, case: str, names: dict[Symbol, Symbol]
    ) -> Iterator[Item]:
        target = names[_target(item)]
        if isinstance(item, Assign):
            yield Assign(target, item.value.xreplace(names), item.note)
        elif self._is_match(item):
            yield Load(target, "1.0" if case == _CASES[0] else "0.0")
        else:
            text = _PLACE.sub(f"_{case}", item.text)
            if text != str(target):
                yield Load(target, text)


def _target(item: Assign | Load) -> Symbol:
    return item.target if isinstance(item, Assign) else item.symbol


def _at_first(item: Assign | Load) -> Assign | Load:
    """A number of one document, the same at all positions, read at the first."""
    if isinstance(item, Assign):
        return item
    return replace(item, text=_OWN_PLACE.sub("[0]", item.text))
