"""The order of factors and terms, and which factors share a fraction bar or a root.

The order of a product is: number, scales (sigma_w^2), symbols, roots, covariances, expectations,
gradient covariances, the NTK, sums in brackets, functions.  The order of a sum is: positive
numbers, terms without the NTK, terms with it, constants such as sigma_b^2; what is subtracted comes
late.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import sympy as sp

from symntk.derivation.program import Entry
from symntk.gaussian.expectation import Expectation
from symntk.graph.positions import Length
from symntk.rendering.heads import Applied, Iverson, Kernel


def is_negative(expr: sp.Expr) -> bool:
    """Whether a term is written with a minus sign."""
    coefficient = expr.as_coeff_Mul()[0]
    return bool(coefficient.is_number and coefficient.is_extended_negative)


def scales(expr: sp.Expr) -> set[sp.Symbol]:
    """The standard deviations sigma in an expression."""
    return {s for s in expr.free_symbols if s.name.startswith("sigma")}


def lengths(expr: sp.Expr) -> set[sp.Symbol]:
    """The lengths of sequences in an expression."""
    return {s for s in expr.free_symbols if isinstance(s, Length)}


def is_small(expr: sp.Expr) -> bool:
    """Whether a factor belongs over a fraction bar rather than beside the fraction."""
    base = expr.as_base_exp()[0]
    if isinstance(base, Kernel | Entry):
        return False
    return bool(base.is_Symbol or base.is_number or _is_root(expr))


def _is_root(expr: sp.Expr) -> bool:
    return bool(expr.is_Pow and expr.exp == sp.S.Half)


def split(factors: Iterable[sp.Expr]) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """Numerator and denominator as ordered factors, with all square roots of one side in one."""
    factors = list(factors)
    exponentials = [factor for factor in factors if isinstance(factor, sp.exp)]
    if len(exponentials) > 1:
        rest = [factor for factor in factors if not isinstance(factor, sp.exp)]
        together = sp.factor_terms(sp.Add(*(factor.args[0] for factor in exponentials)))
        factors = [*rest, sp.exp(together, evaluate=False)]
    sides: tuple[list[sp.Expr], list[sp.Expr]] = ([], [])
    roots: tuple[list[sp.Expr], list[sp.Expr]] = ([], [])
    for factor in factors:
        if factor.is_Rational:
            for side, part in zip(sides, (factor.p, factor.q), strict=True):
                if part != 1:
                    side.append(sp.Integer(part))
            continue
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            base, exponent = factor, sp.S.One
        below = int(is_negative(exponent))
        exponent = -exponent if below else exponent
        if exponent == sp.S.Half:
            roots[below].append(base)
        else:
            sides[below].append(sp.Pow(base, exponent, evaluate=False) if exponent != 1 else base)
    _rationalise(sides, roots)
    for side, inside in zip(sides, roots, strict=True):
        if inside:
            radicand = inside[0] if len(inside) == 1 else sp.Mul(*inside, evaluate=False)
            side.append(sp.Pow(radicand, sp.S.Half, evaluate=False))
        side.sort(key=factor_key)
    return sides


def _rationalise(
    sides: tuple[list[sp.Expr], list[sp.Expr]], roots: tuple[list[sp.Expr], list[sp.Expr]]
) -> None:
    """sqrt(n) / (n m) is 1 / (sqrt(n) m): SymPy writes the former, papers the latter."""
    for base in [part for part in roots[0] if part.is_Integer]:
        for number in [part for part in sides[1] if part.is_Integer and part % base == 0]:
            roots[0].remove(base)
            roots[1].append(base)
            sides[1].remove(number)
            if number != base:
                sides[1].append(number / base)
            break


_KERNEL_RANK = {
    "input": 4,
    "product": 4,
    "Sigma": 5,
    "dot Sigma": 6,
    "Lambda": 6,
    "match": 4,
    "weight": 4,
    "attention": 4,
    "tangent": 4,
    "mean": 5,
    "scale": 5,
    "Pi": 8,
    "Theta": 9,
}


def factor_key(expr: sp.Expr) -> tuple[int, str]:
    """Where a factor stands in a product."""
    base, exponent = expr.as_base_exp()
    rank = 11
    if isinstance(expr, sp.exp):
        rank = 6
    elif expr.is_Rational or base.is_Rational:
        rank = 0
    elif base.is_number:
        rank = 1
    elif isinstance(base, Kernel | Entry):
        letter = base.letter if isinstance(base, Kernel) else base.quantity.kind
        rank = _KERNEL_RANK[letter]
    elif isinstance(base, Iverson):
        rank = 4
    elif base.is_Symbol:
        rank = 2 if scales(base) else 3
    elif exponent == sp.S.Half:
        rank = 11 if base.is_Add else 4
    elif isinstance(base, Expectation):
        rank = 7
    elif base.is_Add:
        rank = 10
    elif isinstance(base, Applied):
        rank = 11
    elif base.is_Function:
        rank = 12 if isinstance(base, sp.Heaviside) else 13
    if isinstance(base, Kernel) and base.left:
        return rank, f"{len(base.name):04}{base.name}"  # x_t before x_{t+1}
    return rank, _shown(expr)


def term_key(term: sp.Expr) -> tuple[int, int, int, int, str]:
    """Where a term stands in a sum."""
    negative = is_negative(term)
    if term.is_number:
        return (8 if negative else 0), 0, 0, 0, _shown(term)
    symbols = term.free_symbols
    kernels = [s for s in symbols if isinstance(s, Kernel | Entry)]
    theta = any(_KERNEL_RANK[_letter(s)] == 9 for s in kernels)
    constant = symbols <= scales(term) and not term.has(Expectation)
    place = 5 if constant else 4 if theta else 3
    functions = len(term.atoms(sp.Function))
    shown = _shown(term)
    if any(isinstance(s, Kernel) and s.left for s in kernels):
        shown = f"{len(shown):05}{shown}"  # K(t, t') before K(t + 1, t' + 1)
    return place, functions, int(negative), int(term.count_ops()), shown


@lru_cache(maxsize=4096)
def _shown(expr: sp.Expr) -> str:
    """The expression's text, the last key: a sum's terms are compared over and over."""
    return str(expr)


def _letter(symbol: sp.Symbol) -> str:
    return symbol.letter if isinstance(symbol, Kernel) else symbol.quantity.kind
