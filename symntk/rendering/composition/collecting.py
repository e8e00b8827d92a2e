"""Sums of closed forms, with like terms and common factors collected, as one would by hand."""

from __future__ import annotations

import sympy as sp

from symntk.gaussian import Expectation

_LARGE = 120


def collected(expression: sp.Expr) -> sp.Expr:
    """``expression`` with its terms collected by the functions in them and common factors in front.

    Sums such as pi - arccos(..) that stand in brackets are kept whole.  An expression that does
    not become shorter comes back as it is.
    """
    if expression.count_ops() > _LARGE:
        return expression
    units: dict[sp.Basic, sp.Dummy] = {}
    opaque = _opaque(expression, units)
    terms: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand_mul(opaque)):
        coefficient, functions = term.as_independent(*units.values(), as_Add=False)
        terms[functions] = terms.get(functions, sp.S.Zero) + coefficient
    factored = {functions: sp.factor_terms(value) for functions, value in terms.items()}
    plain = factored.pop(sp.S.One, sp.S.Zero)
    total = sp.Add(*(value * functions for functions, value in factored.items()))
    whole = _over_common_denominator(sp.factor_terms(plain + total))
    apart = _beside(plain, _over_common_denominator(sp.factor_terms(total)))
    back = {dummy: unit for unit, dummy in units.items()}
    result = min(whole, apart, key=sp.count_ops).xreplace(back)
    return result if result.count_ops() <= expression.count_ops() else expression


def _beside(plain: sp.Expr, total: sp.Expr) -> sp.Expr:
    """plain + total, each factored by itself, behind the powers of symbols that both have."""
    common = sp.Mul(
        *(
            power
            for power in sp.Mul.make_args(plain)
            if power.as_base_exp()[0].is_Symbol and power in sp.Mul.make_args(total)
        )
    )
    return common * (plain / common + total / common)


def _over_common_denominator(expression: sp.Expr) -> sp.Expr:
    """A/2 + B as (A + 2 B)/2, in the sum that is a factor of ``expression``."""
    factors = list(sp.Mul.make_args(expression))
    for index, factor in enumerate(factors):
        if isinstance(factor, sp.Add):
            numbers = [term.as_coeff_Mul()[0] for term in factor.args]
            if all(number.is_Rational for number in numbers):
                common = sp.ilcm(*(number.q for number in numbers))
                inside = sp.Add(*(term * common for term in factor.args))
                factors[index] = sp.Mul(sp.Rational(1, common), inside, evaluate=False)
    return sp.Mul(*(part for factor in factors for part in sp.Mul.make_args(factor)))


def _opaque(expression: sp.Basic, units: dict[sp.Basic, sp.Dummy]) -> sp.Basic:
    """``expression`` with each outermost unit replaced by a symbol."""
    if _is_unit(expression):
        return units.setdefault(expression, sp.Dummy(positive=True))
    if not expression.args:
        return expression
    return expression.func(*(_opaque(part, units) for part in expression.args))


def _is_unit(expression: sp.Basic) -> bool:
    """A function, an expectation, a root of a sum, or the sum of pi and an inverse function."""
    if isinstance(expression, sp.Function | Expectation):
        return True
    if isinstance(expression, sp.Pow):
        return not expression.exp.is_Integer and isinstance(expression.base, sp.Add)
    return (
        isinstance(expression, sp.Add)
        and any(isinstance(part, sp.acos) or isinstance(-part, sp.acos) for part in expression.args)
        and all(part.is_number or part.has(sp.acos) for part in expression.args)
    )
