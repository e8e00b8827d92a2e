"""The source text of a kernel: a module that needs NumPy and Numba alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import sympy as sp
from sympy import Expr, Symbol

from symntk.emission.calls import IntegratedFunction
from symntk.emission.excerpts import quote
from symntk.emission.plan import (
    Assign,
    Feature,
    KernelPlan,
    PairItem,
    Repeat,
    SampleItem,
    Segment,
    Store,
)
from symntk.emission.printer import source_text
from symntk.emission.template import FOOTER, HEADER

_BLOCK = 1 << 22
_WIDTH = 100


def module_text(plan: KernelPlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    code = "\n".join([*_samples(plan), "", "", *_pairs(plan)]) + "\n" + _footer(plan)
    excerpts = quote(re.findall(r"[A-Za-z_]\w*", code))
    own = [function_text(function) for function in plan.functions]
    used = " ".join([code, *(e.text for e in excerpts), *own])
    excerpts = quote(re.findall(r"[A-Za-z_]\w*", used))
    numbers = [excerpt.text for excerpt in excerpts if not excerpt.is_function]
    helpers = [untyped(excerpt.text) for excerpt in excerpts if excerpt.is_function]
    header = HEADER.format(
        title=plan.title,
        body=_documentation(plan, dtype),
        dtype=dtype,
        block=_BLOCK,
        constants="\n".join(
            [
                _inputs_table(plan),
                *constants(plan.constants),
                *dict.fromkeys(numbers),
                *edges(plan.functions),
            ]
        )
        + "\n",
    )
    return "\n\n\n".join([header.rstrip(), *own, *helpers, code])


def edges(functions: tuple[IntegratedFunction, ...]) -> Iterator[str]:
    """Panels and kinks of the functions that are integrated."""
    for function in functions:
        for name, places in (("EDGES", function.edges), ("KINKS", function.kinks)):
            numbers = ", ".join(map(repr, places))
            start = f"{name}_{function.name} = np.array(["
            if len(start) + len(numbers) + 2 <= _WIDTH and places:
                yield f"{start}{numbers}])"
            elif places:
                yield start
                yield from _indented_text(numbers)
                yield "])"
            else:
                yield f"{name}_{function.name} = np.empty(0)"


def _indented_text(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH - 4, initial_indent="    ", subsequent_indent="    ")


def function_text(function: IntegratedFunction) -> str:
    """The source of a function of x."""
    text = function.text.replace("\\", "")
    lines = ['@njit(cache=True, error_model="numpy")', f"def {function.name}(x):"]
    lines += _indented_text(f'"""{text}"""')
    for end, expression in function.pieces:
        indent = "    "
        if end is not None:
            lines.append(f"    if x < {end!r}:")
            indent = "        "
        shared, (value,) = sp.cse([expression], symbols=sp.numbered_symbols("t"), order="none")
        lines += [f"{indent}{symbol} = {source_text(part)}" for symbol, part in shared]
        lines.append(f"{indent}return {source_text(value)}")
    return "\n".join(lines)


def _documentation(plan: KernelPlan, dtype: str) -> str:
    """The body of the module's docstring."""
    parts = ["The network:\n\n" + textwrap.indent(plan.formula, "    ")]
    parts.append(
        "The limit of infinite width, for a pair of inputs:\n\n"
        + textwrap.indent("\n".join(plan.equations), "    ")
    )
    parts += ["\n".join(textwrap.wrap(note, _WIDTH - 4)) for note in plan.notes]
    stored = " and stored as float32 (relative rounding 6e-8)" if dtype == "float32" else ""
    parts.append(
        "\n".join(
            textwrap.wrap(
                "A covariance c of a pair is carried by its two gaps, g = sqrt(q1 q2) - c and "
                "s = sqrt(q1 q2) + c, so that nearly parallel and nearly opposite inputs keep "
                f"their precision through all layers. Computed in float64{stored}.",
                _WIDTH - 4,
            )
        )
    )
    return "\n\n".join(parts).replace("\\", "\\\\").replace('"""', "'''")


