r"""A problem: the expectation of a product of shapes, one for each variable of a Gaussian law.

    E[prod_i w_i^{k_i} exp(d_i + a_i w_i + b_i w_i^2) F_i(w_i)],    w ~ N(mean, covariance).

A rule takes a problem and returns a reduction: a weighted sum of simpler problems plus a value, or
None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sympy import Expr

from symntk.gaussian.algebra import Domain, Scalar
from symntk.gaussian.normal_form import Shape
from symntk.gaussian.value import Value


@dataclass(frozen=True)
class Law:
    """N(mean, covariance) of one variable, or of two with their covariance ``cross``."""

    mean: tuple[Scalar, ...]
    variance: tuple[Scalar, ...]
    cross: Scalar

    @property
    def domain(self) -> Domain:
        """Where its entries live."""
        return self.cross.domain

    def covariance(self, i: int, j: int) -> Scalar:
        """Cov(w_i, w_j)."""
        return self.variance[i] if i == j else self.cross


@dataclass(frozen=True)
class Problem:
    """E[product of shapes] under a law."""

    shapes: tuple[Shape, ...]
    law: Law

    @property
    def domain(self) -> Domain:
        """Where its scalars live."""
        return self.law.domain

    def with_shape(self, index: int, shape: Shape) -> Problem:
        """The same problem with one shape replaced."""
        shapes = (*self.shapes[:index], shape, *self.shapes[index + 1 :])
        return Problem(shapes, self.law)


def marginal(problem: Problem) -> Problem:
    """The same expectation without the variable that the integrand does not contain."""
    for index, shape in enumerate(problem.shapes):
        if len(problem.shapes) == 2 and is_constant(shape):
            keep = 1 - index
            law = problem.law
            one = Law((law.mean[keep],), (law.variance[keep],), law.domain.zero)
            return Problem((problem.shapes[keep],), one)
    return problem


def is_constant(shape: Shape) -> bool:
    """Whether the shape is 1."""
    return not (shape.power or shape.constant or shape.linear or shape.quadratic or shape.factors)


@dataclass(frozen=True)
class Reduction:
    """E[problem] = value + sum of weight * E[part], by a rule.

    condition: expressions that must be positive for the rule to apply.
    """

    rule: str
    source: str
    value: Value
    parts: tuple[tuple[Value, Problem], ...] = ()
    condition: tuple[Expr, ...] = ()


Rule: TypeAlias = Callable[[Problem], "Reduction | None"]
