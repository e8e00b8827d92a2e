"""The forward pass: covariances Sigma[u, v](a, b) between vectors at pairs of inputs."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from symntk.derivation.data import DATA, data_covariance
from symntk.derivation.expectations import Expectations, Place, Variable
from symntk.derivation.heads import REASON as HEADS
from symntk.derivation.heads import Heads
from symntk.derivation.laws import ALIASES, Laws, outlet
from symntk.derivation.program import (
    FIRST,
    SECOND,
    SWAPPED,
    Equation,
    Kind,
    Quantity,
    Statement,
    diagonal,
    entries,
    merged,
    relocate,
)
from symntk.derivation.statistics import Statistics, one_input_symbol
from symntk.derivation.transport import at_place, pulled, tidied
from symntk.errors import AssumptionError
from symntk.gaussian.expectation import Expectation
from symntk.graph import Graph, Node, describe
from symntk.graph.positions import (
    indices,
    reindex,
    symbols_in,
)
from symntk.ops.law import Law, Ref, Term, Terms, aligned, statistic
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

    def __post_init__(self) -> None:
        self.statistics, self.heads = Statistics(self), Heads(self)

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
            return data_covariance(self, left, right)
        value, rule, reason = self._covariance(left, right)
        inline = any(self._is_inline(node, left != right) for node in (left, right))
        trivial = value == 0 or inline or (left != right and is_simple(value))
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

    def _covariance(self, left: Node, right: Node) -> tuple[sp.Expr, str, Prose]:
        """The covariance with the rule that gave it and the sentence that explains it."""
        for node in (right, left):  # the later one first, or deep maps would be taken apart twice
            links = self.laws.links(node)
            if links is not None:
                value = self._through(links, left, right, second=node is right)
                return value, _rule(node), _REASONS.get(_rule(node), ())
        if self.laws.is_random(left) or self.laws.is_random(right):
            return self.heads.covariance(left, right), "many heads", HEADS
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
        product = self.resolve(means, False) * self.resolve(others, True)
        return sp.factor_terms(value - product)

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

    def resolve(self, coefficient: sp.Expr, second: bool) -> sp.Expr:
        """``coefficient``, its statistics as symbols of the program, at x or at x' (``second``)."""
        return self.statistics.resolve(coefficient, second)

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
            here = indices(len(ref.at), second)
            moves |= zip(here, (at_place(part, at == "b") for part in ref.at), strict=True)
        weight = self.resolve(c, place == "b") * self.resolve(d, other == "b")
        return weight * merged(reindex(value, moves))


def is_simple(value: sp.Expr) -> bool:
    """Whether a covariance between two vectors needs no symbol of its own: one covariance, over
    sequences also times factors, or with positions summed over alone.
    """
    if value.is_Atom:
        return True
    if not value.is_Mul or not any(entry.index_expressions for entry in entries(value)):
        return False
    return not value.has(Expectation) and not any(
        len(factor.args[0].args) > 0 for factor in value.args if isinstance(factor, sp.Sum)
    )


def _rule(node: Node) -> str:
    if node.op == "pool" and node["kind"] in ("first", "last"):
        return "shift"
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
    "shift": ("the vector is taken at another position",),
    "Gaussian expectation": (
        "the average over coordinates converges to an expectation over the Gaussian "
        "pre-activations",
    ),
    "product": ("the expectation of a product over independent Gaussians factorises",),
    "concatenation": ("a coordinate belongs to each part in proportion to its width",),
    "layer norm": ("the norm converges to a constant of the input",),
}
