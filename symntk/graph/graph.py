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
from symntk.graph.listing import Listing, list_network
from symntk.graph.nodes import Node, ancestors, parameters
from symntk.graph.rewrite import given_names
from symntk.graph.validation import validate
from symntk.graph.weights import Parameter
from symntk.graph.windows import flattened_product

_GAUSSIAN = frozenset({"matmul", "sum", "repeat", "block_input"})
_MOVED = frozenset({"shift", "pool", "scan"})
"""Operations that give vectors of the kind that they take."""


def _positions_by(node: Node, names: Mapping[Node, str]) -> str:
    """positions(h), where ``node`` is the positions of a sequence h that has a name."""
    if node.op not in ("positions", "sinusoid"):
        return ""
    alike = (names[other] for other in names if other.positions == node.positions)
    name = next(filter(str.isidentifier, alike), "")
    return name and f"{node.op}({name})"


def _letter(node: Node) -> str:
    while node.op in _MOVED:
        node = node.inputs[0]
    return "z" if node.op in _GAUSSIAN else "h"


@dataclass(frozen=True, repr=False)
class Graph:
    """A network f with one real output.  An immutable value; prints as its formula.

    output: the node of f, a readout ``v @ h`` or a sum of readouts and biases.
    title: how a printed derivation calls the network.
    """

    output: Node
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        validate(self.output, tuple(self.bodies()))

    def __reduce__(self) -> tuple[type[Graph], tuple[Node, str]]:
        """What it is made of, without what was read off it."""
        return Graph, (self.output, self.title)

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
    def given_names(self) -> Mapping[Node, str]:
        """The names that the user gave to vectors, those of repeated blocks included."""
        found: dict[Node, str] = {}
        for body in self.bodies():
            found = given_names(body) | found
        return MappingProxyType(found)

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """A name for every node: the user's where there is one, else z1, h1, ...; f for the output.

        z are sums and matrix products (Gaussian in the limit), h everything else.  A matrix product
        that is only a summand is called by its formula, and so are positions and shifted sequences.
        """
        every = [node for body in self.bodies() for node in ancestors(body)]
        given = self.given_names
        taken = {*given.values(), *self.parameters, "f"}
        used_by: dict[Node, set[str]] = defaultdict(set)
        for node in every:
            for child in node.inputs:
                used_by[child].add(str(node["kind"]) if node.op == "pool" else node.op)
        counts: Counter[str] = Counter()
        names = {self.output: given.get(self.output, "f")}
        for node in every:
            if node in names:
                continue
            if node in given or node.op == "bias":
                names[node] = given.get(node, str(node.parameter))
                continue
            if self._is_called_by_formula(node, used_by[node]):
                names[node] = _positions_by(node, names) or formula(node, names)
                continue
            letter = _letter(node)
            while True:
                counts[letter] += 1
                name = f"{letter}{counts[letter]}"
                if name not in taken:
                    break
            names[node] = name
        return MappingProxyType(names)

    @staticmethod
    def _is_called_by_formula(node: Node, used_by: set[str]) -> bool:
        if node.op in ("shift", "positions", "sinusoid"):
            return True
        is_product = node.op == "matmul" or flattened_product(node) is not None
        return is_product and len(used_by) == 1 and used_by <= {"sum", "flatten"}

    @property
    def depths(self) -> tuple[sp.Expr, ...]:
        """How often each repeated block is applied: numbers or symbols."""
        every = (node for body in self.bodies() for node in ancestors(body))
        return tuple(node["times"] for node in every if node.op == "repeat")

    @cached_property
    def listing(self) -> Listing:
        """The network as definitions; printed, the output comes first."""
        taken = {*self.parameters, *(str(node["name"]) for node in self.inputs)}
        return list_network(self.output, self.names, self.given_names, taken)

    def __str__(self) -> str:
        return str(self.listing)

    def __repr__(self) -> str:
        return f"<Graph {self.title or 'without a title'}:\n{self}>"
