"""Numerical values of expressions with expectations that have no closed form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from symntk.decomposition.polynomials.heads import MOMENTS
from symntk.errors import UsageError
from symntk.gaussian import Expectation
from symntk.gaussian.quadrature import integrate_one, integrate_pair
from symntk.gaussian.symbols import u, x


def value(expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> float:
    """``expression`` as a number, its symbols having the given ``values``.

    Expectations are integrated, inner ones first, to an error of about 1e-15 of their size.
    """
    return float(_numeric(expression.xreplace(dict(values))).evalf(17))


def _numeric(expression: sp.Expr) -> sp.Expr:
    if isinstance(expression, Expectation):
        law = [sp.Rational(str(_numeric(part).evalf(25))) for part in expression.law]
        if not expression.is_of_pair:
            return sp.Float(integrate_one(expression.integrand.xreplace({u: x}), *law), 17)
        factors = expression.factors()
        assert factors is not None
        return sp.Float(integrate_pair(*factors, *law), 17)
    if isinstance(expression, MOMENTS):
        return sp.Float(expression.number(), 17)
    if not expression.atoms(Expectation, *MOMENTS):
        return expression
    return expression.func(*map(_numeric, expression.args))


def require_no_symbols(expressions: Iterable[sp.Expr]) -> None:
    """UsageError for expressions with symbols that have no value, such as the width."""
    left = set().union(*(expression.free_symbols for expression in expressions))
    if left:
        raise UsageError(
            f"the coefficients depend on {', '.join(sorted(map(str, left)))}, which has no value: "
            "in the standard parametrisation the kernel grows with the width; give every hidden "
            "weight one, as in weights('W', width=512), or take the parametrization \"ntk\""
        )
