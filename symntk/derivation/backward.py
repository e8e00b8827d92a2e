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
from typing import Literal, TypeAlias

import sympy as sp

from symntk.derivation.data import DATA
from symntk.derivation.expectations import slope
from symntk.derivation.forward import Forward, is_simple
from symntk.derivation.laws import ALIASES, outlet, segment
from symntk.derivation.program import SWAPPED, relocate
from symntk.derivation.transport import own_positions, pushed, summed
from symntk.errors import AssumptionError
from symntk.graph import Node, describe
from symntk.graph.positions import bound_indices, indices, reindex
from symntk.graph.weights import Bias, Weight
from symntk.ops.law import Law, Ref, Term, Terms, differentiate, gaussians
from symntk.ops.links import Link
from symntk.trace import Prose

ThetaByName = dict[str, sp.Expr]

Role: TypeAlias = Literal["product", "map", "query", "key", "value"]
_HEADS: tuple[Role, Role, Role] = ("query", "key", "value")


@dataclass(frozen=True)
class _Through:
    """One part of a gradient: through a Gaussian sum (``law`` None), or through a channel.

    link: at which position of ``node`` the vector stands, and with which coefficient.
    """

    node: Node
    link: Link
    law: Law | None


@dataclass(frozen=True)
class _Return:
    """One way on which a gradient comes back to a vector: from ``node``, along ``link``.

    role: what the vector is to the node: an argument of a "product" or of a "map" along positions,
    or the "query", the "key" or the "value" of an attention of many heads.
    """

    node: Node
    link: Link
    role: Role


