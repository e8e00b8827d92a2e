"""From a derivation to its kernel plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import sympy as sp
from sympy import Expr, Symbol

from symntk.activations.properties import kinks
from symntk.derivation import Derivation, Entry, Loop, Quantity, Statement, entries, needed
from symntk.derivation.backward import fan_in
from symntk.derivation.program import Site
from symntk.emission import forms
from symntk.emission.calls import Functions, integrated_function
from symntk.emission.hoisting import Planner, live, pair_segments, sample_lines
from symntk.emission.lowering import Lowering
from symntk.emission.moments import smooth_gap, stable_moment
from symntk.emission.plan import CrossInput, Input, KernelPlan
from symntk.emission.stabilise import stabilise
from symntk.emission.stable_moment import SmoothGap, StableMoment
from symntk.errors import NoClosedForm
from symntk.gaussian import BivariateNormalCDF, Expectation, Moment, derivative, expect, expect_one
from symntk.gaussian.symbols import u, x


def plan_kernel(derivation: Derivation) -> KernelPlan:
    """The plan of the kernel that computes the NNGP and the NTK of ``derivation``."""
    nngp, ntk = derivation.outputs["nngp"], derivation.outputs["ntk"]
    program = needed(derivation.program, {nngp, ntk})
    functions = Functions(dict(derivation.values))
    pair, single = _moments(derivation, functions)
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
    return KernelPlan(
        title=f"Kernels of an infinitely wide network: {derivation.graph.title or 'f'}.",
        formula=str(derivation.graph),
        equations=tuple(_equations(program)),
        notes=_notes(functions),
        constants=tuple(
            (symbol, derivation.values[scale]) for scale, symbol in lowering.constants.items()
        ),
        inputs=tuple(_inputs(derivation, lowering, live_pairs, used)),
        crosses=tuple(_crosses(derivation, lowering, program, live_pairs, live_samples)),
        pairs=planner.pairs(scope.pairs),
        samples=planner.samples(scope.samples, live_samples),
        nngp=outputs["nngp"],
        ntk=outputs["ntk"],
        functions=tuple(integrated_function(name, f) for f, name in functions.names.items()),
    )


def _notes(functions: Functions) -> tuple[str, ...]:
    """What a reader should know about the numbers."""
    if not functions.names:
        return ()
    return (
        "Expectations without an elementary closed form are integrated numerically, with an error "
        "of at most 1e-12 relative to the geometric mean of the diagonal entries.",
    )


def _moments(
    derivation: Derivation, functions: Functions
) -> tuple[Callable[[Expectation], StableMoment], Callable[[Expectation], Expr]]:
    """Stable forms of the derivation's expectations, each made once."""

    @cache
    def of_pair(f: Expr, h: Expr) -> StableMoment:
        moment: Moment = derivation.moments.get((f, h)) or expect(f, h)
        if moment.value is not None and not moment.value.has(BivariateNormalCDF):
            stable = stable_moment(moment.value)
            return stable if f != h else replace(stable, smooth=_smooth(derivation, f, moment))
        return functions.moment(f, h)

    @cache
    def of_one(f: Expr) -> Expr:
        moment: Moment = derivation.moments.get((f, None)) or expect_one(f)
        return functions.single(f) if moment.value is None else stabilise(moment.value)

    def pair(expectation: Expectation) -> StableMoment:
        factors = expectation.factors()
        if factors is None:
            raise NoClosedForm(f"{expectation} is not a product of functions of one variable each")
        return of_pair(*factors)

    return pair, lambda expectation: of_one(expectation.integrand.xreplace({u: x}))


def _smooth(derivation: Derivation, f: Expr, moment: Moment) -> SmoothGap | None:
    """How f spreads nearly equal inputs, if it is smooth and its slope has a closed form."""
    if moment.value is None or kinks(f):
        return None
    slope = derivative(f)
    known: Moment = derivation.moments.get((slope, slope)) or expect(slope, slope)
    if known.value is None or known.value.has(BivariateNormalCDF):
        return None
    return smooth_gap(f, moment.value, known.value)


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
        else:
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
        else:
            site: Site = "aa" if statement.target.kind in ("mean", "scale") else "ab"
            yield f"{indent}{statement.target.at(site)} = {sp.sstr(statement.value)}"
