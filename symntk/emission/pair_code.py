"""The source of the pass over pairs: the derived code of a row, and the tiles around it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from sympy import Symbol

from symntk.emission.plan import Assign, Feature, KernelPlan, PairItem, Repeat, Segment
from symntk.emission.printer import source_text
from symntk.emission.roots import with_roots

_WIDTH = 100

Argument = tuple[str, str]
"""The name of an argument of ``_pairs``, and the expression that ``kernel`` passes."""


def pair_code(plan: KernelPlan) -> Iterator[str]:
    """The functions ``_row`` and ``_pairs``."""
    yield from _row(plan)
    yield ""
    yield ""
    yield from _pairs(plan)


# -- a row of pairs ------------------------------------------------------------------------------


def _row(plan: KernelPlan) -> Iterator[str]:
    rows = _rows(plan)
    yield '@njit(cache=True, error_model="numpy")'
    yield from signature(
        "_row", ["i", "begin", *row_arguments(plan), "rows", "nngp_row", "ntk_row"]
    )
    yield '    """Sample i of x1 with those of x2 from ``begin`` on; rows: memory to work in."""'
    yield "    count = len(nngp_row)"
    yield "    end = begin + count"
    for number, symbol in enumerate(rows):
        yield f"    {symbol}_row = rows[{number}]"
    yield from _items(plan, plan.pairs, (), "    ")


def row_arguments(plan: KernelPlan) -> list[str]:
    """What ``_row`` is told of the pairs: input rows, lengths, and features."""
    lengths = [str(item.length) for item in plan.inputs if item.length is not None]
    features = [f"{name}_of{k}" for name, _ in feature_arrays(plan) for k in (1, 2)]
    return [*(f"{symbol}_row" for symbol in _given(plan)), *lengths, *features]


def _given(plan: KernelPlan) -> list[Symbol]:
    """The variables that the inputs give, pair by pair."""
    found: list[Symbol | None] = []
    for item in plan.inputs:
        found += [item.covariance, *(item.gaps or ())]
    for cross in plan.crosses:
        found += [cross.at_ab, cross.at_ba]
    return [symbol for symbol in found if symbol is not None]


def _rows(plan: KernelPlan) -> list[Symbol]:
    """The variables that cross a segment's border, a row of memory for each."""
    crossing = dict.fromkeys(
        symbol for segment, _ in plan.segments() for symbol in (*segment.loads, *segment.stores)
    )
    given = _given(plan)
    return [symbol for symbol in crossing if symbol not in given]


def row_count(plan: KernelPlan) -> int:
    """The rows of memory that a row of pairs needs, through the layers or along a profile."""
    return max(len(_rows(plan)), 4 if plan.profile is not None else 1)


def _items(
    plan: KernelPlan, items: tuple[PairItem, ...], counters: tuple[str, ...], indent: str
) -> Iterator[str]:
    for item in items:
        if isinstance(item, Repeat):
            yield f"{indent}for {item.counter} in range({item.times}):"
            yield from _items(plan, item.body, (*counters, item.counter), indent + "    ")
            continue
        place = "".join(f"{counter}, " for counter in counters)
        yield from _features(item, place, indent)
        yield f"{indent}for j in range(count):"
        inner = indent + "    "
        for k, feature in enumerate(item.features):
            if feature.second is not None:
                yield f"{inner}{feature.second} = second{item.index}_{k}[j]"
        for symbol in item.loads:
            yield f"{inner}{symbol} = {symbol}_row[j]"
        for line in with_roots(item.lines):
            yield from assignment(line, inner)
        for symbol in item.stores:
            yield f"{inner}{symbol}_row[j] = {symbol}"
        targets = {line.target for line in item.lines}
        for array, (symbol, _) in (("nngp", plan.nngp), ("ntk", plan.ntk)):
            if symbol in targets and symbol not in item.stores:
                yield f"{inner}{array}_row[j] = {symbol}"