class Backward:
    """Gradient covariances in one segment of the graph, for unit Pi at its ``root``.

    A root with positions is the argument or the end of a repeated block: then everything acts on
    each position alone, and gradients are those of the root at one pair of positions.
    """

    def __init__(self, forward: Forward, root: Node) -> None:
        self.forward, self.laws, self.root = forward, forward.laws, root
        self.nodes = segment(root)
        self.uses: dict[str, list[Node]] = defaultdict(list)
        self.returns: dict[Node, list[_Return]] = defaultdict(list)
        for node in self.nodes:
            if node.op in ("matmul", "bias"):
                assert node.parameter is not None
                self.uses[node.parameter.name].append(node)
            if node.op == "matmul":
                argument = node.inputs[0]
                self.returns[argument].append(_Return(node, Link.plain(argument), "product"))
            for link in self.laws.links(node) or ():
                self.returns[link.argument].append(_Return(node, link, "map"))
            if self.laws.is_random(node):
                for part, role in zip(node.inputs, _HEADS, strict=True):
                    self.returns[part].append(_Return(node, Link.plain(part), role))
        self.parts = self._parts()
        self._outlets: dict[Node, frozenset[str]] = {}
        self._gradients: dict[tuple[Node, Node], sp.Expr] = {}
        self._channels: dict[tuple[Node, Node], sp.Expr] = {}
        self._begun: set[tuple[Node, Node]] = set()
        self._recurrent: set[tuple[Node, Node]] = set()
        self._settle()

    def _parts(self) -> dict[Node, list[_Through]]:
        """For each Gaussian, the parts of its gradient."""
        parts: dict[Node, list[_Through]] = defaultdict(list)
        channels = [k for k in self.nodes if k in self.returns and k.op not in DATA]
        if self.root not in channels:
            channels.append(self.root)
        for channel in channels:
            if self.laws.links(channel) is not None:
                continue  # what comes back to a map goes on to its arguments
            law = self.laws.of(channel)
            if law.opaque:
                parts[channel].append(_Through(channel, Link.plain(channel), _UNIT))
                continue
            for ref in gaussians(law):
                change = _differential(law, ref)
                if change is not None:
                    parts[ref.node].append(_Through(channel, Link(ref.node, ref.at), change))
        for node in self.nodes:
            for link in (self.laws.parts(node) or ()) if self._is_sum(node) else ():
                parts[link.argument].append(_Through(node, link, None))
        return parts

    def _is_sum(self, node: Node) -> bool:
        return self.laws.of(node) == Law.gaussian(node)

    def gradient(self, left: Node, right: Node) -> sp.Expr:
        """Pi[left, right] at (a, b) for Gaussian vectors."""
        if self.laws.order[left] > self.laws.order[right]:
            return relocate(self.gradient(right, left), SWAPPED)
        key = (left, right)
        if key in self._begun:
            self._recurrent.add(key)
            return self.forward.quantity("Pi", left, right).at("ab")
        if key not in self._gradients:
            self._begun.add(key)
            value = sp.Add(
                *(
                    self._pushed(self._through(part, right), part.node, part.link, second=False)
                    for part in self.parts[left]
                )
            )
            self._gradients[key] = self._named(left, right, value, "activation", _THROUGH)
            self._begun.discard(key)
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
        names = {""} if channel == self.root else set()
        for way in self.returns[channel]:
            match way.role:
                case "product":
                    names.add(outlet(way.node))
                case "map":
                    names |= self._ends(way.node)
                case _:
                    names.add(f"{way.role} of {way.node.digest}")
        return names

    def _pushed(self, value: sp.Expr, node: Node, link: Link, second: bool) -> sp.Expr:
        """The gradient at ``node`` as a gradient at the argument of its link."""
        coefficient = self.forward.resolve(link.coefficient, second)
        return pushed(value, link, node, coefficient, second, bool(self.root.positions))

    def _through(self, part: _Through, right: Node) -> sp.Expr:
        """The covariance of one part of a gradient, at the position of the part's node, with the
        whole gradient at ``right``.
        """
        if part.law is None:
            return self.gradient(part.node, right)
        total = sp.S.Zero
        if not self._ends(part.node) & self.outlets(right):
            return total
        for other in self.parts[right]:
            if other.law is None:
                inner = self._through(part, other.node)
            else:
                inner = self.channel(part.node, other.node)
                if inner != 0:
                    inner *= self.forward.mixture(part.law, other.law, part.node)
            total += self._pushed(inner, other.node, other.link, second=True)
        return total

    def channel(self, left: Node, right: Node) -> sp.Expr:
        """The covariance of the gradients that come back to channels through weight matrices."""
        if self.laws.order[left] > self.laws.order[right]:
            return relocate(self.channel(right, left), SWAPPED)
        key = (left, right)
        if key not in self._channels:
            value = sp.S.One if left == right == self.root else sp.S.Zero
            for way in self.returns[left]:
                if way.role in _HEADS:
                    value += self._of_heads(way) if left == right else sp.S.Zero
                    continue
                back = self.channel if way.role == "map" else self._returned
                inner = back(way.node, right)
                value += self._pushed(inner, way.node, way.link, second=False)
            if left != self.root != right and self._is_plain(left) and self._is_plain(right):
                value = self._named(left, right, value, "transposed matrix product", _BACK)
            self._channels[key] = value
        return self._channels[key]

    def _returned(self, use: Node, right: Node) -> sp.Expr:
        """The covariance of what comes back through one product with all that does to ``right``."""
        total = sp.S.Zero
        for way in self.returns[right]:
            if way.role == "map":
                inner = self._returned(use, way.node)
            elif way.role == "product":
                inner = self._of_products(use, way.node)
            else:
                continue
            total += self._pushed(inner, way.node, way.link, second=True)
        return total

    def _of_products(self, use: Node, other: Node) -> sp.Expr:
        """The covariance of what comes back through two products: sigma^2 Pi for one matrix."""
        if use.parameter is None or use.parameter != other.parameter:
            return sp.S.Zero
        same = self.forward.same_matrix(use, other)
        if same == 0:
            return sp.S.Zero
        return use.parameter.std.symbol**2 * same * self.gradient(use, other)

    def _of_heads(self, way: _Return) -> sp.Expr:
        """Pi of the queries, keys or values of an attention of many heads, `attention`."""
        node = way.node
        query, key, _ = node.inputs
        kind: Literal["attention", "tangent"] = "attention" if way.role == "value" else "tangent"
        moments = self.forward.heads.moments(node, kind)
        outer = self.channel(node, node)
        (t,), (other,) = indices(1), indices(1, True)
        (r,), (r_,) = bound_indices(1), bound_indices(1, True)
        there = {t: r, other: r_}
        if way.role == "query":
            keys = reindex(self.forward.sigma(key, key), there)
            inner = moments.at("ab", (t, r), (other, r_)) * keys
            return outer * summed(inner, (r_, r), own_positions(key, True)[1] + key.positions)
        inner = moments.at("ab", (r, t), (r_, other)) * reindex(outer, there)
        if way.role == "key":
            inner *= reindex(self.forward.sigma(query, query), there)
        return summed(inner, (r_, r), own_positions(node, True)[1] + node.positions)

    def _is_plain(self, node: Node) -> bool:
        """Whether what comes back through weight matrices is the whole gradient of a vector."""
        law = self.laws.of(node)
        if node.op in ALIASES:
            return False
        return not law.opaque and law != Law.gaussian(node) and self.laws.only_multiplied(node)

    def _named(self, left: Node, right: Node, value: sp.Expr, rule: str, reason: Prose) -> sp.Expr:
        cross = left != right and is_simple(value)
        trivial = value.is_number or cross or self.root in (left, right)
        inline = self.laws.is_inline(left) or self.laws.is_inline(right)
        if (trivial or inline) and (left, right) not in self._recurrent:
            return value
        target = self.forward.quantity("Pi", left, right)
        return self.forward.equation(target, value, rule, reason, "yang2020", "backward")

    def contributions(self) -> ThetaByName:
        """For each trainable parameter of the segment its part of the NTK of ``root``.

        sum over pairs of uses z = W h, z' = W h', and over pairs of positions, of
        sigma^2 Sigma[h, h'] Pi[z, z'], for a bias of sigma^2 Pi; times fan_in / sigma^2 (a bias:
        1 / sigma^2) in the standard parametrisation.
        """
        found: ThetaByName = {}
        for name, uses in self.uses.items():
            parameter = uses[0].parameter
            assert parameter is not None
            if parameter.trainable:
                pairs = (self._of_pair(use, other) for use in uses for other in uses)
                self._require_fixed_fan_in(parameter, uses[0])
                found[name] = _scale(parameter, uses[0]) * sp.Add(*pairs)
        return found

    def _require_fixed_fan_in(self, parameter: Weight | Bias, use: Node) -> None:
        """Refuse the standard parametrisation of a dense layer on a flattened sequence."""
        users = self.laws.consumers[use]
        is_flat = any(node.op == "pool" and node["kind"] == "flatten" for node in users)
        if is_flat and parameter.parametrization == "standard":
            raise AssumptionError(
                describe(use),
                "its fan-in is the width times the number of positions, by which the part of "
                f"{parameter} in the NTK grows in the standard parametrisation",
                f"Keep {parameter} in the ntk parametrisation, or pool before the readout",
            )

    def _settle(self) -> None:
        """Compute covariances from the inputs up and gradients from the root down, so that no
        recursion runs deep.
        """
        for node in self.nodes:
            is_used = any(way.role != "map" for way in self.returns.get(node, ()))
            if node.op not in ALIASES and is_used:
                self.forward.sigma(node, node)
        for node in reversed(self.nodes):
            if self.laws.of(node) == Law.gaussian(node):
                self.outlets(node)
                self.gradient(node, node)

    def _of_pair(self, use: Node, other: Node) -> sp.Expr:
        same = self.forward.same_matrix(use, other)
        outer = self.gradient(use, other) if same != 0 else sp.S.Zero
        if outer == 0 or use.op == "bias":
            return outer
        value = self.forward.sigma(use.inputs[0], other.inputs[0]) * same * outer
        return value if self.root.positions else self.over_positions(value, use, other)

    @staticmethod
    def over_positions(value: sp.Expr, use: Node, other: Node) -> sp.Expr:
        """The sum over all pairs of positions of two vectors."""
        for node, second in ((other, True), (use, False)):
            value = summed(value, *own_positions(node, second))
        return value


def _scale(parameter: Weight | Bias, use: Node) -> sp.Expr:
    if parameter.parametrization == "ntk":
        return parameter.std.symbol**2
    return fan_in(use.inputs[0]) if isinstance(parameter, Weight) else sp.S.One


def fan_in(node: Node) -> sp.Expr:
    """The length of a vector: a number, or a symbol, n for hidden vectors and d for the input x.

    That of a one-hot vector counts as 1.
    """
    if node.is_one_hot:
        return sp.S.One

    def length(width: object) -> sp.Expr:
        if isinstance(width, int):
            return sp.Integer(width)
        if isinstance(width, tuple):
            return sp.Add(*map(length, width))
        return sp.Symbol(_LENGTHS.get(str(width), str(width)), positive=True, integer=True)

    return length(node.width)


def _differential(law: Law, gaussian: Ref) -> Law | None:
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
