"""The source text of a kernel: a module that needs NumPy and Numba alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import sympy as sp
from sympy import Expr, Symbol

from symntk.emission.assembly import assembled
from symntk.emission.calls import IntegratedFunction
from symntk.emission.excerpts import names_in, quote
from symntk.emission.pair_code import arguments, feature_arrays, pair_code
from symntk.emission.plan import KernelPlan
from symntk.emission.printer import source_text
from symntk.emission.profile_code import profile_code, profile_data, profile_use
from symntk.emission.sample_code import sample_call, sample_code
from symntk.emission.table_code import is_tabulated, table_code
from symntk.emission.template import DEFINITIONS, DOCSTRING, FOOTER

_WIDTH = 100


def module_text(plan: KernelPlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    code = "\n".join([*sample_code(plan), "", "", *pair_code(plan)]) + "\n" + _footer(plan)
    own = [function_text(function) for function in plan.functions]
    excerpts = quote(names_in("\n".join([code, *own])))
    numbers = [excerpt.text for excerpt in excerpts if excerpt.is_number]
    helpers = [untyped(excerpt.text) for excerpt in excerpts if excerpt.is_function]
    classes = [e.text for e in excerpts if not e.is_number and not e.is_function]
    known = [_inputs_table(plan), *constants(plan.constants), *numbers, *edges(plan.functions)]
    definitions = DEFINITIONS.format(dtype=dtype, constants="\n".join(known))
    return assembled(
        DOCSTRING.format(title=plan.title, body=_documentation(plan, dtype)),
        [definitions, *classes, *own, *helpers, code],
    )


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


# -- around --------------------------------------------------------------------------------------


def _footer(plan: KernelPlan) -> str:
    prepare, prepared = [], ['"arrays": arrays,']
    features, variances = [], []
    for k, item in enumerate(plan.inputs):
        x, q = item.stem, str(item.variance)
        prepare.append(f"{q} = variances(arrays[{k}])")
        prepare.append(f"{x}_rows = padded(arrays[{k}] / math.sqrt(arrays[{k}].shape[1]))")
        prepared += [f'"{q}": {q},', f'"{x}_rows": {x}_rows,']
        prepared.append(f'"{x}_columns": np.ascontiguousarray({x}_rows.T),')
        if item.gaps is not None:
            prepared.append(f'"{x}_root": np.sqrt({q}),')
        features.append(f'{q} = sample["{q}"]')
        variances.append(q)
    for cross in plan.crosses:
        left, right = (_position(plan, name) for name in (cross.left, cross.right))
        if cross.diagonal is not None:
            features.append(f"{cross.diagonal} = covariances(arrays[{left}], arrays[{right}])")
            variances.append(str(cross.diagonal))
    variances += [
        f"arrays[{k}].shape[1]" for k, item in enumerate(plan.inputs) if item.length is not None
    ]
    if len(variances) > len(plan.inputs):
        features.insert(0, 'arrays = sample["arrays"]')
    results = [*(name for name, _ in feature_arrays(plan)), "nngp", "ntk"]
    features += sample_call(plan, results, variances)
    found = [*(f'"{name}": {name},' for name in results), *profile_data(plan)]
    call = ", ".join(value for _, value in arguments(plan))
    return profile_code(plan) + FOOTER.format(
        prepare=_indented(prepare, 4),
        prepared=_indented(prepared, 8),
        features=_indented(features, 4),
        found=_indented(found, 8),
        profile="".join(f"    {line}\n" for line in profile_use(plan)),
        call=_indented(textwrap.wrap(call, 90), 8),
        table=table_code(plan),
        compute="_along_table" if is_tabulated(plan) else "_through_layers",
        arguments=_input_words(plan),
    )


def _position(plan: KernelPlan, name: str) -> int:
    return [item.name for item in plan.inputs].index(name)


def _indented(lines: list[str], spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in lines)


def _input_words(plan: KernelPlan) -> str:
    if len(plan.inputs) == 1:
        return "x1, x2: arrays of real numbers of shape (n, d), one sample a row."
    names = ", ".join(item.name for item in plan.inputs)
    return f"x1, x2: a tuple of arrays of shape (n, d), one for each of {names}, or a dict by name."
