"""The backward pass: covariances Pi[u, v](a, b) of gradients, and the NTK as a sum over uses.

The gradient with respect to a Gaussian vector G of the segment that ends in ``root`` is a sum of
two kinds of parts: through a Gaussian sum that G is a term of, and through a channel, a vector k
that a weight matrix is applied to and whose law is a function of G,

    g_G = sum_s c_s g_s + sum_k g_k * dZ^k/dG .

Gradients g_k that come back through a weight matrix are centred Gaussian and independent of the
forward pass, so their covariances multiply the expectations of the derivatives.

Source: Yang, "Tensor Programs II" (2020), section 6, gradient independence.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sympy as sp

from symntk.derivation.expectations import slope
from symntk.derivation.forward import Forward
from symntk.derivation.laws import segment
from symntk.derivation.program import SWAPPED, Quantity, relocate
from symntk.graph import Node
from symntk.graph.weights import Bias, Weight
from symntk.ops.law import Law, Term, Terms, differentiate, gaussians
from symntk.trace import Prose

ThetaByName = dict[str, sp.Expr]


@dataclass(frozen=True)
class _Through:
    """One part of a gradient: through a Gaussian sum (``law`` None), or through a channel."""

    node: Node
    coefficient: sp.Expr
    law: Law | None


class Backward:
    """Gradient covariances in one segment of the graph, for unit Pi at its ``root``."""

    def __init__(self, forward: Forward, root: Node) -> None:
        self.forward, self.laws, self.root = forward, forward.laws, root
        self.nodes = segment(root)
        self.uses: dict[str, list[Node]] = defaultdict(list)
        self.products: dict[Node, list[Node]] = defaultdict(list)
        for node in self.nodes:
            if node.op in ("matmul", "bias"):
                assert node.parameter is not None
                self.uses[node.parameter.name].append(node)
            if node.op == "matmul":
                self.products[node.inputs[0]].append(node)
        self.parts = self._parts()
        self._outlets: dict[Node, frozenset[str]] = {}
        self._gradients: dict[tuple[Node, Node], sp.Expr] = {}
        self._channels: dict[tuple[Node, Node], sp.Expr] = {}
        self._settle()

    def _parts(self) -> dict[Node, list[_Through]]:
        """For each Gaussian, the parts of its gradient."""
        parts: dict[Node, list[_Through]] = defaultdict(list)
        channels = [k for k in self.nodes if k in self.products and k.op != "input"]
        if self.root not in channels:
            channels.append(self.root)
        for channel in channels:
            law = self.laws.of(channel)
            if law.opaque:
                parts[channel].append(_Through(channel, sp.S.One, _UNIT))
                continue
            for gaussian in gaussians(law):
                change = _differential(law, gaussian)
                if change is not None:
                    parts[gaussian].append(_Through(channel, sp.S.One, change))
        for node in self.nodes:
            for part, coefficient in self.laws.parts(node) or () if self._is_sum(node) else ():
                parts[part].append(_Through(node, coefficient, None))
        return parts

    def _is_sum(self, node: Node) -> bool:
        return node.op == "sum" and self.laws.of(node) == Law.gaussian(node)

    def gradient(self, left: Node, right: Node) -> sp.Expr:
        """Pi[left, right] at (a, b) for Gaussian vectors."""
        if self.laws.order[left] > self.laws.order[right]:
            return relocate(self.gradient(right, left), SWAPPED)
        key = (left, right)
        if key not in self._gradients:
            value = sp.Add(*(self._through(part, right) for part in self.parts[left]))
            self._gradients[key] = self._named(left, right, value, "activation", _THROUGH)
        return self._gradients[key]

    def outlets(self, node: Node) -> frozenset[str]:
        """The weights through which gradients come back to a Gaussian; the root's is unnamed.

        Gradients without a common outlet are independent.
        """
        if node not in self._outlets:
            found: set[str] = set()
            for part in self.parts[node]:
                found |= self.outlets(part.node) if part.law is None else self._ends(part.node)
            self._outlets[node] = frozenset(found)
        return self._outlets[node]

    def _ends(self, channel: Node) -> set[str]:
        names = {use.parameter.name for use in self.products[channel] if use.parameter}
        return names | {""} if channel == self.root else names

    def _through(self, part: _Through, right: Node) -> sp.Expr:
        """The covariance of one part of a gradient with the whole gradient at ``right``."""
        if part.law is None:
            weight = self.forward.resolve(part.coefficient, "aa")
            return weight * self.gradient(part.node, right)
        total = sp.S.Zero
        if not self._ends(part.node) & self.outlets(right):
            return total
        for other in self.parts[right]:
            if other.law is None:
                weight = self.forward.resolve(other.coefficient, "bb")
                total += weight * self._through(part, other.node)
                continue
            outer = self.channel(part.node, other.node)
            if outer != 0:
                total += outer * self.forward.mixture(part.law, other.law, part.node)
        return total

    def channel(self, left: Node, right: Node) -> sp.Expr:
        """The covariance of the gradients that come back to channels through weight matrices."""
        key = (left, right)
        if key not in self._channels:
            value = sp.S.One if left == right == self.root else sp.S.Zero
            for use in self.products[left]:
                for other in self.products[right]:
                    if use.parameter == other.parameter and use.parameter is not None:
                        value += use.parameter.std.symbol**2 * self.gradient(use, other)
            if left != self.root != right and self._is_plain(left) and self._is_plain(right):
                value = self._named(left, right, value, "transposed matrix product", _BACK)
            self._channels[key] = value
        return self._channels[key]

    def _is_plain(self, node: Node) -> bool:
        """Whether what comes back through weight matrices is the whole gradient of a vector."""
        law = self.laws.of(node)
        return not law.opaque and law != Law.gaussian(node) and self.laws.only_multiplied(node)

    def _named(self, left: Node, right: Node, value: sp.Expr, rule: str, reason: Prose) -> sp.Expr:
        cross = left != right and value.is_Atom
        trivial = value.is_number or cross or self.root in (left, right)
        if trivial or self.laws.is_inline(left) or self.laws.is_inline(right):
            return value
        names = self.forward.name(left), self.forward.name(right)
        return self.forward.equation(
            Quantity("Pi", *names), value, rule, reason, "yang2020", "backward"
        )

    def contributions(self) -> ThetaByName:
        """For each trainable parameter of the segment its part of the NTK of ``root``.

        sum over pairs of uses z = W h, z' = W h' of sigma^2 Sigma[h, h'] Pi[z, z'], for a bias of
        sigma^2 Pi; times fan_in / sigma^2 (a bias: 1 / sigma^2) in the standard parametrisation.
        """
        found: ThetaByName = {}
        for name, uses in self.uses.items():
            parameter = uses[0].parameter
            assert parameter is not None
            if parameter.trainable:
                pairs = (self._of_pair(use, other) for use in uses for other in uses)
                found[name] = _scale(parameter, uses[0]) * sp.Add(*pairs)
        return found

    def _settle(self) -> None:
        """Compute covariances from the inputs up and gradients from the root down, so that no
        recursion runs deep.
        """
        for node in self.nodes:
            if node in self.products:
                self.forward.sigma(node, node)
        for node in reversed(self.nodes):
            if self.laws.of(node) == Law.gaussian(node):
                self.outlets(node)
                self.gradient(node, node)

    def _of_pair(self, use: Node, other: Node) -> sp.Expr:
        outer = self.gradient(use, other)
        if outer == 0 or use.op == "bias":
            return outer
        return self.forward.sigma(use.inputs[0], other.inputs[0]) * outer


def _scale(parameter: Weight | Bias, use: Node) -> sp.Expr:
    if parameter.parametrization == "ntk":
        return parameter.std.symbol**2
    return fan_in(use.inputs[0]) if isinstance(parameter, Weight) else sp.S.One


def fan_in(node: Node) -> sp.Expr:
    """The length of a vector: a number, or a symbol, n for hidden vectors and d for the input x."""

    def length(width: object) -> sp.Expr:
        if isinstance(width, int):
            return sp.Integer(width)
        if isinstance(width, tuple):
            return sp.Add(*map(length, width))
        return sp.Symbol(_LENGTHS.get(str(width), str(width)), positive=True, integer=True)

    return length(node.width)


def _differential(law: Law, gaussian: Node) -> Law | None:
    """dZ/dG block by block, or None where it vanishes everywhere."""
    blocks = tuple((share, differentiate(terms, gaussian, slope)) for share, terms in law.blocks)
    return Law(blocks) if any(terms for _, terms in blocks) else None


_LENGTHS = {"d:x": "d"}
_ONE: Terms = (Term(sp.S.One, ()),)
_UNIT = Law(((sp.S.One, _ONE),))
_THROUGH: Prose = (
    "gradient independence: gradients that return through a weight matrix are independent of the "
    "forward pass, so the expectation factorises",
)
_BACK: Prose = ("the gradient returns through the transposed weights as a centred Gaussian",)
