"""Statistics over the coordinates of a vector that converge: norms, and attention weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import sympy as sp

from symntk.derivation import attention
from symntk.derivation.program import (
    FIRST,
    SECOND,
    Entry,
    Equation,
    Quantity,
    entries,
    relocate,
)
from symntk.derivation.transport import at_place
from symntk.graph import Node
from symntk.graph.positions import Index, bound_indices, indices, reindex
from symntk.ops.law import Statistic
from symntk.trace import Prose

if TYPE_CHECKING:
    from symntk.derivation.forward import Forward


@dataclass
class Statistics:
    """The program's symbols of statistics, each defined when it is first needed."""

    forward: Forward
    defined: set[Node] = field(default_factory=set)

    def resolve(self, coefficient: sp.Expr, second: bool) -> sp.Expr:
        """``coefficient``, its statistics as symbols of the program, at x or at x' (``second``)."""
        found = {s: self._statistic(s) for s in coefficient.atoms(Statistic)}
        value = at_place(coefficient.xreplace(found), second)
        return _at_second(value) if second else value

    def _statistic(self, symbol: Statistic) -> sp.Expr:
        """The symbol of a statistic, defined when needed."""
        if symbol.role == "weight":
            return self._attention_weight(symbol.node, symbol.index)
        if symbol.node not in self.defined:
            self.defined.add(symbol.node)
            self._define_norm(symbol.node)
        return self._quantity(symbol.role, symbol.node).at("aa", symbol.index)

    def _quantity(self, kind: Literal["mean", "scale"], node: Node) -> Quantity:
        return Quantity(kind, self.forward.name(node), "", (len(node.positions), 0))

    def _define_norm(self, node: Node) -> None:
        """Mean and scale of a layer norm, or the scale that a root mean square is."""
        (argument,) = node.inputs
        law, equation = self.forward.laws.of(argument), self.forward.equation
        square = self.forward.variance(argument)
        if node.op == "layer_norm":
            if law.linear_forms is None:
                expectation = self.forward.mean(law, node)
                mean = equation(self._quantity("mean", node), expectation, "mean", (), "yang2020")
                square = square - mean**2
            square = square + node["eps"]
        scale = self._quantity("scale", node)
        equation(scale, sp.sqrt(square), "statistic", _CONVERGES, "yang2020")

    def _attention_weight(self, node: Node, index: Index) -> sp.Expr:
        """The limit of a(t, r); without a symbol of its own where attention is uniform."""
        query, key, _ = node.inputs
        (t,), (r,) = indices(1), bound_indices(1)
        move = {indices(1)[0]: index[0], bound_indices(1)[0]: index[1]}
        logits = relocate(self._in_data(self.forward.sigma(query, key)), FIRST)
        logits = reindex(logits, {indices(1, True)[0]: r})
        (size,) = key.positions
        value = attention.weight(node, logits, t, r, size)
        if not value.has(Entry):
            return reindex(value, move)
        quantity = Quantity("weight", self.forward.name(node), "", (1, 1))
        if node not in self.defined:
            self.defined.add(node)
            reason = attention.reason(node)
            self.forward.equation(quantity, value, "attention", reason, "yang2020")
        return quantity.at("aa", (index[0],), (index[1],))

    def _in_data(self, value: sp.Expr) -> sp.Expr:
        """``value`` with the covariances in it written out where these are multiples of matches."""
        found = {
            line.target.at("ab"): line.value
            for line in self.forward.program
            if isinstance(line, Equation) and _is_of_matches(line.value)
        }
        return value.xreplace(found)


def _is_of_matches(value: sp.Expr) -> bool:
    inside = entries(value)
    return bool(inside) and all(entry.quantity.kind == "match" for entry in inside)


def one_input_symbol(target: Quantity) -> Entry:
    """The symbol by which a statistic of one input is defined."""
    right = bound_indices(target.ranks[1]) if target.ranks[1] else ()
    return target.at("aa", None, right)


def _at_second(value: sp.Expr) -> sp.Expr:
    """Statistics of x as those of x', the positions being those of x' already."""
    return value.xreplace(
        {e: e.quantity.at(SECOND[e.site], e.left, e.right) for e in entries(value)}
    )


_CONVERGES: Prose = ("the average over coordinates converges to its expectation",)
