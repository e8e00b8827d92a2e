"""The source text of a kernel: a module that needs NumPy and Numba alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import sympy as sp
from sympy import Expr, Symbol

from symntk.emission.calls import IntegratedFunction
from symntk.emission.excerpts import names_in, quote
from symntk.emission.pair_code import (
    arguments,
    assignment,
    feature_arrays,
    pair_code,
    places,
)
from symntk.emission.plan import Assign, KernelPlan, SampleItem, Segment, Store
from symntk.emission.printer import source_text
from symntk.emission.profile_code import profile_code, profile_data, profile_use
from symntk.emission.template import FOOTER, HEADER

_WIDTH = 100


def module_text(plan: KernelPlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    code = "\n".join([*_samples(plan), "", "", *pair_code(plan)]) + "\n" + _footer(plan)
    excerpts = quote(names_in(code))
    own = [function_text(function) for function in plan.functions]
    excerpts = quote(names_in("\n".join([code, *(e.text for e in excerpts), *own])))
    numbers = [excerpt.text for excerpt in excerpts if not excerpt.is_function]
    helpers = [untyped(excerpt.text) for excerpt in excerpts if excerpt.is_function]
    header = HEADER.format(
        title=plan.title,
        body=_documentation(plan, dtype),
        dtype=dtype,
        imports="from functools import cache\n" if re.search(r"@cache\b", code) else "",
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
        for name, found in (("EDGES", function.edges), ("KINKS", function.kinks)):
            numbers = ", ".join(map(repr, found))
            start = f"{name}_{function.name} = np.array(["
            if len(start) + len(numbers) + 2 <= _WIDTH and found:
                yield f"{start}{numbers}])"
            elif found:
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
    text = re.sub(r"tuple\[Any, [^]]*\]", "tuple", text)
    return text.replace(": Any", "").replace(" -> Any", "")


# -- one sample ----------------------------------------------------------------------------------


def _samples(plan: KernelPlan) -> Iterator[str]:
    given = [str(item.variance) for item in plan.inputs]
    given += [str(cross.diagonal) for cross in plan.crosses if cross.diagonal is not None]
    names = [f"{name}_" for name in given]
    lengths = [str(item.length) for item in plan.inputs if item.length is not None]
    arrays = list(feature_arrays(plan))
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
            yield from assignment(item, indent)
        elif isinstance(item, Store):
            before = "".join(f"{counter}, " for counter in counters)
            segment = segments[item.segment]
            names = sp.numbered_symbols(f"w{segment.index}_")
            shared, values = sp.cse(
                [feature.value for feature in segment.features], symbols=names, order="none"
            )
            for name, part in shared:
                yield f"{indent}{name} = {source_text(part)}"
            for value, (_, array, place) in zip(values, places(segment), strict=True):
                target = f"{array}[{before}{place.format(sample='i')}]"
                yield f"{indent}{target} = {source_text(value)}"
        else:
            yield f"{indent}for {item.counter} in range({item.times}):"
            yield from _sample_items(
                item.body, segments, (*counters, item.counter), indent + "    "
            )


# -- around --------------------------------------------------------------------------------------


def _footer(plan: KernelPlan) -> str:
    prepare, prepared, variances = [], ['"arrays": arrays,'], []
    for k, item in enumerate(plan.inputs):
        x = item.stem
        prepare.append(f"{item.variance} = variances(arrays[{k}])")
        prepare.append(f"{x}_rows = padded(arrays[{k}] / math.sqrt(arrays[{k}].shape[1]))")
        variances.append(str(item.variance))
        prepared.append(f'"{x}_rows": {x}_rows,')
        prepared.append(f'"{x}_columns": np.ascontiguousarray({x}_rows.T),')
        if item.gaps is not None:
            prepared.append(f'"{x}_root": np.sqrt({item.variance}),')
            prepared.append(f'"{x}_unit": directions(arrays[{k}]),')
    for cross in plan.crosses:
        left, right = (_position(plan, name) for name in (cross.left, cross.right))
        if cross.diagonal is not None:
            prepare.append(f"{cross.diagonal} = covariances(arrays[{left}], arrays[{right}])")
            variances.append(str(cross.diagonal))
    variances += [
        f"arrays[{k}].shape[1]" for k, item in enumerate(plan.inputs) if item.length is not None
    ]
    results = [*(name for name, _ in feature_arrays(plan)), "nngp", "ntk"]
    prepare += _sample_call(plan, results, variances)
    prepared += [f'"{name}": {name},' for name in results]
    prepared += profile_data(plan)
    call = ", ".join(value for _, value in arguments(plan))
    return profile_code(plan) + FOOTER.format(
        prepare=_indented(prepare, 4),
        prepared=_indented(prepared, 8),
        profile="".join(f"    {line}\n" for line in profile_use(plan)),
        call=_indented(textwrap.wrap(call, 90), 8),
        arguments=_input_words(plan),
    )


def _sample_call(plan: KernelPlan, results: list[str], arguments: list[str]) -> Iterator[str]:
    """The call of ``_samples``; coefficients take long, and equal samples share them."""
    left = ", ".join(results)
    if not plan.has_rows() or len(arguments) > 1:
        yield f"{left} = _samples({', '.join(arguments)})"
        return
    (variance,) = arguments
    yield f"is_one = one_variance({variance}) > 0.0"
    yield f"{left} = _samples({variance}[:1] if is_one else {variance})"
    yield "if is_one:"
    for name in results:
        axis = -2 if name.startswith("rows") else -1
        yield f"    {name} = np.repeat({name}, len({variance}), axis={axis})"


def _position(plan: KernelPlan, name: str) -> int:
    return [item.name for item in plan.inputs].index(name)


def _indented(lines: list[str], spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in lines)


def _input_words(plan: KernelPlan) -> str:
    if len(plan.inputs) == 1:
        return "x1, x2: arrays of real numbers of shape (n, d), one sample a row."
    names = ", ".join(item.name for item in plan.inputs)
    return f"x1, x2: a tuple of arrays of shape (n, d), one for each of {names}, or a dict by name."
