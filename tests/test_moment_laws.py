"""Laws of Gaussian moments, over the package's own table of activations, and truth from outside."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from symntk.activations import ACTIVATIONS, parse_activation
from symntk.gaussian import RULES, Dual, dual, expect, expect_one
from symntk.gaussian.algebra import Domain, Scalar
from symntk.gaussian.engine import Engine, pair_law
from symntk.gaussian.normal_form import NormalForm
from symntk.gaussian.price import price
from symntk.gaussian.problem import Problem, Reduction, Rule
from symntk.gaussian.reading import constants, parse
from symntk.gaussian.stepwise import stepwise
from symntk.gaussian.symbols import c, q, q1, q2, x
from tests.skips import REFERENCE

WITHOUT_CLOSED_FORM = {"gelu_tanh", "tanh", "sigmoid", "silu", "softplus", "mish"}
CLOSED = sorted(set(ACTIVATIONS) - WITHOUT_CLOSED_FORM)
POINT = {q1: sp.Rational(7, 5), q2: sp.Rational(3, 4), c: sp.Rational(2, 7)}
DIGITS = 40


@cache
def concrete(name: str) -> Dual:
    return dual(ACTIVATIONS[name].concrete)


# the reference file


def reference() -> dict[str, dict[str, object]]:
    path = REFERENCE / "dual.json"
    return json.loads(path.read_text())["activations"] if path.is_file() else {}


def assert_matches(found: float, expected: str, tolerance: float = 1e-10) -> None:
    """Relative agreement; exact zeros absolutely, underflowing ones as floats."""
    truth = float(expected)
    if math.isinf(truth) or math.isinf(found):
        assert found == truth
    elif expected == "0" or abs(truth) < 1e-290:
        assert abs(found - truth) <= 1e-12
    else:
        assert abs(found / truth - 1) <= tolerance, (found, expected)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="../shared/reference is absent")
@pytest.mark.parametrize("name", sorted(reference()))
def test_every_row_of_the_reference(name: str) -> None:
    entry = reference()[name]
    moments = dual(parse_activation(entry["definition"]))
    for row in entry["rows"]:
        kernel, slope = moments.numeric(row["q1"], row["q2"], row["c"])
        assert_matches(kernel, row["K"])
        assert_matches(slope, row["Kdot"])


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="../shared/reference is absent")
def test_floats_stand_for_their_shortest_decimal() -> None:
    for name in ("relu", "gelu"):
        entry = reference()[name]
        moments = dual(parse_activation(entry["definition"]))
        for row in entry["rows"]:
            law = tuple(float(row[key]) for key in ("q1", "q2", "c"))
            assert moments.numeric(*law) == moments.numeric(row["q1"], row["q2"], row["c"])


# laws


@pytest.mark.parametrize("name", CLOSED)
def test_closed_form_in_the_parameters_too(name: str) -> None:
    moments = dual(ACTIVATIONS[name].phi)
    assert moments.has_closed_form
    values = ACTIVATIONS[name].defaults
    symbolic = moments.K.subs(values).subs(POINT).evalf(DIGITS)
    assert close(symbolic, concrete(name).K.subs(POINT))


@pytest.mark.parametrize("name", sorted(WITHOUT_CLOSED_FORM))
def test_missing_closed_form_is_said_and_integrated(name: str) -> None:
    moments = concrete(name)
    assert moments.moment.value is None
    assert [step.rule for step in moments.moment.steps] == ["no closed form"]
    assert moments.numeric(1, 1, "0.5")[0] == pytest.approx(
        plain_quadrature(FUNCTIONS[name], FUNCTIONS[name], 1.0, 1.0, 0.5), rel=1e-10
    )


def close(left: sp.Expr, right: sp.Expr, digits: int = 25) -> bool:
    left, right = sp.N(left, DIGITS), sp.N(right, DIGITS)
    return bool(abs(left - right) <= sp.Float(10) ** -digits * max(1, abs(right)))


@pytest.mark.parametrize("name", CLOSED)
def test_symmetry(name: str) -> None:
    for kernel in (concrete(name).K, concrete(name).Kdot):
        swapped = {q1: POINT[q2], q2: POINT[q1], c: POINT[c]}
        assert close(kernel.subs(POINT), kernel.subs(swapped))


@pytest.mark.parametrize("name", CLOSED)
def test_price(name: str) -> None:
    """Kdot = dK/dc, both found by rules, the derivative by SymPy."""
    moments = concrete(name)
    assert close(sp.diff(moments.K, c).subs(POINT), moments.Kdot.subs(POINT))


@pytest.mark.parametrize("name", CLOSED)
def test_independence(name: str) -> None:
    """K(q1, q2, 0) = E phi(u) E phi(v)."""
    moments = concrete(name)
    independent = POINT | {c: 0}
    product = moments.mean.subs(q, POINT[q1]) * moments.mean.subs(q, POINT[q2])
    assert close(moments.K.subs(independent), product)


@pytest.mark.parametrize("name", CLOSED)
def test_diagonal_is_the_limit(name: str) -> None:
    moments = concrete(name)
    variance = sp.Rational(6, 5)
    for off, on in (
        (moments.K, moments.K_diagonal),
        (moments.Kdot, moments.Kdot_diagonal),
    ):
        if on == sp.oo:
            at = [
                off.subs({q1: variance, q2: variance, c: variance * (1 - gap)}).evalf(20)
                for gap in (sp.Rational(1, 10**12), sp.Rational(1, 10**14))
            ]
            assert at[1] / at[0] == pytest.approx(10, rel=1e-6)  # 1/sqrt(1 - rho) without bound
            continue
        near = {q1: variance, q2: variance, c: variance * (1 - sp.Rational(1, 10**30))}
        assert close(off.subs(near), on.subs(q, variance), digits=12)


@pytest.mark.parametrize("name", CLOSED)
def test_boundary_of_the_law(name: str) -> None:
    """Exactly at c = +-q the one-dimensional form is used; it continues the closed form."""
    moments = concrete(name)
    if moments.Kdot_diagonal == sp.oo:
        assert moments.numeric(2, 2, 2)[1] == math.inf
        return
    diagonal = moments.numeric(2, 2, 2)
    assert diagonal[0] == pytest.approx(float(moments.K_diagonal.subs(q, 2)), rel=1e-14)
    assert diagonal[1] == pytest.approx(float(moments.Kdot_diagonal.subs(q, 2)), rel=1e-14)
    opposite, beside = moments.numeric(2, 2, -2), moments.numeric(2, 2, "-1.999999999999999999999")
    assert opposite == pytest.approx(beside, rel=1e-9, abs=1e-9)


@cache
def prepared(name: str) -> tuple[NormalForm, Engine]:
    function = stepwise(ACTIVATIONS[name].phi)
    domain = Domain([q1, q2, c, *sorted(constants(function), key=str)])
    return parse(function, domain), Engine(domain)


def full_law(domain: Domain) -> object:
    return pair_law(*(domain.scalar(symbol) for symbol in (q1, q2, c)))


PRICED = [
    "identity", "relu", "leaky_relu", "abrelu", "abs", "sign", "step", "rect_x2", "erf", "normcdf"
]  # fmt: skip


@pytest.mark.parametrize("name", PRICED)
def test_price_and_stein_agree_exactly(name: str) -> None:
    form, engine = prepared(name)
    levels = price(form, form, engine)
    assert levels is not None
    assert len(levels) > 1
    law = full_law(engine.domain)
    for level in levels:
        assert level.value == Engine(engine.domain).pair(level.f, level.g, law)


@pytest.mark.parametrize("power", range(1, 6))
def test_price_and_stein_agree_on_polynomials(power: int) -> None:
    for function in (x**power, x**power * sp.Heaviside(x), sp.hermite_prob(power, x)):
        pieces = stepwise(function)
        domain = Domain([q1, q2, c])
        form = parse(pieces, domain)
        levels = price(form, form, Engine(domain))
        assert levels is not None
        assert levels[0].value == Engine(domain).pair(form, form, full_law(domain))


def test_hermite_polynomials_are_orthogonal() -> None:
    """E[He_m(u) He_n(v)] = n! c^n delta_mn at unit variances (Mehler)."""
    for m in range(5):
        for n in range(5):
            left, right = sp.hermite_prob(m, x), sp.hermite_prob(n, x)
            value = expect(sp.sympify(left), sp.sympify(right)).expression
            expected = sp.factorial(n) * c**n if m == n else 0
            assert sp.expand(value.subs({q1: 1, q2: 1}) - expected) == 0


def test_symmetry_of_the_law() -> None:
    """(u, v) and (-u, -v) have one law: odd means vanish, and odd times even."""
    assert expect_one(sp.tanh(x)).value == 0
    assert expect_one(1 / (1 + sp.exp(-x))).value == sp.S.Half
    assert expect(sp.tanh(x), x * sp.tanh(x)).value == 0
    assert expect(sp.tanh(x), 1 / sp.cosh(x)).value == 0
    assert expect(sp.tanh(x), sp.exp(x)).value is None
    assert expect(sp.tanh(x), sp.tanh(2 * x)).numeric(1, 2, 0) == 0


# truth by plain quadrature


FUNCTIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.logaddexp(0, z),
    "mish": lambda z: z * np.tanh(np.logaddexp(0, z)),
    "gelu_tanh": lambda z: z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "abs": np.abs,
    "sign": np.sign,
    "step": lambda z: np.heaviside(z, 0.5),
    "rect_x2": lambda z: np.maximum(z, 0) ** 2,
    "sin": np.sin,
    "cos": np.cos,
    "snake": lambda z: z + np.sin(z) ** 2,
    "gauss": lambda z: np.exp(-(z**2)),
    "xgauss": lambda z: z * np.exp(-(z**2) / 2),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "hardtanh": lambda z: np.clip(z, -1, 1),
    "relu6": lambda z: np.clip(z, 0, 6),
}
BREAKS = {"hardtanh": (-1.0, 1.0), "relu6": (0.0, 6.0)}
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


def panels(low: float, high: float, breaks: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of a composite rule whose panels end at the breaks."""
    inside = sorted(point for point in breaks if low < point < high)
    nodes, weights = [], []
    for start, end in pairwise([low, *inside, high]):
        edges = np.linspace(start, end, 1 + max(1, math.ceil(end - start)))
        for a, b in pairwise(edges):
            nodes.append((a + b) / 2 + (b - a) / 2 * _NODES)
            weights.append((b - a) / 2 * _WEIGHTS)
    return np.concatenate(nodes), np.concatenate(weights)


