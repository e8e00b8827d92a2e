"""Finite networks: the graph with random weights, its values and its gradients, in NumPy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from symntk.errors import GraphError, UsageError
from symntk.finite.extents import Array, Extent, Inputs, extents, lengths_of, one_hot_positions
from symntk.finite.loops import Loop, loops
from symntk.finite.widths import Widths, lengths, readouts
from symntk.graph import Graph, Node
from symntk.graph.unroll import unroll
from symntk.ops import OPS


@dataclass(frozen=True)
class Architecture:
    """A graph, its blocks written out, in which every vector has a length.

    origin: for each parameter of the written-out ``graph``, the original graph's name for it.
    reach: for sequences (1) and for grids (2) the largest lengths that positions are one-hot for.
    outputs: the number of functions that share all but the output layer, whose weights have a row
        for each of them.
    """

    graph: Graph
    origin: Mapping[str, str]
    widths: Widths
    reach: Mapping[int, Extent]
    outputs: int = 1

    @classmethod
    def of(
        cls,
        graph: Graph,
        width: int,
        dims: Mapping[str, int],
        reach: Mapping[int, Extent] | None = None,
        outputs: int = 1,
    ) -> Architecture:
        """``graph`` at common width ``width``, for inputs (by name) of dimension ``dims``.

        The dimension of tokens is the number of different ones.  UsageError where the number of
        blocks is a symbol.
        """
        for depth in graph.depths:
            if not depth.is_Integer:
                raise UsageError(
                    f"the depth is the symbol {depth}: finite networks need a number, such as 3"
                )
        written, origin = unroll(graph)
        return cls(written, origin, Widths.of(graph, width, dims), reach or {}, outputs)

    @cached_property
    def lengths(self) -> Mapping[Node, int]:
        """The length of every vector."""
        return lengths(self.graph, self.widths, self.reach, self.outputs)

    @cached_property
    def loops(self) -> Mapping[Node, Loop]:
        """The loops over time, by their scan nodes."""
        return loops(self.graph)

    @cached_property
    def looped(self) -> frozenset[Node]:
        """The vectors that loops over time compute step by step."""
        return frozenset(node for loop in self.loops.values() for node in loop.inside)

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every array of parameters, see `key`.

        (fan-out, fan-in) of a weight, one such matrix for each token where tokens choose it;
        (length,) of a bias.
        """
        found: dict[str, tuple[int, ...]] = {}
        for name, uses in self.uses.items():
            for node in uses:
                argument, index = node.inputs[:1], node.inputs[1:]
                shape = tuple(self.lengths[part] for part in (*index, node, *argument))
                if found.setdefault(name, shape) != shape:
                    raise GraphError(
                        f"{name}: one use needs the shape {found[name]}, another {shape}; "
                        "give each a parameter of its own"
                    )
        return found

    @cached_property
    def uses(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that use each array of parameters."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.graph.nodes:
            if node.parameter is not None:
                found[key(node)] = (*found.get(key(node), ()), node)
        return found

    @cached_property
    def readout(self) -> frozenset[str]:
        """The parameters of the output layer; GraphError where one is used elsewhere too."""
        last = set(readouts(self.graph))
        names = {key(node) for node in last if node.parameter is not None}
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
        return sum(prod(shape) for shape in self.shapes.values())

    def sample(self, rng: np.random.Generator) -> Network:
        """A network whose parameters are drawn from N(0, 1)."""
        return Network(
            self, {name: rng.standard_normal(shape) for name, shape in self.shapes.items()}
        )


def key(node: Node) -> str:
    """The name of the array of parameters that ``node`` uses: ``W``, ``W[1]`` of a family.

    The matrices by token of a weight M are one array ``M[x]``, those by position another one.
    """
    assert node.parameter is not None
    name = node.parameter.name
    if len(node.inputs) > 1:
        width = str(node.inputs[1].width)
        return f"{name}[{width.removeprefix('one-hot:')}]"
    index = dict(node.settings).get("tap")
    return name if index is None else f"{name}[{index}]"


@dataclass(frozen=True)
class Network:
    """A function f: the parameters are the N(0, 1) variables, scaled where they are used."""

    architecture: Architecture
    parameters: Mapping[str, Array]

    def __call__(self, inputs: Inputs) -> Array:
        """The values of f, of the first where there are several, shape (batch,)."""
        return self.values(inputs)[self.architecture.graph.output][:, 0]

    def values(self, inputs: Inputs) -> dict[Node, Array]:
        """Every vector at each input and position, shape (batch, *positions, length).

        The vectors in the body of a loop over time have a position for each step.
        """
        graph = self.architecture.graph
        return self.completed({}, graph.nodes, inputs, extents(graph, lengths_of(inputs)))

    def completed(
        self,
        known: Mapping[Node, Array],
        nodes: Iterable[Node],
        inputs: Inputs,
        found: Mapping[Node, Extent],
    ) -> dict[Node, Array]:
        """The vectors that are ``known``, and those of ``nodes``, in the order of the graph.

        found: the lengths of the axes of every node for these inputs.
        """
        batch = len(next(iter(inputs.values()))) if inputs else 1
        architecture = self.architecture
        values = dict(known)
        for node in nodes:
            if node in architecture.looped:
                continue
            if node.op == "scan":
                (steps,) = found[node]
                architecture.loops[node].forwards(
                    values, (batch, steps), architecture.lengths, self._apply
                )
            shape = (batch, *found[node], architecture.lengths[node])
            own = self._data(node, inputs, found[node])
            values[node] = self._apply(node, aligned(node, values), own, shape)
        return values

    def gradients(self, inputs: Inputs, values: Mapping[Node, Array]) -> dict[Node, Array]:
        """df/d(vector) for every vector, shaped like ``values``."""
        output = self.architecture.graph.output
        return self.pulled(values, {output: np.ones_like(values[output])})

    def pulled(
        self,
        values: Mapping[Node, Array],
        starts: Mapping[Node, Array],
        ends: Collection[Node] = (),
    ) -> dict[Node, Array]:
        """The gradients dl/d(vector) of all vectors below those for which ``starts`` has them.

        ends: vectors from which gradients go no further.
        """
        graph, loops = self.architecture.graph, self.architecture.loops
        gradients = dict(starts)
        for node in reversed(graph.nodes):
            if node not in gradients or node in ends or node in self.architecture.looped:
                continue
            if node.op == "scan":
                loops[node].backwards(values, gradients, self._pull)
                continue
            parts = self._pull(node, aligned(node, values), values[node], gradients[node])
            for child, part in zip(node.inputs, parts, strict=True):
                if len(child.positions) < len(node.positions):
                    part = part.sum(tuple(range(1, part.ndim - 1)))
                gradients[child] = gradients[child] + part if child in gradients else part
        return gradients

    def _apply(
        self, node: Node, arguments: Sequence[Array], own: Array | None, shape: tuple[int, ...]
    ) -> Array:
        """The vectors of a node; ``own``: its numbers where they are no parameters."""
        own = self._own(node) if own is None else own
        return np.broadcast_to(OPS[node.op].forward(node, arguments, own, shape), shape)

    def _pull(
        self, node: Node, arguments: Sequence[Array], output: Array, gradient: Array
    ) -> tuple[Array, ...]:
        """The gradients of a node's arguments."""
        return OPS[node.op].pullback(node, arguments, output, gradient, self._own(node))

    def _own(self, node: Node) -> Array | None:
        """The numbers of a node that are not data."""
        if node.op == "attention":
            return np.array(self.architecture.widths.heads(node))
        return None if node.parameter is None else self.parameters[key(node)]

    def _data(self, node: Node, inputs: Inputs, extent: Extent) -> Array | None:
        """The numbers of a node that are data."""
        if node.op == "input":
            return inputs[str(node["name"])]
        if node.op == "positions":
            return one_hot_positions(extent, self.architecture.reach[len(extent)])
        return None


def aligned(node: Node, values: Mapping[Node, Array]) -> list[Array]:
    """The arguments of a node, a single vector among sequences as (batch, 1, ..., length)."""
    missing = [len(node.positions) - len(child.positions) for child in node.inputs]
    return [
        np.expand_dims(values[child], tuple(range(1, 1 + max(0, axes))))
        for child, axes in zip(node.inputs, missing, strict=True)
    ]