def assignment(line: Assign, indent: str) -> Iterator[str]:
    """A line, with its note before it."""
    if line.note:
        yield f"{indent}# {line.note}"
    yield f"{indent}{line.target} = {source_text(line.value)}"


def _features(segment: Segment, before: str, indent: str) -> Iterator[str]:
    """Reads the features of the first sample, and finds those of the second."""
    for k, (feature, array, place) in enumerate(places(segment)):
        if feature.first is not None:
            yield f"{indent}{feature.first} = {array}_of1[{before}{place.format(sample='i')}]"
        if feature.second is not None:
            where = place.format(sample="begin:end")
            yield f"{indent}second{segment.index}_{k} = {array}_of2[{before}{where}]"


def feature_arrays(plan: KernelPlan) -> Iterator[tuple[str, str]]:
    """The arrays of features of samples, and their shapes; a row of coefficients has its own."""
    for segment, around in plan.segments():
        times = "".join(f"{repeat.times}, " for repeat in around)
        numbers = [feature for feature in segment.features if not feature.is_row]
        if numbers:
            yield f"features{segment.index}", f"({times}{len(numbers)}, count)"
        for k, feature in enumerate(segment.features):
            if feature.is_row:
                yield f"rows{segment.index}_{k}", f"({times}count, TERMS + 3)"


def places(segment: Segment) -> Iterator[tuple[Feature, str, str]]:
    """Each feature with its array and its place in it, a pattern of the sample's number."""
    position = 0
    for k, feature in enumerate(segment.features):
        if feature.is_row:
            yield feature, f"rows{segment.index}_{k}", "{sample}"
        else:
            yield feature, f"features{segment.index}", f"{position}, {{sample}}"
            position += 1


# -- the tiles -----------------------------------------------------------------------------------


def _pairs(plan: KernelPlan) -> Iterator[str]:
    yield '@njit(cache=True, error_model="numpy", nogil=True)'
    yield from signature("_pairs", ["thread", "threads", *(name for name, _ in arguments(plan))])
    yield '    """All pairs, tile by tile; if symmetric those of the upper triangle, and copies."""'
    yield "    count1, count2 = nngp.shape"
    yield "    parts = -(-count2 // COLUMNS)"
    yield "    for task in range(thread, -(-count1 // ROWS) * parts, threads):"
    yield "        top, begin = ROWS * (task // parts), COLUMNS * (task % parts)"
    yield "        bottom, end = min(top + ROWS, count1), min(begin + COLUMNS, count2)"
    yield "        if symmetric:"
    yield "            begin = max(begin, top)"
    for name in (*_products(plan), "nngp", "ntk"):
        yield f"        {name}_tile = np.empty((ROWS, PITCH))"
    for symbol in _gaps(plan):
        yield f"        {symbol}_row = np.empty(STRIP)"
    yield f"        rows = np.empty(({row_count(plan)}, STRIP))"
    yield "        for left in range(begin, end, STRIP):"
    yield "            right = min(left + STRIP, end)"
    yield "            count = right - left"
    yield from _tile_products(plan)
    yield "            for i in range(top, bottom):"
    for name in ("nngp", "ntk"):
        yield f"                {name}_row = {name}_tile[i - top, :count]"
    yield from _tile_row(plan)
    for name in ("nngp", "ntk"):
        yield f"            placed({name}_tile, {name}, top, bottom, left, right, symmetric)"


def _products(plan: KernelPlan) -> dict[str, tuple[str, str]]:
    """The matrices of inner products that are needed: name, and the stems of the two inputs."""
    found: dict[str, tuple[str, str]] = {}
    for item in plan.inputs:
        if item.gaps is not None or item.covariance is not None:
            found[item.stem] = (item.stem, item.stem)
    stems = {item.name: item.stem for item in plan.inputs}
    for cross in plan.crosses:
        left, right = stems[cross.left], stems[cross.right]
        if cross.at_ab is not None:
            found[str(cross.at_ab)] = (left, right)
        if cross.at_ba is not None:
            found[str(cross.at_ba)] = (right, left)
    return found


