"""Quadrature against truth computed here by other rules.

One variable: a fixed composite rule with exact summation.  Pairs of analytic functions: the
trapezoid rule in extended precision, which converges geometrically for them.  A step or a ReLU of
one variable: its conditional expectation in closed form, which leaves one variable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symntk.activations import ACTIVATIONS, parse_activation
from symntk.errors import UsageError
from symntk.gaussian import derivative
from symntk.gaussian.evaluation import array_function
from symntk.gaussian.normal_cdf import bivariate_normal_cdf
from symntk.gaussian.pieces import pieces
from symntk.gaussian.quadrature import integrate_one, integrate_pair
from symntk.gaussian.stable import stable
from symntk.gaussian.symbols import x

Real = Callable[[float], float]


def density_mean(function: Real, variance: float, marks: Iterable[float]) -> float:
    """E[f(u)] by 20 nodes on each of many intervals, which double away from every mark."""
    spread = math.sqrt(variance)
    ends = {spread * k / 2 for k in range(-28, 29)} | set(marks)
    ends |= {m + side * 2.0**k for m in marks for side in (-1, 1) for k in range(-60, 8)}
    inside = sorted(end for end in ends if abs(end) <= 14 * spread)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    terms = []
    for low, high in pairwise(inside):
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            t = (low + high) / 2 + (high - low) / 2 * node
            density = math.exp(-t * t / (2 * variance)) / math.sqrt(2 * math.pi * variance)
            terms.append((high - low) / 2 * weight * density * function(t))
    return math.fsum(terms)


ONE = {
    "exp(-(x-30)**2)": (lambda t: math.exp(-((t - 30) ** 2)), (30,)),
    "1/(1+x**2)": (lambda t: 1 / (1 + t * t), (0,)),
    "sqrt(abs(x))": (lambda t: math.sqrt(abs(t)), (0,)),
    "log(1+x**2)": (lambda t: math.log1p(t * t), (0,)),
    "tanh(50*(x-3))": (lambda t: math.tanh(50 * (t - 3)), (3,)),
    "where(x**2 < 2, x+1, x**2)": (
        lambda t: t + 1 if t * t < 2 else t * t,
        (-math.sqrt(2), math.sqrt(2)),
    ),
    "softplus(x)": (lambda t: max(t, 0.0) + math.log1p(math.exp(-abs(t))), (0,)),
    "max(abs(x)-1, 0)": (lambda t: max(abs(t) - 1, 0.0), (-1, 1)),
    "exp(-abs(x))": (lambda t: math.exp(-abs(t)), (0,)),
}


@pytest.mark.parametrize("variance", ["1e-6", "1", "100", "1e4"])
@pytest.mark.parametrize("text", ONE)
def test_one_variable(text: str, variance: str) -> None:
    function, marks = ONE[text]
    found = integrate_one(parse_known(text), variance, with_error=True)
    truth = density_mean(function, float(variance), marks)
    assert abs(found.value - truth) <= 2e-14 * abs(truth) + 1e-40
    assert abs(found.value - truth) <= found.error + 1e-14 * abs(truth) + 1e-40


def parse_known(text: str) -> sp.Expr:
    return parse_activation(text, dict(ACTIVATIONS))


# pairs of analytic functions: the trapezoid rule

ANALYTIC: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh(x)": np.tanh,
    "1/(1+exp(-x))": lambda t: 1 / (1 + np.exp(-t)),
    "x/(1+exp(-x))": lambda t: t / (1 + np.exp(-t)),
    "log(1+exp(x))": lambda t: np.log1p(np.exp(t)),
    "x*tanh(x)": lambda t: t * np.tanh(t),
    "cos(x)*tanh(x + 1)": lambda t: np.cos(t) * np.tanh(t + 1),
    "exp(-x**2/2)/(3 + cos(x))": lambda t: np.exp(-t * t / 2) / (3 + np.cos(t)),
}


def trapezoid(f: str, g: str, q1: float, q2: float, minus: float, side: int) -> float:
    """E[f(u) g(v)] at rho = side (1 - minus), in the coordinates (u/s1 +- v/s2)."""
    step = np.longdouble(1) / 16
    z = step * np.arange(-208, 209)
    weights = step * np.exp(-z * z / 2) / np.sqrt(2 * np.longdouble(np.pi))
    alpha, beta = np.sqrt(1 - np.longdouble(minus) / 2), np.sqrt(np.longdouble(minus) / 2)
    p, d = z[:, None], z[None, :]
    u = np.sqrt(np.longdouble(q1)) * (alpha * p + beta * d)
    v = side * np.sqrt(np.longdouble(q2)) * (alpha * p - beta * d)
    return float(weights @ (ANALYTIC[f](u) * ANALYTIC[g](v)) @ weights)


@given(
    st.sampled_from(sorted(ANALYTIC)),
    st.sampled_from(sorted(ANALYTIC)),
    st.sampled_from([0.01, 0.5, 1.0, 2.0]),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([1e-12, 1e-6, 1e-3, 0.05, 0.3, 0.75]),
    st.sampled_from([-1, 1]),
)
@settings(max_examples=25)
def test_analytic_pairs(f: str, g: str, q1: float, root: float, minus: float, side: int) -> None:
    """q2 = q1 root^4, so that the correlation 1 - minus is exact."""
    q2 = q1 * root**4
    rest = Fraction(minus)
    c = side * (1 - rest) * Fraction(q1) * Fraction(root) ** 2
    found = integrate_pair(
        parse_activation(f), parse_activation(g), Fraction(q1), Fraction(q2), c, with_error=True
    )
    truth = trapezoid(f, g, q1, q2, minus, side)
    assert abs(found.value - truth) <= found.error + 1e-16
    assert found.error <= 1e-12 * abs(truth) + 1e-15


@pytest.mark.parametrize("rho", ["1e-3", "1e-6", "-1e-9", "1e-12"])
@pytest.mark.parametrize(
    "text", ["tanh(x)", "x/(1+x**2)", "sin(x)*exp(-x**2)", "sign(x)*abs(x)**3"]
)
def test_small_correlations_keep_relative_precision(text: str, rho: str) -> None:
    """For odd f, K = rho a_1^2 + rho^3 a_3^2 + O(rho^5), with a_k = E[f(z) h_k(z)]."""
    f = parse_activation(text)
    found = integrate_pair(f, f, 1, 1, rho)
    first = integrate_one(f * x, 1)
    third = integrate_one(f * (x**3 - 3 * x), 1) / math.sqrt(6)
    r = float(rho)
    assert found == pytest.approx(r * first**2 + r**3 * third**2, rel=1e-12)


# kinks: a step or a ReLU of one variable leaves an integral over the other

OTHERS: dict[str, tuple[Real, tuple[float, ...]]] = {
    "tanh(x)": (math.tanh, (0,)),
    "min(max(x, -1), 1)": (lambda t: min(max(t, -1.0), 1.0), (-1, 1)),
    "H(x - 1/2)": (lambda t: float(t > 0.5), (0.5,)),
    "abs(x)*exp(-abs(x))": (lambda t: abs(t) * math.exp(-abs(t)), (0,)),
}
LAWS = [
    ("1", "1", "0.5"),
    ("1", "1", "-0.95"),
    ("1", "1", "0.99999999"),
    ("4", "0.25", "0.999999"),
    ("100", "100", "-99.99"),
    ("1e4", "1e-2", "2"),
]


@pytest.mark.parametrize("law", LAWS, ids="-".join)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("first", ["H(x - 1)", "max(x - 1, 0)"])
def test_kinks(first: str, other: str, law: tuple[str, str, str]) -> None:
    """The first function's conditional expectation given v has a closed form."""
    q1, q2, c = map(Fraction, law)
    function, marks = OTHERS[other]
    spread, slope, turn = math.sqrt((q1 * q2 - c * c) / q2), float(c / q2), float(q2 / c)

    def conditional(v: float) -> float:
        """E[H(u - 1) | v], or E[max(u - 1, 0) | v]."""
        shift = slope * (v - turn) / spread
        step = math.erfc(-shift / math.sqrt(2)) / 2
        if first.startswith("H"):
            return step
        return spread * (shift * step + math.exp(-shift * shift / 2) / math.sqrt(2 * math.pi))

    width = spread / abs(slope)
    grading = [turn + side * width * k / 4 for side in (-1, 1) for k in range(80)]
    truth = density_mean(
        lambda v: conditional(v) * function(v), float(q2), (*marks, turn, *grading)
    )
    found = integrate_pair(parse_activation(first), parse_activation(other), *law, with_error=True)
    assert abs(found.value - truth) <= 1e-12 * abs(truth) + 1e-20
    assert abs(found.value - truth) <= found.error + 4e-14 * abs(truth) + 1e-22


