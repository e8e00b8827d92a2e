"""Normal form and pieces: what is read is what was written, at points and as derivatives."""

from __future__ import annotations

import pytest
import sympy as sp
from sympy import Abs, DiracDelta, Heaviside, Max, Min, Piecewise, cos, cosh, erf, exp, sign, sin

from symntk.gaussian import NormalCDF, derivative
from symntk.gaussian.algebra import Domain, NotRepresentable
from symntk.gaussian.normal_form import NormalForm
from symntk.gaussian.reading import constants, parse
from symntk.gaussian.stepwise import stepwise
from symntk.gaussian.symbols import x

a = sp.Symbol("a", real=True)
t = sp.Symbol("t", positive=True)

FUNCTIONS = [
    x**3 - 2 * x + 1,
    Max(0, x),
    Min(Max(x, -1), 1),
    Max(x, 0, x**0 * 2),
    Abs(x - 1) + Abs(x),
    sign(x) * x**2,
    x * Heaviside(x) + a * x * Heaviside(-x),
    Piecewise((x, x > 0), (exp(x) - 1, True)),
    Piecewise((x - t, x > t), (x + t, x < -t), (0, True)),
    Piecewise((1, sp.And(x > -1, x < 2)), (0, True)),
    Piecewise((1, sp.Or(x < -1, x > 2)), (x, True)),
    exp(-Abs(x)),
    x * NormalCDF(x) + NormalCDF(-x) ** 1,
    x * erf(x / sp.sqrt(2)),
    sin(x) ** 2 * x,
    cos(2 * x + 1),
    cosh(x) * exp(-(x**2)),
    (x * Heaviside(x) + 1) ** 2,
    exp(x - 1) * Heaviside(x - sp.log(2)),
    sp.sqrt(2) * x * exp(-(x**2) / 2) / sp.sqrt(sp.pi),
]
POINTS = [sp.Rational(n, 7) for n in (-23, -10, -4, 3, 5, 12, 31)]
VALUES = {a: sp.Rational(1, 5), t: sp.Rational(1, 2)}


def form(function: sp.Expr) -> NormalForm:
    pieces = stepwise(function)
    return parse(pieces, Domain(sorted(constants(pieces), key=str)))


def at(function: sp.Expr, point: sp.Expr) -> complex:
    return complex(function.subs(VALUES).subs(x, point).evalf(30))


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_values_are_kept(function: sp.Expr) -> None:
    read, pieces = form(function).expr, stepwise(function).expr
    for point in POINTS:
        assert at(read, point) == pytest.approx(at(function, point), rel=1e-14, abs=1e-14)
        assert at(pieces, point) == pytest.approx(at(function, point), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_derivatives_away_from_the_breaks(function: sp.Expr) -> None:
    classical = derivative(function, classical=True)
    assert not classical.has(DiracDelta)
    step = sp.Rational(1, 10**12)
    distributional = form(function).derivative().expr.replace(DiracDelta, lambda *_: sp.S.Zero)
    for point in POINTS:
        slope = (at(function, point + step) - at(function, point - step)) / float(2 * step)
        exactly = at(classical, point)
        assert exactly == pytest.approx(slope, rel=1e-3, abs=1e-3)
        assert at(distributional, point) == pytest.approx(exactly, rel=1e-13, abs=1e-13)


def test_jumps_become_diracs() -> None:
    assert derivative(Heaviside(x - t)) == DiracDelta(x - t)
    assert derivative(sign(x)) == 2 * DiracDelta(x)
    assert derivative(derivative(Max(0, x))) == DiracDelta(x)
    assert derivative(derivative(Abs(x))) == 2 * DiracDelta(x)
    assert derivative(x * DiracDelta(x) + x**2) == 2 * x
    assert derivative(Heaviside(x), classical=True) == 0


def test_derivative_of_what_has_no_normal_form() -> None:
    assert derivative(sp.tanh(x)) == 1 - sp.tanh(x) ** 2
    leaky_tanh = Piecewise((sp.tanh(x), x > 0), (x / 10, True))
    assert at(derivative(leaky_tanh), POINTS[0]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "function",
    [sp.tanh(x), sp.log(1 + exp(x)), 1 / (1 + x**2), exp(x**3), sin(x**2), NormalCDF(x**2)],
)
def test_outside_the_normal_form(function: sp.Expr) -> None:
    with pytest.raises(NotRepresentable):
        form(function)


def test_unordered_symbolic_breaks_are_refused() -> None:
    with pytest.raises(NotRepresentable, match="sign"):
        stepwise(Max(x, a) + Abs(x))


def test_products_of_heavisides() -> None:
    up, down = form(Heaviside(x - 1)), form(Heaviside(2 - x))
    assert (up * up).terms == up.terms
    assert not up * form(Heaviside(-x)) or at((up * form(Heaviside(-x))).expr, POINTS[0]) == 0
    window = form(Heaviside(x - 1) * Heaviside(2 - x)).expr
    assert [at(window, sp.Rational(n, 2)) for n in (1, 3, 5)] == [0, 1, 0]
    assert at(down.expr, sp.S.One) == 1
