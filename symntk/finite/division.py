"""Which vectors of a network depend on one token alone, so that they can stand in a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from symntk.graph import Graph, Node

POSITION_BY_POSITION = frozenset(
    {"matmul", "sum", "concat", "product", "elementwise", "layer_norm", "rms"}
)
"""Operations whose vector at a position depends on no other position."""

Nodes = frozenset[Node]


@dataclass(frozen=True)
class Division:
    """The vectors of a graph: those that depend on the token at their own position alone, and rest.

    embedded: the products of a weight with the tokens themselves, the columns of its matrix.
    table: what else is computed once for each different token, in the order of the graph.
    looked_up: the ends of the table that are needed where the token stands.
    pooled: sums and means of ends of the table over all positions.
    rest: what is computed for each input, from ``looked_up`` and ``pooled``.
    closed: vectors through which gradients reach no parameter: those of data, and made of data.
    """

    embedded: Nodes
    table: tuple[Node, ...]
    looked_up: Nodes
    pooled: Nodes
    rest: tuple[Node, ...]
    closed: Nodes

    @classmethod
    def of(cls, graph: Graph, source: Node) -> Division:
        """The division of ``graph`` whose only input is ``source``; no table for dense vectors."""
        alone = _by_token(graph.nodes, source) if source.is_one_hot else set[Node]()
        pooled = frozenset(
            node
            for node in graph.nodes
            if node.op == "pool" and node["kind"] in ("sum", "mean") and node.inputs[0] in alone
        )
        others = [node for node in graph.nodes if node not in alone and node not in pooled]
        looked_up = frozenset(child for node in others for child in node.inputs) & alone
        embedded = frozenset(
            node for node in alone if node.op == "matmul" and node.inputs == (source,)
        )
        data = _data(graph.nodes)
        return cls(
            embedded,
            _between(graph, looked_up.union(*(node.inputs for node in pooled)), embedded),
            looked_up,
            pooled,
            _between(graph, {graph.output}, looked_up | pooled),
            frozenset(node for node in graph.nodes if data.issuperset(node.inputs)),
        )

    @property
    def ends(self) -> Nodes:
        """The vectors of the table that the rest is computed from."""
        return self.looked_up.union(*(node.inputs for node in self.pooled))

    @property
    def known(self) -> Nodes:
        """The vectors that the rest is computed from."""
        return self.looked_up | self.pooled

    @property
    def has_positions(self) -> bool:
        """Whether the rest has a vector for each position, so that lengths matter."""
        return any(node.positions for node in (*self.looked_up, *self.rest))


def _by_token(nodes: Sequence[Node], source: Node) -> set[Node]:
    """The vectors that depend on the token at their own position, and on nothing else."""
    steady, found = set[Node](), set[Node]()
    for node in nodes:
        known = found | steady | {source}
        if node.op == "bias":
            steady.add(node)
        elif node.op in POSITION_BY_POSITION and known.issuperset(node.inputs):
            (steady if steady.issuperset(node.inputs) else found).add(node)
    return found


def _data(nodes: Sequence[Node]) -> set[Node]:
    """The vectors that depend on no parameter."""
    found = set[Node]()
    for node in nodes:
        if node.parameter is None and node.op != "state" and found.issuperset(node.inputs):
            found.add(node)
    return found


def _between(graph: Graph, wanted: Collection[Node], known: Nodes) -> tuple[Node, ...]:
    """The nodes that ``wanted`` is computed from, up to those that are known, and without them."""
    found, pending = set[Node](), [*wanted]
    while pending:
        node = pending.pop()
        if node not in found and node not in known:
            found.add(node)
            pending.extend(node.inputs)
    return tuple(node for node in graph.nodes if node in found)
