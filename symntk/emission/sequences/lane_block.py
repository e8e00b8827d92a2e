"""The source text of the pass over pairs of samples in rows of positions: a block of them."""

from __future__ import annotations

from collections.abc import Iterator

from symntk.emission.plan import Assign
from symntk.emission.sequences.plan import LanePlan, Load, OfSample, Parameter, SequencePlan, Stage
from symntk.emission.sequences.text import assignment, load_text, text_of, wrapped


class BlockText:
    """Sample n of x1 with the samples from ``first`` to ``last`` of x2."""

    def __init__(self, plan: SequencePlan) -> None:
        assert plan.lanes is not None
        self.plan: SequencePlan = plan
        self.lanes: LanePlan = plan.lanes
        (self.input,) = plan.inputs
        self.is_grid = len(self.input.lengths) == 2

    @property
    def reach(self) -> str:
        """How many positions away an entry is read, at most."""
        reach = self.lanes.reach
        return f"{reach[0]} * stride + {reach[1]}" if self.is_grid else str(reach[0])

    def span(self, mark: str) -> str:
        """How many positions a sample has, with those between the rows of an image."""
        name = f"{self.input.lengths[0]}{mark}"
        return f"{name} * stride" if self.is_grid else name

    def lines(self) -> Iterator[str]:
        """The block."""
        lanes = self.lanes
        for axis, name in enumerate(self.input.lengths):
            yield f"    {name}_i = lengths1[n, {axis}]"
        yield f"    origin, size, reach = starts1[n], {self.span('_i')}, {self.reach}"
        for mark, k in (("i", "1"), ("j", "2")):
            for row, array in enumerate(self.plan.stored):
                yield f"    {array.name}_{mark} = lanes{k}[{row}]"
        if lanes.pairs:
            yield "    # their rows in the memory of a position of x"
        for row, name in enumerate(lanes.pairs):
            yield f"    {name} = {row}"
        yield from self._aligned() if lanes.aligned else self._bands()
        yield from self._results()

    # -- all diagonals ---------------------------------------------------------------------------

    def _bands(self) -> Iterator[str]:
        given = self.lanes.given
        yield "    begin, end = starts2[first], starts2[last]"
        if self.lanes.totals:
            yield "    margin = begin - VECTOR"
        yield "    bands = -(-(end - begin + size - 1) // shape[1])"
        yield "    width = -(-(end - begin + size - 1) // (bands * VECTOR)) * VECTOR"
        yield from self._no_totals("end - begin + 2 * VECTOR")
        yield "    for low in range(begin - size + 1, end, width):"
        if given:
            name = "band_gaps" if len(given) == 2 else "band_products"
            roots = len(given) == 2
            arguments = [
                *("rows1", *(["roots1"] * roots), "origin", "size", "columns2"),
                *(["rows2", "roots2"] * roots),
                *("begin", "end", "low", "width", "reach", "products", "memory", *given),
            ]
            yield f"        {name}({wrapped(arguments, 12)})"
        for number, stage in enumerate(self.lanes.stages, 1):
            yield from self._band(number, stage)
        yield from self._picks()

    def _band(self, number: int, stage: Stage) -> Iterator[str]:
        """The positions of x, with those of x2 on the diagonals of the band."""
        indent = " " * 8
        yield f"{indent}# {stage.title}"
        yield from self._positions(stage, indent, "0")
        indent += "    " * len(stage.sizes)
        yield f"{indent}at, to = whole_vectors(begin - low - t, end - low - t, width)"
        yield f"{indent}if at < to:"
        indent += "    "
        yield f"{indent}row, left, right = t + reach, low + t + at, low + t + to"
        arguments = ["to - at", *(self._argument(p) for p in stage.parameters.values())]
        yield f"{indent}_stage{number}({wrapped(arguments, len(indent) + 4)})"

    def _positions(self, stage: Stage, indent: str, start: str) -> Iterator[str]:
        """The loops over the positions of x, along each axis."""
        for name, size in zip("ij" if self.is_grid else "t", stage.sizes, strict=True):
            span = size if start == "0" else f"{start}, {size}"
            if stage.reverse:
                span = f"{size} - 1, {'-1' if start == '0' else f'{start} - 1'}, -1"
            yield f"{indent}for {name} in range({span}):"
            indent += "    "
        if self.is_grid:
            yield f"{indent}t = i * stride + j"

    def _picks(self) -> Iterator[str]:
        """Entries at single pairs of positions, where the band has them."""
        if not self.lanes.picks:
            return
        yield "        for m in range(first, last):"
        yield from self._lengths(" " * 12)
        for k, pick in enumerate(self.lanes.picks):
            yield f"            t = {self._flat(pick.left)}"
            yield f"            column = starts2[m] + {self._flat(pick.right)} - t - low"
            yield "            if 0 <= column < width:"
            entry = f"memory[t + reach, {pick.array}, column]"
            yield f"                picked[{k}, m - first] = {entry}"

    # -- one diagonal of each pair ---------------------------------------------------------------

    def _aligned(self) -> Iterator[str]:
        """As many positions from the first, or from the last, in all samples."""
        given, is_last = self.lanes.given, self.lanes.aligned == "last"
        yield "    begin, end = first // VECTOR * VECTOR, -(-last // VECTOR) * VECTOR"
        yield "    count, longest = end - begin, 0"
        yield "    for m in range(first, last):"
        yield "        longest = max(longest, starts2[m + 1] - starts2[m])"
        yield from self._no_totals("count")
        start, end = ("max(0, size - longest)", "size") if is_last else ("0", "min(size, longest)")
        place = "size - 1 - t" if is_last else "t"
        if given:
            arrays = [f"memory[row, {array}, :count]" for array in given]
            target = "products[0]" if len(arrays) == 2 else arrays[0]
            yield f"    for t in range({start}, {end}):"
            yield f"        k, row = {place}, t + reach"
            yield f"        products_with(rows1[origin + t], columns2[k], begin, end, {target})"
            if len(arrays) == 2:
                arguments = [
                    *("products[0, :count]", "roots1[origin + t]", "roots2[k, begin:end]"),
                    *("rows1[origin + t]", "rows2[k, begin:end]", *arrays),
                ]
                yield f"        input_gaps({wrapped(arguments, 12)})"
        for number, stage in enumerate(self.lanes.stages, 1):
            yield f"    # {stage.title}"
            yield from self._positions(stage, "    ", start if not self.is_grid else "0")
            indent = "    " * (len(stage.sizes) + 1)
            if not is_last:
                yield f"{indent}if t >= longest:"
                yield f"{indent}    continue"
            yield f"{indent}k, row = {place}, t + reach"
            arguments = ["count", *(self._argument(p) for p in stage.parameters.values())]
            yield f"{indent}_stage{number}({wrapped(arguments, len(indent) + 4)})"

    # -- what stages are called with -------------------------------------------------------------

    def _argument(self, parameter: Parameter) -> str:
        array, aligned = parameter.array, bool(self.lanes.aligned)
        if parameter.kind == "own":
            return f"{array}_i[origin + t]"
        if parameter.kind == "own table":
            return f"{array}_table1[int({array}_i[origin + t])]"
        if parameter.kind == "table":
            return f"{array}_table2"
        if parameter.kind == "other":
            return f"{array}_j[k, begin:end]" if aligned else f"{array}_j[left:right]"
        if parameter.kind == "own along":
            return f"{array}_own"
        if parameter.kind == "columns":
            return f"{array}_columns[k]" if aligned else f"{array}_columns"
        if parameter.kind == "column":
            return "begin" if aligned else "left"
        if parameter.kind == "exists":
            return "exists2[k, begin:end]"
        if parameter.kind == "scratch":
            return f"scratch[{array}]"
        if parameter.kind == "total":
            row = [total.name for total in self.lanes.totals].index(array)
            return f"sums[{row}]" if aligned else f"sums[{row}, left - margin : right - margin]"
        place = f"row{self._offset(parameter.shift)}"
        return f"memory[{place}, {array}, {':count' if aligned else 'at:to'}]"

    def _offset(self, shift: tuple[int, ...]) -> str:
        """How many rows away an entry is."""
        found = ""
        for amount, unit in zip(shift, ["stride", "1"] if self.is_grid else ["1"], strict=True):
            size = abs(amount)
            text = str(size) if unit == "1" else unit if size == 1 else f"{size} * {unit}"
            found += f" {'-' if amount < 0 else '+'} {text}" if amount else ""
        return found

    def _flat(self, place: tuple[str, ...]) -> str:
        """A position of an image as one number."""
        if not self.is_grid:
            return place[0]
        first = place[0] if place[0].isidentifier() or place[0].isdigit() else f"({place[0]})"
        return f"{first} * stride + {place[1]}"

    # -- results ---------------------------------------------------------------------------------

    def _no_totals(self, count: str) -> Iterator[str]:
        if self.lanes.totals:
            yield f"    for k in range({len(self.lanes.totals)}):"
            yield f"        for s in range({count}):"
            yield "            sums[k, s] = 0.0"

    def _lengths(self, indent: str) -> Iterator[str]:
        for axis, name in enumerate(self.input.lengths):
            yield f"{indent}{name}_j = lengths2[m, {axis}]"

    def _results(self) -> Iterator[str]:
        indent = " " * 8
        yield "    for m in range(first, last):"
        yield from self._lengths(indent)
        for line in (*self._sums(), *self._picked()):
            yield f"{indent}{line}"
        for item in self.lanes.results:
            if isinstance(item, Assign):
                yield from assignment(item, indent)
            else:
                yield f"{indent}{item.symbol} = {self._result(item)}"
        for name, value in (("nngp", self.plan.nngp), ("ntk", self.plan.ntk)):
            yield f"{indent}{name}[0 if diagonal else n, m] = {text_of(value)}"
            yield f"{indent}if symmetric:"
            yield f"{indent}    {name}[m, n] = {name}[n, m]"

    def _sums(self) -> Iterator[str]:
        for k, total in enumerate(self.lanes.totals):
            if self.lanes.aligned:
                yield f"{total.name} = sums[{k}, m - begin]"
                continue
            sizes = total.sizes if self.is_grid else ("1", *total.sizes)
            arguments = [
                *(f"sums[{k}]", "starts2[m] - margin"),
                *(*sizes, "stride" if self.is_grid else "0"),
            ]
            yield f"{total.name} = total_of_lanes({', '.join(arguments)})"

    def _picked(self) -> Iterator[str]:
        for k, pick in enumerate(self.lanes.picks):
            if self.lanes.aligned:
                place = f"{self._flat(pick.left)} + reach"
                yield f"{pick.name} = memory[{place}, {pick.array}, m - begin]"
            else:
                yield f"{pick.name} = picked[{k}, m - first]"

    def _result(self, item: Load) -> str:
        """How a number of one sample, the same at all positions, is read."""
        if not isinstance(item.source, OfSample):
            return load_text(item)
        array, second = item.source.array, item.source.second
        place = "[0, m]" if self.lanes.aligned else "[starts2[m]]"
        text = f"{array}_j{place}" if second else f"{array}_i[origin]"
        if item.source.table:
            return f"{array}_table{'2' if second else '1'}[int({text})]"
        return text