def plain_quadrature(
    f: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    g: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    first: float,
    second: float,
    cross: float,
    breaks: tuple[float, ...] = (0.0,),
) -> float:
    """E[f(u) g(v)] as an integral over u of the conditional integral over v."""
    s = math.sqrt(first)
    slope, spread = cross / first, math.sqrt(second - cross**2 / first)
    z, weights = panels(-11.0, 11.0, tuple(point / s for point in breaks))
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    inner = np.empty_like(z)
    for index, here in enumerate(z):
        mean = slope * s * here
        w, ww = panels(-11.0, 11.0, tuple((point - mean) / spread for point in breaks))
        inner[index] = np.sum(ww * np.exp(-(w**2) / 2) * g(mean + spread * w))
    return float(np.sum(weights * density * f(s * z) * inner) / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - WITHOUT_CLOSED_FORM))
@settings(max_examples=3)
@given(
    first=st.decimals("0.05", "4", places=2),
    second=st.decimals("0.05", "4", places=2),
    correlation=st.decimals("-0.9", "0.9", places=2),
)
def test_closed_forms_against_plain_quadrature(
    name: str, first: float, second: float, correlation: float
) -> None:
    cross = round(float(correlation) * math.sqrt(float(first * second)), 4)
    found = concrete(name).moment.numeric(first, second, cross)
    function = FUNCTIONS[name]
    truth = plain_quadrature(
        function, function, float(first), float(second), cross, BREAKS.get(name, (0.0,))
    )
    assert found == pytest.approx(truth, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("left", "right"), [("relu", "sin"), ("step", "relu"), ("elu", "step"), ("relu", "hardtanh")]
)
def test_two_different_functions(left: str, right: str) -> None:
    f, g = ACTIVATIONS[left].concrete, ACTIVATIONS[right].concrete
    breaks = tuple({0.0, *BREAKS.get(left, ()), *BREAKS.get(right, ())})
    truth = plain_quadrature(FUNCTIONS[left], FUNCTIONS[right], 1.3, 0.7, -0.4, breaks)
    moment = expect(f, g)
    assert moment.value is not None
    assert moment.numeric("1.3", "0.7", "-0.4") == pytest.approx(truth, rel=1e-10)


