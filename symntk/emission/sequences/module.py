"""The source text of a kernel of sequences: a module that needs NumPy and Numba alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from symntk.emission.composition import GAPS, composed, constants, docstring
from symntk.emission.printer import WIDTH
from symntk.emission.sequences.lane_text import lane_functions
from symntk.emission.sequences.plan import SequencePlan, Stored
from symntk.emission.sequences.template import FUNCTIONS, MIXED, MIXTURE
from symntk.emission.sequences.text import (
    PAIR,
    inputs_in_words,
    items_text,
    text_of,
    wrapped,
)


def module_text(plan: SequencePlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    notes = [*plan.notes, GAPS]
    return composed(
        docstring(plan.title, plan.formula, PAIR, plan.equations, notes, dtype),
        dtype,
        [_inputs(plan), *constants(plan.constants)],
        _mixture(plan) + (_functions(plan) if plan.lanes is None else lane_functions(plan)),
        plan.functions,
    )


def _inputs(plan: SequencePlan) -> str:
    rows = ", ".join(
        f"{item.name!r}: ({'tokens' if item.is_tokens else 'rows'!r}, {item.fixed}, {item.dim})"
        for item in plan.inputs
    )
    return f"INPUTS = {{{rows}}}  # kind, lengths and width, None for any"


# -- functions -----------------------------------------------------------------------------------


def _functions(plan: SequencePlan) -> str:
    lengths = [name for item in plan.inputs for name in item.lengths]
    stems = [item.data for item in plan.inputs]
    text = "\n".join(items_text([*plan.sample, *plan.pair], ""))
    sinusoid = "SINUSOID" if "SINUSOID[" in text else ""
    tail = [sinusoid] if sinusoid else []
    tables = [f"{array.name}_table" for array in plan.tables]
    sides = {mark: [f"{stem}_{mark}" for stem in stems] for mark in "ij"}
    sized = {mark: [f"{name}_{mark}" for name in lengths] for mark in "ij"}
    pair_arguments = [
        name
        for mark in "ij"
        for name in (
            *sides[mark],
            *sized[mark],
            f"values_{mark}",
            *(f"{table}_{mark}" for table in tables),
        )
    ]
    batch = [name for stem in stems for name in (stem, f"{stem}_starts", f"{stem}_lengths")]
    batches = {k: [f"{name}{k}" for name in [*batch, "values", "starts", *tables]] for k in "12"}
    return FUNCTIONS.format(
        mixed=MIXED if plan.mixture else "",
        lengths="".join(f", {name}" for name in lengths),
        views="\n".join(_views(plan)),
        sample_arguments=", ".join([*stems, *lengths, "values", *tail]),
        sample="\n".join(_sample(plan, lengths)),
        pair_arguments=wrapped([*pair_arguments, *tail]),
        pair="\n".join(_pair(plan, lengths)),
        samples_arguments=", ".join([*batch, "values", "starts", *tail]),
        sample_call=wrapped(
            [*_slices(plan, "", "n"), "values[starts[n] : starts[n + 1]]", *tail], 12
        ),
        pairs_arguments=wrapped(
            [*batches["1"], *batches["2"], "symmetric", "diagonal", "nngp", "ntk", *tail]
        ),
        pair_call=wrapped(
            [
                name
                for k, n in (("1", "n"), ("2", "m"))
                for name in (
                    *_slices(plan, k, n),
                    f"values{k}[starts{k}[{n}] : starts{k}[{n} + 1]]",
                    *(f"{table}{k}" for table in tables),
                )
            ]
            + tail,
            16,
        ),
        unpack="\n".join(_unpack(plan)),
        requirements="\n".join(_requirements(plan)),
        sizes="\n".join(_sizes(plan)),
        samples_call=", ".join([*batch, "values", "starts", *tail]),
        encoding=sinusoid and "    SINUSOID = sinusoid_covariances(longest(inputs, inputs))\n",
        tables="\n".join(_tables(plan)),
        prepared=", ".join([*batch, "values", "starts", *tables]) + ",",
        sinusoid=sinusoid and "    SINUSOID = sinusoid_covariances(longest(first[0], second[0]))\n",
        sinusoid_argument=sinusoid and ", SINUSOID",
        arguments=inputs_in_words(plan),
    )


def _mixture(plan: SequencePlan) -> str:
    """The functions that put other rows in the place of those of the samples."""
    if not plan.mixture:
        return ""
    (item,) = plan.inputs
    body = "\n".join(items_text(plan.mixture, "    "))
    return MIXTURE.format(data=item.data, length=item.lengths[0], body=body)


def _slices(plan: SequencePlan, k: str, n: str) -> Iterator[str]:
    for item in plan.inputs:
        starts = f"{item.data}_starts{k}"
        yield f"{item.data}{k}[{starts}[{n}] : {starts}[{n} + 1]]"
    for item in plan.inputs:
        for axis in range(len(item.lengths)):
            yield f"{item.data}_lengths{k}[{n}, {axis}]"


def _size(array: Stored) -> str:
    return " * ".join(_factor(size) for size in array.shape) or "1"


def _sizes_of(array: Stored) -> str:
    """The size of an array, of all samples at once."""
    return _size(array).replace("max(", "np.maximum(")


def _factor(size: str) -> str:
    return size if size.isidentifier() or size.isdigit() or "max" in size else f"({size})"


def _views(plan: SequencePlan) -> Iterator[str]:
    names = []
    for array in plan.stored:
        size = _size(array)
        view = f"values[at : at + {size}]"
        if len(array.shape) > 1:
            view += f".reshape(({', '.join(array.shape)}))"
        yield f"    {array.name} = {view}"
        yield f"    at += {size}"
        names.append(array.name)
    yield (
        f"    return ({', '.join(names)}{',' if len(names) == 1 else ''})"
        if names
        else "    return at"
    )


def _bind(plan: SequencePlan, lengths: list[str], mark: str) -> Iterator[str]:
    if not plan.stored:
        return
    names = ", ".join(f"{array.name}{mark}" for array in plan.stored)
    comma = "," if len(plan.stored) == 1 else ""
    arguments = ", ".join([f"values{mark}", *(f"{name}{mark}" for name in lengths)])
    text = f"{names}{comma} = _views({arguments})"
    if len(text) < WIDTH - 4:
        yield f"    {text}"
        return
    yield "    ("
    yield from textwrap.wrap(
        names + ",", WIDTH - 8, initial_indent=" " * 8, subsequent_indent=" " * 8
    )
    yield f"    ) = _views({arguments})"


def _sample(plan: SequencePlan, lengths: list[str]) -> Iterator[str]:
    lines = [*_dims(plan, ""), *_bind(plan, lengths, ""), *items_text(plan.sample, "    ")]
    yield from lines or ["    return"]


def _pair(plan: SequencePlan, lengths: list[str]) -> Iterator[str]:
    yield from _dims(plan, "_i")
    for mark in ("_i", "_j"):
        yield from _bind(plan, lengths, mark)
    yield from items_text(plan.pair, "    ")
    yield f"    return {text_of(plan.nngp)}, {text_of(plan.ntk)}"


def _dims(plan: SequencePlan, mark: str) -> Iterator[str]:
    """Widths of inputs, where a formula needs them."""
    body = "\n".join(items_text([*plan.sample, *plan.pair], ""))
    for item in plan.inputs:
        if re.search(rf"\b{item.stem}_dim\b", body):
            yield f"    {item.stem}_dim = {item.data}{mark}.shape[1]"


def _unpack(plan: SequencePlan) -> Iterator[str]:
    for k, item in enumerate(plan.inputs):
        yield f"    {item.data}, {item.data}_starts, {item.data}_lengths = inputs[{k}]"
        for axis, name in enumerate(item.lengths):
            yield f"    {name} = {item.data}_lengths[:, {axis}]"


def _requirements(plan: SequencePlan) -> Iterator[str]:
    for required in plan.requirements:
        yield f"    require_positions({required.length}, name, {required.length!r})"


def _sizes(plan: SequencePlan) -> Iterator[str]:
    """Where the values of each sample, and each array in them, begin."""
    zero = f"0 * {plan.inputs[0].data}_starts[1:]"
    total = " + ".join(_sizes_of(array) for array in plan.stored) or "0"
    yield f"    sizes = {zero} + {total}"
    yield "    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)"


def _tables(plan: SequencePlan) -> Iterator[str]:
    """Standard deviations become numbers of rows of tables."""
    before: list[str] = []
    for array in plan.stored:
        if array.table:
            offset = " + ".join(before) or "0"
            yield f"    at = places(starts[:-1] + {offset}, 0 * sizes + {_sizes_of(array)})"
            yield "    deviations, rows = np.unique(values[at], return_inverse=True)"
            yield "    values[at] = rows.ravel()"
            yield f"    {array.name}_table = full_table_{array.table}(deviations)"
        before.append(_sizes_of(array))
