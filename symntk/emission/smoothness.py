"""Whether a kernel is a smooth function of the variances and the angle of its inputs."""

from __future__ import annotations

import sympy as sp

from symntk.activations.properties import kinks
from symntk.derivation import Equation, Loop, Statement
from symntk.gaussian import Expectation


def is_smooth(program: tuple[Statement, ...]) -> bool:
    """Whether all expectations of pairs are of smooth functions of either variable.

    E[f(u) h(v)] is then a smooth function of both variances and the covariance, up to rho = +-1.
    """
    for statement in program:
        if isinstance(statement, Equation):
            expressions = [statement.value]
        elif isinstance(statement, Loop):
            expressions = [
                part for carry in statement.carries for part in (carry.start, carry.next)
            ]
            if not is_smooth(statement.body):
                return False
        else:
            return False
        for expression in expressions:
            if not all(map(_is_of_smooth, expression.atoms(Expectation))):
                return False
    return True


def _is_of_smooth(expectation: Expectation) -> bool:
    if not expectation.is_of_pair:
        return True
    factors = expectation.factors()
    return factors is not None and all(map(is_smooth_function, factors))


def is_smooth_function(f: sp.Expr) -> bool:
    """Whether a function of x has derivatives of all orders."""
    return not f.has(sp.DiracDelta) and not kinks(f)