def _gaps(plan: KernelPlan) -> list[Symbol]:
    return [symbol for item in plan.inputs for symbol in item.gaps or ()]


def _tile_products(plan: KernelPlan) -> Iterator[str]:
    for name, (left, right) in _products(plan).items():
        yield "            inner_products("
        yield f"                {left}_first, top, bottom, {right}_second, left, right, {name}_tile"
        yield "            )"


def _tile_row(plan: KernelPlan) -> Iterator[str]:
    """A row of a tile, along the profile if there is one."""
    inner = " " * 16
    for name in _products(plan):
        yield f"{inner}{name}_products = {name}_tile[i - top, :count]"
    if plan.profile is None:
        yield from _through_layers(plan, inner)
        return
    (item,) = plan.inputs
    x = item.stem
    yield f"{inner}if profile.shape[1] > 0:"
    yield f"{inner}    along_profile("
    yield f"{inner}        profile, shift, {x}_products, quarters1[i], quarters2, {x}_first[i],"
    yield f"{inner}        {x}_rows, scales1[:, i], scales2, left, rows, nngp_row, ntk_row,"
    yield f"{inner}    )"
    yield f"{inner}else:"
    yield from _through_layers(plan, inner + "    ")


def _through_layers(plan: KernelPlan, indent: str) -> Iterator[str]:
    """The gaps of a row of pairs, and the call of ``_row``."""
    for item in plan.inputs:
        x = item.stem
        if item.gaps is not None:
            gaps = ", ".join(f"{symbol}_row[:count]" for symbol in item.gaps)
            yield f"{indent}input_gaps("
            yield f"{indent}    {x}_products, {x}_root1[i], {x}_root2[left:right], {x}_first[i],"
            yield f"{indent}    {x}_rows[left:right], {gaps},"
            yield f"{indent})"
        if item.covariance is not None:
            yield f"{indent}{item.covariance}_row = {x}_products"
    for cross in plan.crosses:
        for symbol in (cross.at_ab, cross.at_ba):
            if symbol is not None:
                yield f"{indent}{symbol}_row = {symbol}_products"
    names = ["i", "left", *row_arguments(plan), "rows", "nngp_row", "ntk_row"]
    yield f"{indent}_row("
    yield from wrapped(names, indent + "    ")
    yield f"{indent})"


def arguments(plan: KernelPlan) -> Iterator[Argument]:
    """The arguments of ``_pairs``."""
    yield "symmetric", "symmetric"
    if plan.profile is not None:
        yield "profile", "profile"
        yield "shift", "shift"
        for name in ("quarters", "scales"):
            yield f"{name}1", f'first["{name}"]'
            yield f"{name}2", f'second["{name}"]'
    for k, item in enumerate(plan.inputs):
        if item.length is not None:
            yield str(item.length), f'first["arrays"][{k}].shape[1]'
    stems = [stem for pair in _products(plan).values() for stem in pair]
    for item in plan.inputs:
        x = item.stem
        if x in stems:
            yield f"{x}_first", f'first["{x}_rows"]'
            yield f"{x}_second", f'second["{x}_columns"]'
        if item.gaps is not None:
            yield f"{x}_rows", f'second["{x}_rows"]'
            yield f"{x}_root1", f'first["{x}_root"]'
            yield f"{x}_root2", f'second["{x}_root"]'
    for name, _ in feature_arrays(plan):
        for k, side in ((1, "first"), (2, "second")):
            yield f"{name}_of{k}", f'{side}["{name}"]'
    yield "nngp", "nngp"
    yield "ntk", "ntk"


def signature(name: str, names: list[str]) -> Iterator[str]:
    """The first lines of a function of these arguments."""
    yield f"def {name}("
    yield from wrapped(names, "    ")
    yield "):"


def wrapped(names: list[str], indent: str) -> list[str]:
    """Names between commas, in lines."""
    return textwrap.wrap(
        ", ".join(names) + ",", _WIDTH, initial_indent=indent, subsequent_indent=indent
    )