def test_corners_between_the_sampled_points() -> None:
    """P(u > s, v > t) where the corner of the quadrant is far out and narrow, by Plackett."""
    for s, t, rho in (("1", "0.5", "-0.95"), ("2", "1.25", "-0.9"), ("-3", "3.3", "0.97")):
        f, g = (parse_activation(f"H(x - ({place}))") for place in (s, t))
        truth = bivariate_normal_cdf(-mpmath.mpf(s), -mpmath.mpf(t), mpmath.mpf(rho))
        assert integrate_pair(f, g, 1, 1, rho) == pytest.approx(float(truth), rel=1e-12)


# symmetry, Diracs, degenerate laws, refusals


def test_zeros_by_symmetry_are_exact() -> None:
    odd, even = parse_activation("tanh(x)"), parse_activation("1/(1 + x**2)")
    general = parse_activation("log(1 + exp(x))")
    assert integrate_one(odd, 3) == 0
    assert integrate_pair(odd, even, 1, 2, "0.7") == 0
    assert integrate_pair(odd, general, 1, 2, 0) == 0
    assert integrate_pair(odd, general, 1, 2, "0.7") != 0


@given(
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from([(1, 2, "0.3"), (1, 1, "-0.97"), (2, "0.5", 1), ("0.1", 3, 0)]),
)
@settings(max_examples=30)
def test_exchange_of_the_two_variables(f: str, g: str, law: tuple[object, object, object]) -> None:
    q1, q2, c = law
    left, right = ACTIVATIONS[f].concrete, ACTIVATIONS[g].concrete
    one = integrate_pair(left, right, q1, q2, c, with_error=True)  # type: ignore[call-overload]
    two = integrate_pair(right, left, q2, q1, c, with_error=True)  # type: ignore[call-overload]
    assert abs(one.value - two.value) <= one.error + two.error


