"""Networks without activations: whether one is, and how many tokens its words have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TypeAlias

import sympy as sp

from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import Derivation
from symntk.derivation.laws import Laws
from symntk.errors import GraphError
from symntk.graph import Graph, Node, ancestors
from symntk.graph.positions import indices
from symntk.graph.unroll import unroll
from symntk.ops import OPS
from symntk.ops.links import Link
from symntk.ops.positions import state_links

ALONG = frozenset({"sum", "pool", "shift", "scan"})
"""Operations that are links and nothing else."""

DATA = frozenset({"input", "positions", "sinusoid"})


@dataclass(frozen=True)
class Linear:
    """A network whose vectors are sums of words, see `symntk.decomposition.words.words`.

    graph: without repeated blocks.
    """

    graph: Graph
    _uniform: dict[Node, bool] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, derivation: Derivation) -> Linear:
        """The network of a derivation; NotWindows, with the reason, where it is not linear."""
        try:
            network = cls(unroll(derivation.graph)[0])
        except GraphError as error:
            raise NotWindows(str(error)) from None
        network.check()
        return network

    @cached_property
    def laws(self) -> Laws:
        """The laws of its vectors."""
        return Laws(self.graph)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every vector, those inside of loops included, after what it is made of."""
        return tuple(dict.fromkeys(n for body in self.graph.bodies() for n in ancestors(body)))

    @cached_property
    def scans(self) -> Mapping[Node, Node]:
        """The loop of each state."""
        return {node["state"]: node for node in self.nodes if node.op == "scan"}

    def links(self, node: Node) -> tuple[Link, ...] | None:
        """What a linear map along positions takes from where; None for other operations."""
        if node.op == "state":
            return state_links(self.scans[node])
        if node.op in ALONG:
            return OPS[node.op].links(node)
        if node.op == "elementwise":
            return tuple(self._forms(node))
        return None

    def _forms(self, node: Node) -> Iterator[Link]:
        law = self.laws.of(node)
        if law.linear_forms is None or len(law.linear_forms) > 1:
            raise NotWindows(f"{self._name(node)} is no linear function")
        for ref, coefficient in law.linear_forms[0]:
            yield Link(ref.node, ref.at, coefficient)

    def check(self) -> None:
        """NotWindows unless every vector is a sum of words with one inner product each."""
        for node in self.nodes:
            self._check(node)

    def _check(self, node: Node) -> None:
        if node.parameter is not None and node.parameter.parametrization != "ntk":
            raise NotWindows(f"{node.parameter.name} has the standard parametrisation")
        match node.op:
            case "input" if not node.is_one_hot:
                raise NotWindows("the inputs are no tokens")
            case "attention" if self.laws.is_random(node):
                raise NotWindows(f"the weights of the heads of {self._name(node)} are random")
            case "product":
                groups = [self.leading(part) for part in node.inputs]
                if sum(map(len, groups)) > len(frozenset().union(*groups)):
                    raise NotWindows(f"the factors of {self._name(node)} share weights")
            case "layer_norm":
                self.leading(node)
            case "elementwise" | "state":
                self.links(node)
            case "matmul" | "bias" | "attention" | "input" | "positions" | "sinusoid":
                return
            case operation if operation not in ALONG:
                raise NotWindows(f"{self._name(node)} is no linear function")

    def _name(self, node: Node) -> str:
        return self.graph.names.get(node, node.op)

    def leading(self, node: Node) -> frozenset[str]:
        """The names of the parameters that the words of a vector begin with.

        NotWindows where a word begins with data, whose coordinates are not centred.
        """
        found: set[str] = set()
        seen: set[Node] = set()
        left = [node]
        while left:
            here = left.pop()
            if here in seen:
                continue
            seen.add(here)
            if here.op in DATA:
                raise NotWindows(f"{self._name(here)} is data")
            if here.op in ("matmul", "bias"):
                assert here.parameter is not None
                found.add(f"{here.parameter.name} {dict(here.settings).get('tap')}")
            else:
                left += self.parts(here)
        return frozenset(found)

    def is_uniform(self, node: Node) -> bool:
        """Whether every logit of an attention vanishes: queries and keys share no first letter."""
        if node not in self._uniform:
            query, key, _ = node.inputs
            try:
                shared = self.leading(query) & self.leading(key)
            except NotWindows:  # data in one of them
                shared = frozenset([""])
            self._uniform[node] = not shared and node["mechanism"] == "softmax"
        return self._uniform[node]

    def parts(self, node: Node) -> tuple[Node, ...]:
        """The vectors whose words are those of ``node``, or are in them."""
        links = self.links(node)
        if links is not None:
            return tuple(link.argument for link in links)
        return node.inputs[2:] if node.op == "attention" else node.inputs

    @cached_property
    def offsets(self) -> Mapping[Node, float]:
        """How far from the position of each vector its first token stands: without limit for what a
        loop has gone through before; 0 where that has no one answer.
        """
        found: dict[Node, float] = {}
        for node in self.nodes:
            parts = [found.get(part, -inf) for part in self.parts(node)]
            if node.op == "state":
                found[node] = -inf
            elif node.op in ("attention", "pool"):
                found[node] = 0.0
            else:
                found[node] = min(parts, default=0.0) + self._shifted(node)
        return found

    def _shifted(self, node: Node) -> float:
        if node.op != "shift":
            return 0.0
        (link,) = self.links(node) or ()
        moved = link.index[0].xreplace(dict.fromkeys(indices(1), sp.S.Zero))
        return float(moved) if moved.is_number else 0.0

    def orders(self) -> tuple[int, int | None]:
        """The least and the largest number of tokens that a word of the output has; None where it
        grows with the document.
        """
        found: dict[Node, _Range] = {}
        rounds = len(self.scans) + 2
        highest = []
        for _ in range(2):
            for _ in range(rounds):
                for node in self.nodes:
                    self._count(node, found)
            highest.append(found[self.graph.output][1])
        low, high = found[self.graph.output]
        return low, high if len(set(highest)) == 1 else None

    def _count(self, node: Node, found: dict[Node, _Range]) -> None:
        """The numbers of tokens in the words of one vector, from those of others so far."""
        if node.op in DATA or node.op == "bias":
            found[node] = (int(node.op == "input"),) * 2
            return
        parts = self.parts(node)
        known = [found[part] for part in parts if part in found]
        if node.op in ("matmul", "product"):
            if len(known) == len(parts):
                found[node] = sum(low for low, _ in known), sum(high for _, high in known)
        elif known:
            found[node] = min(low for low, _ in known), max(high for _, high in known)


_Range: TypeAlias = tuple[int, int]
"""The least and the largest number of tokens."""
