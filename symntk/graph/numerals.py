"""Numbers as they stand in a formula."""

from __future__ import annotations

import sympy as sp

_DIGITS = 6
"""A fraction is written as a decimal up to this many digits."""


def decimal(value: sp.Expr) -> str:
    """A rational number as an exact short decimal, such as 3, 0.1 or 1e-6; empty if it has none."""
    if not value.is_Rational:
        return ""
    sign, p, q = "-" * (value.p < 0), abs(int(value.p)), int(value.q)
    if q == 1:
        return f"{sign}{p}"
    twos, fives, rest = _valuation(q, 2), _valuation(q, 5), q
    rest //= 2**twos * 5**fives
    if rest != 1:
        return ""
    places = max(twos, fives)
    digits = str(p * 10**places // q)
    if len(digits) > _DIGITS:
        return ""
    if places - len(digits) >= 3:
        mantissa = digits[0] + ("." + digits[1:] if digits[1:] else "")
        return f"{sign}{mantissa}e-{places - len(digits) + 1}"
    digits = digits.rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def _valuation(number: int, prime: int) -> int:
    count = 0
    while number % prime == 0:
        number //= prime
        count += 1
    return count