def test_dirac_is_sifted() -> None:
    """E[delta(u - 1) v^2] = p(1) (variance + mean^2) of v given u = 1."""
    found = integrate_pair(sp.DiracDelta(x - 1), x**2, 2, 3, "0.5")
    density = math.exp(-1 / 4) / math.sqrt(4 * math.pi)
    assert found == pytest.approx(density * (3 - 0.125 + 0.0625), rel=1e-14)


def test_diracs_that_meet() -> None:
    jump = derivative(parse_activation("H(x)*cos(x)"))
    assert integrate_pair(jump, jump, 1, 4, 2) == math.inf
    assert integrate_pair(jump, jump, 1, 4, "1.99") < math.inf
    apart = integrate_pair(sp.DiracDelta(x - 1), sp.DiracDelta(x + 1), 1, 1, 1)
    assert apart == 0


def test_a_continuous_switch_leaves_no_dirac() -> None:
    """The Diracs of both branches cancel, also where the place of the switch is a rounded root."""
    slope = parse_activation("where(exp(x) < 3, exp(x), 3)").diff(x)
    assert slope.has(sp.DiracDelta)
    truth = density_mean(lambda t: math.exp(2 * t) * (math.exp(t) < 3), 1, (math.log(3),))
    assert integrate_pair(slope, slope, 1, 1, 1) == pytest.approx(truth, rel=1e-13)


def test_dual_of_a_jump_is_the_slope_of_its_kernel() -> None:
    """Price's theorem by a central difference, for a function without a closed form."""
    phi = parse_activation("H(x - 1/2)*tanh(x)")
    step = Fraction(1, 1000)
    ends = [integrate_pair(phi, phi, 1, 2, Fraction(1, 2) + k * step) for k in (-2, -1, 1, 2)]
    slope = (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * float(step))
    found = integrate_pair(derivative(phi), derivative(phi), 1, 2, Fraction(1, 2))
    assert found == pytest.approx(slope, rel=1e-9)


def test_degenerate_laws() -> None:
    f, g = parse_activation("log(1 + exp(x))"), parse_activation("tanh(x - 1)")
    assert integrate_pair(f, g, 0, 2, 0) == pytest.approx(math.log(2) * integrate_one(g, 2))
    assert integrate_pair(f, g, 4, 1, -2) == pytest.approx(
        integrate_one(f.subs(x, -2 * x) * g, 1), rel=1e-14
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exp(x**2)", "does not exist"),
        ("1/x", "pole"),
        ("1/(x - 1)", "pole"),
        ("tan(x)", "pole"),
        ("abs(sin(x))", "more than 200"),
    ],
)
def test_what_has_no_expectation_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        integrate_one(parse_activation(text), 1)


def test_what_is_no_law_is_refused() -> None:
    with pytest.raises(UsageError, match="covariance"):
        integrate_pair(x, x, 1, 1, "1.01")
    with pytest.raises(UsageError, match="negative"):
        integrate_one(x, -1)
    with pytest.raises(UsageError, match="alpha"):
        integrate_one(ACTIVATIONS["leaky_relu"].phi, 1)


# stable forms


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_stable_forms_are_exact_and_finite(name: str) -> None:
    """Each smooth piece of phi and phi', against mpmath; no overflow where the truth has none."""
    phi = ACTIVATIONS[name].concrete
    points = (-1000.0, -40.0, -3.3, -1e-3, -1e-9, 1e-9, 1e-3, 0.7, 5.1, 40.0, 1000.0)
    for piece in {p for f in (phi, phi.diff(x)) for p in pieces(regular(f)).functions}:
        values = array_function(stable(piece))(np.array(points))
        for point, value in zip(points, values, strict=True):
            truth = piece.subs(x, sp.Rational(point)).evalf(30, maxn=2000)
            if abs(truth) > 1e308:
                assert np.isinf(value)
            elif abs(truth) > 1e-290:
                sensitivity = 1 + abs(float(point * piece.diff(x).subs(x, point).evalf(20) / truth))
                assert abs(value / truth - 1) <= 8e-16 * (4 + sensitivity)
            else:
                assert abs(value) <= 1e-289


def regular(function: sp.Expr) -> sp.Expr:
    return function.replace(sp.DiracDelta, lambda *_: sp.S.Zero)
