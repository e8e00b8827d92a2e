"""Closed forms of Gaussian expectations, rewritten so that float64 evaluates them accurately.

A printed form is in (q1, q2, c), and loses its digits near c = +-sqrt(q1 q2).  The stable form is
in the symbols of `symntk.emission.symbols`.  Each rewriting is one named function, from expression
to equal expression; ``REWRITINGS`` is their order.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import (
    Add,
    Basic,
    Expr,
    Function,
    Mul,
    Poly,
    Pow,
    S,
    acos,
    asin,
    atan,
    atan2,
    cosh,
    exp,
    expand,
    fraction,
    pi,
    sinh,
    sqrt,
    together,
)

from symntk.emission.symbols import angle, c, g, n, q1, q2, r1, r2, root, s


class ExponentialDifference(Function):
    """exp(a) - exp(b), given a, b and a - b: without cancellation where a is close to b."""

    nargs = 3


def stabilise(expression: Expr) -> Expr:
    """``expression`` in (q1, q2, c), rewritten by every one of ``REWRITINGS`` in order."""
    for rewriting in REWRITINGS:
        expression = rewriting(expression)
    return expression


def bottom_up(expression: Expr, rule: Callable[[Expr], Expr]) -> Expr:
    """``rule`` applied to every node, leaves first."""
    done: dict[Basic, Basic] = {}

    def visit(node: Basic) -> Basic:
        if node not in done:
            result = node
            if node.args:
                arguments = [visit(argument) for argument in node.args]
                if any(new is not old for new, old in zip(arguments, node.args, strict=True)):
                    result = node.func(*arguments)
            done[node] = rule(result) if isinstance(result, Expr) else result
        return done[node]

    return visit(expression)


def exponentials_for_hyperbolics(expression: Expr) -> Expr:
    """sinh and cosh are written as exponentials, which then meet the other exponentials."""

    def rule(node: Expr) -> Expr:
        return node.rewrite(exp) if isinstance(node, sinh | cosh) else node

    rewritten = bottom_up(expression, rule)
    return expand(rewritten, power_exp=False) if rewritten != expression else expression


def merged_exponentials(expression: Expr) -> Expr:
    """exp(a) exp(b) = exp(a + b), so that nothing overflows times underflows."""

    def rule(node: Expr) -> Expr:
        if not isinstance(node, Mul):
            return node
        powers = [factor for factor in node.args if isinstance(factor, exp)]
        if len(powers) < 2:
            return node
        others = [factor for factor in node.args if not isinstance(factor, exp)]
        return Mul(*others, exp(Add(*(power.args[0] for power in powers))))

    return bottom_up(expression, rule)


def minors(expression: Expr) -> Expr:
    """A polynomial in which c^2 is subtracted: q1 q2 - c^2 becomes g s.

    (1 + 2 q1)(1 + 2 q2) - 4 c^2 = 1 + 2 q1 + 2 q2 + 4 g s, a sum of positive terms.
    """

    def rule(node: Expr) -> Expr:
        if not isinstance(node, Add) or not node.is_polynomial(q1, q2, c):
            return node
        coefficients = Poly(node, c).all_coeffs()
        if len(coefficients) != 3 or not coefficients[0].is_negative or coefficients[1] != 0:
            return node
        square, _, rest = coefficients
        return expand(rest + square * q1 * q2) - square * g * s

    def within(node: Expr) -> Expr:
        if isinstance(node, Pow) and isinstance(node.base, Add):
            return Pow(rule(expand(node.base)), node.exp)
        return node

    rewritten = bottom_up(expression, within)
    return rewritten.replace(
        lambda e: isinstance(e, Pow) and e.base == g * s and e.exp.is_Rational and e.exp.q == 2,
        lambda e: root ** (2 * e.exp),
    ).xreplace({sqrt(g) * sqrt(s): root})


def angles(expression: Expr) -> Expr:
    """arcsin(c / sqrt(q1 q2)) = pi/2 - angle; arcsin(N / D) = atan2(N, sqrt(D^2 - N^2))."""

    def rule(node: Expr) -> Expr:
        if isinstance(node, acos):
            return pi / 2 - rule(asin(node.args[0]))
        if isinstance(node, atan):
            numerator, denominator = fraction(together(node.args[0]))
            if (numerator, denominator) == (c, root):
                return pi / 2 - angle
            if (numerator, denominator) == (-c, root):
                return angle - pi / 2
            return atan2(numerator, denominator) if denominator != 1 else node
        if not isinstance(node, asin):
            return node
        numerator, denominator = fraction(together(node.args[0]))
        complement = minors(Pow(expand(denominator**2 - numerator**2), S.Half))
        if numerator.has(c) and (numerator / c).is_number and complement.has(root):
            sign = (numerator / c).is_positive
            return (pi / 2 - angle) if sign else (angle - pi / 2)
        return atan2(numerator, complement)

    return bottom_up(expression, rule)


def exponents(expression: Expr) -> Expr:
    """-k (q1 + q2 -+ 2 c) becomes -k ((r1 - r2)^2 + 2 g), or s, without cancellation.

    Sums of exponentials whose coefficients are opposite are paired into differences.
    """

    def stable(exponent: Expr) -> Expr:
        exponent = expand(exponent)
        slope = exponent.coeff(c, 1)
        if slope == 0 or exponent.coeff(c, 2) != 0 or not slope.is_number:
            return exponent
        rest = exponent - slope * c
        half = abs(slope) / 2
        remainder = expand(rest + half * (q1 + q2))
        gap = g if slope.is_positive else s
        return -half * ((r1 - r2) ** 2 + 2 * gap) + remainder

    def rule(node: Expr) -> Expr:
        if isinstance(node, Add):
            return _pair_exponentials(node, stable)
        return node

    paired = bottom_up(expression, rule)
    return bottom_up(
        paired,
        lambda node: exp(stable(node.args[0])) if isinstance(node, exp) else node,
    )


def _pair_exponentials(node: Add, stable: Callable[[Expr], Expr]) -> Expr:
    """Terms k exp(a) of both signs, in a sum, as multiples of `ExponentialDifference`.

    exp(a) - exp(b) vanishes with a - b; left apart, two such terms would cancel.
    """
    rest: list[Expr] = []
    above: list[tuple[Expr, Expr]] = []
    below: list[tuple[Expr, Expr]] = []
    for term in node.args:
        coefficient, power = _exponential(term)
        if power is None:
            rest.append(term)
        else:
            (above if coefficient.is_positive else below).append((abs(coefficient), power))
    if not any(power != 0 for _, power in above + below):
        return node
    while above and below:
        (k, a), (m, b) = _best_pair(above, below)
        above.remove((k, a))
        below.remove((m, b))
        common = min(k, m)
        rest.append(common * ExponentialDifference(stable(a), stable(b), expand(a - b)))
        above += [(k - common, a)] if k > common else []
        below += [(m - common, b)] if m > common else []
    return Add(*rest, *(k * exp(a) for k, a in above), *(-m * exp(b) for m, b in below))


Weighted = tuple[Expr, Expr]


def _best_pair(above: list[Weighted], below: list[Weighted]) -> tuple[Weighted, Weighted]:
    """Equal weights first, and among those exponents that differ in the sign of c."""

    def distance(one: Weighted, other: Weighted) -> tuple[bool, int]:
        return one[0] != other[0], len(Add.make_args(expand(one[1] - other[1])))

    pairs = [(one, other) for one in above for other in below]
    return min(pairs, key=lambda pair: distance(*pair))


def _exponential(term: Expr) -> tuple[Expr, Expr | None]:
    """(k, a) of a term k exp(a) with a number k; numbers are k exp(0)."""
    factors = Mul.make_args(term)
    powers = [factor for factor in factors if isinstance(factor, exp)]
    coefficient = Mul(*(factor for factor in factors if not isinstance(factor, exp)))
    if not coefficient.is_number or not coefficient.is_real:
        return term, None
    return coefficient, Add(*(power.args[0] for power in powers))


def standard_deviations(expression: Expr) -> Expr:
    """Roots of variances are r1 and r2; they are computed once per sample."""
    rewritten = expression.replace(
        lambda e: isinstance(e, Pow) and e.base in (q1, q2) and e.exp.is_Rational and e.exp.q == 2,
        lambda e: {q1: r1, q2: r2}[e.base] ** (2 * e.exp),
    )
    return rewritten.xreplace({r1 * r2: n})


REWRITINGS: tuple[Callable[[Expr], Expr], ...] = (
    exponentials_for_hyperbolics,
    merged_exponentials,
    minors,
    angles,
    exponents,
    standard_deviations,
)
"""The rewritings, in order."""

__all__ = ["REWRITINGS", "ExponentialDifference", "stabilise"]
