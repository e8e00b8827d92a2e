"""The law of every vector of a graph, and how vectors hang together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from symntk.graph import Graph, Node, ancestors
from symntk.ops import OPS
from symntk.ops.law import Form, Law


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

    def of(self, node: Node) -> Law:
        """The law of ``node``."""
        for part in ancestors(node):
            if part not in self._laws:
                arguments = [self._laws[child] for child in part.inputs]
                if part.op == "repeat":
                    self._laws[part] = self._of_repeat(part, arguments[0])
                else:
                    self._laws[part] = OPS[part.op].law(part, arguments)
        return self._laws[node]

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

    def parts(self, node: Node) -> Form | None:
        """A Gaussian sum as a linear form in its terms; None for a Gaussian that is no sum."""
        if node.op != "sum":
            return None
        coefficients = node["coefficients"]
        form: dict[Node, object] = {}
        for child, coefficient in zip(node.inputs, coefficients, strict=True):
            forms = self.of(child).linear_forms
            assert forms is not None
            for part, inner in forms[0]:
                form[part] = form.get(part, 0) + coefficient * inner
        return tuple(form.items())

    def sources(self, node: Node) -> frozenset[str]:
        """The parameters, and nodes of other kinds, whose Gaussians a Gaussian vector is a sum of.

        Vectors without a common source are independent, whatever the inputs.
        """
        if node not in self._sources:
            parts = self.parts(node)
            if parts is None:
                own = node.digest if node.parameter is None else node.parameter.name
                self._sources[node] = frozenset([own])
            else:
                self._sources[node] = frozenset().union(*(self.sources(n) for n, _ in parts))
        return self._sources[node]

    def is_inline(self, node: Node) -> bool:
        """Whether a Gaussian is only a summand, and needs no symbol of its own: W x in W x + b."""
        if node.op == "bias":
            return True
        users = self.consumers[node]
        return node.op == "matmul" and not node.name and _all_op(users, "sum")

    def only_multiplied(self, node: Node) -> bool:
        """Whether only weight matrices are applied to the vector."""
        return _all_op(self.consumers[node], "matmul")


def _all_op(nodes: Iterable[Node], op: str) -> bool:
    nodes = list(nodes)
    return bool(nodes) and all(node.op == op for node in nodes)


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
