"""Every class of expression that a derivation can hold prints in every language of formulas."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import sympy as sp

from symntk.activations import ACTIVATIONS
from symntk.derivation import Quantity
from symntk.gaussian import BivariateNormalCDF, Expectation, NormalCDF, expect
from symntk.gaussian.softmax import SoftmaxMoment, SoftmaxTangent
from symntk.gaussian.symbols import c, q, q1, q2, u, v, x
from symntk.graph.positions import SinusoidCovariance, bound_indices, indices, length
from symntk.rendering import NOTATIONS
from symntk.rendering.heads import Applied, Condition, Dual, Iverson, Kernel
from symntk.rendering.mathematics.latex import latex
from symntk.rendering.mathematics.layout import Layout
from symntk.rendering.mathematics.mathml import mathml
from symntk.rendering.mathematics.plain import plain
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.trace import Step

LAYER = sp.Symbol("ℓ", integer=True)
(T1,), (T2,) = indices(1), indices(1, True)
(R1,), (R2,) = bound_indices(1), bound_indices(1, True)
OFFSET = sp.Symbol("k", integer=True)
LOGITS = (T1, T2, q1, q2, c, q1, q2, c, length("x"), length("x", second=True))
PHI, PSI = sp.symbols("phi psi")
SIGMA_W = sp.Symbol("sigma_w", positive=True)
QUANTITY = Quantity("Sigma", "z1", "h1")

EXPRESSIONS: dict[str, sp.Basic] = {
    "integer": sp.Integer(-3),
    "rational": sp.Rational(-2, 3),
    "float": sp.Float("0.01", 17),
    "tiny float": sp.Float("1e-20", 17),
    "pi and e": sp.pi * sp.E,
    "infinity": sp.Tuple(sp.oo, -sp.oo),
    "imaginary unit": sp.I * q1,
    "symbol": SIGMA_W,
    "sum": q1 * q2 - c**2,
    "product": SIGMA_W**2 * q1 / (2 * sp.pi),
    "power": (1 + 2 * q1) ** sp.Rational(-3, 2),
    "cube root": sp.cbrt(q1),
    "exponential": sp.exp(-(u**2) / 2) + sp.exp(-(q1**2) / (2 * q2 - c**2)),
    "hyperbolic": sp.tanh(u) + sp.cosh(u) * sp.sinh(v),
    "circular": sp.sin(u) * sp.cos(v) + sp.tan(u),
    "inverse circular": sp.acos(c / sp.sqrt(q1 * q2)) + sp.asin(c) + sp.atan(c),
    "logarithm": sp.log(1 + sp.exp(u)),
    "error function": sp.erf(u) + sp.erfc(v),
    "normal CDF": NormalCDF(u) ** 2,
    "bivariate normal CDF": BivariateNormalCDF(q1, q2, c),
    "Heaviside": sp.Heaviside(u - 1) + sp.Heaviside(1 - u**2),
    "Dirac": sp.DiracDelta(u) + sp.DiracDelta(v - 1, 1),
    "absolute value and sign": sp.Abs(u) * sp.sign(v),
    "extrema": sp.Max(0, sp.Min(u, 6)),
    "cases": sp.Piecewise((u, u > 0), (sp.exp(u) - 1, True)),
    "conditions": sp.Piecewise((u, sp.And(u > 0, u <= 1)), (0, sp.Ne(u, 2)), (1, True)),
    "equation": sp.Eq(q1, q2, evaluate=False),
    "expectation": Expectation(u * v, q1, q2, c) + Expectation(u**2, q),
    "expectation under a law": Expectation(u * v, 1 + q1, q2, c),
    "expectation under a variance": Expectation(u**2, 1 + q1),
    "expectation under a kernel": Expectation(
        Applied(PHI, 1, u) * Applied(PHI, 1, v),
        *(Kernel("Sigma", LAYER, site=site) for site in ("aa", "bb", "ab")),  # type: ignore[arg-type]
    ),
    "dual activation": Dual(PHI, 0, PHI, 0, q1, q2, c) + Dual(PHI, 1, PSI, 0, q1, q2, c),
    "derivative": sp.Derivative(Expectation(u * v, q1, q2, c), c),
    "second derivative": sp.Derivative(sp.Function("F")(c), (c, 2)),
    "integral": sp.Integral(1 / sp.sqrt(q1 * q2 - u**2), (u, 0, c)) + sp.Integral(u, u),
    "sum over layers": sp.Sum(Kernel("Sigma", LAYER), (LAYER, 1, 3)),
    "product over layers": sp.Product(Kernel("dot Sigma", LAYER), (LAYER, 2, LAYER + 1)),
    "limit": sp.Limit(sp.Function("F")(q1), q1, sp.oo),
    "substitution": sp.Subs(sp.Function("F")(c), c, 0),
    "matrix": sp.ImmutableMatrix([[q1, c], [c, q2]]),
    "entries": QUANTITY.at("ab") * Quantity("Theta", "f", "W").at("ab"),
    "statistics": Quantity("mean", "z1", "").at("aa") / Quantity("scale", "z1", "").at("bb"),
    **{
        f"kernel {letter}": Kernel(letter, LAYER + 1, "h1")  # type: ignore[arg-type]
        for letter in ("Sigma", "dot Sigma", "Pi", "Theta", "Lambda")
    },
    "input kernel": Kernel("input", None, "x") + Kernel("input", None, "x", "bb"),
    "kernels at positions": Kernel("Sigma", None, "h", "ab", (T1 - 1,), (T2 - 1,))
    + Kernel("Pi", None, "h,y", "aa", (T1,), (sp.S.One,))
    + Kernel("Theta", LAYER, "h", "ba", (sp.Integer(2), T1), (sp.Integer(2), T1 + 1)),
    "half a kernel at positions": Kernel("Sigma", None, "h,y", "ab", (T1,), ())
    + Kernel("scale", None, "h", "bb", (T2,), ()),
    "matches and inputs": Kernel("match", None, "x", "ab", (T1 + 1,), (T2 + 1,))
    * Kernel("input", None, "x", "aa", (T1, T1), (T1, T1)),
    "attention": Kernel("weight", None, "y", "aa", (T1,), (R1,))
    * Kernel("attention", None, "y", "ab", (T1, R1), (T2, R2))
    * Kernel("tangent", None, "y", "ab", (T1, R1), (T2, R2)),
    "moments of softmaxes": SoftmaxMoment(*LOGITS) + SoftmaxTangent(*LOGITS, q1),
    "conditions on positions": Iverson(
        Condition("=", sp.S.One, T1, T2), Condition("<", length("x"), T1)
    ),
    "sum over positions": sp.Sum(
        Kernel("Sigma", None, "h", "ab", (T1 + OFFSET,), (T2 + OFFSET,)),
        (OFFSET, -1, 1),
        (T1, 1, length("x")),
        (T2, 1, length("x", second=True) - 1),
    ),
    "lengths": length("y") * length("x", 1, 2, True) / sp.sqrt(length("x")),
    "rounded lengths": sp.ceiling(length("x") / 2) + sp.floor(length("x") / 3),
    "turns": sp.Mod(length("x") - 1, 2),
    "encoding of positions": SinusoidCovariance(T1 - T2),
}


def as_mathml(layout: Layout) -> str:
    text = f"<math>{mathml(layout)}</math>"
    ElementTree.fromstring(text.replace("&#x2061;", ""))
    return text


def as_latex(layout: Layout) -> str:
    text = latex(layout)
    assert text.isascii()
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count(r"\begin{") == text.count(r"\end{")
    return text


def as_ascii(layout: Layout) -> str:
    text = plain(layout, ascii=True)
    assert text.isascii()
    return text


LANGUAGES: dict[str, Callable[[Layout], str]] = {
    "latex": as_latex,
    "text": plain,
    "ascii": as_ascii,
    "mathml": as_mathml,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_prints(name: str, notation: str, language: str) -> None:
    layout = Typesetter(NOTATIONS[notation])(EXPRESSIONS[name])
    assert LANGUAGES[language](layout).strip()


def test_an_unknown_class_is_an_error_not_a_guess() -> None:
    with pytest.raises(NotImplementedError, match="FiniteSet"):
        Typesetter(NOTATIONS["jacot"])(sp.FiniteSet(1))


def _steps(steps: tuple[Step, ...]) -> list[Step]:
    return [found for step in steps for found in (step, *_steps(step.substeps))]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_step_of_every_activation_prints(name: str) -> None:
    typeset = Typesetter(NOTATIONS["jacot"])
    phi = ACTIVATIONS[name].phi
    for step in _steps(expect(phi, phi).steps):
        for expression in (step.before, step.after):
            for language in LANGUAGES.values():
                assert language(typeset(expression))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_prints(name: str) -> None:
    layout = Typesetter(NOTATIONS["jacot"])(ACTIVATIONS[name].phi.xreplace({x: u}))
    for language in LANGUAGES.values():
        assert language(layout)
