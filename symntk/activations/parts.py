"""A parsed piece of an activation, and the bounds that keep SymPy's work small."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Heaviside, Integer, Max, Min, Piecewise, oo, zoo
from sympy import nan as not_a_number
from sympy.core.relational import Relational

from symntk.gaussian.symbols import x

MAX_DEGREE = 64
"""Largest exponent, and largest degree of any polynomial part."""

MAX_OPERATIONS = 4000
"""Most operations once known activations are unfolded."""

MAX_VALUES = 16
"""Most values that one min or max compares."""

MAX_BITS = 400
"""Longest numerator or denominator of a constant, in bits; no constant exceeds 2**MAX_BITS."""


@dataclass(frozen=True, slots=True)
class Part:
    """A parsed piece: its expression, degree, number of operations, and where it began."""

    expression: Expr
    degree: int
    operations: int
    position: int


def excess(degree: int, operations: int) -> str:
    """What is too large, or nothing."""
    if degree > MAX_DEGREE:
        return f"a degree of {degree} is too high (at most {MAX_DEGREE})"
    if operations > MAX_OPERATIONS:
        return f"more than {MAX_OPERATIONS} operations once unfolded; simplify the expression"
    return ""


def defect(expression: Expr) -> str:
    """What makes an expression no function, or nothing."""
    if expression.has(zoo, oo, -oo, not_a_number):
        return "this divides by zero or is not defined"
    if expression.is_Rational:
        bits = max(int(expression.p).bit_length(), int(expression.q).bit_length())
        if bits > MAX_BITS:
            return "this constant is too large or too long"
    return ""


def choose(difference: Expr, closed: bool, yes: Expr, no: Expr) -> Expr:
    """``yes`` where ``difference`` is positive (or zero, if ``closed``), else ``no``.

    A condition linear in x becomes a Piecewise with x on its left.  Any other is a Heaviside step
    of the difference; the two agree except where the difference vanishes.
    """
    if difference.is_number:
        return yes if difference.is_positive or (closed and difference.is_zero) else no
    slope = difference.diff(x)
    if slope.is_Rational and slope != 0 and (difference - slope * x).expand().is_number:
        threshold = -(difference - slope * x).expand() / slope
        condition: Relational
        if slope.is_positive:
            condition = x >= threshold if closed else x > threshold
        else:
            condition = x <= threshold if closed else x < threshold
        return Piecewise((yes, condition), (no, True))
    return yes * Heaviside(difference) + no * Heaviside(-difference)


def degree_of(expression: Expr) -> int:
    """Degree of the polynomial part, as the parser counts it."""
    if expression == x:
        return 1
    if not expression.has(x):
        return 0
    if expression.is_Mul:
        return sum(degree_of(factor) for factor in expression.args)
    if expression.is_Pow and expression.exp.is_number:
        return degree_of(expression.base) * max(1, int(abs(expression.exp)))
    if expression.is_Add or isinstance(expression, (Max, Min)):
        return max(degree_of(term) for term in expression.args)
    if isinstance(expression, Piecewise):
        return max(degree_of(value) for value, _ in expression.args)
    return 1


def operations_of(expression: Expr) -> int:
    """Number of operations in the tree."""
    return int(Integer(expression.count_ops()))