@pytest.mark.parametrize("name", CLOSED)
def test_means(name: str) -> None:
    """E[phi(u)] through the pair (phi, 1), whose value cannot depend on v."""
    f = ACTIVATIONS[name].concrete
    pair = expect(f, sp.S.One).expression
    assert close(pair.subs(POINT), expect_one(f).expression.subs(q, POINT[q1]))


# a wrong rule is noticed


def without_variance(problem: Problem) -> Reduction | None:
    """Stein's lemma with the covariance of the last part forgotten."""
    reduction = RULES["Stein"](problem)
    return None if reduction is None else replace(reduction, parts=reduction.parts[:-1])


def with_old_mean(problem: Problem) -> Reduction | None:
    """Tilting that forgets to move the mean."""
    reduction = RULES["tilting"](problem)
    if reduction is None:
        return None
    ((weight, part),) = reduction.parts
    law = replace(part.law, mean=problem.law.mean)
    return replace(reduction, parts=((weight, Problem(part.shapes, law)),))


def with_opposite_correlation(problem: Problem) -> Reduction | None:
    """Orthant probability of the other diagonal."""
    mirrored = replace(problem.law, cross=-problem.law.cross)
    return RULES["orthant"](Problem(problem.shapes, mirrored))


def with_unconditioned_spread(problem: Problem) -> Reduction | None:
    """Sifting that forgets to condition the other variable."""
    reduction = RULES["Dirac"](problem)
    if reduction is None or not reduction.parts:
        return reduction
    ((weight, part),) = reduction.parts
    law = replace(part.law, variance=(problem.law.variance[-1],))
    return replace(reduction, parts=((weight, Problem(part.shapes, law)),))


