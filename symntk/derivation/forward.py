"""The forward pass: covariances Sigma[u, v](a, b) between vectors at pairs of inputs."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from symntk.derivation.expectations import Expectations, Variable
from symntk.derivation.laws import Laws
from symntk.derivation.program import (
    FIRST,
    SECOND,
    SWAPPED,
    Equation,
    Quantity,
    Statement,
    diagonal,
    relocate,
)
from symntk.errors import AssumptionError
from symntk.graph import Graph, Node, describe
from symntk.ops.law import Form, Law, Statistic, Term, Terms, aligned, statistic
from symntk.trace import Prose, Step


@dataclass
class Forward:
    """Covariances on demand, each computed once; the equations gather in `program`."""

    graph: Graph
    laws: Laws
    expectations: Expectations = field(default_factory=Expectations)
    program: list[Statement] = field(default_factory=list)
    _known: dict[tuple[Node, Node], sp.Expr] = field(default_factory=dict)

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
        if key not in self._known:
            self._known[key] = self._define(left, right)
        return self._known[key]

    def variance(self, node: Node) -> sp.Expr:
        """Sigma[node, node] at (a, a)."""
        return diagonal(self.sigma(node, node))

    def _define(self, left: Node, right: Node) -> sp.Expr:
        if left.op == right.op == "input":
            return self._of_inputs(left, right)
        value, rule, reason = self._covariance(left, right)
        inline = self.laws.is_inline(left) or self.laws.is_inline(right)
        if value == 0 or inline or (left != right and value.is_Atom):
            return value
        source = "isserlis1918" if rule == "product" else "yang2020"
        return self.equation(
            Quantity("Sigma", self.name(left), self.name(right)), value, rule, reason, source
        )

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
        symbol = target.at("aa" if target.kind in ("mean", "scale") else "ab")
        step = Step(
            rule, symbol, value, source=source, reason=reason, stage=stage, node=target.left
        )
        self.program.append(Equation(target, value, step))
        return symbol

    def _of_inputs(self, left: Node, right: Node) -> sp.Expr:
        if left.width != right.width and not isinstance(left.width, str):
            raise AssumptionError(
                describe(right),
                f"it shares a weight with {describe(left)}, which has another dimension",
                "Give the two inputs weights of their own",
            )
        return Quantity("Sigma", self.name(left), self.name(right)).at("ab")

    def _covariance(self, left: Node, right: Node) -> tuple[sp.Expr, str, Prose]:
        """The covariance with the rule that gave it and the sentence that explains it."""
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
        for node, site in ((left, "aa"), (right, "bb")):
            value = value / self.resolve(statistic("scale", node), site)
        if any(self.laws.of(node.inputs[0]).linear_forms is not None for node in (left, right)):
            return value
        means = statistic("mean", left) / statistic("scale", left)
        others = statistic("mean", right) / statistic("scale", right)
        return sp.factor_terms(value - self.resolve(means, "aa") * self.resolve(others, "bb"))

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
                value = sp.S.Zero
                for part, coefficient in parts:
                    pair = (left, part) if node is right else (part, right)
                    weight = self.resolve(coefficient, "bb" if node is right else "aa")
                    value += weight * self.sigma(*pair)
                return value, "sum", _REASONS["sum"]
        value = sp.S.Zero
        if left.parameter is not None and left.parameter == right.parameter:
            value = left.parameter.std.symbol**2
            if left.op == "matmul":
                value *= self.sigma(left.inputs[0], right.inputs[0])
        return value, "matrix product", _REASONS["matrix product"]

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
        return self.resolve(term.coefficient, "aa") * self.resolve(other.coefficient, "bb") * value

    def mean(self, law: Law, node: Node) -> sp.Expr:
        """E Z(a), averaged over the blocks of coordinates."""
        one: Terms = (Term(sp.S.One, ()),)
        return sp.Add(*(share * self.expectation(terms, one, node) for share, terms in law.blocks))

    def _of_variables(self, first: Variable, second: Variable) -> sp.Expr:
        (left, place), (right, other) = first, second
        if place == "b" and other == "a":
            return self._of_variables(second, first)
        value = self._of_forms(left, right)
        if place == other:
            return diagonal(value, FIRST if place == "a" else SECOND)
        return value

    def _of_forms(self, left: Form, right: Form) -> sp.Expr:
        return sp.Add(
            *(
                self.resolve(c, "aa") * self.resolve(d, "bb") * self.sigma(node, other)
                for node, c in left
                for other, d in right
            )
        )

    def resolve(self, coefficient: sp.Expr, site: str) -> sp.Expr:
        """``coefficient`` with its statistics as symbols of the program at ``site``."""
        return coefficient.xreplace(
            {s: self._statistic(s).at(site) for s in coefficient.atoms(Statistic)}  # type: ignore[arg-type]
        )

    def _statistic(self, symbol: Statistic) -> Quantity:
        """The quantity of a layer norm's or root mean square's statistic, defined when needed."""
        node, (argument,) = symbol.node, symbol.node.inputs
        quantity = Quantity(symbol.role, self.name(node), "")
        if (node, argument) not in self._known:
            self._known[node, argument] = sp.S.One
            self._define_statistics(node, argument)
        return quantity

    def _define_statistics(self, node: Node, argument: Node) -> None:
        law, name = self.laws.of(argument), self.name(node)
        square = self.variance(argument)
        if node.op == "layer_norm":
            eps = node["eps"]
            if law.linear_forms is None:
                mean = self.equation(
                    Quantity("mean", name, ""), self.mean(law, node), "mean", (), "yang2020"
                )
                square = square - mean**2
            square = square + eps
        scale = Quantity("scale", name, "")
        self.equation(scale, sp.sqrt(square), "statistic", _REASONS["statistic"], "yang2020")


def _rule(node: Node) -> str:
    return {"product": "product", "concat": "concatenation", "layer_norm": "layer norm"}.get(
        node.op, "Gaussian expectation"
    )


_REASONS: dict[str, Prose] = {
    "matrix product": (
        "independent weights: the coordinates are independent Gaussians as the width grows",
    ),
    "sum": ("the covariance is bilinear, and independent weights have none",),
    "Gaussian expectation": (
        "the average over coordinates converges to an expectation over the Gaussian "
        "pre-activations",
    ),
    "product": ("the expectation of a product over independent Gaussians factorises",),
    "concatenation": ("a coordinate belongs to each part in proportion to its width",),
    "layer norm": ("the norm converges to a constant of the input",),
    "statistic": ("the average over coordinates converges to its expectation",),
}
