"""The source text of a kernel that runs over rows of positions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from symntk.emission.sequences.lane_block import BlockText
from symntk.emission.sequences.lane_template import FUNCTIONS
from symntk.emission.sequences.plan import (
    Call,
    LanePlan,
    Load,
    Loop,
    OfSample,
    SequencePlan,
    Stage,
    Stored,
)
from symntk.emission.sequences.template import MIXED
from symntk.emission.sequences.text import (
    assignment,
    inputs_in_words,
    items_text,
    text_of,
    wrapped,
)

_HOW = {
    "": "All diagonals of the pairs of positions, those of one band of columns at a time.",
    "first": "The pairs of positions that are as far from the first ones.",
    "last": "The pairs of positions that are as far from the last ones.",
}


def lane_functions(plan: SequencePlan) -> str:
    """The functions of the module."""
    return _Text(plan).functions()


class _Text:
    def __init__(self, plan: SequencePlan) -> None:
        assert plan.lanes is not None
        self.plan: SequencePlan = plan
        self.lanes: LanePlan = plan.lanes
        (self.input,) = plan.inputs
        self.block = BlockText(plan)
        self.is_grid = self.block.is_grid
        rows = {
            parameter.array
            for stage in self.lanes.stages
            for parameter in stage.parameters.values()
            if parameter.kind in ("own table", "table")
        }
        rows |= {
            item.source.array
            for item in self.lanes.results
            if isinstance(item, Load) and isinstance(item.source, OfSample)
        }
        self.by_rows = [array.name for array in plan.tables if array.name in rows]
        self.tables = [f"{name}_table" for name in self.by_rows]
        self.along = list(dict.fromkeys(along.array for along in self.lanes.along))

    def functions(self) -> str:
        """All of them."""
        data, lengths = self.input.data, list(self.input.lengths)
        stride = ["stride"] if self.is_grid else []
        sides = [f"{name}{k}" for k in "12" for name in self._side(k)]
        along = [f"{a.name}_{part}" for a in self.lanes.along for part in ("own", "columns")]
        rest = [*along, "blocks", "shape", "largest", "symmetric", "diagonal", "nngp", "ntk"]
        sample = [
            *(f"{data}[packed[n] : packed[n + 1]]",),
            *(f"lengths[n, {axis}]" for axis in range(len(lengths))),
            *("lanes", "starts[n]", *stride),
        ]
        samples = ", ".join([data, "packed", "lengths", "lanes", "starts", *stride])
        return FUNCTIONS.format(
            mixed=MIXED if self.plan.mixture else "",
            lengths="".join(f", {name}" for name in [*lengths, *stride]),
            views="\n".join(self._views()),
            sample_arguments=", ".join([data, *lengths, "lanes", "at", *stride]),
            sample="\n".join(self._sample()),
            stages="\n\n\n".join(self._stages()),
            how=_HOW[self.lanes.aligned],
            block=textwrap.indent("\n".join(self.block.lines()), "    "),
            samples=samples,
            sample_call=wrapped(sample, 12),
            pairs_arguments=wrapped(["thread", "threads", *sides, *stride, *rest]),
            memory="\n".join(self._memory()),
            prepared_arguments=", ".join(["inputs", *stride]),
            unpack=f"    {data}, packed, lengths = inputs[0]",
            sizes="\n".join(self._sizes()),
            count=len(self.plan.stored),
            margin="" if self.lanes.aligned else " + VECTOR",
            prepare="\n".join(self._prepare()),
            prepared="\n".join(self._prepared()),
            shapes="\n".join([*self._shapes(), *self._tables()]),
            run_arguments=wrapped(["_pairs", "nngp.size", *self._passed(), *stride, *rest], 8),
            arguments=inputs_in_words(self.plan),
            stride="    stride = max(widest(one), widest(two))\n" if self.is_grid else "",
            stride_of_one="    stride = widest(inputs)\n" if self.is_grid else "",
            stride_argument=", stride" if self.is_grid else "",
            requirements="".join(self._requirements()),
        )

    # -- data of a side --------------------------------------------------------------------------

    def _side(self, k: str) -> Iterator[str]:
        """What pairs need of the samples of one side."""
        yield from ("starts", "lengths", "lanes", *self.tables)
        given = len(self.lanes.given)
        if given:
            yield "rows" if k == "1" else "columns"
        if given == 2:
            yield from ["rows", "roots"] if k == "2" else ["roots"]
        if self.lanes.aligned and k == "2":
            yield "exists"

    def _passed(self) -> Iterator[str]:
        """The same in ``_run``."""
        for k, side in (("1", "first"), ("2", "second")):
            for name in self._side(k):
                other = self.lanes.aligned and k == "2"
                is_aligned = other and name in ("lanes", "columns", "rows", "roots", "exists")
                yield f'{side}["{"aligned_" if is_aligned else ""}{name}"]'

    def _sizes(self) -> Iterator[str]:
        if self.is_grid:
            starts = "np.concatenate([[0], np.cumsum(lengths[:, 0] * stride)])"
        else:
            starts = "packed"
        yield f"    starts = {starts if self.lanes.aligned else f'VECTOR + {starts}'}"

    def _prepare(self) -> Iterator[str]:
        if not self.lanes.aligned:
            yield "    # beside the first sample and the last there are positions like their own"
            yield "    lanes[:, :VECTOR] = lanes[:, [VECTOR]]"
            yield "    lanes[:, starts[-1] :] = lanes[:, [starts[-1] - 1]]"
        for k, array in enumerate(self.plan.stored):
            if array.table:
                if self.is_grid:
                    places = "packed, starts, lengths, stride"
                    yield f"    lanes[{k}] = without_padding(lanes[{k}], {places})"
                yield f"    deviations, numbers = np.unique(lanes[{k}], return_inverse=True)"
                yield f"    lanes[{k}] = numbers.ravel()"
                if array.name in self.by_rows:
                    yield f"    {array.name}_table = full_table_{array.table}(deviations)"
                if array.name in self.along:
                    yield f"    {array.name}_deviations = deviations"
        if self.lanes.given:
            data = self.input.data
            if self.is_grid:
                yield f"    {data} = spread({data}, packed, starts, lengths, stride)"
            before = "0" if self.is_grid or self.lanes.aligned else "VECTOR"
            yield f"    rows = tiled({data}, {before})"
        if len(self.lanes.given) == 2:
            yield '    roots = np.sqrt(np.einsum("pk,pk->p", rows, rows))'
        if self.lanes.aligned:
            yield f"    places = aligned_places(starts, {self.lanes.aligned == 'last'})"

    def _prepared(self) -> Iterator[str]:
        deviations = [f"{name}_deviations" for name in self.along]
        names = ["starts", "lengths", "lanes", *self.tables, *deviations]
        found = {name: name for name in names}
        given = len(self.lanes.given)
        found |= {name: name for name in ["rows", "roots"][:given]}
        if self.lanes.aligned:
            found["aligned_lanes"] = (
                "np.ascontiguousarray(np.moveaxis(aligned(lanes.T, places), 2, 0))"
            )
            found["aligned_exists"] = "aligned(np.ones(starts[-1]), places)"
            if given:
                found["aligned_columns"] = (
                    "np.ascontiguousarray(aligned(rows, places).swapaxes(1, 2))"
                )
            if given == 2:
                found |= {
                    f"aligned_{name}": f"aligned({name}, places)" for name in ("rows", "roots")
                }
        elif given:
            found["columns"] = "np.ascontiguousarray(rows.T)"
        if self.is_grid:
            found["stride"] = "stride"
        for key, value in found.items():
            yield f'        "{key}": {value},'

    def _shapes(self) -> Iterator[str]:
        if self.is_grid:
            yield '    stride = first["stride"]'
        more = f" + 2 * ({self.block.reach})" if any(self.lanes.reach) else ""
        yield f'    rows = np.diff(first["starts"]).max(){more}'
        if self.lanes.aligned:
            yield "    blocks, largest = np.append(np.arange(0, count2, WIDE), count2), WIDE"
            yield "    shape = (rows, WIDE)"
        else:
            yield '    blocks = block_borders(second["starts"])'
            yield '    largest = np.diff(second["starts"][blocks]).max()'
            yield f"    shape = (rows, columns_at_a_time(rows, {len(self.lanes.pairs)}))"

    def _tables(self) -> Iterator[str]:
        """Tables of expectations, for the deviations on both sides."""
        if not self.lanes.along:
            return
        if self.lanes.aligned:
            yield '    pairs = first["starts"][-1] * (1 if diagonal else count2)'
        else:
            yield '    pairs = first["starts"][-1] * second["starts"][-1]'
            yield "    pairs //= count2 if diagonal else 1"
        aligned = "aligned_" if self.lanes.aligned else ""
        stored = [array.name for array in self.plan.stored]
        for along in self.lanes.along:
            deviations = [f'{side}["{along.array}_deviations"]' for side in ("first", "second")]
            arguments = wrapped([*deviations, "pairs"], 8)
            yield f"    {along.name}_own, columns = {along.routine}({arguments})"
            numbers = f'second["{aligned}lanes"][{stored.index(along.array)}]'
            yield f"    {along.name}_columns = in_lanes(columns, {numbers})"

    def _memory(self) -> Iterator[str]:
        lanes = self.lanes
        yield f"    memory = np.zeros((shape[0], {len(lanes.pairs)}, LANE_PITCH))"
        if lanes.totals:
            yield f"    sums = np.zeros(({len(lanes.totals)}, largest + 2 * VECTOR))"
        if lanes.picks and not lanes.aligned:
            yield f"    picked = np.zeros(({len(lanes.picks)}, largest))"
        if lanes.scratch:
            yield f"    scratch = np.zeros(({lanes.scratch}, LANE_PITCH))"
        if lanes.given:
            yield "    products = np.zeros((8, LANE_PITCH + VECTOR))"

    # -- samples ---------------------------------------------------------------------------------

    def _views(self) -> Iterator[str]:
        if not self.plan.stored:
            yield "    return lanes"
            return
        yield f"    end = at + {self.block.span('')}"
        for k, array in enumerate(self.plan.stored):
            yield f"    {array.name} = lanes[{k}, at:end]{self._shape(array)}"
        yield f"    return ({self._names()})"

    def _shape(self, array: Stored) -> str:
        """How the positions of a sample are seen by its own code."""
        height, *width = self.input.lengths
        return f".reshape(({height}, stride))" if width and array.shape else ""

    def _names(self) -> str:
        names = ", ".join(array.name for array in self.plan.stored)
        return f"{names}," if len(self.plan.stored) == 1 else names

    def _sample(self) -> Iterator[str]:
        plan = self.plan
        body = [*items_text(plan.sample, "    ")]
        if f"{self.input.stem}_dim" in "\n".join(body):
            yield f"    {self.input.stem}_dim = {self.input.data}.shape[1]"
        if plan.stored:
            arguments = ["lanes", "at", *self.input.lengths, *(["stride"] if self.is_grid else [])]
            yield "    ("
            space = " " * 8
            yield from textwrap.wrap(
                self._names(), 92, initial_indent=space, subsequent_indent=space
            )
            yield f"    ) = _views({', '.join(arguments)})"
        yield from body
        for array in plan.stored:
            if not array.shape:
                yield f"    {array.name}[:] = {array.name}[0]"
        if not body:
            yield "    return"

    def _requirements(self) -> Iterator[str]:
        if self.plan.requirements:
            for axis, name in enumerate(self.input.lengths):
                yield f"    {name} = inputs[0][2][:, {axis}]\n"
        for required in self.plan.requirements:
            yield f"    require_positions({required.length}, name, {required.length!r})\n"

    # -- stages ----------------------------------------------------------------------------------

    def _stages(self) -> Iterator[str]:
        for number, stage in enumerate(self.lanes.stages, 1):
            yield "\n".join(self._stage(number, stage))

    def _stage(self, number: int, stage: Stage) -> Iterator[str]:
        yield '@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)'
        yield f"def _stage{number}({wrapped(['count', *stage.parameters])}):"
        text = f"{stage.title}: one position of x, a row of positions of x2."
        if len(text) < 90:
            yield f'    """{text}"""'
        else:
            yield '    """One position of x, a row of positions of x2.'
            yield ""
            yield from textwrap.wrap(
                stage.title, 94, initial_indent="    ", subsequent_indent="    "
            )
            yield '    """'
        for line in stage.before:
            yield from assignment(line, "    ")
        for loop in stage.loops:
            yield from self._loop(loop)

    def _call(self, call: Call) -> str:
        """A row that a routine fills in."""
        g, s, r1, r2, number, numbers, *roots = call.arguments
        arguments = [
            *(f"{call.along}_own", f"int({number})", f"{call.along}_columns", "column"),
            *(f"{g}[:count]", f"{s}[:count]", r1, r2, numbers, *roots, f"{call.target}[:count]"),
        ]
        return f"{call.routine}({wrapped(arguments, 8)})"

    def _loop(self, loop: Loop) -> Iterator[str]:
        inner = " " * 8
        for call in loop.calls:
            yield f"    {self._call(call)}"
        if not loop.writes and not loop.sums:
            return
        yield "    for s in range(count):"
        for symbol, text in loop.reads:
            yield f"{inner}{symbol} = {text}"
        for line in loop.lines:
            yield from assignment(line, inner)
        for symbol, row in loop.writes:
            yield f"{inner}{row}[s] = {symbol}"
        for row, term in loop.sums:
            there = f"{text_of(term)} if exists_row[s] > 0.0 else 0.0"
            yield f"{inner}{row}[s] += {there if self.lanes.aligned else text_of(term)}"
