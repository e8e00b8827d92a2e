"""Numbers as exact rationals, on the way in, and as floats, on the way out."""

from __future__ import annotations

import math
import numbers
from decimal import Decimal
from fractions import Fraction
from typing import SupportsFloat, TypeAlias

from sympy import Expr, Float, Rational, S

from symntk.errors import UsageError
from symntk.gaussian.algebra import exact_rational

Exact: TypeAlias = int | float | str | Decimal | Fraction | Expr | SupportsFloat

_IRRATIONAL_DIGITS = 60


def exact(value: Exact) -> Rational:
    """The rational number that a value stands for.

    A float stands for the shortest decimal that prints as it (0.1 is 1/10); a string for the
    decimal or fraction it spells; an mpmath number for its binary value; an irrational SymPy number
    for its first 60 digits.
    """
    number = _rational(value)
    if number is None or not number.is_Rational or not number.is_finite:
        raise UsageError(f"{value!r} is not a finite real number")
    return number


def _rational(value: Exact) -> Rational | None:
    if isinstance(value, Expr):
        if value.is_Rational:
            return value
        if isinstance(value, Float):
            return exact_rational(value)
        approximated = value.evalf(_IRRATIONAL_DIGITS)
        return Rational(str(approximated)) if isinstance(approximated, Float) else None
    if isinstance(value, str):
        try:
            return Rational(value)
        except (TypeError, ValueError, ZeroDivisionError):
            return None
    if isinstance(value, Decimal):
        return Rational(str(value)) if value.is_finite() else None
    if isinstance(value, numbers.Rational):
        return Rational(int(value.numerator), int(value.denominator))
    binary = getattr(value, "_mpf_", None)
    if binary is not None:
        sign, mantissa, exponent, _ = binary
        return Rational((-1) ** int(sign) * int(mantissa)) * S(2) ** int(exponent)
    if isinstance(value, numbers.Real):
        return exact_rational(float(value)) if math.isfinite(value) else None
    return None


def to_float(value: Expr | float) -> float:
    """The nearest float; inf where it overflows."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
