"""Coefficients as numbers times monomials in the standard deviations, and their ratios."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import sympy as sp

from symntk.decomposition.polynomials.heads import MOMENTS
from symntk.decomposition.polynomials.multilinear import collected
from symntk.gaussian import Expectation


def gathered(expression: sp.Expr) -> sp.Expr:
    """``expression`` with one number before each monomial, where that is shorter."""
    terms = (number * monomial for monomial, number in _monomials(expression).items())
    found = sp.Add(*terms)
    return min(expression, found, key=sp.count_ops)


def constant_ratio(first: sp.Expr, second: sp.Expr) -> sp.Expr | None:
    """``first`` / ``second`` where every symbol cancels, exactly; None where it does not.

    Both are sums of numbers times monomials in the symbols.  The ratio is free of them if, and only
    if, the numbers before each monomial are in one proportion.
    """
    above, below = _monomials(first), _monomials(second)
    if not below:
        return None
    if not above:
        return sp.S.Zero
    if above.keys() != below.keys():
        return None
    (top, bottom), *others = [(above[key], below[key]) for key in above]
    if any(collected(a * bottom - top * b) != 0 for a, b in others):
        return None
    numerator, denominator = sp.fraction(sp.cancel(sp.together(top / bottom)))
    if denominator.is_negative:
        numerator, denominator = sp.expand(-numerator), sp.expand(-denominator)
    return numerator / denominator


def _monomials(expression: sp.Expr) -> Mapping[sp.Expr, sp.Expr]:
    """The numbers before each product of powers of symbols, those that are 0 left out.

    An expectation, or another function of symbols, counts as a symbol.
    """
    functions = expression.atoms(Expectation, sp.Function, *MOMENTS)
    symbolic = (f for f in functions if f.free_symbols or not isinstance(f, sp.Function))
    whole = {f: sp.Dummy(positive=True) for f in symbolic}
    names = {name: f for f, name in whole.items()}
    plain = sp.expand(expression.xreplace(whole))
    found: dict[sp.Expr, sp.Expr] = defaultdict(lambda: sp.S.Zero)
    for term in sp.Add.make_args(plain):
        number, monomial = term.as_independent(*plain.free_symbols, as_Add=False)
        found[monomial] += number
    numbers = {monomial: collected(number) for monomial, number in found.items()}
    return {m.xreplace(names): number for m, number in numbers.items() if number != 0}