def _inputs_table(plan: KernelPlan) -> str:
    inputs = ", ".join(f"{item.name!r}: {item.dim}" for item in plan.inputs)
    return f"INPUTS = {{{inputs}}}  # name and dimension, None for any"


def constants(given: tuple[tuple[Symbol, Expr], ...]) -> Iterator[str]:
    """The numbers of scale symbols."""
    for symbol, value in given:
        yield f"{symbol} = {float(value)!r}"


def untyped(text: str) -> str:
    """Source without the annotations that only a type checker needs."""
    return text.replace("tuple[Any, ...]", "tuple").replace(": Any", "").replace(" -> Any", "")


# -- one sample ----------------------------------------------------------------------------------


def _feature_arrays(plan: KernelPlan) -> Iterator[tuple[str, str]]:
    """The arrays of features of samples, and their shapes; a row of coefficients has its own."""
    for segment, around in plan.segments():
        times = "".join(f"{repeat.times}, " for repeat in around)
        numbers = [feature for feature in segment.features if not feature.is_row]
        if numbers:
            yield f"features{segment.index}", f"({times}{len(numbers)}, count)"
        for k, feature in enumerate(segment.features):
            if feature.is_row:
                yield f"rows{segment.index}_{k}", f"({times}count, TERMS + 3)"


def _places(segment: Segment) -> Iterator[tuple[Feature, str, str]]:
    """Each feature with its array and its place in it, a pattern of the sample's number."""
    position = 0
    for k, feature in enumerate(segment.features):
        if feature.is_row:
            yield feature, f"rows{segment.index}_{k}", "{sample}"
        else:
            yield feature, f"features{segment.index}", f"{position}, {{sample}}"
            position += 1


def _samples(plan: KernelPlan) -> Iterator[str]:
    given = [str(item.variance) for item in plan.inputs]
    given += [str(cross.diagonal) for cross in plan.crosses if cross.diagonal is not None]
    names = [f"{name}_" for name in given]
    lengths = [str(item.length) for item in plan.inputs if item.length is not None]
    arrays = list(_feature_arrays(plan))
    # coefficients take long: all threads work on them
    parallel = ", parallel=True" if plan.has_rows() else ""
    yield f'@njit(cache=True, error_model="numpy"{parallel})'
    yield f"def _samples({', '.join([*names, *lengths])}):"
    yield '    """What depends on one sample alone: features for its pairs, and diagonals."""'
    yield f"    count = len({names[0]})"
    for name, shape in arrays:
        yield f"    {name} = np.empty({shape})"
    yield "    nngp, ntk = np.empty(count), np.empty(count)"
    yield f"    for i in {'prange' if plan.has_rows() else 'range'}(count):"
    for name, array in zip(given, names, strict=True):
        yield f"        {name} = {array}[i]"
    features = {segment.index: segment for segment, _ in plan.segments()}
    yield from _sample_items(plan.samples, features, (), "        ")
    yield f"        nngp[i] = {plan.nngp[1]}"
    yield f"        ntk[i] = {plan.ntk[1]}"
    yield f"    return {', '.join([*(name for name, _ in arrays), 'nngp', 'ntk'])}"


def _sample_items(
    items: tuple[SampleItem, ...],
    segments: dict[int, Segment],
    counters: tuple[str, ...],
    indent: str,
) -> Iterator[str]:
    for item in items:
        if isinstance(item, Assign):
            yield from _assignment(item, indent)
        elif isinstance(item, Store):
            before = "".join(f"{counter}, " for counter in counters)
            segment = segments[item.segment]
            names = sp.numbered_symbols(f"w{segment.index}_")
            shared, values = sp.cse(
                [feature.value for feature in segment.features], symbols=names, order="none"
            )
            for name, part in shared:
                yield f"{indent}{name} = {source_text(part)}"
            for value, (_, array, place) in zip(values, _places(segment), strict=True):
                target = f"{array}[{before}{place.format(sample='i')}]"
                yield f"{indent}{target} = {source_text(value)}"
        else:
            yield f"{indent}for {item.counter} in range({item.times}):"
            yield from _sample_items(
                item.body, segments, (*counters, item.counter), indent + "    "
            )


