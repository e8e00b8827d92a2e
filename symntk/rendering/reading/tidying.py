"""Sums over positions put in order: one sum for several, common factors in front."""

from __future__ import annotations

from collections import defaultdict

import sympy as sp

from symntk.graph.positions import symbols_in
from symntk.rendering.reading.windows import windows

Limits = tuple[sp.Tuple, ...]


def tidy(expression: sp.Expr, letters: tuple[str, str]) -> sp.Expr:
    """``expression`` as one would write it: sums merged, windows found, factors collected."""
    return _collected(windows(_merged(expression), letters))


def _merged(expression: sp.Expr) -> sp.Expr:
    """Sums over the same positions as one; a sum of sums as one over all the positions."""
    if not expression.args:
        return expression
    if isinstance(expression, sp.Sum):
        function = _merged(expression.function)
        constant, inner = _sum_in(function)
        if inner is not None and not _bound(inner) & symbols_in(constant):
            return sp.Sum(constant * inner.function, *inner.limits, *expression.limits)
        return sp.Sum(function, *expression.limits)
    expression = expression.func(*map(_merged, expression.args))
    if isinstance(expression, sp.Mul):
        expression = _distributed(expression)
    if not isinstance(expression, sp.Add):
        return expression
    alike: dict[Limits, list[sp.Expr]] = defaultdict(list)
    rest: list[sp.Expr] = []
    for term in expression.args:
        constant, total = _sum_in(term)
        if total is None:
            rest.append(term)
        else:
            key = tuple(sorted(total.limits, key=str))
            alike[key].append(constant * total.function)
    return sp.Add(*rest, *(sp.Sum(sp.Add(*parts), *key) for key, parts in alike.items()))


def _distributed(product: sp.Mul) -> sp.Expr:
    """c (sum_1 + sum_2) multiplied out where that is a sum of sums over positions."""
    for factor in product.args:
        if isinstance(factor, sp.Add) and all(_sum_in(term)[1] is not None for term in factor.args):
            rest = product / factor
            return _merged(sp.Add(*(rest * term for term in factor.args)))
    return product


def _sum_in(term: sp.Expr) -> tuple[sp.Expr, sp.Sum | None]:
    """A product of constants and one sum over positions, apart."""
    factors = sp.Mul.make_args(term)
    sums = [factor for factor in factors if isinstance(factor, sp.Sum)]
    if len(sums) != 1:
        return term, None
    return sp.Mul(*(factor for factor in factors if factor is not sums[0])), sums[0]


def _bound(total: sp.Sum) -> set[sp.Symbol]:
    return set(total.variables)


def _collected(expression: sp.Expr) -> sp.Expr:
    """Factors that all terms share in front of their sum, constants in front of sums."""
    if not expression.args:
        return expression
    if isinstance(expression, sp.Sum):
        function = _collected(expression.function)
        outside: list[sp.Expr] = []
        inside: list[sp.Expr] = []
        bound = _bound(expression)
        for factor in sp.Mul.make_args(function):
            (inside if symbols_in(factor) & bound else outside).append(factor)
        if not inside:
            return sp.Sum(function, *expression.limits)
        return sp.Mul(*outside, sp.Sum(sp.Mul(*inside), *expression.limits))
    expression = expression.func(*map(_collected, expression.args))
    return _factored(expression) if isinstance(expression, sp.Add) else expression


def _factored(total: sp.Add) -> sp.Expr:
    powers = [_powers(term) for term in total.args]
    common = {
        base: min(power[base] for power in powers)
        for base in powers[0]
        if all(base in power for power in powers)
    }
    factor = sp.Mul(*(base**exponent for base, exponent in common.items()))
    if factor == 1:
        return total
    return factor * sp.Add(*(term / factor for term in total.args))


def _powers(term: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """The factors of a term with whole powers."""
    found: dict[sp.Expr, sp.Expr] = {}
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if not base.is_number and exponent.is_Integer and exponent > 0:
            found[base] = exponent
        elif not base.is_number:
            found[factor] = sp.S.One
    return found
