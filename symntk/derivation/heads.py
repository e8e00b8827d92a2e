"""Attention of many heads, whose weights stay random: their moments as equations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import sympy as sp

from symntk.derivation import attention
from symntk.derivation.attention import LogitLaws
from symntk.derivation.program import FIRST, SECOND, Quantity, relocate
from symntk.derivation.transport import summed
from symntk.errors import AssumptionError
from symntk.gaussian.softmax import MU, MU2, NU, NU2
from symntk.graph import Node, describe
from symntk.graph.positions import bound_indices, indices, lengths_at, reindex
from symntk.trace import Prose

if TYPE_CHECKING:
    from symntk.derivation.forward import Forward

REASON: Prose = (
    "the average over independent heads converges to the expectation over their logits, which "
    "are Gaussian with covariance of queries times covariance of keys",
)


@dataclass
class Heads:
    """The moments of attention weights in `symntk.derivation.attention`, each defined once."""

    forward: Forward
    defined: set[Quantity] = field(default_factory=set)

    def covariance(self, left: Node, right: Node) -> sp.Expr:
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
        weights = self.moments(left, "attention").at("ab", (t, r), (other, r_))
        values = reindex(self.forward.sigma(value, value), {t: r, other: r_})
        (size,) = key.positions
        return summed(weights * values, (r_, r), (lengths_at(size, True), size))

    def moments(self, node: Node, kind: Literal["attention", "tangent"]) -> Quantity:
        """A or D of an attention of many heads, defined when needed."""
        quantity = Quantity(kind, self.forward.name(node), self.forward.name(node), (2, 2))
        if quantity not in self.defined:
            self.defined.add(quantity)
            laws = self._laws(node)
            if kind == "attention":
                value = attention.moment(node, laws)
            else:
                values = self.forward.sigma(node.inputs[2], node.inputs[2])
                own = {indices(1)[0]: MU, indices(1, True)[0]: MU2}
                value = attention.tangent(node, laws, reindex(values, own))
            stage = "forward" if kind == "attention" else "backward"
            self.forward.equation(quantity, value, "many heads", REASON, "hron2020", stage)
        return quantity

    def _laws(self, node: Node) -> LogitLaws:
        query, key, _ = node.inputs
        (t,), (other,) = indices(1), indices(1, True)
        i, i_ = indices(2)[0], indices(2, True)[0]
        queries, keys = self.forward.sigma(query, query), self.forward.sigma(key, key)
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
