"""Numbers: exact input, degenerate laws, overflow, divergence, and scalars with roots."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from symntk.errors import UsageError
from symntk.gaussian import NormalCDF, dual, expect, expect_one
from symntk.gaussian.algebra import Domain, NotRepresentable
from symntk.gaussian.exact import exact
from symntk.gaussian.symbols import c, q1, q2, x

relu = sp.Max(0, x)


@pytest.mark.parametrize(
    "value",
    [
        "0.1",
        0.1,
        Decimal("0.1"),
        Fraction(1, 10),
        sp.Rational(1, 10),
        sp.Float(0.1),
        np.float64(0.1),
    ],
)
def test_a_tenth_is_a_tenth(value: object) -> None:
    assert exact(value) == sp.Rational(1, 10)


def test_other_numbers() -> None:
    assert exact(np.int64(3)) == 3
    assert exact(mpmath.mpf("0.25")) == sp.Rational(1, 4)
    assert abs(exact(sp.sqrt(2)) ** 2 - 2) < sp.Rational(1, 10**50)
    assert exact("1e-6") == sp.Rational(1, 10**6)


@pytest.mark.parametrize("value", [math.nan, math.inf, "x", "", 1j, sp.I, sp.Symbol("a"), None])
def test_what_is_no_real_number(value: object) -> None:
    with pytest.raises(UsageError, match="finite real number"):
        exact(value)


def test_laws_that_are_none() -> None:
    moments = dual(relu)
    with pytest.raises(UsageError, match="exceeds"):
        moments.numeric(1, 1, "1.01")
    with pytest.raises(UsageError, match="negative"):
        moments.numeric(-1, 1, 0)
    with pytest.raises(UsageError, match="3 numbers"):
        expect(relu, relu).numeric(1)
    with pytest.raises(UsageError, match="no value"):
        dual(x * sp.Symbol("a")).numeric(1, 1, 0)


def test_rounding_of_the_boundary_is_forgiven() -> None:
    kernel, slope = dual(relu).numeric(2.0, 3.0, math.sqrt(6.0))
    assert kernel == pytest.approx(math.sqrt(6) / 2, rel=1e-15)
    assert slope == pytest.approx(0.5, rel=1e-7)


def test_zero_variance() -> None:
    assert dual(relu).numeric(0, 1, 0)[0] == 0
    assert dual(sp.cos(x)).numeric(0, 2, 0)[0] == pytest.approx(math.exp(-1), rel=1e-15)
    assert dual(sp.Heaviside(x)).numeric(0, 0, 0) == (0.25, math.inf)
    assert expect_one(sp.exp(x)).numeric(0) == 1


def test_opposite_variables() -> None:
    assert dual(relu).numeric(1, 4, -2) == (0, 0)
    assert dual(sp.sign(x)).numeric(1, 4, -2) == (-1, math.inf)


def test_overflow_is_infinite_and_underflow_zero() -> None:
    assert dual(sp.exp(x)).numeric(5000, 5000, 5000) == (math.inf, math.inf)
    assert dual(sp.sin(x)).numeric(5000, 5000, 10) == (0, 0)


def test_divergence() -> None:
    """E exp(u^2) is infinite from q = 1/2 on, and the pair's from |I - 2 S B| = 0 on."""
    moment = expect_one(sp.exp(x**2))
    assert moment.conditions
    assert moment.numeric("0.25") == pytest.approx(math.sqrt(2), rel=1e-15)
    assert moment.numeric("0.5") == math.inf
    pair = expect(sp.exp(x**2), sp.exp(x**2))
    assert math.isfinite(pair.numeric("0.2", "0.2", 0))
    assert pair.numeric("0.3", "0.3", "0.29") == math.inf
    assert pair.numeric("0.3", "0.3", "0.3") == math.inf


def test_no_variance_is_too_large_for_the_ratio_of_tail_and_exponential() -> None:
    """ELU at q = 10^4 multiplies exp(5000) by tails of that order; the product is moderate."""
    elu = sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True))
    value = dual(elu).numeric(10**4, 10**4, 3000)[0]
    rectified = dual(relu).numeric(10**4, 10**4, 3000)[0]
    assert rectified * 0.9 < value < rectified


@pytest.mark.parametrize("function", [sp.sin(x), x * NormalCDF(x), sp.cos(x), relu**3])
def test_near_the_boundary_it_continues(function: sp.Expr) -> None:
    moment = expect(function, function)
    here, beside = moment.numeric(2, 8, 4), moment.numeric(2, 8, "3.99999999999999999999")
    assert here == pytest.approx(beside, rel=1e-14)


def domain() -> Domain:
    return Domain([q1, q2, c])


def test_roots_combine() -> None:
    scalars = domain()
    gram = scalars.scalar(q1 * q2 - c**2)
    root = gram.sqrt()
    assert root * root == gram
    assert root * root.inverse() == scalars.one
    assert (gram * gram * 4).sqrt() == gram * 2
    assert scalars.i * scalars.i == -scalars.one
    assert scalars.scalar(sp.sqrt(8)) == scalars.scalar(2 * sp.sqrt(2))
    assert scalars.scalar(sp.sqrt(2)) * scalars.scalar(sp.sqrt(3)) == scalars.scalar(sp.sqrt(6))


def test_scalars_are_what_they_came_from() -> None:
    for expression in (
        (q1 + c) / (q2 + 1),
        sp.sqrt(q1) * sp.sqrt(sp.pi) / 3 - c,
        1 / sp.sqrt(q1 * q2 - c**2),
    ):
        at = {q1: sp.Rational(3, 2), q2: sp.Rational(5, 4), c: sp.Rational(1, 3)}
        again = domain().scalar(expression).expr
        assert (again - expression).subs(at).evalf(20, chop=True) == 0


def test_what_is_no_scalar() -> None:
    with pytest.raises(NotRepresentable):
        domain().scalar(sp.sin(q1))
    with pytest.raises(NotRepresentable):
        (domain().scalar(sp.sqrt(q1)) + domain().one).inverse()
