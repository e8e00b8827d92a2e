"""Formulas as they are printed: order, brackets, fractions, names, lines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import sympy as sp

from symntk.gaussian import Expectation, NormalCDF
from symntk.gaussian.symbols import c, q1, q2, u, v, x
from symntk.rendering import NOTATIONS
from symntk.rendering.heads import Applied, Kernel
from symntk.rendering.mathematics.breaking import break_lines
from symntk.rendering.mathematics.latex import latex
from symntk.rendering.mathematics.layout import Layout
from symntk.rendering.mathematics.metric import points
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.plain import plain, width
from symntk.rendering.mathematics.typeset import Typesetter

JACOT, LEE = (Typesetter(NOTATIONS[key]) for key in ("jacot", "lee"))
LAYER = sp.Symbol("ℓ", integer=True)
SIGMA_W, SIGMA_B = sp.symbols("sigma_w sigma_b", positive=True)
PHI = sp.Symbol("phi")


def sigma(layer: object, site: str = "ab") -> Kernel:
    return Kernel("Sigma", layer, site=site)  # type: ignore[arg-type]


NEXT = (
    SIGMA_W**2
    * Expectation(
        Applied(PHI, 0, u) * Applied(PHI, 0, v),
        *(sigma(LAYER, site) for site in ("aa", "bb", "ab")),
    )
    + SIGMA_B**2
)
RHO = c / (sp.sqrt(q1) * sp.sqrt(q2))
RELU = (c * (sp.pi - sp.acos(RHO)) + sp.sqrt(q1 * q2 - c**2)) / (2 * sp.pi)

PRINTED: dict[str, tuple[sp.Expr, str, str]] = {
    "constants come after kernels": (
        NEXT,
        r"\sigma_w^2 \mathbb{E}_{(u, v) \sim \mathcal{N}(0, \Lambda^{(\ell)})}"
        r"[\phi(u) \phi(v)] + \sigma_b^2",
        "σ_w² E_{(u, v) ∼ N(0, Λ⁽ˡ⁾)}[φ(u) φ(v)] + σ_b²",
    ),
    "the NTK comes last": (
        Kernel("dot Sigma", LAYER + 1) * Kernel("Theta", LAYER) + sigma(LAYER + 1),
        r"\Sigma^{(\ell + 1)}(x, x') + \dot{\Sigma}^{(\ell + 1)}(x, x') \Theta^{(\ell)}(x, x')",
        "Σ⁽ˡ⁺¹⁾(x, x′) + Σ̇⁽ˡ⁺¹⁾(x, x′) Θ⁽ˡ⁾(x, x′)",
    ),
    "the arc-cosine kernel": (
        RELU,
        r"\frac{1}{2 \pi} \left( \sqrt{q_1 q_2 - c^2} + c \left( \pi - \arccos\!\left( "
        r"\frac{c}{\sqrt{q_1 q_2}} \right) \right) \right)",
        "(1/(2 π)) (√(q₁ q₂ − c²) + c (π − arccos(c/√(q₁ q₂))))",
    ),
    "roots are gathered": (
        sp.sqrt(q1) * sp.sqrt(1 + q2) / sp.sqrt(2 * sp.pi),
        r"\frac{\sqrt{q_1(1 + q_2)}}{\sqrt{2 \pi}}",
        "√(q₁ (1 + q₂)) / √(2 π)",
    ),
    "exponentials are gathered": (
        u * v * sp.exp(-(u**2) / 2) * sp.exp(-(v**2) / 2),
        "u v e^{-(u^2 + v^2) / 2}",
        "u v e^(−(u² + v²)/2)",
    ),
    "indicators": (x * sp.Heaviside(x - 1), r"x \mathbf{1}\lbrace x > 1 \rbrace", "x 1{x > 1}"),
    "indicators of the other side": (
        sp.Heaviside(-x),
        r"\mathbf{1}\lbrace x < 0 \rbrace",
        "1{x < 0}",
    ),
    "a negative fraction": (-c / 2, r"-\frac{c}{2}", "−c/2"),
    "powers of functions": (sp.tanh(x) ** 2, r"\tanh^2(x)", "tanh²(x)"),
    "the normal distribution": (NormalCDF(-x), r"\Phi(-x)", "Φ(−x)"),
    "a sum as a factor": (c * (1 + q1), r"c(1 + q_1)", "c (1 + q₁)"),
    "a sum under a minus": (q1 - c * (1 + q2), r"q_1 - c(1 + q_2)", "q₁ − c (1 + q₂)"),
}


@pytest.mark.parametrize(("expression", "tex", "text"), PRINTED.values(), ids=list(PRINTED))
def test_printed(expression: sp.Expr, tex: str, text: str) -> None:
    layout = JACOT(expression)
    assert latex(layout) == tex
    assert plain(layout) == text


def test_notations_differ_in_letters_and_brackets() -> None:
    assert latex(LEE(sigma(LAYER + 1))) == r"\mathcal{K}^{\ell + 1}(x, x')"
    assert latex(LEE(Kernel("dot Sigma", LAYER))) == r"\dot{\mathcal{K}}^{\ell}(x, x')"
    assert latex(LEE(Kernel("Theta", LAYER))) == r"\Theta^{\ell}(x, x')"


def test_input_kernels() -> None:
    assert latex(JACOT(Kernel("input", None, "x", "ab"))) == r"\frac{x^{\top} x'}{d}"
    assert latex(JACOT(Kernel("input", None, "x", "aa"))) == r"\frac{\Vert x \Vert^2}{d}"
    d = sp.Symbol("d", positive=True, integer=True)
    assert latex(JACOT(d * Kernel("input", None, "x", "ab"))) == r"x^{\top} x'"


@pytest.mark.parametrize(
    ("written", "tex", "text"),
    [
        ("z1", "z_1", "z₁"),
        ("sigma_w", r"\sigma_w", "σ_w"),
        ("sigma_W1", r"\sigma_{W_1}", "σ_W₁"),
        ("h", "h", "h"),
        ("hidden", r"\mathrm{hidden}", "hidden"),
        ("x'", "x'", "x′"),
        ("alpha", r"\alpha", "α"),
    ],
)
def test_names(written: str, tex: str, text: str) -> None:
    assert latex(name(written)) == tex
    assert plain(name(written)) == text


def test_ascii_has_nothing_else() -> None:
    for expression, *_ in PRINTED.values():
        assert plain(JACOT(expression), ascii=True).isascii()


LONG = sum(sp.Symbol(f"a{i}") * sp.asin(RHO) ** i for i in range(1, 12))


@pytest.mark.parametrize(
    "expression", [LONG, LONG * SIGMA_W**2 / (2 * sp.pi), LONG / sp.sqrt(1 + q1)], ids=str
)
@pytest.mark.parametrize("room", [60.0, 40.0])
def test_lines_fit(expression: sp.Expr, room: float) -> None:
    def measure(layout: Layout) -> float:
        return width(plain(layout))

    lines = break_lines(JACOT(expression), room, measure)
    assert len(lines) > 1
    assert all(measure(line) <= room for line in lines)


def test_breaking_loses_nothing() -> None:
    """The lines, put together again, hold the signs of the unbroken formula in their order."""
    layout = JACOT(LONG * SIGMA_W**2 / (2 * sp.pi))
    whole = plain(layout).replace(" ", "")
    lines = break_lines(layout, 40.0, lambda part: width(plain(part)))
    assert "".join(plain(line) for line in lines).replace(" ", "") == whole


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_widths_are_not_underestimated(tmp_path: Path) -> None:
    """TeX's own widths of the formulas above are at most those that lines are broken by."""
    layouts = [JACOT(expression) for expression, *_ in PRINTED.values()]
    layouts += [JACOT(part) for part in LONG.args]
    boxes = "\n".join(
        rf"\setbox0\hbox{{$\displaystyle {latex(layout)}$}}\typeout{{width:\the\wd0}}"
        for layout in layouts
    )
    (tmp_path / "widths.tex").write_text(
        "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n"
        f"{boxes}\n\\end{{document}}"
    )
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "widths.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    measured = [
        float(line.removeprefix("width:").removesuffix("pt"))
        for line in run.stdout.splitlines()
        if line.startswith("width:")
    ]
    assert len(measured) == len(layouts)
    for layout, true in zip(layouts, measured, strict=True):
        assert true <= points(layout) * 1.02, latex(layout)
        assert points(layout) <= 1.6 * true + 12, latex(layout)
