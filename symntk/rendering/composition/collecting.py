"""Sums of closed forms, with like terms and common factors collected, as one would by hand."""

from __future__ import annotations

import sympy as sp

_LARGE = 120


def collected(expression: sp.Expr) -> sp.Expr:
    """``expression`` with its terms collected by the functions in them and common factors in front.

    Sums such as pi - arccos(..) that stand in brackets are kept whole.  An expression that does
    not become shorter comes back as it is.
    """
    if expression.count_ops() > _LARGE:
        return expression
    units: dict[sp.Basic, sp.Dummy] = {}
    opaque = expression.replace(_is_unit, lambda unit: units.setdefault(unit, sp.Dummy(real=True)))
    terms: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand_mul(opaque)):
        coefficient, functions = term.as_independent(*units.values(), as_Add=False)
        terms[functions] = terms.get(functions, sp.S.Zero) + coefficient
    total = sp.Add(*(sp.factor_terms(value) * functions for functions, value in terms.items()))
    whole = sp.factor_terms(total)
    back = {dummy: unit for unit, dummy in units.items()}
    result = whole.xreplace(back)
    return result if result.count_ops() <= expression.count_ops() else expression


def _is_unit(expression: sp.Basic) -> bool:
    """A function, a root of a sum, or the sum of pi and an inverse function."""
    if isinstance(expression, sp.Function):
        return True
    if isinstance(expression, sp.Pow):
        return not expression.exp.is_Integer and isinstance(expression.base, sp.Add)
    return isinstance(expression, sp.Add) and any(
        isinstance(part, sp.acos) or isinstance(-part, sp.acos) for part in expression.args
    ) and all(part.is_number or part.has(sp.acos) for part in expression.args)
