"""The law of every vector of a graph, and how vectors hang together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from symntk.errors import AssumptionError
from symntk.graph import Graph, Node, ancestors, describe
from symntk.graph.positions import indices, reindex
from symntk.ops import OPS
from symntk.ops.law import Law, reindex_all
from symntk.ops.links import Link
from symntk.ops.positions import state_links

ALIASES = frozenset({"shift", "scan", "state"})
"""Operations that only say at which position a vector is meant."""

MAPS = ALIASES | {"sum", "pool", "attention"}
"""Linear maps along positions; of vectors that are no functions of Gaussians seen here as well."""


@dataclass
class Laws:
    """Laws by node, computed once each.  Gaussian vectors are nodes of their own: matrix
    products, biases, their sums, and arguments of repeated blocks.
    """

    graph: Graph
    _laws: dict[Node, Law] = field(default_factory=dict)
    _sources: dict[Node, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        every = [node for body in self.graph.bodies() for node in ancestors(body)]
        self.order = {node: position for position, node in enumerate(dict.fromkeys(every))}
        self.consumers: dict[Node, list[Node]] = defaultdict(list)
        for node in self.order:
            for child in dict.fromkeys(node.inputs):
                self.consumers[child].append(node)
        self.scans = {node["state"]: node for node in self.order if node.op == "scan"}

    def of(self, node: Node) -> Law:
        """The law of ``node``."""
        for part in ancestors(node):
            if part not in self._laws:
                arguments = [self._laws[child] for child in part.inputs]
                if part.op == "repeat":
                    self._laws[part] = self._of_repeat(part, arguments[0])
                else:
                    self._require_no_carry(part)
                    law = OPS[part.op].law(part, arguments)
                    self._laws[part] = Law((), opaque=True) if self.is_random(part) else law
        return self._laws[node]

    def _require_no_carry(self, node: Node) -> None:
        """Refuse a state of a loop that anything but a weight matrix is applied to."""
        for argument in node.inputs:
            if argument.op == "state" and node.op != "matmul":
                raise AssumptionError(
                    describe(node),
                    "it passes the state of a scan on without a weight matrix, so the state "
                    "depends on the gates of all earlier steps at once, which are dependent "
                    "because the same weights make them; no rule reduces their joint expectation",
                    "Apply a weight matrix to the state before it is gated or added: W @ h",
                )

    def _of_repeat(self, node: Node, start: Law) -> Law:
        """Gaussian if what enters the block and what leaves it is; else only a matrix may follow.

        The law of the block's argument is settled on the way.
        """
        body, placeholder = node["body"], node["placeholder"]
        opaque = Law((), opaque=True)
        self._laws[placeholder] = Law.gaussian(placeholder) if start.is_gaussian else opaque
        if start.is_gaussian and not self.of(body).is_gaussian:
            for part in ancestors(body):
                self._laws.pop(part, None)
            self._laws[placeholder] = opaque
        return Law.gaussian(node) if self.of(body).is_gaussian else opaque

    def is_random(self, node: Node) -> bool:
        """Whether the weights of an attention over many heads stay random: see `attention`.

        AssumptionError where queries, keys and values are not independent Gaussians.
        """
        if node.op != "attention" or node["scaling"] != "1/sqrt(d)" or node["heads"] != "many":
            return False
        forms = [self.of(part).linear_forms for part in node.inputs]
        groups = [
            frozenset().union(*(self.sources(ref.node) for ref, _ in form[0])) if form else None
            for form in forms
        ]
        query, key, value = groups
        if query is None or key is None or query & key:
            return False
        if value is None or value & (query | key):
            raise AssumptionError(
                describe(node),
                "its values are not Gaussian vectors independent of queries and keys",
                "Give each weights of its own: attention(Q @ h, K @ h, V @ h)",
            )
        return True

    def links(self, node: Node) -> tuple[Link, ...] | None:
        """What a vector that is no Gaussian of its own takes from its arguments: a shift, a loop's
        state, a sum over positions of activations; None for other vectors.
        """
        if node.op == "state":
            return state_links(self.scans[node])
        if self.is_random(node):
            return None
        if node.op in ALIASES or (node.op in MAPS and self.of(node).opaque):
            return OPS[node.op].links(node)
        is_along = node.op == "pool" or is_window(node)
        if is_along and self.of(node) != Law.gaussian(node):
            return OPS[node.op].links(node)
        return None

    def parts(self, node: Node) -> tuple[Link, ...] | None:
        """A Gaussian sum (also over positions) as links to the Gaussians that it is a sum of; None
        for a Gaussian that is no sum.
        """
        if node.op not in MAPS - ALIASES:
            return None
        found: dict[tuple[object, ...], Link] = {}
        for link in OPS[node.op].links(node):
            forms = self.of(link.argument).linear_forms
            assert forms is not None
            own = dict(zip(indices(len(link.argument.positions)), link.index, strict=True))
            for ref, inner in forms[0]:
                index = reindex_all(ref.at, own)
                key = (ref.node, index, link.bound)
                before = found[key].coefficient if key in found else sp.S.Zero
                value = before + link.coefficient * reindex(inner, own)
                found[key] = Link(ref.node, index, value, link.bound, link.lengths)
        return tuple(found.values())

    def sources(self, node: Node) -> frozenset[str]:
        """The parameters, and nodes of other kinds, whose Gaussians a Gaussian vector is a sum of.

        Vectors without a common source are independent, whatever the inputs.
        """
        if node not in self._sources:
            parts = self.parts(node)
            if parts is None:
                own = node.digest if node.parameter is None else outlet(node)
                self._sources[node] = frozenset([own])
            else:
                self._sources[node] = frozenset().union(*(self.sources(p.argument) for p in parts))
        return self._sources[node]

    def is_inline(self, node: Node) -> bool:
        """Whether a Gaussian is only a summand, and needs no symbol of its own: W x in W x + b."""
        if node.op == "bias":
            return True
        users = self.consumers[node]
        return node.op == "matmul" and not node.name and _all_op(users, "sum", "pool")

    def only_multiplied(self, node: Node) -> bool:
        """Whether only weight matrices, and maps along positions, are applied to the vector."""
        return _all_op(self.consumers[node], "matmul", "pool", "attention", *ALIASES)


def is_window(node: Node) -> bool:
    """Whether a vector is a sum over a sliding window, or of other shifted vectors."""
    return node.op == "sum" and any(part.op == "shift" for part in node.inputs)


def outlet(use: Node) -> str:
    """The matrix of a product, or the bias: the parameter, and which one of a family."""
    assert use.parameter is not None
    tap = dict(use.settings).get("tap")
    return use.parameter.name if tap is None else f"{use.parameter.name}[{tap}]"


def _all_op(nodes: Iterable[Node], *ops: str) -> bool:
    nodes = list(nodes)
    return bool(nodes) and all(node.op in ops for node in nodes)


def segment(root: Node) -> tuple[Node, ...]:
    """The vectors that ``root`` depends on, looking through no repeated block; inputs first."""
    seen: dict[Node, None] = {}
    stack = [(root, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            seen[node] = None
        elif node not in seen:
            stack.append((node, True))
            if node.op != "repeat":
                stack.extend((child, False) for child in reversed(node.inputs))
    return tuple(seen)
