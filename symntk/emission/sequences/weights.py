"""The code that computes numbers of the positions of one document, such as attention weights."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Symbol

from symntk.derivation import Derivation, Equation
from symntk.emission.sequences.plan import Allocate, Item, SequenceInput
from symntk.emission.sequences.planning import Planning
from symntk.emission.sequences.reading import Demand
from symntk.emission.sequences.samples import Samples


@dataclass(frozen=True)
class WeightsCode:
    """The body of a function of ``input`` that fills the rows of the array ``weights``."""

    input: SequenceInput
    constants: tuple[tuple[Symbol, Expr], ...]
    body: tuple[Item, ...]


def weights_code(
    derivation: Derivation, program: tuple[Equation, ...], weights: tuple[Equation, ...]
) -> WeightsCode:
    """The code for ``weights``, which are numbers of each position and depend on ``program``."""
    planning = Planning(derivation)
    lowering = planning.lowering
    (node,) = derivation.graph.inputs
    shapes = {line.target.left: node.positions for line in weights}
    lowering.read.shapes = {**lowering.read.shapes, **shapes}
    demands: set[Demand] = {("own", line.target) for line in weights}
    samples = Samples(lowering, planning.sample_frame, planning.as_work, demands, set())
    body = samples.run((*program, *weights))
    found = (
        Allocate("", text=f"copied({lowering.read.own_array(line.target)}, weights[{n}])")
        for n, line in enumerate(weights)
    )
    constants = ((symbol, derivation.values[scale]) for scale, symbol in lowering.constants.items())
    (item,) = planning.inputs.values()
    given = planning.data.given(samples.demands, set())
    return WeightsCode(item, tuple(constants), (*given, *body, *found))
