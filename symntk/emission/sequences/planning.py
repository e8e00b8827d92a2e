"""From the derivation of a sequence or grid network to the plan of its kernel."""

from __future__ import annotations

from collections.abc import Iterable
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
from symntk.emission.sequences.inputs import Inputs, input_of
from symntk.emission.sequences.lanes import Lanes
from symntk.emission.sequences.loops import Code, group_code, reduction_code
from symntk.emission.sequences.lowering import Positioned
from symntk.emission.sequences.merging import merged
from symntk.emission.sequences.mixtures import MIXING_NOTE, Mixed, mixed
from symntk.emission.sequences.plan import (
    Allocate,
    Item,
    SequencePlan,
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
    return Planning(derivation).plan()


class Planning:
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
            graph.names[node]: input_of(node, graph.names[node], names) for node in graph.inputs
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
        self.data = Inputs(self.lowering, self.inputs, self.nodes, self.sample_frame)
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
        return (*self.data.given(samples.demands, set()), *body, mixing)

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
            requirements=tuple(dict.fromkeys(self.data.requirements())),
            stored=tuple(lanes.stored() if lanes else self.data.stored(pair)),
            mixture=self._mixture(),
            sample=(
                *self.data.given(samples.demands, samples.stored),
                *(samples.cases.opening() if samples.cases else ()),
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
        frame, positions = self.pair_frame, node.positions
        return Lanes(self.lowering, frame, item, positions, schedule, alignment, self.functions)

    def _pair_code(self, schedule: Schedule, bags: Bags, given: Iterable[Target]) -> Code:
        """The code of one pair of samples."""
        kept = schedule.kept()
        code = Code()
        for quantity, site in given:
            code.items += self.data.gram(quantity, site, self.pair_frame)
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


def _axes(rank: int, sizes: Positions, second: bool) -> Axes:
    if not rank:
        return ()
    lengths = (lengths_at(size, second) for size in sizes)
    return tuple(zip(indices(rank, second), lengths, strict=True))
