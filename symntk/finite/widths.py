"""How wide each vector of a graph is in a finite network of common width n."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import gcd

from symntk.errors import GraphError
from symntk.graph import Graph, Node, Weight, ancestors
from symntk.graph.nodes import Width


@dataclass(frozen=True, slots=True)
class Widths:
    """Lengths of the vectors of one finite network.

    A vector of the common width has length ``common`` = n.  Lengths that the graph gives as
    numbers grow with n in their proportion: they are divided by their greatest common divisor
    ``unit``, and all multiplied by one whole number, ``multiple``, that brings the smallest to n.
    So 128 and 384 become n and 3 n, and a concatenation is always as long as its parts together;
    100 and 250 become 2 k and 5 k, and n is then the multiple of 2 next to the width asked for.
    ``dims`` are the dimensions of the inputs, by name.
    """

    common: int
    unit: int
    multiple: int
    dims: Mapping[str, int]

    @classmethod
    def of(cls, graph: Graph, common: int, dims: Mapping[str, int]) -> Widths:
        """The widths of ``graph`` at n = ``common``, or next to it."""
        given = set(_given(graph))
        if not given:
            return cls(common, 1, 1, dims)
        unit = gcd(*given)
        smallest = min(given) // unit
        multiple = max(1, round(common / smallest))
        return cls(smallest * multiple, unit, multiple, dims)

    def length(self, width: Width) -> int:
        """The length of a vector of the given width, not an input's."""
        if isinstance(width, tuple):
            return sum(map(self.length, width))
        if isinstance(width, int):
            return width // self.unit * self.multiple
        return {"n": self.common, "any": self.common, "scalar": 1}[width]

    def node(self, node: Node) -> int:
        """The length of a vector; for the network's readouts see `lengths`."""
        return self.dims[str(node["name"])] if node.op == "input" else self.length(node.width)


def lengths(graph: Graph, widths: Widths) -> dict[Node, int]:
    """The length of every vector of a graph without repeated blocks; 1 for the readouts.

    A bias takes the length of the vectors it is added to.  GraphError where it is added to vectors
    of different lengths, or where a readout is used inside the network too.
    """
    outputs = set(readouts(graph))
    found = {node: 1 if node in outputs else widths.node(node) for node in graph.nodes}
    settled = {node for node in graph.nodes if node.width != "any"} | outputs
    for node in reversed(graph.nodes):
        if node.op in ("matmul", "concat") or node.width == "scalar" or node not in settled:
            continue
        for child in node.inputs:
            if child.width == "scalar":
                continue
            if child.width == "any" and child not in settled:
                found[child] = found[node]
                settled.add(child)
            elif found[child] != found[node]:
                raise GraphError(
                    f"{graph.names[child]}: it is part of {graph.names[node]} and of a vector of "
                    "another width; give each its own"
                )
    for node in graph.nodes:
        if node.op in ("matmul", "concat") and not outputs.isdisjoint(node.inputs):
            raise GraphError(
                f"{graph.names[node]}: it takes the network's output; a readout enters once"
            )
    return found


def readouts(graph: Graph) -> Iterator[Node]:
    """The output and, where it is a sum, its terms: the vectors of length 1."""
    pending = [graph.output]
    while pending:
        node = pending.pop()
        yield node
        if node.op == "sum":
            pending.extend(node.inputs)
        elif node.op not in ("matmul", "bias"):
            raise GraphError(
                f"{graph.names[node]}: the output must be a readout v @ h or a sum of readouts "
                f"and biases, not {node.op}; put a weight in front"
            )


def _given(graph: Graph) -> Iterator[int]:
    """The widths that the graph gives as numbers, those of its inputs aside."""
    outputs = set(readouts(graph))
    for body in graph.bodies():
        for node in ancestors(body):
            if isinstance(node.parameter, Weight) and node not in outputs:
                width = node.parameter.width
                if width is not None:
                    yield width
