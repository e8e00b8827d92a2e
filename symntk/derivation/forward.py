"""The forward pass: covariances Sigma[u, v](a, b) between vectors at pairs of inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from symntk.derivation import attention
from symntk.derivation.attention import LogitLaws
from symntk.derivation.expectations import Expectations, Place, Variable
from symntk.derivation.laws import ALIASES, Laws, outlet
from symntk.derivation.program import (
    FIRST,
    SECOND,
    SWAPPED,
    Entry,
    Equation,
    Kind,
    Quantity,
    Statement,
    diagonal,
    entries,
    merged,
    relocate,
)
from symntk.derivation.transport import at_place, pulled, summed, tidied
from symntk.errors import AssumptionError
from symntk.gaussian.softmax import MU, MU2, NU, NU2
from symntk.graph import Graph, Node, describe
from symntk.graph.positions import (
    Index,
    Same,
    SinusoidCovariance,
    bound_indices,
    indices,
    lengths_at,
    reindex,
    symbols_in,
)
from symntk.ops.law import Law, Ref, Statistic, Term, Terms, aligned, statistic
from symntk.ops.links import Link
from symntk.trace import Prose, Step


@dataclass
class Forward:
    """Covariances on demand, each computed once; the equations gather in `program`."""

    graph: Graph
    laws: Laws
    expectations: Expectations = field(default_factory=Expectations)
    program: list[Statement] = field(default_factory=list)
    _known: dict[tuple[Node, Node], sp.Expr] = field(default_factory=dict)
    _begun: set[tuple[Node, Node]] = field(default_factory=set)
    _recurrent: set[tuple[Node, Node]] = field(default_factory=set)
    _headed: set[Quantity] = field(default_factory=set)
    _weighted: set[tuple[Node, Node]] = field(default_factory=set)

    def name(self, node: Node) -> str:
        """The node's name in print and in errors."""
        return self.graph.names[node]

    def declare(self, node: Node, value: sp.Expr) -> None:
        """Declare Sigma[node, node], as the derivation does for arguments of repeated blocks."""
        self._known[node, node] = value

    def sigma(self, left: Node, right: Node) -> sp.Expr:
        """Sigma[left, right] at (a, b): 0, a symbol defined in the program, or an expression."""
        if self.laws.order[left] > self.laws.order[right]:
            return relocate(self.sigma(right, left), SWAPPED)
        key = (left, right)
        if key in self._begun:
            self._recurrent.add(key)
            return self.quantity("Sigma", left, right).at("ab")
        if key not in self._known:
            self._begun.add(key)
            self._known[key] = self._define(left, right)
            self._begun.discard(key)
        return self._known[key]

    def quantity(self, kind: Kind, left: Node, right: Node) -> Quantity:
        """The quantity about two vectors."""
        ranks = (len(left.positions), len(right.positions))
        return Quantity(kind, self.name(left), self.name(right), ranks)

    def variance(self, node: Node) -> sp.Expr:
        """Sigma[node, node] at (a, a)."""
        return diagonal(self.sigma(node, node))

    def _define(self, left: Node, right: Node) -> sp.Expr:
        if left.op in DATA and right.op in DATA:
            return self._of_inputs(left, right)
        value, rule, reason = self._covariance(left, right)
        inline = any(self._is_inline(node, left != right) for node in (left, right))
        trivial = value == 0 or inline or (left != right and value.is_Atom)
        if trivial and (left, right) not in self._recurrent:
            return value
        source = "isserlis1918" if rule == "product" else "yang2020"
        return self.equation(self.quantity("Sigma", left, right), value, rule, reason, source)

    def _is_inline(self, node: Node, is_cross: bool) -> bool:
        """Whether covariances of the vector have no symbol: of a mere summand, of a shift, and
        those of a sum over positions with other vectors.
        """
        return self.laws.is_inline(node) or node.op in ALIASES or (is_cross and node.op == "pool")

    def equation(
        self,
        target: Quantity,
        value: sp.Expr,
        rule: str,
        reason: Prose,
        source: str,
        stage: str = "forward",
    ) -> sp.Expr:
        """Append ``target`` = ``value`` to the program; the target's symbol comes back."""
        symbol = one_input_symbol(target) if target.is_of_one_input else target.at("ab")
        value = tidied(value, symbols_in(symbol))
        step = Step(
            rule, symbol, value, source=source, reason=reason, stage=stage, node=target.left
        )
        self.program.append(Equation(target, value, step))
        return symbol

    def _of_inputs(self, left: Node, right: Node) -> sp.Expr:
        """Data has the kernel that is given; one-hot vectors and encodings have theirs."""
        if left.op == right.op == "sinusoid":
            return SinusoidCovariance(indices(1)[0] - indices(1, True)[0])
        if left.is_one_hot or right.is_one_hot or "sinusoid" in (left.op, right.op):
            if left.width != right.width:
                return sp.S.Zero
            if left.op == "positions":
                rank = len(left.positions)
                return sp.Mul(*map(Same, indices(rank), indices(rank, True)))
            return self.quantity("match", left, right).at("ab")
        if left.width != right.width and not isinstance(left.width, str):
            raise AssumptionError(
                describe(right),
                f"it shares a weight with {describe(left)}, which has another dimension",
                "Give the two inputs weights of their own",
            )
        return self.quantity("Sigma", left, right).at("ab")

    def _covariance(self, left: Node, right: Node) -> tuple[sp.Expr, str, Prose]:
        """The covariance with the rule that gave it and the sentence that explains it."""
        for node in (right, left):  # the later one first, or deep maps would be taken apart twice
            links = self.laws.links(node)
            if links is not None:
                value = self._through(links, left, right, second=node is right)
                return value, _rule(node), _REASONS.get(_rule(node), ())
        if self.laws.is_random(left) or self.laws.is_random(right):
            return self._of_heads(left, right), "many heads", _REASONS["many heads"]
        first, second = self.laws.of(left), self.laws.of(right)
        if first.opaque or second.opaque:
            return self._of_opaque(left, right), "independence", ()
        if first == Law.gaussian(left) and second == Law.gaussian(right):
            return self._of_gaussians(left, right)
        if left.op == right.op == "layer_norm":
            return self._of_norms(left, right), "layer norm", _REASONS["layer norm"]
        value = self.mixture(first, second, left)
        return value, _rule(left), _REASONS.get(_rule(left), ())

    def _of_norms(self, left: Node, right: Node) -> sp.Expr:
        """(Sigma[h, h'] - E Z E Z') / (scale scale') for two layer norms of h and h'."""
        value = self.sigma(left.inputs[0], right.inputs[0])
        for node, second in ((left, False), (right, True)):
            value = value / self.resolve(statistic("scale", node), second)
        if any(self.laws.of(node.inputs[0]).linear_forms is not None for node in (left, right)):
            return value
        means = statistic("mean", left) / statistic("scale", left)
        others = statistic("mean", right) / statistic("scale", right)
        return sp.factor_terms(value - self.resolve(means, False) * self.resolve(others, True))

    def _of_opaque(self, left: Node, right: Node) -> sp.Expr:
        for law in (self.laws.of(left), self.laws.of(right)):
            if law.is_gaussian:
                return sp.S.Zero
        raise AssumptionError(
            describe(right),
            f"its covariance with {describe(left)} is not determined: the law of the output of "
            "a repeated block that ends in an activation is not known here",
            "End the block in a matrix product, or give the two vectors weights of their own",
        )

    def _of_gaussians(self, left: Node, right: Node) -> tuple[sp.Expr, str, Prose]:
        if not self.laws.sources(left) & self.laws.sources(right):
            return sp.S.Zero, "independence", ()
        for node in (right, left):  # the later one first, or deep sums would be taken apart twice
            parts = self.laws.parts(node)
            if parts is not None:
                value = self._through(parts, left, right, second=node is right)
                return value, _rule(node), _REASONS[_rule(node)]
        return self.shared(left, right), "matrix product", _REASONS["matrix product"]

    def _through(self, links: tuple[Link, ...], left: Node, right: Node, second: bool) -> sp.Expr:
        """Sigma[left, right], one of them taken apart into what it is a sum of."""
        value = sp.S.Zero
        node = right if second else left
        for link in links:
            pair = (left, link.argument) if second else (link.argument, right)
            coefficient = self.resolve(link.coefficient, second)
            value += pulled(self.sigma(*pair), link, node, coefficient, second)
        return value

    def shared(self, use: Node, other: Node) -> sp.Expr:
        """sigma^2 Sigma[h, h'] for two products with one weight, sigma^2 for one bias; else 0.

        A matrix chosen by tokens or positions is the same one where these agree.
        """
        if use.parameter is None or use.parameter != other.parameter:
            return sp.S.Zero
        value = use.parameter.std.symbol**2 * self.same_matrix(use, other)
        if use.op == "matmul" and value != 0:
            value *= self.sigma(use.inputs[0], other.inputs[0])
        return value

    def same_matrix(self, use: Node, other: Node) -> sp.Expr:
        """1 where two uses of a parameter are uses of one matrix, 0 where not: a bracket."""
        if outlet(use) != outlet(other):
            return sp.S.Zero
        if len(use.inputs) != len(other.inputs):
            raise AssumptionError(
                describe(other),
                f"{use.parameter} is used as one matrix and as a matrix for each token",
                "Use two weights",
            )
        return self.sigma(use.inputs[1], other.inputs[1]) if len(use.inputs) > 1 else sp.S.One

    def mixture(self, first: Law, second: Law, node: Node) -> sp.Expr:
        """E[Z(a) Z'(b)], averaged over the blocks of coordinates."""
        try:
            shares = aligned((first, second))
        except ValueError:
            raise AssumptionError(
                describe(node),
                "it meets a concatenation of other proportions",
                "Concatenate in the same proportions, or give the two weights of their own",
            ) from None
        columns = [
            law.blocks * (len(shares) if len(law.blocks) == 1 else 1) for law in (first, second)
        ]
        return sp.Add(
            *(
                share * self.expectation(terms, others, node)
                for share, (_, terms), (_, others) in zip(shares, *columns, strict=True)
            )
        )

    def expectation(self, terms: Terms, others: Terms, node: Node) -> sp.Expr:
        """E[Z(a) Z'(b)] for one block of coordinates, multiplied out."""
        return sp.Add(*(self._of_terms(t, o, node) for t in terms for o in others))

    def _of_terms(self, term: Term, other: Term, node: Node) -> sp.Expr:
        functions: dict[Variable, sp.Expr] = {(form, "a"): phi for form, phi in term.factors}
        functions |= {(form, "b"): phi for form, phi in other.factors}
        value = self.expectations.product(functions, self._of_variables, node)
        if value == 0:
            return value
        return self.resolve(term.coefficient, False) * self.resolve(other.coefficient, True) * value

    def mean(self, law: Law, node: Node) -> sp.Expr:
        """E Z(a), averaged over the blocks of coordinates."""
        one: Terms = (Term(sp.S.One, ()),)
        return sp.Add(*(share * self.expectation(terms, one, node) for share, terms in law.blocks))

    def _of_variables(self, first: Variable, second: Variable) -> sp.Expr:
        (left, place), (right, other) = first, second
        if place == "b" and other == "a":
            return self._of_variables(second, first)
        pairs = ((ref, c, ref_, d) for ref, c in left for ref_, d in right)
        return sp.Add(*(self._of_refs(r, c, s, d, place, other) for r, c, s, d in pairs))

    def _of_refs(
        self, left: Ref, c: sp.Expr, right: Ref, d: sp.Expr, place: Place, other: Place
    ) -> sp.Expr:
        """c d Cov(left, right), the two at x (a) or x' (b)."""
        value = self.sigma(left.node, right.node)
        if value == 0:
            return value
        if place == other:
            value = relocate(value, FIRST if place == "a" else SECOND)
        moves: dict[sp.Symbol, sp.Expr] = {}
        for ref, second, at in ((left, False, place), (right, True, other)):
            here = indices(len(ref.index), second)
            moves |= zip(here, (at_place(part, at == "b") for part in ref.index), strict=True)
        weight = self.resolve(c, place == "b") * self.resolve(d, other == "b")
        return weight * merged(reindex(value, moves))

    def resolve(self, coefficient: sp.Expr, second: bool) -> sp.Expr:
        """``coefficient``, its statistics as symbols of the program, at x or at x' (``second``)."""
        found = {s: self._statistic(s) for s in coefficient.atoms(Statistic)}
        value = at_place(coefficient.xreplace(found), second)
        return _at_second(value) if second else value

    def _statistic(self, symbol: Statistic) -> sp.Expr:
        """The quantity of a layer norm's or root mean square's statistic, defined when needed."""
        node, argument = symbol.node, symbol.node.inputs[0]
        if symbol.role == "weight":
            return self._attention_weight(node, symbol.index)
        quantity = Quantity(symbol.role, self.name(node), "", (len(node.positions), 0))
        if (node, argument) not in self._known:
            self._known[node, argument] = sp.S.One
            self._define_statistics(node, argument)
        return quantity.at("aa", symbol.index)

    def _define_statistics(self, node: Node, argument: Node) -> None:
        law, name, ranks = self.laws.of(argument), self.name(node), (len(node.positions), 0)
        square = self.variance(argument)
        if node.op == "layer_norm":
            eps = node["eps"]
            if law.linear_forms is None:
                mean = self.equation(
                    Quantity("mean", name, "", ranks), self.mean(law, node), "mean", (), "yang2020"
                )
                square = square - mean**2
            square = square + eps
        scale = Quantity("scale", name, "", ranks)
        self.equation(scale, sp.sqrt(square), "statistic", _REASONS["statistic"], "yang2020")

    def _of_heads(self, left: Node, right: Node) -> sp.Expr:
        """sum_{r, r'} A(t r, t' r') Sigma[value](r, r') for an attention of many heads."""
        if left != right:
            raise AssumptionError(
                describe(right),
                f"its covariance with {describe(left)} is that of the outputs of many heads, which "
                "are one long vector beside each other",
                "Apply a weight of its own to the heads before anything else is done with them",
            )
        key, value = left.inputs[1:]
        (t,), (other,) = indices(1), indices(1, True)
        (r,), (r_,) = bound_indices(1), bound_indices(1, True)
        weights = self.heads(left, "attention").at("ab", (t, r), (other, r_))
        values = reindex(self.sigma(value, value), {t: r, other: r_})
        (size,) = key.positions
        return summed(weights * values, (r_, r), (lengths_at(size, True), size))

    def heads(self, node: Node, kind: Literal["attention", "tangent"]) -> Quantity:
        """A or D of an attention of many heads, defined when needed."""
        quantity = Quantity(kind, self.name(node), self.name(node), (2, 2))
        if quantity not in self._headed:
            self._headed.add(quantity)
            laws = self._logit_laws(node)
            if kind == "attention":
                value = attention.moment(node, laws)
            else:
                values = self.sigma(node.inputs[2], node.inputs[2])
                own = {indices(1)[0]: MU, indices(1, True)[0]: MU2}
                value = attention.tangent(node, laws, reindex(values, own))
            stage = "forward" if kind == "attention" else "backward"
            self.equation(quantity, value, "many heads", _REASONS["many heads"], "hron2020", stage)
        return quantity

    def _logit_laws(self, node: Node) -> LogitLaws:
        query, key, _ = node.inputs
        (t,), (other,) = indices(1), indices(1, True)
        i, i_ = indices(2)[0], indices(2, True)[0]
        queries, keys = self.sigma(query, query), self.sigma(key, key)
        (size,) = key.positions
        return LogitLaws(
            (
                reindex(relocate(queries, FIRST), {t: i, other: i}),
                reindex(relocate(queries, SECOND), {t: i_, other: i_}),
                reindex(queries, {t: i, other: i_}),
            ),
            (
                reindex(relocate(keys, FIRST), {t: MU, other: NU}),
                reindex(relocate(keys, SECOND), {t: MU2, other: NU2}),
                reindex(keys, {t: MU, other: MU2}),
            ),
            (size, lengths_at(size, True)),
        )

    def _attention_weight(self, node: Node, index: Index) -> sp.Expr:
        """The limit of a(t, r), defined when needed; without a symbol where attention is uniform."""
        query, key, _ = node.inputs
        (t,), (r,) = indices(1), bound_indices(1)
        move = {indices(1)[0]: index[0], bound_indices(1)[0]: index[1]}
        logits = relocate(self._in_data(self.sigma(query, key)), FIRST)
        logits = reindex(logits, {indices(1, True)[0]: r})
        (size,) = key.positions
        value = attention.weight(node, logits, t, r, size)
        if not value.has(Entry):
            return reindex(value, move)
        quantity = Quantity("weight", self.name(node), "", (1, 1))
        if (node, node) not in self._weighted:
            self._weighted.add((node, node))
            self.equation(quantity, value, "attention", attention.reason(node), "yang2020")
        return quantity.at("aa", (index[0],), (index[1],))

    def _in_data(self, value: sp.Expr) -> sp.Expr:
        """``value`` with the covariances in it written out where these are multiples of matches."""
        found = {
            line.target.at("ab"): line.value
            for line in self.program
            if isinstance(line, Equation) and _is_of_matches(line.value)
        }
        return value.xreplace(found)