def _assignment(line: Assign, indent: str) -> Iterator[str]:
    if line.note:
        yield f"{indent}# {line.note}"
    yield f"{indent}{line.target} = {source_text(line.value)}"


# -- one pair ------------------------------------------------------------------------------------


def _arguments(plan: KernelPlan) -> Iterator[tuple[str, str]]:
    """The arguments of ``_pairs``: name, and the expression in ``kernel``."""
    yield "start", "start"
    yield "stop", "stop"
    yield "symmetric", "x2 is None"
    for k, item in enumerate(plan.inputs):
        if item.length is not None:
            yield str(item.length), f'first["arrays"][{k}].shape[1]'
    for item in plan.inputs:
        if item.gaps is not None:
            for part in ("root", "unit"):
                yield f"{item.stem}_{part}1", f'first["{item.stem}_{part}"]'
                yield f"{item.stem}_{part}2", f'second["{item.stem}_{part}"]'
        if item.gaps is not None or item.covariance is not None:
            yield f"{item.stem}_products", f"{item.stem}_products"
    for cross in plan.crosses:
        for symbol in (cross.at_ab, cross.at_ba):
            if symbol is not None:
                yield f"{symbol}_products", f"{symbol}_products"
    for name, _ in _feature_arrays(plan):
        for k, side in ((1, "first"), (2, "second")):
            yield f"{name}_of{k}", f'{side}["{name}"]'
    yield "nngp", "nngp"
    yield "ntk", "ntk"


def _pairs(plan: KernelPlan) -> Iterator[str]:
    names = [name for name, _ in _arguments(plan)]
    yield '@njit(cache=True, error_model="numpy", parallel=True, nogil=True)'
    yield "def _pairs("
    yield from _indented_text(", ".join(names))
    yield "):"
    yield '    """Rows start to stop of the result; the upper triangle alone if symmetric."""'
    yield "    left = start if symmetric else 0"
    yield "    for task in prange(stop - start):"
    yield "        # long and short rows alternate, so that all threads get the same share"
    yield "        row = task // 2 if task % 2 == 0 else stop - start - 1 - task // 2"
    yield "        i = start + row"
    yield "        begin = i if symmetric else 0"
    yield "        count = nngp.shape[1] - begin"
    yield "        nngp_row, ntk_row = nngp[i, begin:], ntk[i, begin:]"
    rows = dict.fromkeys(
        symbol for segment, _ in plan.segments() for symbol in (*segment.loads, *segment.stores)
    )
    gaps = dict.fromkeys(g for item in plan.inputs if item.gaps for g in item.gaps)
    for symbol in dict.fromkeys([*gaps, *(r for r in rows if r not in _inputs(plan))]):
        yield f"        {symbol}_row = np.empty(count)"
    for item in plan.inputs:
        if item.gaps is not None:
            x = item.stem
            yield "        input_gaps("
            yield f"            {x}_products[row, begin - left :], {x}_root1[i], {x}_root2[begin:],"
            yield f"            {x}_unit1[i], {x}_unit2[begin:],"
            yield f"            {item.gaps[0]}_row, {item.gaps[1]}_row,"
            yield "        )"
        if item.covariance is not None:
            yield f"        {item.covariance}_row = {item.stem}_products[row, begin - left :]"
    for cross in plan.crosses:
        for symbol in (cross.at_ab, cross.at_ba):
            if symbol is not None:
                yield f"        {symbol}_row = {symbol}_products[row, begin - left :]"
    yield from _pair_items(plan, plan.pairs, (), "        ")


def _inputs(plan: KernelPlan) -> set[Symbol]:
    """The variables that are given by the inputs, pair by pair."""
    found: set[Symbol | None] = set()
    for item in plan.inputs:
        found |= {item.covariance, *(item.gaps or ())}
    for cross in plan.crosses:
        found |= {cross.at_ab, cross.at_ba}
    return {symbol for symbol in found if symbol is not None}


