"""Expectations at covariance 0, where they are products of means.

E[phi(u) psi(v)] = E[phi(u)] E[psi(v)],    u and v independent
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import sympy as sp

from symntk.decomposition.instance import evaluated
from symntk.derivation.result import Moments
from symntk.gaussian import Expectation
from symntk.gaussian.symbols import u, v

Treatment: TypeAlias = Literal["value", "expectation", "zero"]
"""Whether a mean is its value, stays E[phi(u)], or is taken to be 0."""


@dataclass
class Means:
    """Evaluates expectations, and notes the means of activations that are not 0.

    values: E[phi(u)] for u ~ N(0, q), as an `Expectation`, and its value.
    variances: every variance that an expectation was under.
    """

    treatment: Treatment = "value"
    values: dict[sp.Expr, sp.Expr] = field(default_factory=dict)
    variances: set[sp.Expr] = field(default_factory=set)

    def __call__(self, expectation: sp.Expr, moments: Moments) -> sp.Expr:
        """The value of ``expectation``; see `symntk.decomposition.instance.evaluated`."""
        law = expectation.law
        self.variances.update(law[:2])
        if not expectation.is_of_pair or law[2] != 0 or 0 in law[:2]:
            return evaluated(expectation, moments)
        f, g = expectation.integrand.as_independent(v, as_Add=False)
        return self._mean(f, law[0], moments) * self._mean(g.xreplace({v: u}), law[1], moments)

    def _mean(self, function: sp.Expr, q: sp.Expr, moments: Moments) -> sp.Expr:
        if not function.has(u):
            return function
        mean = Expectation(function, q)
        value = evaluated(mean, moments)
        if value == 0 or self.treatment == "zero":
            return sp.S.Zero
        self.values[mean] = value
        return mean if self.treatment == "expectation" else value
