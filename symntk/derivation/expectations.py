"""Expectations of products of functions of jointly Gaussian variables, reduced to one or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import sympy as sp

from symntk.errors import AssumptionError
from symntk.gaussian import Expectation, Moment, derivative, expect, expect_one
from symntk.gaussian.symbols import c, q, q1, q2, u, v, x
from symntk.graph import Node, describe
from symntk.ops.law import Form

Place: TypeAlias = Literal["a", "b"]
Variable: TypeAlias = tuple[Form, Place]
"""A Gaussian: a linear form in the graph's Gaussians, at the first or the second input."""

Covariance: TypeAlias = Callable[[Variable, Variable], sp.Expr]
Key: TypeAlias = tuple[sp.Expr, sp.Expr | None]


def slope(phi: sp.Expr) -> sp.Expr:
    """Phi' almost everywhere: what backpropagation computes, blind to jumps."""
    return derivative(phi, classical=True)


@dataclass
class Expectations:
    """Reduces E[prod_i f_i(G_i)] by independence and Stein's lemma, and keeps the moments used.

    ``moments`` maps the `factors` of an expectation, (f, None) where it is of one variable, to
    the Gaussian calculus's answer.
    """

    moments: dict[Key, Moment] = field(default_factory=dict)

    def product(
        self, functions: dict[Variable, sp.Expr], covariance: Covariance, node: Node
    ) -> sp.Expr:
        """E[prod_i f_i(G_i)] for centred jointly Gaussian G_i.

        Independent groups factorise.  In a group a linear factor goes first, by Stein's lemma
        E[G_i F] = sum_j Cov(G_i, G_j) E[dF/dG_j].  An error names ``node``, whose law it is about.
        """
        functions = {key: phi for key, phi in functions.items() if phi != 1}
        constant = sp.Mul(*(phi for phi in functions.values() if not phi.has(x)))
        functions = {key: phi for key, phi in functions.items() if phi.has(x)}
        result = constant
        for group in _components(list(functions), covariance):
            if result == 0:
                return sp.S.Zero
            result *= self._group({key: functions[key] for key in group}, covariance, node)
        return result

    def _group(
        self, functions: dict[Variable, sp.Expr], covariance: Covariance, node: Node
    ) -> sp.Expr:
        polynomial = _first_polynomial(functions)
        if polynomial is not None and (functions[polynomial] == x or len(functions) > 2):
            return self._stein(polynomial, functions, covariance, node)
        variables = sorted(functions, key=lambda variable: variable[1])
        if len(variables) == 1:
            (only,) = variables
            return self._one(functions[only], covariance(only, only))
        if len(variables) == 2:
            first, second = variables
            law = (covariance(first, first), covariance(second, second), covariance(first, second))
            return self._pair(functions[first], functions[second], law, node)
        raise AssumptionError(
            describe(node),
            f"its covariance is an expectation over {len(variables)} dependent Gaussians, which "
            "no rule reduces to two",
            "Make the gate and the gated vector independent (weights of their own, no shared sum)",
        )

    def _stein(
        self,
        chosen: Variable,
        functions: dict[Variable, sp.Expr],
        covariance: Covariance,
        node: Node,
    ) -> sp.Expr:
        """E[p(G) F] with p = G r + p(0): p(0) E[F] + sum_j Cov(G, G_j) E[d(r F)/dG_j].

        The derivatives are those of distributions: a jump counts.
        """
        polynomial = sp.Poly(functions[chosen], x)
        rest, constant = sp.div(polynomial, sp.Poly(x, x))
        others = {key: phi for key, phi in functions.items() if key != chosen}
        total = constant.as_expr() * self.product(others, covariance, node)
        remaining = others | {chosen: rest.as_expr()}
        for variable, phi in remaining.items():
            change = derivative(phi)
            weight = covariance(chosen, variable)
            if change != 0 and weight != 0:
                total += weight * self.product(remaining | {variable: change}, covariance, node)
        return total

    def _one(self, f: sp.Expr, variance: sp.Expr) -> sp.Expr:
        moment = self.moments.get((f, None))
        if moment is None:
            moment = self.moments[f, None] = expect_one(f)
        constant = _constant(moment)
        return Expectation(f.xreplace({x: u}), variance) if constant is None else constant

    def _pair(
        self, f: sp.Expr, g: sp.Expr, law: tuple[sp.Expr, sp.Expr, sp.Expr], node: Node
    ) -> sp.Expr:
        if f.has(sp.DiracDelta) or g.has(sp.DiracDelta):
            raise AssumptionError(
                describe(node),
                "its covariance needs the derivative of a function that jumps, at a Gaussian that "
                "depends on another factor; that is singular where the two inputs agree",
                "Use an activation without kinks, or make the factors independent",
            )
        expectation = Expectation(f.xreplace({x: u}) * g.xreplace({x: v}), *law)
        key = expectation.factors()
        moment = self.moments.get(key)
        if moment is None:
            moment = self.moments[key] = expect(f, g)
        constant = _constant(moment)
        if constant is not None:
            return constant
        return expectation


def _constant(moment: Moment) -> sp.Expr | None:
    """The moment's value where it does not depend on the law (0 by symmetry, E[H(u)] = 1/2)."""
    value = moment.value
    return value if value is not None and not value.free_symbols & {q, q1, q2, c} else None


def _first_polynomial(functions: dict[Variable, sp.Expr]) -> Variable | None:
    """A variable whose function is a polynomial, linear ones first."""
    candidates = [key for key, phi in functions.items() if phi.is_polynomial(x)]
    linear = [key for key in candidates if functions[key] == x]
    return next(iter(linear + candidates), None)


def _components(variables: list[Variable], covariance: Covariance) -> list[list[Variable]]:
    """The groups of variables that are independent of each other."""
    groups: list[list[Variable]] = []
    for variable in variables:
        linked = [g for g in groups if any(covariance(variable, other) != 0 for other in g)]
        groups = [g for g in groups if g not in linked]
        groups.append([variable, *(other for group in linked for other in group)])
    return groups
