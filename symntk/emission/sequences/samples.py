"""The code of one sample: what its pairs need of it, and what that needs, worked out backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import Equation, Quantity, Statement, entries
from symntk.derivation.program import Recurrence, Site
from symntk.emission.hoisting import named_subexpressions
from symntk.emission.plan import Assign
from symntk.emission.sequences.cases import Cases
from symntk.emission.sequences.heads import HeadSum
from symntk.emission.sequences.indices import extent, index_name, whole
from symntk.emission.sequences.joining import joined
from symntk.emission.sequences.loops import Code, group_code, reduction_code
from symntk.emission.sequences.lowering import Feature, Positioned
from symntk.emission.sequences.plan import Allocate, For, Item, Store
from symntk.emission.sequences.reading import Demand, Frame
from symntk.emission.sequences.schedule import Group, Schedule, Work
from symntk.emission.sequences.sums import Axes, Extraction, Part, Reduction
from symntk.errors import UsageError
from symntk.graph.positions import bound_indices, indices

Works: TypeAlias = Callable[[Equation, Site], Work]
"""An equation at a site as a work, its sums still in it."""


@dataclass(frozen=True)
class Needs:
    """A place in the code where features must be known."""

    arrays: frozenset[str]


@dataclass
class Samples:
    """Collects code statement by statement, from the last to the first."""

    lowering: Positioned
    frame: Frame
    as_work: Works
    demands: set[Demand]
    features: set[str]
    stored: set[Demand] = field(default_factory=set)
    cases: Cases | None = None
    blocks: list[list[Item | Needs]] = field(default_factory=list)
    code: dict[str, list[Item]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.extraction = Extraction("row_sum")

    def run(self, program: tuple[Statement, ...]) -> tuple[Item, ...]:
        """The body of the function, without what it begins with."""
        ending = self._needs(self.features)
        for statement in reversed(program):
            if isinstance(statement, Recurrence):
                self._recurrence(statement)
            elif isinstance(statement, Equation):
                self._equation(statement)
            else:
                raise UsageError(
                    f"{statement.node}: a repeated block over positions: give it a number"
                )
        return tuple(self._assembled([*self.blocks[::-1], [ending]]))

    def _assembled(self, blocks: list[list[Item | Needs]]) -> Iterator[Item]:
        """The code, each feature where it is first needed."""
        written: set[str] = set()
        for item in (item for block in blocks for item in block):
            if isinstance(item, Needs):
                new = sorted(item.arrays - written)
                written |= item.arrays
                yield from joined([part for name in new for part in self.code[name]])
            else:
                yield item

    # -- statements ------------------------------------------------------------------------------

    def _equation(self, line: Equation) -> None:
        block: list[Item | Needs] = []
        if isinstance(line.value, HeadSum):
            if {("full", line.target), ("own", line.target)} & self.demands:
                raise UsageError(
                    f"{line.target.left}: an activation or a norm behind attention of many heads "
                    "needs the heads of each input alone, which is not compiled"
                )
            return
        if ("full", line.target) in self.demands:
            block = self._full([line], None)
        if ("own", line.target) in self.demands:
            block = [*self._own([line], False), *block]
        if block:
            self.blocks.append(block)

    def _recurrence(self, statement: Recurrence) -> None:
        lines = list(statement.body)
        block: list[Item | Needs] = []
        if any(("full", line.target) in self.demands for line in lines):
            targets = {line.target for line in lines}
            if self._crosses(lines, targets):
                raise UsageError(
                    f"{statement.step.node}: a recurrence whose variances depend on covariances "
                    "between its steps is not compiled"
                )
            for line in lines:
                self.demands.add(("full", line.target))
            block = self._full(lines, statement.reverse)
        if any(("own", line.target) in self.demands for line in lines):
            block = [*self._own(self._owned(lines), True), *block]
        if block:
            self.blocks.append(block)

    def _crosses(self, lines: list[Equation], targets: set[Quantity]) -> bool:
        for line in lines:
            for entry in entries(self.lowering.at_one(line.value)):
                if entry.quantity in targets and not self.lowering.read.is_own(entry):
                    return True
        return False

    def _owned(self, lines: list[Equation]) -> list[Equation]:
        """The lines of a recurrence that are demanded at single positions."""
        wanted = {line.target for line in lines if ("own", line.target) in self.demands}
        while True:
            values = [self._value(line) for line in lines if line.target in wanted]
            grown = wanted | {
                e.quantity
                for value in values
                for e in entries(value)
                if self.lowering.read.is_own(e) and any(e.quantity == x.target for x in lines)
            }
            if grown == wanted:
                return self._in_order([line for line in lines if line.target in wanted])
            wanted = grown

    def _in_order(self, lines: list[Equation]) -> list[Equation]:
        """Lines of one position, each after those that it needs there."""
        by_target = {line.target: line for line in lines}
        done: dict[Quantity, Equation] = {}

        def visit(line: Equation) -> None:
            if line.target in done:
                return
            for entry in sorted(entries(self._value(line)), key=str):
                own = indices(max(entry.quantity.ranks))
                here = entry.left in ((), own) and entry.right in ((), own)
                if here and entry.quantity in by_target and entry.quantity != line.target:
                    visit(by_target[entry.quantity])
            done[line.target] = line

        for line in lines:
            visit(line)
        return list(done.values())

    # -- one position ----------------------------------------------------------------------------

    def _value(self, line: Equation) -> Expr:
        if line.target.is_of_one_input:
            return line.value
        return self.lowering.at_one(line.value)

    def _axes(self, target: Quantity) -> Axes:
        read = self.lowering.read
        if target.kind == "weight":
            sizes: tuple[Expr, ...] = (*read.shape(target.left, False), *read.keys[target.left])
            return tuple(zip((*indices(1), *bound_indices(1)), sizes, strict=True))
        rank = max(target.ranks)
        name = target.left if target.ranks[0] == rank else target.right
        return tuple(zip(indices(rank), read.shape(name, False), strict=True))

    def _own(self, lines: list[Equation], is_recurrence: bool) -> list[Item]:
        """Quantities at (t, t), in a loop over t; several where they need each other."""
        lowering, frame = self.lowering, self.frame
        axes = self._axes(lines[0].target)
        values = []
        before = Code()
        for line in lines:
            logits = _logits(line)
            value = self._value(line) if logits is None else logits
            values.append(self._without_sums(value, axes, before))
        lowering.enter(frame, (axes, ()), set())
        allocated: list[Item] = []
        body: list[Item] = []
        place = ", ".join(index_name(symbol) for symbol, _ in axes) or "0"
        here: set[Symbol] = set()
        for line, value in zip(lines, values, strict=True):
            array = lowering.read.own_array(line.target)
            shape = tuple(extent(size, frame.lengths) for _, size in axes)
            if ("own", line.target) not in self.stored:
                allocated.append(Allocate(array, shape or ("1",)))
            code, symbol = self._line(line.target, value, axes, here)
            body += [*code, Store(f"{array}[{place}]", symbol)]
            here.add(symbol)
        items: list[Item] = body
        for symbol, size in reversed(axes):
            items = [For(index_name(symbol), whole(size, frame.lengths), tuple(items))]
        for line in lines:
            if _logits(line) is not None:
                array = lowering.read.own_array(line.target)
                items.append(Allocate("", text=f"softmax_rows({array})"))
        return [*before.items, *allocated, *items]

    def _without_sums(self, value: Expr, axes: Axes, before: Code) -> Expr:
        start = len(self.extraction.found)
        result = self.extraction(value, axes)
        for found in self.extraction.found[start:]:
            self._add(before, self._reduction(found))
        return result

    def _reduction(self, found: Reduction) -> Code:
        if self.cases is not None and len(found.limits) == 2:
            return self.cases.reduction(found)
        return reduction_code(self.lowering, found, self.frame)

    def _add(self, before: Code, code: Code) -> None:
        before.add(code)
        self.demands |= set(code.demands)

    def _line(
        self, target: Quantity, value: Expr, axes: Axes, here: set[Symbol]
    ) -> tuple[list[Item], Symbol]:
        """The code for one quantity at one position."""
        lowering = self.lowering
        symbol = lowering.names.sample(target)
        if target.kind == "weight":
            lowered, readings = lowering.plain(value)
            loads: list[Item] = [reading.load for reading in readings]
            self.demands |= {reading.demand for reading in readings if reading.demand}
        else:
            lowering.readings = {}
            lowered = lowering.sample(self._parts_read(value))
            loads = []
            for atom in sorted(lowered.free_symbols, key=str):
                if atom in here:
                    continue
                loads += self._atom(atom)
        lines = named_subexpressions([Assign(symbol, lowered, str(target))], lowering.temporaries)
        return [*loads, *lines], symbol

    def _parts_read(self, value: Expr) -> Expr:
        """Parts as plain variables of the sample."""
        found: dict[Expr, Expr] = {}
        for part in value.atoms(Part):
            found[part] = self.lowering.part(part)
        return value.xreplace(found)

    def _atom(self, symbol: Symbol) -> list[Item]:
        """How a variable of a sample is read at a position."""
        lowering = self.lowering
        readings = lowering.readings.get(symbol)
        if readings is None:
            reading = lowering.atom_reading(symbol)
            if reading is None:
                return []
            readings = (reading,)
        self.demands |= {reading.demand for reading in readings if reading.demand}
        return [reading.load for reading in readings]

    # -- all pairs of positions of one sample ----------------------------------------------------

    def _full(self, lines: list[Equation], reverse: bool | None) -> list[Item | Needs]:
        works = [self.as_work(line, "ab") for line in lines]
        schedule = Schedule()
        for n, work in enumerate(works):
            start = len(self.extraction.found)
            loops = (*work.domain[0], *work.domain[1])
            value = self.extraction(work.value, loops)
            for found in self.extraction.found[start:]:
                schedule.reduction(found)
            works[n] = Work(work.key, work.domain, value)
        if reverse is None:
            for work in works:
                schedule.work(work)
        else:
            schedule.recurrence(works, reverse)
        kept = {work.key for work in works}
        block: list[Item | Needs] = []
        for item in schedule.items:
            if isinstance(item, Group):
                if self.cases is not None and item.domain != ((), ()):
                    part = self.cases.group(item, kept)
                else:
                    part = group_code(self.lowering, item, self.frame, kept)
            else:
                assert isinstance(item, Reduction)
                part = self._reduction(item)
            self.demands |= set(part.demands)
            names = {a for demand in self.stored for a in self._arrays(demand)}
            block.append(self._needs(part.arrays))
            block.append(self._tables(part.arrays))
            block += [i for i in part.items if not (isinstance(i, Allocate) and i.name in names)]
        return block

    def _arrays(self, demand: Demand) -> tuple[str, ...]:
        kind, quantity = demand
        read = self.lowering.read
        return (read.own_array(quantity),) if kind == "own" else read.pair_arrays(quantity, "ab")

    # -- features --------------------------------------------------------------------------------

    def _needs(self, arrays: set[str]) -> Needs:
        """A place where the features ``arrays`` must be known; their code is made."""
        by_name = {feature.array: feature for feature in self.lowering.features.values()}
        for name in sorted(arrays - self.code.keys()):
            self.code[name] = self._feature(by_name[name])
        return Needs(frozenset(arrays))

    def _tables(self, arrays: set[str]) -> Needs:
        """A place where the rows of coefficients of features must be known."""
        names = set()
        for feature in self.lowering.features.values():
            if feature.table and feature.array in arrays:
                name = f"{feature.array}_table"
                rows = f"table_{feature.table}({feature.array}.ravel())"
                text = f"{rows}.reshape({feature.array}.shape + (TERMS + 3,))"
                self.code[name] = [Allocate(name, (), text)]
                names.add(name)
        return Needs(frozenset(names))

    def _feature(self, feature: Feature) -> list[Item]:
        lowering, frame = self.lowering, self.frame
        lowering.enter(frame, (feature.axes, ()), set())
        value = feature.value.args[1] if feature.table else feature.value
        loads: list[Item] = []
        for atom in sorted(value.free_symbols, key=str):
            loads += self._atom(atom)
        symbol = Symbol(feature.array.removesuffix("_at"), real=True)
        lines = named_subexpressions([Assign(symbol, value)], lowering.temporaries)
        place = ", ".join(index_name(s) for s, _ in feature.axes) or "0"
        items: list[Item] = [*loads, *lines, Store(f"{feature.array}[{place}]", symbol)]
        for s, size in reversed(feature.axes):
            items = [For(index_name(s), whole(size, frame.lengths), tuple(items))]
        if feature.array not in self.features:
            shape = tuple(extent(size, frame.lengths) for _, size in feature.axes)
            items.insert(0, Allocate(feature.array, shape or ("1",)))
        return items


def _logits(line: Equation) -> Expr | None:
    """S of attention weights exp(S(t, r)) / sum_k exp(S(t, k)), whose largest is taken off before
    they are exponentials; None where the weights are no softmax.
    """
    found = [factor for factor in sp.Mul.make_args(line.value) if isinstance(factor, sp.exp)]
    is_softmax = line.target.kind == "weight" and len(found) == 1
    return found[0].args[0] if is_softmax else None
