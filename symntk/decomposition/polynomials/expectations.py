"""Expectations at covariance 0, where they are products of means.

E[phi(u) psi(v)] = E[phi(u)] E[psi(v)],    u and v independent
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import sympy as sp

from symntk.decomposition.polynomials.instance import evaluated
from symntk.derivation.program import merged
from symntk.derivation.result import Moments
from symntk.gaussian import Expectation, expect_one
from symntk.gaussian.symbols import u, x

Treatment: TypeAlias = Literal["value", "mean", "zero", "none"]
"""What is left as it is.

value: nothing; mean: the means E[phi(u)] of independent arguments; none: every expectation; zero:
nothing, and these means are taken to be 0.
"""


LONGEST = 15
"""Operations in a covariance under which an expectation is written out."""


SHORT = 25
"""Operations in a closed form, as a function of the covariance, that is called short."""


class TooLong(Exception):
    """Written out, expectations under expectations have no reasonable size."""


@dataclass
class Means:
    """Evaluates expectations, and notes the means of activations that are not 0.

    is_short: whether expectations whose closed form is long stay as they are.
    nests: whether expectations may be under laws that hold others.
    values: E[phi(u)] for u ~ N(0, q), as an `Expectation`, and its value.
    variances: every variance that an expectation was under.
    """

    treatment: Treatment = "value"
    is_short: bool = False
    nests: bool = False
    values: dict[sp.Expr, sp.Expr] = field(default_factory=dict)
    variances: set[sp.Expr] = field(default_factory=set)

    def __call__(self, expectation: sp.Expr, moments: Moments) -> sp.Expr:
        """The value of ``expectation``; see `symntk.decomposition.polynomials.instance.evaluated`.

        Raises TooLong under a law that is too long itself.
        """
        law = tuple(part.xreplace(self.values) for part in expectation.law)
        if not self.nests and any(map(_is_long, law)):
            raise TooLong
        self.variances.update(law[:2])
        found = Expectation(expectation.integrand, *law)
        if not found.is_of_pair or law[2] != 0 or 0 in law[:2]:
            if self.is_short and 0 not in law and _is_long_in(found, moments):
                return merged(found)
            return merged(found) if self.treatment == "none" else evaluated(found, moments)
        key = found.factors()
        assert key is not None
        moment = moments[key]
        return self._mean(moment.f, law[0], moments) * self._mean(moment.g, law[1], moments)

    def _mean(self, function: sp.Expr, q: sp.Expr, moments: Moments) -> sp.Expr:
        mean = Expectation(function.xreplace({x: u}), q)
        if not isinstance(mean, Expectation):
            return mean
        value = evaluated(mean, moments)
        if value == 0 or self.treatment == "zero":
            return sp.S.Zero
        self.values[mean] = value
        return mean if self.treatment in ("mean", "none") else value


def _is_long(covariance: sp.Expr) -> bool:
    return bool(covariance.has(Expectation) or sp.count_ops(covariance) > LONGEST)


def _is_long_in(expectation: sp.Expr, moments: Moments) -> bool:
    """Whether an expectation has no short closed form."""
    one = merged(expectation)
    if one.is_of_pair:
        value = moments[one.factors()].value
    else:
        value = expect_one(one.integrand.xreplace({u: x})).value
    return value is None or bool(value.count_ops() > SHORT)
