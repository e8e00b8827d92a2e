"""Names for the functions under expectations: phi, its derivatives, and whatever else occurs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

from symntk.derivation import Derivation
from symntk.gaussian import Expectation, Moment, derivative
from symntk.gaussian.symbols import c, q1, q2, u, v, x
from symntk.graph import Node, ancestors
from symntk.rendering.heads import Applied, Dual


@dataclass(frozen=True)
class Functions:
    """The names of functions of one variable.

    definitions: name -> (function in x, the user's label of it), in the order of use.
    applied: function in x -> (name, number of derivatives).
    pairs: integrand f(u) g(v) -> (f, g).
    """

    definitions: Mapping[sp.Symbol, tuple[sp.Expr, str]]
    applied: Mapping[sp.Expr, tuple[sp.Symbol, int]]
    pairs: Mapping[sp.Expr, tuple[sp.Expr, sp.Expr]]

    def name(self, function: sp.Expr, variable: sp.Expr) -> sp.Expr:
        """``function``, given in x, at ``variable`` by its name; polynomials are written out."""
        coefficient, rest = function.as_independent(x, as_Add=False)
        for whole, factor in ((function, sp.S.One), (rest, coefficient)):
            found = self.applied.get(whole)
            if found is not None:
                return factor * Applied(found[0], found[1], variable)
        return function.xreplace({x: variable})

    def names(self, moment: Moment) -> tuple[sp.Symbol, int, sp.Symbol, int] | None:
        """The names and orders of both functions of a moment; None where one has no name."""
        first = self.applied.get(moment.f)
        second = self.applied.get(moment.g) if moment.g is not None else None
        return None if first is None or second is None else (*first, *second)

    def dual(self, moment: Moment, *law: sp.Expr) -> Dual:
        """The moment as a function of the covariance."""
        names = self.names(moment)
        assert names is not None
        return Dual(*names, *(law or (q1, q2, c)))

    def in_expectations(self, expression: sp.Expr) -> sp.Expr:
        """``expression`` with the named functions in its expectations."""
        return expression.xreplace({e: self._named(e) for e in expression.atoms(Expectation)})

    def _named(self, expectation: Expectation) -> sp.Expr:
        if not expectation.is_of_pair:
            f = expectation.integrand.xreplace({u: x})
            return Expectation(self._split(f, u), *expectation.law)
        factors = self.pairs.get(expectation.integrand) or expectation.factors()
        if factors is None:
            return expectation
        f, g = factors
        return Expectation(self.name(f, u) * self.name(g, v), *expectation.law)

    def _split(self, function: sp.Expr, variable: sp.Expr) -> sp.Expr:
        """A function of one variable; on the diagonal it may be a square, phi(u)^2."""
        if function in self.applied:
            return self.name(function, variable)
        for known, (symbol, order) in self.applied.items():
            if _is_square(function, known):
                return Applied(symbol, order, variable) ** 2
        return self.name(function, variable)


def _is_square(function: sp.Expr, root: sp.Expr) -> bool:
    return bool(function == root**2 or function == sp.expand(root**2))


def functions(derivation: Derivation) -> Functions:
    """The names for the functions of a derivation: phi, or phi_1, phi_2 where there are several."""
    found: dict[sp.Expr, str] = {}
    for phi, label in _activations(derivation):
        found.setdefault(phi, label)
    known: set[sp.Expr] = {x}
    for phi in found:
        known |= {phi, *_derivatives(phi)}
    for moment in derivation.moments.values():
        for function in (moment.f, moment.g):
            if function is not None and not _is_simple(function) and function not in known:
                found.setdefault(function, "")
                known |= {function, *_derivatives(function)}
    found = {phi: label for phi, label in found.items() if phi != x}
    symbols = _symbols(len(found))
    definitions: dict[sp.Symbol, tuple[sp.Expr, str]] = {}
    applied: dict[sp.Expr, tuple[sp.Symbol, int]] = {}
    for symbol, (phi, label) in zip(symbols, found.items(), strict=True):
        definitions[symbol] = (phi, label)
        applied.setdefault(phi, (symbol, 0))
        for order, slope in enumerate(_derivatives(phi), start=1):
            if slope.has(x):
                applied.setdefault(slope, (symbol, order))
    pairs = {
        moment.f.xreplace({x: u}) * moment.g.xreplace({x: v}): (moment.f, moment.g)
        for moment in derivation.moments.values()
        if moment.g is not None
    }
    return Functions(
        MappingProxyType(definitions), MappingProxyType(applied), MappingProxyType(pairs)
    )


def _derivatives(phi: sp.Expr) -> list[sp.Expr]:
    first = derivative(phi, classical=True)
    return [first, derivative(first, classical=True)]


def _is_simple(function: sp.Expr) -> bool:
    return bool(function.is_polynomial(x))


def _symbols(count: int) -> list[sp.Symbol]:
    if count == 1:
        return [sp.Symbol("phi")]
    return [sp.Symbol(f"phi_{index}") for index in range(1, count + 1)]


def _activations(derivation: Derivation) -> Iterator[tuple[sp.Expr, str]]:
    """The activations of the graph that are functions of one variable, in order of use."""
    nodes: dict[Node, None] = {}
    for body in derivation.graph.bodies():
        nodes |= dict.fromkeys(ancestors(body))
    for node in nodes:
        if node.op == "elementwise":
            variables, phi = node["variables"], node["phi"]
            assert isinstance(variables, tuple) and isinstance(phi, sp.Expr)
            if len(variables) == 1:
                yield phi.xreplace({variables[0]: x}), str(node["label"])
