"""A whole network: its output, checked, with a name for every vector."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.formula import formula
from symntk.graph.nodes import Node, ancestors, parameters
from symntk.graph.weights import Parameter

_LETTERS = {"matmul": "z", "sum": "z", "repeat": "z", "block_input": "z"}


@dataclass(frozen=True)
class Graph:
    """A network f with one real output.  An immutable value; prints as its formula.

    output: the node of f, a readout ``v @ h`` or a sum of readouts and biases.
    title: how a printed derivation calls the network.
    """

    output: Node
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        owner: dict[str, Node] = {}
        for body in self.bodies():
            _check_names(body)
            _check_sharing(body)
            for node in ancestors(body):
                if node.parameter is not None:
                    name = node.parameter.name
                    if owner.setdefault(name, body) != body:
                        raise GraphError(
                            f"{name}: used inside a repeated block and outside it; "
                            "a block has fresh weights, so give them a name of their own"
                        )

    def bodies(self) -> Iterator[Node]:
        """The outputs of the graph itself and of every repeated block in it, outer ones first."""
        pending = [self.output]
        while pending:
            output = pending.pop()
            yield output
            for node in ancestors(output):
                if node.op == "repeat":
                    body = node["body"]
                    pending.append(body)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, inputs first; a repeated block counts as one node."""
        return tuple(ancestors(self.output))

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The network's inputs in the order of their names."""
        found = {n for body in self.bodies() for n in ancestors(body) if n.op == "input"}
        return tuple(sorted(found, key=lambda node: str(node["name"])))

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every weight and bias by name, those of repeated blocks included."""
        return MappingProxyType(parameters(self.output))

    @cached_property
    def values(self) -> Mapping[sp.Symbol, sp.Expr]:
        """The numerical value of every scale symbol and every constant of an activation."""
        found: dict[sp.Symbol, sp.Expr] = {}
        for owner, symbol, value in self._constants():
            if found.setdefault(symbol, value) != value:
                raise GraphError(
                    f"{owner}: {symbol} has two values, {found[symbol]} and {value}; "
                    "give the symbols different names"
                )
        return MappingProxyType(found)

    def _constants(self) -> Iterator[tuple[str, sp.Symbol, sp.Expr]]:
        for parameter in self.parameters.values():
            yield parameter.name, parameter.std.symbol, parameter.std.value
        for node in (node for body in self.bodies() for node in ancestors(body)):
            if node.op == "elementwise":
                for symbol, value in node["values"]:
                    yield self.names[node], symbol, value

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """A name for every node: the user's where there is one, else z1, h1, ...; f for the output.

        z are sums and matrix products (Gaussian in the limit), h everything else.
        """
        every = [node for body in self.bodies() for node in ancestors(body)]
        taken = {node.name for node in every if node.name} | set(self.parameters) | {"f"}
        used_by: dict[Node, set[str]] = defaultdict(set)
        for node in every:
            for child in node.inputs:
                used_by[child].add(node.op)
        counts: Counter[str] = Counter()
        names: dict[Node, str] = {self.output: self.output.name or "f"}
        for node in every:
            if node in names:
                continue
            if node.name or node.op == "bias":
                names[node] = node.name or str(node.parameter)
                continue
            if node.op == "matmul" and used_by[node] == {"sum"}:
                names[node] = formula(node, names)
                continue
            letter = _LETTERS.get(node.op, "h")
            while True:
                counts[letter] += 1
                name = f"{letter}{counts[letter]}"
                if name not in taken:
                    break
            names[node] = name
        return MappingProxyType(names)

    @property
    def depths(self) -> tuple[sp.Expr, ...]:
        """How often each repeated block is applied: numbers or symbols."""
        every = (node for body in self.bodies() for node in ancestors(body))
        return tuple(node["times"] for node in every if node.op == "repeat")

    def __str__(self) -> str:
        return "\n".join(f"{name} = {text}" for name, text in self.equations())

    def equations(self) -> Iterator[tuple[str, str]]:
        """The formula as (name, expression) lines, f first; one each for vectors used twice."""
        uses = Counter(child for node in self.nodes for child in node.inputs)
        shown = {
            node: self.names[node]
            for node in self.nodes
            if node.op not in ("input", "bias")
            and node != self.output
            and (node.name or uses[node] > 1)
        }
        for node in [self.output, *reversed([n for n in self.nodes if n in shown])]:
            yield self.names[node], formula(node, shown)


def _check_names(output: Node) -> None:
    """One name, one parameter: two different weights of one name are an error."""
    seen: dict[str, Parameter] = {}
    for node in ancestors(output):
        if node.parameter is not None:
            first = seen.setdefault(node.parameter.name, node.parameter)
            if first != node.parameter:
                raise GraphError(
                    f"{first.name}: two different parameters have this name; "
                    "rename one, or use the same object to share it"
                )


def _check_sharing(output: Node) -> None:
    """A shared matrix has one shape, so all its arguments have one width."""
    fan_in: dict[str, Node] = {}
    for node in ancestors(output):
        if node.op == "matmul":
            (argument,) = node.inputs
            assert node.parameter is not None
            first = fan_in.setdefault(node.parameter.name, argument)
            if first.width != argument.width:
                raise GraphError(
                    f"{node.parameter.name}: used on vectors of width {first.width} "
                    f"and {argument.width}; a shared weight has one shape"
                )
