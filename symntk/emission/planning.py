"""From a derivation to its kernel plan."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp
from sympy import Symbol

from symntk.derivation import (
    Derivation,
    Entry,
    Equation,
    Loop,
    Quantity,
    Statement,
    entries,
    needed,
)
from symntk.derivation.backward import fan_in
from symntk.derivation.program import Site
from symntk.emission import forms
from symntk.emission.calls import Functions, integrated_function
from symntk.emission.hoisting import Planner, live, pair_segments, sample_lines
from symntk.emission.homogeneity import NotHomogeneous, degrees
from symntk.emission.integrals import numerical_notes, stable_moments
from symntk.emission.lowering import Lowering
from symntk.emission.plan import CrossInput, Input, KernelPlan, PairItem, Profile, Repeat
from symntk.emission.smoothness import is_smooth


def plan_kernel(derivation: Derivation) -> KernelPlan:
    """The plan of the kernel that computes the NNGP and the NTK of ``derivation``."""
    nngp, ntk = derivation.outputs["nngp"], derivation.outputs["ntk"]
    program = needed(derivation.program, {nngp, ntk})
    functions = Functions(dict(derivation.values))
    pair, single = stable_moments(derivation, functions)
    lengths = {
        fan_in(node): derivation.graph.names[node]
        for node in derivation.graph.inputs
        if not isinstance(node.width, int)
    }
    lowering = Lowering(program, derivation.values, lengths, pair, single)
    outputs = {
        "nngp": (lowering.names.pair(nngp.at("ab")), lowering.names.sample(nngp)),
        "ntk": (lowering.names.pair(ntk.at("ab")), lowering.names.sample(ntk)),
    }
    scope = lowering.scopes[0]
    lines = [line for segment in pair_segments(scope.pairs) for line in segment.lines]
    live_pairs = live(lines, [pair for pair, _ in outputs.values()])
    constants = frozenset({*lowering.fixed.values(), forms.TINY})
    planner = Planner(lowering.variables, constants, live_pairs)
    planner.prepare(scope.pairs)
    wanted = [sample for _, sample in outputs.values()]
    for _, _, features in planner.segments.values():
        wanted += [symbol for feature in features for symbol in feature.value.free_symbols]
    live_samples = live(sample_lines(scope.samples), wanted)
    used = live_pairs | live_samples
    pairs = planner.pairs(scope.pairs)
    inputs = tuple(_inputs(derivation, lowering, live_pairs, used))
    return KernelPlan(
        title=f"Kernels of an infinitely wide network: {derivation.graph.title or 'f'}.",
        formula=str(derivation.graph),
        equations=tuple(_equations(program)),
        notes=numerical_notes(functions),
        constants=tuple(
            (symbol, derivation.values[scale]) for scale, symbol in lowering.constants.items()
        ),
        inputs=inputs,
        crosses=tuple(_crosses(derivation, lowering, program, live_pairs, live_samples)),
        pairs=pairs,
        samples=planner.samples(scope.samples, live_samples),
        nngp=outputs["nngp"],
        ntk=outputs["ntk"],
        functions=tuple(integrated_function(name, f) for f, name in functions.names.items()),
        profile=(
            _profile(derivation, program, work(pairs))
            if _is_of_one_angle(inputs) and work(pairs) > ENOUGH
            else None
        ),
    )


ENOUGH = 5
"""Calls of functions for one pair that cost as much as a profile does."""


def work(items: tuple[PairItem, ...]) -> int:
    """The calls of functions for one pair; an integral counts as many as it takes."""
    total = 0
    for item in items:
        if isinstance(item, Repeat):
            total += item.times * work(item.body)
        else:
            for line in item.lines:
                calls = line.value.atoms(sp.Function, sp.Pow)
                total += sum(
                    _INTEGRAL if call.func.__name__.startswith("expectation_") else 1
                    for call in calls
                    if not call.is_number
                )
    return total


_INTEGRAL = 50


def _is_of_one_angle(inputs: tuple[Input, ...]) -> bool:
    """Whether a pair's gaps of one input, and what its samples are alone, are all that counts."""
    return len(inputs) == 1 and inputs[0].gaps is not None and inputs[0].length is None