@pytest.mark.parametrize(
    ("rule", "wrong", "name"),
    [
        ("Stein", without_variance, "relu"),
        ("tilting", with_old_mean, "elu"),
        ("orthant", with_opposite_correlation, "leaky_relu"),
        ("Dirac", with_unconditioned_spread, "relu"),
    ],
)
def test_a_wrong_rule_is_noticed(rule: str, wrong: Rule, name: str) -> None:
    from symntk.gaussian.presentation import expression

    function = stepwise(ACTIVATIONS[name].concrete)
    domain = Domain([q1, q2, c])
    form = parse(function, domain)
    truth = plain_quadrature(FUNCTIONS[name], FUNCTIONS[name], 1.4, 0.75, 2 / 7)

    def error(rules: dict[str, Rule]) -> float:
        value = Engine(domain, rules).pair(form, form, full_law(domain))
        return abs(float(expression(value).subs(POINT)) / truth - 1)

    assert error(RULES) < 1e-10
    assert error({**RULES, rule: wrong}) > 1e-3


def test_a_wrong_integration_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Price without the constant at c = 0 no longer agrees with Stein."""
    from symntk.gaussian import price as rule

    form, engine = prepared("relu")

    def no_mean(*_: object) -> object:
        return engine.value(Problem((), full_law(engine.domain))).scaled(zero)

    zero: Scalar = engine.domain.zero
    right = Engine(engine.domain).pair(form, form, full_law(engine.domain))
    monkeypatch.setattr(rule, "_mean", no_mean)
    levels = price(form, form, engine)
    assert levels is not None
    assert levels[0].value != right