def _pair_items(
    plan: KernelPlan, items: tuple[PairItem, ...], counters: tuple[str, ...], indent: str
) -> Iterator[str]:
    for item in items:
        if isinstance(item, Repeat):
            yield f"{indent}for {item.counter} in range({item.times}):"
            yield from _pair_items(plan, item.body, (*counters, item.counter), indent + "    ")
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
        for line in item.lines:
            yield from _assignment(line, inner)
        for symbol in item.stores:
            yield f"{inner}{symbol}_row[j] = {symbol}"
        targets = {line.target for line in item.lines}
        for array, (symbol, _) in (("nngp", plan.nngp), ("ntk", plan.ntk)):
            if symbol in targets and symbol not in item.stores:
                yield f"{inner}{array}_row[j] = {symbol}"


def _features(segment: Segment, before: str, indent: str) -> Iterator[str]:
    """Reads the features of the first sample, and finds those of the second."""
    for k, (feature, array, place) in enumerate(_places(segment)):
        if feature.first is not None:
            yield f"{indent}{feature.first} = {array}_of1[{before}{place.format(sample='i')}]"
        if feature.second is not None:
            where = place.format(sample="begin:")
            yield f"{indent}second{segment.index}_{k} = {array}_of2[{before}{where}]"


# -- around --------------------------------------------------------------------------------------


def _footer(plan: KernelPlan) -> str:
    prepare, prepared, products = [], ['"arrays": arrays,', '"scaled": scaled,'], []
    variances = []
    prepare.append("scaled = [array / math.sqrt(array.shape[1]) for array in arrays]")
    for k, item in enumerate(plan.inputs):
        x = item.stem
        prepare.append(f"{item.variance} = variances(arrays[{k}])")
        variances.append(str(item.variance))
        if item.gaps is not None:
            prepared.append(f'"{x}_root": np.sqrt({item.variance}),')
            prepared.append(f'"{x}_unit": directions(arrays[{k}]),')
        if item.gaps is not None or item.covariance is not None:
            products.append(_product(f"{x}_products", k, k))
    for cross in plan.crosses:
        left, right = (_position(plan, name) for name in (cross.left, cross.right))
        if cross.diagonal is not None:
            prepare.append(f"{cross.diagonal} = covariances(arrays[{left}], arrays[{right}])")
            variances.append(str(cross.diagonal))
        for symbol, one, other in ((cross.at_ab, left, right), (cross.at_ba, right, left)):
            if symbol is not None:
                products.append(_product(f"{symbol}_products", one, other))
    variances += [
        f"arrays[{k}].shape[1]" for k, item in enumerate(plan.inputs) if item.length is not None
    ]
    stored = [name for name, _ in _feature_arrays(plan)]
    results = [*stored, "nngp", "ntk"]
    prepare.append(f"{', '.join(results)} = _samples({', '.join(variances)})")
    prepared += [f'"{name}": {name},' for name in results]
    call = ", ".join(value for _, value in _arguments(plan))
    return FOOTER.format(
        prepare=_indented(prepare, 4),
        prepared=_indented(prepared, 8),
        products=_indented(products, 8),
        call=_indented(textwrap.wrap(call, 86), 12),
        arguments=_input_words(plan),
    )


def _product(name: str, left: int, right: int) -> str:
    return f'{name} = first["scaled"][{left}][start:stop] @ second["scaled"][{right}][left:].T'


def _position(plan: KernelPlan, name: str) -> int:
    return [item.name for item in plan.inputs].index(name)


def _indented(lines: list[str], spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in lines)


def _input_words(plan: KernelPlan) -> str:
    if len(plan.inputs) == 1:
        return "x1, x2: arrays of real numbers of shape (n, d), one sample a row."
    names = ", ".join(item.name for item in plan.inputs)
    return f"x1, x2: a tuple of arrays of shape (n, d), one for each of {names}, or a dict by name."
