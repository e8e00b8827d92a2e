"""How wide each vector of a graph is in a finite network of common width n."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import gcd, prod

from symntk.errors import GraphError
from symntk.graph import Graph, Node, Weight, ancestors


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

    def heads(self, attention: Node) -> int:
        """The number of heads: n where there are many, so that all limits are taken together."""
        return self.common if attention["heads"] == "many" else 1

    def product(self, weight: Weight) -> int:
        """The length of what ``weight`` gives inside the network."""
        if weight.width is None:
            return self.common
        return weight.width // self.unit * self.multiple


def lengths(
    graph: Graph, widths: Widths, reach: Mapping[int, tuple[int, ...]], outputs: int = 1
) -> dict[Node, int]:
    """The length of every vector of a graph without repeated blocks; ``outputs`` for the readouts.

    A bias takes the length of the vectors it is added to, the state of a loop over time that of
    what the loop returns.  GraphError where these differ, or where a readout is used inside the
    network too.
    """
    last = set(readouts(graph))
    _require_free(graph, last)
    many = dict.fromkeys(copied(graph), widths.common)
    found: dict[Node, int] = dict.fromkeys(last, outputs)
    for _ in range(1 + sum(node.op == "scan" for node in graph.nodes)):
        for node in graph.nodes:
            if node not in found:
                length = _length(node, found, widths, reach)
                if length is not None:
                    found[node] = length * many.get(node, 1)
            if node.op == "scan" and node in found:
                found.setdefault(node["state"], found[node])
    for node in reversed(graph.nodes):
        own = found.setdefault(node, widths.common)
        for child in _alike(node):
            if found.setdefault(child, own) != own:
                raise GraphError(
                    f"{graph.names[child]}: it is part of {graph.names[node]} and of a vector of "
                    "another width; give each its own"
                )
    return found


def _require_free(graph: Graph, outputs: set[Node]) -> None:
    """Refuse a term of the output that is used inside the network too."""
    for node in graph.nodes:
        for child in node.inputs:
            if node not in outputs and child in outputs and child.op != "bias":
                raise GraphError(
                    f"{graph.names[child]}: it is part of the network's output and of "
                    f"{graph.names[node]}; the readout must be independent of the rest"
                )


def _length(
    node: Node, found: Mapping[Node, int], widths: Widths, reach: Mapping[int, tuple[int, ...]]
) -> int | None:
    """The length of a vector from the lengths of those it is made of; None if they are open."""
    if node.width == "scalar":
        return 1
    match node.op:
        case "input":
            return widths.dims[str(node["name"])]
        case "positions":
            return prod(reach[len(node.positions)])
        case "sinusoid":
            return widths.common
        case "matmul":
            assert isinstance(node.parameter, Weight)
            return widths.product(node.parameter)
        case "concat":
            return sum(found[child] for child in node.inputs)
        case _:
            return next((found[child] for child in _alike(node) if child in found), None)


def _alike(node: Node) -> list[Node]:
    """The arguments of a node that act coordinate by coordinate on its own length."""
    if node.op in ("matmul", "concat") or node.width == "scalar":
        return []
    if node.op == "attention":
        return [node.inputs[2]]
    return [child for child in node.inputs if child.width != "scalar"]


def copied(graph: Graph) -> Iterator[Node]:
    """The matrix products of which every head of an attention with many heads has its own copy.

    They are what makes queries, keys and values directly.  The copies stand one below the other in
    one matrix, so that the product is as long as all heads together.
    """
    for attention in graph.nodes:
        if attention.op == "attention" and attention["heads"] == "many":
            pending = list(attention.inputs)
            while pending:
                node = pending.pop()
                if node.op == "matmul":
                    yield node
                elif node.op in ("sum", "product", "elementwise", "shift"):
                    pending += _alike(node)
                elif node.op != "bias":
                    raise GraphError(
                        f"{graph.names[node]}: the heads of an attention differ by the weights "
                        "that make queries, keys and values; put one in front"
                    )


def readouts(graph: Graph) -> Iterator[Node]:
    """The output and, where it is a sum, its terms: the vectors of length 1."""
    pending = [graph.output]
    while pending:
        node = pending.pop()
        yield node
        if node.op in ("sum", "pool"):
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
