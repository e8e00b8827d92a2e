"""The unevaluated expectation: bound variables, Price's derivative, printing, numbers."""

from __future__ import annotations

import pytest
import sympy as sp

from symntk.gaussian import Expectation, expect
from symntk.gaussian.symbols import c, q, q1, q2, u, v, x

a = sp.Symbol("a", real=True)
PAIR = Expectation(sp.tanh(a * u) * sp.sin(v), q1, q2, c)


def test_gaussian_variables_are_bound() -> None:
    assert PAIR.free_symbols == {a, q1, q2, c}
    assert PAIR.subs(u, 3) == PAIR
    assert PAIR.subs(c, 0).law == (q1, q2, 0)
    assert PAIR.subs(a, 2).integrand == sp.tanh(2 * u) * sp.sin(v)


def test_constants_are_their_own_expectation() -> None:
    assert Expectation(a**2, q) == a**2
    assert Expectation(sp.Integer(3), q1, q2, c) == 3


def test_a_law_has_one_or_three_entries() -> None:
    with pytest.raises(TypeError, match="variance"):
        Expectation(u, q1, q2)


def test_factors() -> None:
    assert PAIR.factors() == (sp.tanh(a * x), sp.sin(x))
    assert Expectation(sp.sin(u + v), q1, q2, c).factors() is None


def test_derivative_by_price() -> None:
    smooth = Expectation(sp.sin(u) * sp.cos(v), q1, q2, c)
    slope = sp.diff(smooth, c)
    assert slope == Expectation(-sp.cos(u) * sp.sin(v), q1, q2, c)


@pytest.mark.parametrize("symbol", [q1, q2, c])
def test_derivative_agrees_with_the_closed_form(symbol: sp.Symbol) -> None:
    """Chain rule through a law whose entries are expressions."""
    law = (q1**2, q2 + q1, c * q1)
    f, g = sp.sin(x), x**2 + sp.cos(x)
    closed = expect(f, g).value
    assert closed is not None
    substituted = closed.subs({q1: law[0], q2: law[1], c: law[2]}, simultaneous=True)
    slope = sp.diff(Expectation(f.subs(x, u) * g.subs(x, v), *law), symbol)

    def close(part: Expectation) -> sp.Expr:
        factors = part.factors()
        assert factors is not None
        value = expect(*factors).value
        assert value is not None
        return value.subs({q1: law[0], q2: law[1], c: law[2]}, simultaneous=True)

    resolved = slope.replace(lambda part: isinstance(part, Expectation), close)
    at = {q1: sp.Rational(4, 5), q2: sp.Rational(1, 2), c: sp.Rational(1, 7)}
    assert resolved.subs(at).evalf(20) == pytest.approx(
        sp.diff(substituted, symbol).subs(at).evalf(20), rel=1e-15
    )


def test_numbers() -> None:
    one = Expectation(sp.cos(u), sp.Rational(1, 2))
    assert float(one) == pytest.approx(float(sp.exp(-sp.Rational(1, 4))), rel=1e-12)
    two = Expectation(sp.exp(u) * sp.exp(v), 1, 2, sp.Rational(1, 2))
    assert float(two) == pytest.approx(float(sp.exp(2)), rel=1e-12)


def test_printing() -> None:
    assert str(Expectation(sp.cos(u), q)) == "E[cos(u); q]"
    assert sp.latex(Expectation(u**4, q)) == r"\mathbb{E}\left[u^{4}\right]"
    assert r"\mathcal{N}" in sp.latex(Expectation(u * v, q1, q2, 0))