def _is_of_matches(value: sp.Expr) -> bool:
    inside = entries(value)
    return bool(inside) and all(entry.quantity.kind == "match" for entry in inside)


DATA = frozenset({"input", "positions", "sinusoid"})
"""Operations whose kernel is given."""


def one_input_symbol(target: Quantity) -> Entry:
    """The symbol by which a statistic of one input is defined."""
    right = bound_indices(target.ranks[1]) if target.ranks[1] else ()
    return target.at("aa", None, right)


def _at_second(value: sp.Expr) -> sp.Expr:
    """Statistics of x as those of x', the positions being those of x' already."""
    return value.xreplace(
        {e: e.quantity.at(SECOND[e.site], e.left, e.right) for e in entries(value)}
    )


def _rule(node: Node) -> str:
    return {
        "product": "product",
        "concat": "concatenation",
        "layer_norm": "layer norm",
        "sum": "sum",
        "pool": "sum over positions",
        "attention": "attention",
        **dict.fromkeys(ALIASES, "shift"),
    }.get(node.op, "Gaussian expectation")


_REASONS: dict[str, Prose] = {
    "matrix product": (
        "independent weights: the coordinates are independent Gaussians as the width grows",
    ),
    "sum": ("the covariance is bilinear, and independent weights have none",),
    "sum over positions": ("the covariance is bilinear: it is summed over pairs of positions",),
    "attention": ("the attention weights converge to constants, and the covariance is bilinear",),
    "shift": ("a shift moves positions",),
    "many heads": (
        "the average over independent heads converges to the expectation over their logits, which "
        "are Gaussian with covariance of queries times covariance of keys",
    ),
    "Gaussian expectation": (
        "the average over coordinates converges to an expectation over the Gaussian "
        "pre-activations",
    ),
    "product": ("the expectation of a product over independent Gaussians factorises",),
    "concatenation": ("a coordinate belongs to each part in proportion to its width",),
    "layer norm": ("the norm converges to a constant of the input",),
    "statistic": ("the average over coordinates converges to its expectation",),
}
