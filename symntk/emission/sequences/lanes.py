"""Kernels in rows: one position of x beside all positions of many samples x' at a time.

Where entries at (t, t') need others at (t + k, t' + k) alone, the diagonals of the pairs of
positions do not meet: rows of them are computed side by side, a few hundred at a time, by loops
without branches, in memory that grows with the length of x and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from sympy import Expr, Symbol

from symntk.emission.calls import Functions
from symntk.emission.plan import Assign
from symntk.emission.sequences.cutting import cut
from symntk.emission.sequences.diagonals import equal_shift
from symntk.emission.sequences.indices import at_first, conditions, index_name, whole
from symntk.emission.sequences.lane_calls import Calls
from symntk.emission.sequences.loops import Body, group_body
from symntk.emission.sequences.lowering import Positioned
from symntk.emission.sequences.plan import (
    Alignment,
    Along,
    For,
    Item,
    Kind,
    LanePlan,
    Load,
    Loop,
    OfPair,
    OfSample,
    Parameter,
    Pick,
    SequenceInput,
    Stage,
    Store,
    Stored,
    Total,
)
from symntk.emission.sequences.reading import Frame
from symntk.emission.sequences.schedule import Group, Schedule, Target
from symntk.emission.sequences.sharing import shared
from symntk.emission.sequences.sums import Axes
from symntk.errors import UsageError
from symntk.graph.positions import Inside, Positions, indices

CHECKS = 100
"""Pairs of an array that is written and another: what LLVM will ask of before it uses vectors."""


@dataclass
class Lanes:
    """Makes the plan of a kernel in rows from the groups of a schedule.

    lengths: the axes of the input; arrays: of samples that are needed; tokens: those that hold
    tokens at other positions.
    """

    lowering: Positioned
    frame: Frame
    item: SequenceInput
    lengths: Positions
    schedule: Schedule
    aligned: Alignment
    functions: Functions
    arrays: set[str] = field(default_factory=set)
    tokens: dict[Expr, str] = field(default_factory=dict)
    pairs: dict[str, None] = field(default_factory=dict)
    totals: list[Total] = field(default_factory=list)
    picks: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Pick] = field(default_factory=dict)
    reach: list[int] = field(default_factory=lambda: [0, 0])
    along: dict[Along, None] = field(default_factory=dict)

    def plan(self, given: Iterable[Target]) -> LanePlan:
        """The plan; ``given``: the covariances of vectors, which the inputs give."""
        self.lowering.in_rows = True
        stages: list[Stage] = []
        results: list[Assign | Load] = []
        kept = self.schedule.kept()
        for group in self.schedule.items:
            assert isinstance(group, Group)
            body = group_body(self.lowering, group, self.frame, kept)
            self.arrays |= body.arrays
            if group.domain == ((), ()):
                results += map(self._result, body.items)
            else:
                stages.append(self._stage(group, body))
        inputs = [array for target in given for array in self.lowering.read.pair_arrays(*target)]
        picks = list(self.picks.values())
        stages, pairs = shared(stages, list(self.pairs), picks, tuple(inputs))
        parts, scratch = cut(stages, not self.aligned)
        return LanePlan(
            given=tuple(inputs),
            stages=parts,
            pairs=tuple(pairs),
            totals=tuple(self.totals),
            picks=tuple(picks),
            reach=tuple(self.reach[: len(self.lengths)]),
            scratch=scratch,
            results=tuple(results),
            aligned=self.aligned,
            along=tuple(self.along),
        )

    def _result(self, item: Assign | Load) -> Assign | Load:
        """A line of what is computed once for a pair of samples."""
        if isinstance(item, Assign) or not isinstance(item.source, OfPair):
            return item
        names = [self._pick(item.source, array) for array in item.source.arrays]
        text = names[0] if len(names) == 1 else f"0.5 * ({names[1]} - {names[0]})"
        return Load(item.symbol, text)

    def _pick(self, source: OfPair, array: str) -> str:
        """The variable of an entry at one pair of positions."""
        if not source.left:
            return array.removesuffix("_at")
        places = tuple(
            tuple(whole(part, self.frame.lengths) for part in place)
            for place in (source.left, source.right)
        )
        for place, sizes in zip((source.left, source.right), source.sizes, strict=True):
            for part, size in zip(place, sizes, strict=True):
                if conditions(part, size, {}, self.frame.lengths):
                    raise UsageError(f"position {part} of {size} may be outside: not compiled")
        key = (array, places[0], places[1])
        return self.picks.setdefault(key, Pick(f"picked{len(self.picks) + 1}", *key)).name

    # -- one stage -------------------------------------------------------------------------------

    def _stage(self, group: Group, body: Body) -> Stage:
        parameters: dict[str, Parameter] = {}
        reads: dict[Symbol, tuple[str, tuple[str, ...]]] = {}
        scalars: set[Symbol] = set(self.lowering.fixed.values()) | set(
            self.lowering.constants.values()
        )
        loads = [item for item in body.items if isinstance(item, Load)]
        sources = {i.symbol: i.source for i in loads if isinstance(i.source, OfSample)}
        calls = Calls(self.functions, sources, self.lowering.temporaries)
        lines = calls.cut_out(item for item in body.items if isinstance(item, Assign))
        for symbol in calls.rows:
            sources[symbol] = replace(sources[symbol], table=False)
        for symbol, source in sources.items():
            if not source.second:
                scalars.add(symbol)
                kind: Kind = "own table" if source.table else "own"
                parameters[str(symbol)] = Parameter(kind, source.array)
        for item in loads:
            if item.symbol not in scalars:
                found = replace(item, source=sources.get(item.symbol, item.source))
                reads[item.symbol] = self._read(found, group, parameters)
        lines = calls.with_rows(lines, reads)
        before: list[Assign] = []
        for line in lines:
            if not any(s in reads or s in {x.target for x in lines} - scalars for s in line.needs):
                before.append(line)
                scalars.add(line.target)
        stores: dict[Symbol, str] = {}
        for (quantity, site), symbols in body.stores:
            for array, symbol in zip(
                self.lowering.read.pair_arrays(quantity, site), symbols, strict=True
            ):
                self.pairs.setdefault(array)
                stores[symbol] = array
        for total, _ in body.totals:
            sizes = tuple(whole(size, self.frame.lengths) for _, size in group.domain[1])
            self.totals.append(Total(str(total), sizes))
        inner = [line for line in lines if line not in before]
        return Stage(
            titles=tuple(dict.fromkeys(line.note for line in lines if line.note)),
            sizes=tuple(whole(size, self.frame.lengths) for _, size in group.domain[0]),
            reverse=bool(group.reverse),
            parameters=parameters,
            before=tuple(before),
            loops=self._loops(inner, calls, scalars, reads, stores, dict(body.totals), parameters),
        )

    def _read(
        self, item: Load, group: Group, parameters: dict[str, Parameter]
    ) -> tuple[str, tuple[str, ...]]:
        """How a variable is read in the loop over x', and the rows that this needs."""
        name, source = str(item.symbol), item.source
        row = f"{name}_row"
        if isinstance(source, OfSample):
            row = _known(parameters, row, Parameter("other", source.array))
            if not source.table:
                return f"{row}[s]", (row,)
            table = f"{source.array}_table"
            _known(parameters, table, Parameter("table", source.array))
            return f"{table}[int({row}[s])]", (row,)
        if source is None:
            raise UsageError(f"{item.text}: not compiled in rows")
        if not source.arrays:
            own = _known(parameters, f"{name}_own", Parameter("own", self._token(source.left)))
            row = _known(parameters, row, Parameter("other", self._token(source.right)))
            return f"1.0 if {own} == {row}[s] else 0.0", (row,)
        shift = equal_shift((source.left, source.right), group.domain)
        assert shift is not None
        self.reach = [max(a, abs(b)) for a, b in zip(self.reach, (*shift, 0), strict=False)]
        rows = []
        for k, array in enumerate(source.arrays):
            wanted = row if len(source.arrays) == 1 else f"{name}_{'gs'[k]}_row"
            rows.append(_known(parameters, wanted, Parameter("pair", array, shift)))
            self.pairs.setdefault(array)
        values = [f"{one}[s]" for one in rows]
        text = values[0] if len(values) == 1 else f"0.5 * ({values[1]} - {values[0]})"
        inside = self._inside(source, group.domain)
        if inside is None:
            return text, tuple(rows)
        stem = inside.removesuffix("_at")
        here = _known(parameters, f"{stem}_i", Parameter("own", inside))
        there = _known(parameters, f"{stem}_j_row", Parameter("other", inside))
        text = text if len(values) == 1 else f"({text})"
        return f"{text} if {here} * {there}[s] > 0.0 else {item.default}", (*rows, there)

    def _token(self, place: tuple[Expr, ...]) -> str:
        """The array of the tokens at a position that depends on that of the loop."""
        (index,) = (at_first(part) for part in place)
        if index not in self.tokens:
            name = self.lowering.names.unique(f"{self.item.data}_lane", ("tokens", index))
            self.tokens[index] = f"{name}_at"
        return self.tokens[index]

    def _inside(self, source: OfPair, domain: tuple[Axes, Axes]) -> str | None:
        """The array that tells whether a position is inside; None where it always is."""
        loops = dict(domain[0])
        asked = [
            Inside(part, size)
            for part, size in zip(source.left, source.sizes[0], strict=True)
            if conditions(part, size, loops, self.frame.lengths)
        ]
        if not asked:
            return None
        feature = self.lowering.bracket_feature(asked)
        self.arrays.add(feature)
        return feature

    # -- loops -----------------------------------------------------------------------------------

    def _loops(
        self,
        lines: list[Assign],
        calls: Calls,
        scalars: set[Symbol],
        reads: dict[Symbol, tuple[str, tuple[str, ...]]],
        stores: dict[Symbol, str],
        totals: dict[Symbol, Symbol],
        parameters: dict[str, Parameter],
    ) -> tuple[Loop, ...]:
        """The lines in as few loops as LLVM can tell to be free of overlaps between arrays."""
        parts: list[list[Assign]] = []
        before: dict[int, list[Assign]] = {}
        for due, rest in calls.in_turn(lines):
            parts.append([])
            before[len(parts) - 1] = due
            for piece in _pieces(rest):
                merged = [*parts[-1], *piece]
                if parts[-1] and self._checks(merged, reads, stores, totals) > CHECKS:
                    parts.append(piece)
                else:
                    parts[-1] = merged
        made = [{line.target for line in part} for part in parts]
        needs = [
            {s for line in part for s in line.needs}
            | {term for term in totals.values() if term in targets}
            for part, targets in zip(parts, made, strict=True)
        ]
        crossing: dict[Symbol, str] = {}
        given = [{s for line in before.get(k, ()) for s in line.needs} for k in range(len(parts))]
        for k, targets in enumerate(made):
            later = set().union(*needs[k + 1 :], *given[k + 1 :])
            called = {line.target for line in before.get(k, ())}
            for symbol in sorted((targets & later) | called, key=str):
                row = f"{symbol}_row"
                crossing[symbol] = row
                if symbol not in stores:
                    parameters[row] = Parameter("scratch", str(len(crossing) - 1))
        for symbol, array in stores.items():
            parameters[f"{symbol}_row"] = Parameter("pair", array, (0,) * len(self.lengths))
        if totals and self.aligned:
            parameters["exists_row"] = Parameter("exists", "")
        for total in totals:
            parameters[f"{total}_row"] = Parameter("total", str(total))
        loops = []
        for k, (part, targets) in enumerate(zip(parts, made, strict=True)):
            last = k == len(parts) - 1
            wanted = needs[k] | {
                s for s in (*stores, *totals.values()) if last and s not in targets
            }
            loads = {s: text for s, (text, _) in reads.items() if s in wanted}
            loads |= {s: f"{row}[s]" for s, row in crossing.items() if s in needs[k] - targets}
            here = [s for s in stores if s in targets or (last and s in scalars | reads.keys())]
            writes = {s: f"{s}_row" for s in here}
            writes |= {s: row for s, row in crossing.items() if s in targets}
            sums = {
                f"{total}_row": term
                for total, term in totals.items()
                if term in targets or (last and term in scalars)
            }
            rows = {s: names[0] for s, (_, names) in reads.items() if names} | crossing
            made_before = tuple(calls.call(line.target, rows) for line in before.get(k, ()))
            loops.append(
                Loop(
                    tuple(loads.items()),
                    tuple(part),
                    tuple(writes.items()),
                    tuple(sums.items()),
                    made_before,
                )
            )
            self._along(calls, before.get(k, ()), parameters)
        return tuple(loops)

    def _along(
        self, calls: Calls, lines: Iterable[Assign], parameters: dict[str, Parameter]
    ) -> None:
        """What calls are told of their tables."""
        for line in lines:
            along = calls.along(line.target)
            self.along.setdefault(along)
            parameters[f"{along.name}_own"] = Parameter("own along", along.name)
            parameters[f"{along.name}_columns"] = Parameter("columns", along.name)
            parameters["column"] = Parameter("column", "")

    @staticmethod
    def _checks(
        lines: list[Assign],
        reads: dict[Symbol, tuple[str, tuple[str, ...]]],
        stores: dict[Symbol, str],
        totals: dict[Symbol, Symbol],
    ) -> int:
        targets = {line.target for line in lines}
        used = {s for line in lines for s in line.needs}
        rows = {row for s, (_, names) in reads.items() if s in used for row in names}
        written = sum(s in targets for s in (*stores, *totals.values()))
        return written * (len(rows) + written)

    # -- samples ---------------------------------------------------------------------------------

    def token_code(self) -> Iterator[Item]:
        """The code of a sample for arrays of tokens; outside is what equals no token."""
        symbol, size = indices(1)[0], self.lengths[0]
        t, lengths = index_name(symbol), self.lowering.sample_frame.lengths
        for index, array in self.tokens.items():
            asked = conditions(index, size, {symbol: size}, lengths)
            value = Symbol(array.removesuffix("_at"), real=True)
            data = f"{self.item.data}[{whole(index, lengths)}]"
            load = Load(value, data, tuple(asked), "math.nan")
            yield For(t, whole(size, lengths), (load, Store(f"{array}[{t}]", value)))

    def stored(self) -> Iterator[Stored]:
        """The arrays of a sample, one number for each of its positions."""
        shape = tuple(self.item.lengths)
        by_name = {feature.array: feature for feature in self.lowering.features.values()}
        for name in sorted(self.arrays):
            yield Stored(name, shape if by_name[name].axes else (), by_name[name].table)
        for name in self.tokens.values():
            yield Stored(name, shape)


def _known(parameters: dict[str, Parameter], name: str, wanted: Parameter) -> str:
    """The name of a parameter: the one that it has, or else ``name``."""
    for known, parameter in parameters.items():
        if parameter == wanted:
            return known
    parameters[name] = wanted
    return name


def _pieces(lines: list[Assign]) -> Iterator[list[Assign]]:
    """The lines of each equation."""
    piece: list[Assign] = []
    done = False
    for line in lines:
        if done and (line.note or str(line.target).lstrip("w").isdigit()):
            yield piece
            piece = []
        done = bool(line.note) or (done and bool(piece))
        piece.append(line)
    if piece:
        yield piece
