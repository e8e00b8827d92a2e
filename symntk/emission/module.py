"""The source text of a kernel: a module that needs NumPy and Numba alone."""

from __future__ import annotations

import textwrap

from symntk.emission.composition import GAPS, composed, constants, docstring
from symntk.emission.pair_code import arguments, feature_arrays, pair_code
from symntk.emission.plan import KernelPlan
from symntk.emission.profile_code import profile_code, profile_data, profile_use
from symntk.emission.sample_code import sample_call, sample_code
from symntk.emission.table_code import is_tabulated, table_code
from symntk.emission.template import FOOTER


def module_text(plan: KernelPlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    notes = [*plan.notes, GAPS]
    code = "\n".join([*sample_code(plan), "", "", *pair_code(plan)]) + "\n" + _footer(plan)
    return composed(
        docstring(plan.title, plan.formula, "a pair of inputs", plan.equations, notes, dtype),
        dtype,
        [_inputs_table(plan), *constants(plan.constants)],
        code,
        plan.functions,
    )


def _inputs_table(plan: KernelPlan) -> str:
    inputs = ", ".join(f"{item.name!r}: {item.dim}" for item in plan.inputs)
    return f"INPUTS = {{{inputs}}}  # name and dimension, None for any"


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
