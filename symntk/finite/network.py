"""Finite networks: the graph with random weights, its values and its gradients, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from symntk.errors import GraphError, UsageError
from symntk.finite.widths import Widths, lengths, readouts
from symntk.graph import Graph, Node
from symntk.graph.unroll import unroll
from symntk.ops import OPS

Array = NDArray[np.float64]
Inputs = Mapping[str, Array]
"""The network's inputs by name, each of shape (batch, dimension)."""


@dataclass(frozen=True)
class Architecture:
    """A graph, its blocks written out, in which every vector has a length.

    origin: for each parameter of the written-out ``graph``, the original graph's name for it.
    """

    graph: Graph
    origin: Mapping[str, str]
    widths: Widths

    @classmethod
    def of(cls, graph: Graph, width: int, dims: Mapping[str, int]) -> Architecture:
        """``graph`` at common width ``width``, for inputs (by name) of dimension ``dims``.

        UsageError where the number of blocks is a symbol.
        """
        for depth in graph.depths:
            if not depth.is_Integer:
                raise UsageError(
                    f"the depth is the symbol {depth}: finite networks need a number, such as 3"
                )
        written, origin = unroll(graph)
        return cls(written, origin, Widths.of(graph, width, dims))

    @cached_property
    def lengths(self) -> Mapping[Node, int]:
        """The length of every vector."""
        return lengths(self.graph, self.widths)

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every parameter: (fan-out, fan-in) of a weight, (length,) of a bias."""
        found: dict[str, tuple[int, ...]] = {}
        for node in self.graph.nodes:
            if node.parameter is None:
                continue
            shape = (self.lengths[node], *(self.lengths[child] for child in node.inputs))
            name = node.parameter.name
            if found.setdefault(name, shape) != shape:
                raise GraphError(
                    f"{name}: one use needs the shape {found[name]}, another {shape}; "
                    "give each a parameter of its own"
                )
        return found

    @cached_property
    def uses(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that use each parameter."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.graph.nodes:
            if node.parameter is not None:
                name = node.parameter.name
                found[name] = (*found.get(name, ()), node)
        return found

    @cached_property
    def readout(self) -> frozenset[str]:
        """The parameters of the output layer; GraphError where one is used elsewhere too."""
        last = set(readouts(self.graph))
        names = {node.parameter.name for node in last if node.parameter is not None}
        for name in names:
            if not last.issuperset(self.uses[name]):
                raise GraphError(
                    f"{name}: used in the readout and inside the network; "
                    "the readout must be independent of the rest"
                )
        return frozenset(names)

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def sample(self, rng: np.random.Generator) -> Network:
        """A network whose parameters are drawn from N(0, 1)."""
        return Network(
            self, {name: rng.standard_normal(shape) for name, shape in self.shapes.items()}
        )


@dataclass(frozen=True)
class Network:
    """A function f: the parameters are the N(0, 1) variables, scaled where they are used."""

    architecture: Architecture
    parameters: Mapping[str, Array]

    def __call__(self, inputs: Inputs) -> Array:
        """The values of f, shape (batch,)."""
        return self.values(inputs)[self.architecture.graph.output][:, 0]

    def values(self, inputs: Inputs) -> dict[Node, Array]:
        """Every vector at each input, shape (batch, length)."""
        batch = len(next(iter(inputs.values()))) if inputs else 1
        values: dict[Node, Array] = {}
        for node in self.architecture.graph.nodes:
            value = OPS[node.op].forward(
                node, [values[child] for child in node.inputs], self._parameter(node, inputs)
            )
            values[node] = np.broadcast_to(value, (batch, value.shape[1]))
        return values

    def gradients(self, inputs: Inputs, values: Mapping[Node, Array]) -> dict[Node, Array]:
        """df/d(vector) for every vector at each input, shape (batch, length)."""
        graph = self.architecture.graph
        gradients = {graph.output: np.ones_like(values[graph.output])}
        for node in reversed(graph.nodes):
            parts = OPS[node.op].pullback(
                node,
                [values[child] for child in node.inputs],
                values[node],
                gradients[node],
                self._parameter(node, inputs),
            )
            for child, part in zip(node.inputs, parts, strict=True):
                gradients[child] = gradients[child] + part if child in gradients else part
        return gradients

    def _parameter(self, node: Node, inputs: Inputs) -> Array | None:
        if node.op == "input":
            return inputs[str(node["name"])]
        return None if node.parameter is None else self.parameters[node.parameter.name]
