"""From the derivation of a sequence or grid network to the plan of its kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sympy import Symbol

from symntk.derivation import Derivation, Entry, Equation, Quantity, entries, needed
from symntk.derivation.backward import fan_in
from symntk.derivation.program import SWAPPED, Recurrence, Site, relocate, walk
from symntk.emission.calls import Functions, integrated_function
from symntk.emission.integrals import numerical_notes, stable_moments
from symntk.emission.naming import Names
from symntk.emission.sequences.alignment import aligned
from symntk.emission.sequences.bags import Bags
from symntk.emission.sequences.cases import Cases
from symntk.emission.sequences.diagonals import fits
from symntk.emission.sequences.heads import HeadCall, HeadSum, head_code, without_head_sums
from symntk.emission.sequences.indices import extent, whole
from symntk.emission.sequences.lanes import Lanes
from symntk.emission.sequences.loops import Code, group_code, reduction_code
from symntk.emission.sequences.lowering import Positioned
from symntk.emission.sequences.merging import merged
from symntk.emission.sequences.mixtures import MIXING_NOTE, Mixed, mixed
from symntk.emission.sequences.plan import (
    Allocate,
    Item,
    Requirement,
    SequenceInput,
    SequencePlan,
    Stored,
)
from symntk.emission.sequences.programs import (
    equations,
    gapped_quantities,
    require_one_loop,
    without_constants,
)
from symntk.emission.sequences.reading import Demand, Frame
from symntk.emission.sequences.samples import Samples
from symntk.emission.sequences.schedule import Group, Schedule, Target, Work
from symntk.emission.sequences.sums import Axes, Extraction
from symntk.graph import Node
from symntk.graph.positions import Length, Positions, indices, length, lengths_at

_POSITIONS = [
    f"{letter}{axis}{mark}"
    for letter in "tijrklmpabde"
    for axis in ("", "_1", "_2")
    for mark in ("", "_2")
]
"""Names of indices, which no other variable can have."""

_BOTH: tuple[Site, Site] = ("ab", "ba")


def plan_kernel(derivation: Derivation) -> SequencePlan:
    """The plan of the kernel that computes the NNGP and the NTK of ``derivation``."""
    return _Planning(derivation).plan()


class _Planning:
    """The steps from a program to a plan."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        outputs = derivation.outputs
        self.outputs = outputs["nngp"], outputs["ntk"]
        graph = derivation.graph
        self.nodes = {name: node for node, name in graph.names.items()}
        self.whole_program = without_constants(needed(derivation.program, set(self.outputs)))
        program, self.mixing_weight = self._mixed()
        rewritten = without_head_sums(
            program,
            {
                name: (graph.names[node.inputs[0]], graph.names[node.inputs[1]])
                for name, node in self.nodes.items()
                if node.op == "attention"
            },
        )
        self.program = rewritten.program
        self.nodes |= {name: self.nodes[other] for name, other in rewritten.like.items()}
        names = Names()
        names.taken |= dict.fromkeys(_POSITIONS, "a position")
        self.inputs = {
            graph.names[node]: _input(node, graph.names[node], names) for node in graph.inputs
        }
        self.functions = Functions(dict(derivation.values))
        pair, single = stable_moments(derivation, self.functions)
        gapped = gapped_quantities(self.program)
        shapes = {name: node.positions for name, node in self.nodes.items()}
        keys = {
            name: node.inputs[1].positions
            for name, node in self.nodes.items()
            if node.op == "attention"
        }
        self.lowering = Positioned(
            derivation.values, gapped, shapes, keys, self.inputs, pair, single
        )
        for name, owner in names.taken.items():
            self.lowering.names.taken[name] = owner
        self.sample_frame, self.pair_frame = self._frames()
        self.lowering.sample_frame = self.sample_frame
        self._fix_widths()

    def _mixed(self) -> Mixed:
        """The program about mixed rows, for one input of vectors."""
        (node, *others) = self.derivation.graph.inputs
        name, rank = self.derivation.graph.names[node], len(node.positions)
        if others or node.is_one_hot or rank != 1:
            return Mixed(self.whole_program, None)
        rows = Quantity("Sigma", name, name, (rank, rank))
        return mixed(self.whole_program, self.outputs, rows)

    def _mixture(self) -> tuple[Item, ...]:
        """The code that mixes the rows of a sample."""
        if self.mixing_weight is None:
            return ()
        demands: set[Demand] = {("own", self.mixing_weight)}
        samples = Samples(self.lowering, self.sample_frame, self.as_work, demands, set())
        body = samples.run(self.whole_program)
        (item,) = self.inputs.values()
        weights = self.lowering.read.own_array(self.mixing_weight)
        mixing = Allocate("", (), f"mix_rows({weights}, {item.data}, mixed)")
        return (*self._given(samples.demands, set()), *body, mixing)

    def _fix_widths(self) -> None:
        for node in self.derivation.graph.inputs:
            if not isinstance(node.width, int) and not node.is_one_hot:
                stem = self.inputs[self.derivation.graph.names[node]].stem
                self.lowering.fixed[fan_in(node)] = Symbol(f"{stem}_dim", positive=True)

    def _frames(self) -> tuple[Frame, Frame]:
        single: dict[Length, str] = {}
        pair: dict[Length, str] = {}
        for item in self.inputs.values():
            for axis, name in enumerate(item.lengths):
                here = length(item.name, axis, len(item.lengths))
                there = length(item.name, axis, len(item.lengths), True)
                single |= {here: name, there: name}
                pair |= {here: f"{name}_i", there: f"{name}_j"}
        return Frame(True, single), Frame(False, pair)

    def plan(self) -> SequencePlan:
        """All of it."""
        schedule, given = self._scheduled()
        bags = Bags(self.program, self.lowering.read.shapes)
        self.match = None if given else bags.whole(schedule)
        lanes = self._lanes(schedule, bags, given) if self.match is None else None
        lane_plan = lanes.plan(given) if lanes else None
        pair = Code(arrays=lanes.arrays) if lanes else self._pair_code(schedule, bags, given)
        samples = Samples(
            self.lowering,
            self.sample_frame,
            self.as_work,
            set(pair.demands),
            set(pair.arrays),
            stored=set(pair.stored),
            cases=self.match and Cases(self.lowering, self.sample_frame, self.match),
        )
        body = samples.run(self.program)
        derivation, lowering = self.derivation, self.lowering
        nngp, ntk = (lowering.names.pair(output.at("ab")) for output in self.outputs)
        return SequencePlan(
            title=f"Kernels of an infinitely wide network: {derivation.graph.title or 'f'}.",
            formula=str(derivation.graph),
            equations=tuple(equations(self.whole_program if self.mixing_weight else self.program)),
            notes=(
                *((MIXING_NOTE,) if self.mixing_weight else ()),
                *numerical_notes(self.functions),
            ),
            constants=tuple(
                (symbol, derivation.values[scale]) for scale, symbol in lowering.constants.items()
            ),
            inputs=tuple(self.inputs[derivation.graph.names[n]] for n in derivation.graph.inputs),
            requirements=tuple(dict.fromkeys(self._requirements())),
            stored=tuple(lanes.stored() if lanes else self._stored(pair)),
            mixture=self._mixture(),
            sample=(
                *self._given(samples.demands, samples.stored),
                *body,
                *(lanes.token_code() if lanes else ()),
            ),
            pair=tuple(pair.items),
            nngp=nngp,
            ntk=ntk,
            functions=tuple(integrated_function(n, f) for f, n in self.functions.names.items()),
            lanes=lane_plan,
        )

    # -- pairs -----------------------------------------------------------------------------------

    def _scheduled(self) -> tuple[Schedule, dict[Target, None]]:
        """The works of pairs of samples in groups, and the inputs' covariances that they need."""
        schedule = Schedule()
        extraction = Extraction("sum")
        given: dict[Target, None] = {}
        wanted = self._wanted(given)
        known = [
            (key[0].at("ab", *(tuple(s for s, _ in axes) for axes in work.domain)), work.value)
            for work in (work for works, _ in wanted for work in works)
            for key in (work.key,)
            if isinstance(key, tuple) and key[0].kind == "Sigma" and key[1] == "ab"
        ]
        for statement in wanted:
            if statement[1] is not None:
                require_one_loop(statement[0])
            works = [
                self.extracted(replace(work, value=merged(work.value, known)), extraction, schedule)
                for work in statement[0]
            ]
            if statement[1] is None:
                for work in works:
                    if isinstance(work.value, HeadSum):
                        schedule.call(HeadCall(work))
                    else:
                        schedule.work(work)
            else:
                schedule.recurrence(works, statement[1])
        return schedule, given

    def _lanes(self, schedule: Schedule, bags: Bags, given: Iterable[Target]) -> Lanes | None:
        """What plans a kernel in rows of positions; None where it cannot be one."""
        (*others, node) = self.derivation.graph.inputs
        if others:
            return None
        alignment, schedule = aligned(schedule, node.positions)
        if not fits(schedule, bags, given, node.positions):
            return None
        item = self.inputs[self.derivation.graph.names[node]]
        return Lanes(self.lowering, self.pair_frame, item, node.positions, schedule, alignment)

    def _pair_code(self, schedule: Schedule, bags: Bags, given: Iterable[Target]) -> Code:
        """The code of one pair of samples."""
        kept = schedule.kept()
        code = Code()
        for quantity, site in given:
            code.items += self._gram(quantity, site, self.pair_frame)
        cases: dict[Entry, Cases] = {}
        for item in schedule.items:
            if isinstance(item, HeadCall):
                code.add(head_code(self.lowering.read, item, self.pair_frame))
            elif isinstance(item, Group):
                match = self.match or bags.match(item, kept)
                if match is None or item.domain == ((), ()):
                    code.add(group_code(self.lowering, item, self.pair_frame, kept))
                    continue
                if match not in cases:
                    cases[match] = Cases(self.lowering, self.pair_frame, match)
                    code.items += cases[match].opening()
                code.add(cases[match].group(item, kept))
            else:
                code.add(reduction_code(self.lowering, item, self.pair_frame))
        return code

    def extracted(self, work: Work, extraction: Extraction, schedule: Schedule) -> Work:
        """A work with its sums taken out, which the schedule gets."""
        start = len(extraction.found)
        value = extraction(work.value, (*work.domain[0], *work.domain[1]))
        for found in extraction.found[start:]:
            schedule.reduction(found)
        return Work(work.key, work.domain, value)

    def _wanted(self, given: dict[Target, None]) -> list[tuple[list[Work], bool | None]]:
        """The works of pairs of samples, statement by statement; ``given`` gets the inputs'."""
        wanted: set[Target] = {(output, "ab") for output in self.outputs}
        found: list[tuple[list[Work], bool | None]] = []
        for statement in reversed(self.program):
            lines = [statement] if isinstance(statement, Equation) else list(walk((statement,)))
            works = self._works(lines, wanted)
            if works:
                reverse = statement.reverse if isinstance(statement, Recurrence) else None
                found.append((works, reverse))
        for target in sorted(wanted, key=str):
            if target[0].left in self.inputs and target[0].kind == "Sigma":
                given[target] = None
        return found[::-1]

    def _works(self, lines: list[Equation], wanted: set[Target]) -> list[Work]:
        """The works for what is wanted of some equations that may need each other."""
        works: dict[Target, Work] = {}
        while True:
            new = [
                (line, site)
                for line in lines
                for site in _BOTH
                if (line.target, site) in wanted and (line.target, site) not in works
            ]
            if not new:
                ordered = [(line.target, site) for line in lines for site in _BOTH]
                return [works[key] for key in ordered if key in works]
            for line, site in new:
                work = self.as_work(line, site)
                works[line.target, site] = work
                wanted |= {
                    (e.quantity, e.site)
                    for e in entries(work.value)
                    if e.site in _BOTH and e.quantity.kind != "match"
                }

    def as_work(self, line: Equation, site: Site) -> Work:
        """An equation at (a, b) or at (b, a)."""
        swapped = site == "ba"
        value = relocate(line.value, SWAPPED) if swapped else line.value
        ranks = line.target.ranks[::-1] if swapped else line.target.ranks
        names = (line.target.left, line.target.right)
        if line.target.kind == "Theta":
            names = (line.target.left, line.target.left)
        names = names[::-1] if swapped else names
        first, second = (
            _axes(rank, self.nodes[name].positions if rank else (), is_second)
            for rank, name, is_second in zip(ranks, names, (False, True), strict=True)
        )
        return Work((line.target, site), (first, second), value)

    # -- inputs ----------------------------------------------------------------------------------

    def _gram(self, quantity: Quantity, site: Site, frame: Frame) -> Iterator[Item]:
        """The covariances of dense inputs, at all pairs of positions."""
        arrays = self.lowering.read.pair_arrays(quantity, site)
        sides = (False, True) if site == "ab" else (True, False)
        rows, shape = [], []
        for name, second in zip((quantity.left, quantity.right), sides, strict=True):
            rows.append(frame.of(self.inputs[name].data, second))
            sizes = (lengths_at(size, second) for size in self.nodes[name].positions)
            shape += [extent(size, frame.lengths) for size in sizes]
        function = "row_gaps" if len(arrays) == 2 else "row_products"
        text = f"{function}({', '.join(rows)}, ({', '.join(shape) or '1'},))"
        yield Allocate(", ".join(arrays), (), text)
        if not shape:
            for array in arrays:
                name = array.removesuffix("_at")
                positive = {"nonnegative": True} if len(arrays) == 2 else {"real": True}
                self.lowering.scalars.add(Symbol(name, **positive))
                yield Allocate(name, (), f"{array}[0]")
            if len(arrays) == 2:
                c = self.lowering.names.pair(quantity.at(site))
                self.lowering.scalars.add(c)
                yield Allocate(str(c), (), f"0.5 * ({arrays[1]}[0] - {arrays[0]}[0])")

    def _given(self, demands: set[Demand], stored: set[Demand]) -> Iterator[Item]:
        """What the code of a sample begins with: the covariances of its dense inputs."""
        for kind, quantity in sorted(demands, key=str):
            if quantity.kind != "Sigma" or quantity.left not in self.inputs:
                continue
            if kind == "full":
                yield from self._gram(quantity, "ab", self.sample_frame)
                continue
            array = self.lowering.read.own_array(quantity)
            rows = (self.inputs[name].data for name in (quantity.left, quantity.right))
            sizes = self.nodes[quantity.left].positions or self.nodes[quantity.right].positions
            shape = ", ".join(extent(size, self.sample_frame.lengths) for size in sizes) or "1"
            target = f"{array}[:]" if ("own", quantity) in stored else array
            text = f"own_products({', '.join(rows)}).reshape(({shape},))"
            yield Allocate(target, (), text)
        for name in sorted(self.lowering.tallied):
            data = self.inputs[name].data
            text = f"tally({data}, {data}_distinct_at, {data}_counts_at)"
            yield Allocate(f"{data}_number_at[0]", (), text)
        if self.match is not None:
            yield from Cases(self.lowering, self.sample_frame, self.match).opening()

    def _requirements(self) -> Iterator[Requirement]:
        lengths = self.sample_frame.lengths
        for node in self.derivation.graph.nodes:
            if node.op == "pool" and node["kind"] != "sum":
                for size in node.inputs[0].positions:
                    if not size.is_positive:
                        yield Requirement(whole(size, lengths))

    def _stored(self, pair: Code) -> Iterator[Stored]:
        lowering, lengths = self.lowering, self.sample_frame.lengths
        by_name = {feature.array: feature for feature in lowering.features.values()}
        for name in sorted(pair.arrays):
            shape = tuple(extent(size, lengths) for _, size in by_name[name].axes)
            yield Stored(name, shape or ("1",), by_name[name].table)
        for name in sorted(lowering.tallied):
            data, (size,) = self.inputs[name].data, self.inputs[name].lengths
            yield Stored(f"{data}_distinct_at", (size,))
            yield Stored(f"{data}_counts_at", (size,))
            yield Stored(f"{data}_number_at", ("1",))
        for kind, quantity in sorted(pair.stored, key=str):
            read = lowering.read
            left = read.shape(quantity.left, False)
            right = read.shape(quantity.right, False)
            if quantity.kind == "weight":
                right = tuple(read.keys[quantity.left])
            elif kind == "own":
                left, right = left or right, ()
            shape = tuple(extent(size, lengths) for size in (*left, *right))
            if kind == "own":
                yield Stored(read.own_array(quantity), shape or ("1",))
            else:
                for array in read.pair_arrays(quantity, "ab"):
                    yield Stored(array, shape)


def _axes(rank: int, sizes: Positions, second: bool) -> Axes:
    if not rank:
        return ()
    lengths = (lengths_at(size, second) for size in sizes)
    return tuple(zip(indices(rank, second), lengths, strict=True))


def _input(node: Node, called: str, names: Names) -> SequenceInput:
    name = str(node["name"])
    rank = len(node.positions)
    stem = names.base(Quantity("Sigma", called, called, (rank, rank)))
    words = {0: (), 1: ("length",), 2: ("height", "width")}[rank]
    return SequenceInput(
        name,
        stem,
        node.is_one_hot,
        tuple(names.unique(f"{stem.rstrip('_')}_{word}", ("length", name, word)) for word in words),
        tuple(int(size) if size.is_Integer else None for size in node.positions),
        node.width if isinstance(node.width, int) else None,
    )
