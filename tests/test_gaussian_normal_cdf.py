"""Phi and Phi_2: values against independent integration, identities, derivatives, extremes."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symntk.gaussian import BivariateNormalCDF, NormalCDF

h, k, r = sp.symbols("h k r", real=True)

CASES = [
    ("1", "1", "0.5"),
    ("-1", "2", "-0.9"),
    ("0.3", "0.4", "0.999999"),
    ("0.3", "0.3", "0.999999999999"),
    ("-10", "-11", "0.5"),
    ("-10", "-3", "-0.5"),
    ("5", "-4", "-0.999"),
    ("6", "-6.0001", "-0.9999999"),
    ("0", "-2", "-0.99"),
    ("-6", "-6.5", "-0.9"),
]


def value(*arguments: str, digits: int = 30) -> mpmath.mpf:
    number = BivariateNormalCDF(*map(sp.Rational, arguments)).evalf(digits)
    with mpmath.workdps(digits):
        return mpmath.mpf(str(number))


def by_conditioning(first: str, second: str, correlation: str) -> mpmath.mpf:
    """int_{-inf}^h phi(t) Phi((k - rho t)/sqrt(1 - rho^2)) dt, on panels around its features."""
    with mpmath.workdps(60):
        a, b, rho = map(mpmath.mpf, (first, second, correlation))
        spread = mpmath.sqrt(1 - rho**2)
        offsets = [mpmath.mpf(step) for step in (-6, -2, -1, 0, 1, 2, 6)]
        points = {b / rho + spread * step for step in offsets} | set(offsets)
        points |= {a - mpmath.mpf(2) ** -power for power in range(10)}
        edges = sorted({a, a - 40, *(point for point in points if a - 40 < point < a)})

        def integrand(t: mpmath.mpf) -> mpmath.mpf:
            return mpmath.npdf(t) * mpmath.ncdf((b - rho * t) / spread)

        height = max(integrand(point) for point in edges)  # quad stops at an absolute error
        return height * mpmath.quad(lambda t: integrand(t) / height, edges)


@pytest.mark.parametrize("case", CASES)
def test_against_the_conditional_integral(case: tuple[str, str, str]) -> None:
    assert abs(value(*case) / by_conditioning(*case) - 1) < mpmath.mpf(10) ** -22


def test_far_tail_keeps_relative_precision() -> None:
    """Phi_2(h, 0, rho) at h = -600: where Phi underflows in float64, digits must not."""
    number = value("-600", "0", "0.5")
    assert number > 0
    with mpmath.workdps(30):
        independent = mpmath.ncdf(-600)
        assert number / independent == pytest.approx(1, rel=1e-25)  # P(Y <= 0 | X = -600) = 1


@settings(max_examples=15)
@given(
    st.decimals("-4", "4", places=2),
    st.decimals("-4", "4", places=2),
    st.decimals("-0.99", "0.99", places=2),
)
def test_identities(first: object, second: object, correlation: object) -> None:
    a, b, rho = (str(part) for part in (first, second, correlation))
    with mpmath.workdps(30):
        phi = mpmath.mpf(str(NormalCDF(sp.Rational(b)).evalf(30)))
        negated = [str(-sp.Rational(part)) for part in (a, rho)]
        assert abs(value(a, b, rho) - value(b, a, rho)) < 1e-25
        assert abs(value(a, b, rho) + value(negated[0], b, negated[1]) - phi) < 1e-25


def test_plane_orthant_and_edges() -> None:
    assert BivariateNormalCDF(0, 0, r) == sp.Rational(1, 4) + sp.asin(r) / (2 * sp.pi)
    assert BivariateNormalCDF(h, k, 0) == NormalCDF(h) * NormalCDF(k)
    assert BivariateNormalCDF(sp.oo, k, r) == NormalCDF(k)
    assert BivariateNormalCDF(-sp.oo, k, r) == 0
    assert BivariateNormalCDF(1, 2, 1) == NormalCDF(1)
    assert BivariateNormalCDF(1, -2, -1) == 0
    assert BivariateNormalCDF(1, 2, -1).evalf() == pytest.approx(
        float(NormalCDF(1).evalf() + NormalCDF(2).evalf() - 1)
    )


def test_normal_cdf_values() -> None:
    assert NormalCDF(0) == sp.S.Half
    assert NormalCDF(sp.oo) == 1
    assert NormalCDF(-sp.oo) == 0
    error_function = sp.erfc(20 / sp.sqrt(2)) / 2
    assert NormalCDF(-20).evalf(40) == pytest.approx(error_function.evalf(40), rel=1e-38)
    assert NormalCDF(h).evalf().has(NormalCDF)


def test_derivatives() -> None:
    at = {h: sp.Rational(1, 3), k: sp.Rational(-2, 5), r: sp.Rational(3, 7)}
    function = BivariateNormalCDF(h, k, r)
    step = sp.Rational(1, 10**10)
    for variable in (h, k, r):
        up = function.subs(at | {variable: at[variable] + step}).evalf(40)
        down = function.subs(at | {variable: at[variable] - step}).evalf(40)
        slope = sp.diff(function, variable).subs(at).evalf(30)
        assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-15)
    assert sp.diff(NormalCDF(h), h) == sp.exp(-(h**2) / 2) / sp.sqrt(2 * sp.pi)


def test_latex() -> None:
    assert sp.latex(NormalCDF(h)) == r"\Phi\left(h\right)"
    assert sp.latex(BivariateNormalCDF(h, k, r)) == r"\Phi_2\left(h, k, r\right)"
    assert sp.latex(NormalCDF(h) ** 2) == r"\Phi^{2}\left(h\right)"
