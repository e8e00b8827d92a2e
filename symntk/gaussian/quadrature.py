r"""Gaussian expectations by quadrature in float64, for functions that no rule covers.

    integrate_one(f, q)             = E[f(u)],         u ~ N(0, q),
    integrate_pair(f, g, q1, q2, c) = E[f(u) g(v)],    (u, v) ~ N(0, [[q1, c], [c, q2]]).

Arguments are exact numbers, so that 1 - rho^2 = (q1 q2 - c^2) / (q1 q2) is exact before it is
rounded.  Mehler's series is tried first; nested panels take over for |rho| > 0.9 and where the
series cancels.  Both estimate their error and the better one is returned.  For rho < 0, v is
replaced by -v; at rho = 1 the panels are those of one variable.  Diracs are sifted exactly.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, overload

from sympy import Expr

from symntk.errors import UsageError
from symntk.gaussian.exact import Exact, exact
from symntk.gaussian.law import Law
from symntk.gaussian.mehler import mehler
from symntk.gaussian.nested_quadrature import Inner, diagonal_panels, nested_panels
from symntk.gaussian.numeric import Numeric, numeric, reflected
from symntk.gaussian.single_quadrature import Estimate, normal_mean

_GOOD_ENOUGH = 1e-13
_SERIES_REACH = 0.9
_AFFORDABLE = 1500  # panels of both functions; beyond, the series stands with its own error


@overload
def integrate_one(f: Expr, q: Exact, *, with_error: Literal[False] = False) -> float: ...


@overload
def integrate_one(f: Expr, q: Exact, *, with_error: Literal[True]) -> Estimate: ...


def integrate_one(f: Expr, q: Exact, *, with_error: bool = False) -> float | Estimate:
    """E[f(u)], u ~ N(0, q); exactly 0 for an odd f.

    ``q`` is a non-negative number, taken exactly.  Raises UsageError where the expectation does
    not exist or overflows float64.
    """
    function, variance = numeric(f), _fraction(q)
    if variance < 0:
        raise UsageError(f"a variance is not negative: {q}")
    result = normal_mean(function, Fraction(0), variance)
    for dirac in function.diracs:
        if variance == 0:
            raise UsageError(f"the Dirac in {f} has no expectation at variance 0")
        location = float(dirac.location)
        density = _density(location, float(variance))
        result += Estimate(float(dirac.weight) * density, 0.0)
    return result if with_error else result.value


@overload
def integrate_pair(
    f: Expr, g: Expr, q1: Exact, q2: Exact, c: Exact, *, with_error: Literal[False] = False
) -> float: ...


@overload
def integrate_pair(
    f: Expr, g: Expr, q1: Exact, q2: Exact, c: Exact, *, with_error: Literal[True]
) -> Estimate: ...


def integrate_pair(
    f: Expr, g: Expr, q1: Exact, q2: Exact, c: Exact, *, with_error: bool = False
) -> float | Estimate:
    """E[f(u) g(v)]; exactly 0 where symmetry makes it so, infinite for two Diracs that coincide.

    f, g: functions of ``x``, Diracs allowed.  q1, q2 >= 0 and c with c^2 <= q1 q2, taken exactly.
    Raises UsageError for a law that is none, and where the expectation overflows.
    """
    first, second = numeric(f), numeric(g)
    law = Law.of(_fraction(q1), _fraction(q2), _fraction(c))
    result = _regular_pair(first, second, law)
    for dirac in first.diracs:
        result += _sifted(dirac.location, dirac.weight, second, law.q1, law.q2, law.c)
    for dirac in second.diracs:
        result += _sifted(dirac.location, dirac.weight, first, law.q2, law.q1, law.c)
    for one in first.diracs:
        for two in second.diracs:
            density = _pair_density(one.location, two.location, law)
            result += Estimate(float(one.weight * two.weight) * density, 0.0)
    return result if with_error else result.value


def _fraction(value: Exact) -> Fraction:
    number = exact(value)
    return Fraction(int(number.p), int(number.q))


def _density(point: float, variance: float) -> float:
    return math.exp(-point * point / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def _sifted(
    location: Expr, weight: Expr, other: Numeric, q1: Fraction, q2: Fraction, c: Fraction
) -> Estimate:
    """E[weight delta(u - t) g(v)] = weight p(t) E[g(v) | u = t]."""
    if q1 == 0:
        raise UsageError("a Dirac has no expectation at variance 0")
    if other.is_zero:
        return Estimate(0.0, 0.0)
    at = _fraction(location)
    factor = float(weight) * _density(float(at), float(q1))
    return normal_mean(other, c * at / q1, q2 - c * c / q1).scaled(factor)


def _pair_density(one: Expr, two: Expr, law: Law) -> float:
    """Density of (u, v) at a point; on a degenerate law 0 off its line, infinite on it."""
    s, t = _fraction(one), _fraction(two)
    determinant = law.q1 * law.q2 - law.c * law.c
    if determinant == 0:
        return math.inf if law.q1 * t == law.c * s else 0.0
    form = (law.q2 * s * s - 2 * law.c * s * t + law.q1 * t * t) / (2 * determinant)
    return math.exp(-float(form)) / (2 * math.pi * math.sqrt(determinant))


def _regular_pair(f: Numeric, g: Numeric, law: Law) -> Estimate:
    if f.is_zero or g.is_zero or f.parity * g.parity == -1:
        return Estimate(0.0, 0.0)
    if law.q1 == 0 or law.q2 == 0 or law.c == 0:
        one = normal_mean(f, Fraction(0), law.q1)
        two = normal_mean(g, Fraction(0), law.q2)
        error = abs(one.value) * two.error + abs(two.value) * one.error
        return Estimate(one.value * two.value, error)
    if law.c < 0:
        g, law = reflected(g), Law(law.q1, law.q2, -law.c)
    if law.degenerate:
        return diagonal_panels(f, g, math.sqrt(law.q1), math.sqrt(law.q2))
    series = None
    if law.rho <= _SERIES_REACH:
        series = mehler(f, g, law)
        if series is not None and series.error <= _GOOD_ENOUGH * abs(series.value):
            return series
    inner = Inner.of(f, g, law)
    if series is not None and len(inner.f_edges) + len(inner.g_edges) > _AFFORDABLE:
        return series
    nested = nested_panels(inner)
    return series if series is not None and series.error < nested.error else nested
