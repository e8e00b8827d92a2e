"""From a graph to its infinite-width limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp

from symntk.derivation.assumptions import AroundRepeat, check
from symntk.derivation.forward import Forward
from symntk.derivation.laws import Laws
from symntk.derivation.program import Quantity, Statement
from symntk.derivation.recurrence import arrange
from symntk.derivation.result import Moments, Recursion, read
from symntk.derivation.steps import reading_order
from symntk.derivation.tangents import TOTAL, Tangents
from symntk.errors import AssumptionError
from symntk.graph import Graph, Node, Parametrization
from symntk.graph.configuration import configure
from symntk.graph.folding import fold
from symntk.graph.unroll import unroll
from symntk.trace import Step

if TYPE_CHECKING:
    from symntk.decomposition.flow.gradient_flow import GradientFlow
    from symntk.emission import Kernel


def derive(
    graph: Graph | Node,
    parametrization: Parametrization | None = None,
    frozen: tuple[str, ...] = (),
) -> Derivation:
    """The NNGP and the NTK of ``graph`` in the limit of infinite width, with every step.

    parametrization: "ntk" or "standard" for all parameters; None keeps what the graph says.
    frozen: names of parameters that are not trained; they have no term of their own in the NTK.

    Raises AssumptionError, naming the node, where the theory does not apply, and GraphError for a
    graph that is not well formed.
    """
    network = graph if isinstance(graph, Graph) else Graph(graph)
    network = configure(network, parametrization, frozen)
    try:
        return _derive(network)
    except AroundRepeat:
        if not all(isinstance(times, sp.Integer) for times in network.depths):
            raise
        return _derive(unroll(network)[0])


def _derive(graph: Graph) -> Derivation:
    """The compiler on one screen."""
    laws = Laws(graph)  # Graph -> the law of every vector
    assumptions = check(graph, laws)  # -> the assumptions, or a refusal
    forward = Forward(graph, laws)
    Tangents(forward).of(graph.output)  # -> Sigma, Pi and Theta on demand, block by block
    if forward.sigma(graph.output, graph.output) == 0:
        raise AssumptionError(
            graph.names[graph.output],
            "the output is 0 whatever the weights, and has no kernels",
            "Look for a vector that is always 0, such as one from beyond an edge.",
        )
    moments = forward.expectations.moments  # -> the Gaussian expectations they need
    program = arrange(forward.program)  # -> in order, circles through time as recurrences
    return Derivation(graph, assumptions, program, MappingProxyType(moments))


@dataclass(frozen=True, repr=False)
class Derivation:
    """The infinite-width limit of a network, as a program of equations with their reasons.

    graph: the network.
    assumptions: what the derivation rests on, as steps.
    program: the equations between covariances, in the order of dependence.
    moments: the Gaussian expectations in them, by the pair of functions.
    """

    graph: Graph
    assumptions: tuple[Step, ...]
    program: tuple[Statement, ...]
    moments: Moments

    def __deepcopy__(self, memo: object) -> Derivation:
        """Itself: nothing in it changes."""
        return self

    def __reduce__(self) -> tuple[Callable[[Graph], Derivation], tuple[Graph]]:
        """The network, which is derived again elsewhere."""
        return _derive, (self.graph,)

    def __repr__(self) -> str:
        count = len(self.program)
        return f"<Derivation of {self.graph!r}: {count} equations>"

    @property
    def outputs(self) -> Mapping[str, Quantity]:
        """The program's results: ``nngp``, ``ntk``, and ``ntk:W`` for each trained parameter."""
        name = self.graph.names[self.graph.output]
        found = {"nngp": Quantity("Sigma", name, name), "ntk": Quantity("Theta", name, TOTAL)}
        found |= {f"ntk:{w}": Quantity("Theta", name, w) for w in self.trained}
        return MappingProxyType(found)

    @property
    def trained(self) -> tuple[str, ...]:
        """The names of the parameters that have a term in the NTK."""
        return tuple(name for name, p in self.graph.parameters.items() if p.trainable)

    @property
    def values(self) -> Mapping[sp.Symbol, sp.Expr]:
        """The numerical values of the scale symbols."""
        return self.graph.values

    @cached_property
    def nngp(self) -> sp.Expr | Recursion:
        """The NNGP kernel Sigma(x, x') of the output: an expression in the input's covariances
        for one hidden layer, else the recursion.
        """
        return read(self.program, self.moments, self.outputs["nngp"])

    @cached_property
    def ntk(self) -> sp.Expr | Recursion:
        """The NTK Theta(x, x'), as `nngp`."""
        return read(self.program, self.moments, self.outputs["ntk"])

    @cached_property
    def ntk_by_weight(self) -> Mapping[str, sp.Expr | Recursion]:
        """Each trained parameter's part of the NTK; in a repeated block summed over the blocks."""
        return MappingProxyType(
            {w: read(self.program, self.moments, self.outputs[f"ntk:{w}"]) for w in self.trained}
        )

    @cached_property
    def folded(self) -> Derivation:
        """The derivation of the same kernels with equal layers in a row as one repeated block.

        It is this one where there are none, or where the law at a block's end is not known.
        """
        graph = fold(self.graph)
        if graph is self.graph:
            return self
        try:
            return _derive(graph)
        except AssumptionError:
            return self

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step, ordered by `symntk.trace.STAGES`."""
        return reading_order(self)

    @cached_property
    def flow(self) -> GradientFlow:
        """The gradient flow that the NTK drives, term by term.

        See `symntk.decomposition.flow.gradient_flow.GradientFlow`.
        """
        from symntk.decomposition.flow.gradient_flow import gradient_flow

        return gradient_flow(self)

    def render(self, format: str = "latex", **options: Any) -> str:
        """The derivation as text in one of `symntk.rendering.FORMATS`."""
        from symntk.rendering import render

        return render(self, format, **options)

    def compile(self, dtype: str = "float64") -> Kernel:
        """The derivation as a compiled kernel; see `symntk.emission.Kernel`."""
        from symntk.emission import compile_kernel

        return compile_kernel(self, dtype)