SLOW = 50
"""Calls of functions for one pair that cost as much as a table of three variables does."""


def _profile(derivation: Derivation, program: tuple[Statement, ...], calls: int) -> Profile:
    (node,) = derivation.graph.inputs
    name = derivation.graph.names[node]
    try:
        found = degrees(program, Quantity("Sigma", name, name))
    except NotHomogeneous:
        return Profile(None, tabulated=calls > SLOW and is_smooth(program))
    nngp, ntk = (found[derivation.outputs[key]] for key in ("nngp", "ntk"))
    return Profile((nngp[0], ntk[0]))


def _inputs(
    derivation: Derivation, lowering: Lowering, alive: set[Symbol], used: set[Symbol]
) -> Iterator[Input]:
    """The inputs, with what the code for pairs (``alive``) and all code (``used``) needs."""
    for node in derivation.graph.inputs:
        name = derivation.graph.names[node]
        quantity = Quantity("Sigma", name, name)
        gaps = lowering.gap_symbols(quantity) if quantity in lowering.gapped else None
        covariance = lowering.names.pair(quantity.at("ab"))
        dim = node.width if isinstance(node.width, int) else None
        length = lowering.lengths.get(fan_in(node))
        yield Input(
            str(node["name"]),
            dim,
            length if length is not None and length in used else None,
            lowering.names.sample(quantity),
            gaps if gaps and set(gaps) & alive else None,
            covariance if covariance in alive else None,
        )


def _crosses(
    derivation: Derivation,
    lowering: Lowering,
    program: tuple[Statement, ...],
    alive: set[Symbol],
    live_samples: set[Symbol],
) -> Iterator[CrossInput]:
    names = {derivation.graph.names[node]: str(node["name"]) for node in derivation.graph.inputs}
    for quantity in sorted({e.quantity for e in _entries(program)}, key=str):
        if quantity.kind != "Sigma" or quantity.left == quantity.right:
            continue
        if quantity.left in names and quantity.right in names:
            ab, ba = (lowering.names.pair(quantity.at(site)) for site in _BOTH_WAYS)
            diagonal = lowering.names.sample(quantity)
            yield CrossInput(
                names[quantity.left],
                names[quantity.right],
                ab if ab in alive else None,
                ba if ba in alive else None,
                diagonal if diagonal in live_samples else None,
            )


_BOTH_WAYS: tuple[Site, Site] = ("ab", "ba")


def _entries(program: tuple[Statement, ...]) -> Iterator[Entry]:
    for statement in program:
        if isinstance(statement, Loop):
            for carry in statement.carries:
                yield from entries(carry.start)
                yield from entries(carry.next)
            yield from _entries(statement.body)
        elif isinstance(statement, Equation):
            yield from entries(statement.value)


def _equations(program: tuple[Statement, ...], indent: str = "") -> Iterator[str]:
    """The program in plain text, for the module's docstring."""
    for statement in program:
        if isinstance(statement, Loop):
            for carry in statement.carries:
                yield f"{indent}{carry.inner.at('ab')} = {sp.sstr(carry.start)}"
            yield f"{indent}{'once' if statement.times == 1 else f'{statement.times} times'}:"
            yield from _equations(statement.body, indent + "    ")
            for carry in statement.carries:
                yield f"{indent}    next {carry.inner.at('ab')} = {sp.sstr(carry.next)}"
            for carry in statement.carries:
                yield f"{indent}{carry.result.at('ab')} = {carry.inner.at('ab')}"
        elif isinstance(statement, Equation):
            site: Site = "aa" if statement.target.kind in ("mean", "scale") else "ab"
            yield f"{indent}{statement.target.at(site)} = {sp.sstr(statement.value)}"
