"""LaTeX that compiles, once and for all, with nothing wider than the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import symntk as sn
from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.rendering import NOTATIONS, LatexError, bibliography, write_pdf
from tests.networks_in_print import EVERY

needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed"
)
PREAMBLE = "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n"


def pdflatex(source: str, folder: Path) -> str:
    """The log of one run of pdflatex, which must succeed."""
    (folder / "page.tex").write_text(source, encoding="ascii")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    run = subprocess.run([*command, "page.tex"], cwd=folder, capture_output=True, check=False)
    log = run.stdout.decode("latin-1")
    assert run.returncode == 0, log[-2000:]
    return log


def complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if "Overfull" in line or "Warning" in line]


@needs_latex
@pytest.mark.parametrize("name", EVERY)
def test_a_document_compiles_in_one_run(name: str, tmp_path: Path) -> None:
    """No line is too wide, no citation is open, nothing else is complained of."""
    source = sn.derive(EVERY[name]()).render("latex", standalone=True)
    assert not complaints(pdflatex(source, tmp_path))


@needs_latex
def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    source = sn.derive(sn.zoo.mlp()).render("latex", standalone=True)
    pdflatex(source, tmp_path)
    assert not complaints(pdflatex(source, tmp_path))


@needs_latex
@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_fragment_needs_two_packages(notation: str, tmp_path: Path) -> None:
    fragment = sn.derive(sn.zoo.mlp("L", "gelu", b_std=1)).render("latex", notation=notation)
    assert "\\documentclass" not in fragment and "\\usepackage" not in fragment
    cited = set(re.findall(r"\\cite(?:\[[^]]*\])?\{(\w+)\}", fragment))
    numbered = "".join(
        rf"\expandafter\gdef\csname b@{key}\endcsname{{{n}}}" for n, key in enumerate(cited)
    )
    source = f"{PREAMBLE}{numbered}\n{fragment}\\end{{document}}\n"
    assert not complaints(pdflatex(source, tmp_path))


@needs_latex
def test_a_fragment_and_its_bibliography_fit(tmp_path: Path) -> None:
    """BibTeX finds every work that the fragment cites."""
    derivation = sn.derive(sn.zoo.mlp())
    fragment = derivation.render("latex")
    cited = set(re.findall(r"\\cite(?:\[[^]]*\])?\{(\w+)\}", fragment))
    assert cited
    assert set(re.findall(r"^@\w+\{(\w+),", bibliography(derivation), re.M)) == cited


def numbers(source: str) -> list[int]:
    return [int(number) for number in re.findall(r"\\tag\{(\d+)\}", source)]


@pytest.mark.parametrize("name", EVERY)
def test_equations_are_numbered_in_order(name: str) -> None:
    source = sn.derive(EVERY[name]()).render("latex")
    found = numbers(source)
    assert found == list(range(1, len(found) + 1))
    assert {int(n) for n in re.findall(r"\((\d+)\)", re.sub(r"\$[^$]*\$", "", source))} <= set(
        found
    ) | {0, 1}


@needs_latex
def test_pdf(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    write_pdf(sn.derive(sn.zoo.mlp()), path, notation="lee")
    assert path.read_bytes().startswith(b"%PDF")


def test_without_pdflatex_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LatexError, match=r"needs pdflatex.*--standalone"):
        write_pdf(sn.derive(sn.zoo.mlp()), tmp_path / "page.pdf")


@needs_latex
def test_an_unwritable_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write_pdf(sn.derive(sn.zoo.mlp()), tmp_path / "absent" / "page.pdf")


@pytest.fixture(scope="module")
def relu() -> Derivation:
    return sn.derive(sn.zoo.mlp(b_std=1))


def test_the_perceptron_reads_like_a_paper(relu: Derivation) -> None:
    """The sections, and in them the equations that every paper has."""
    source = relu.render("latex")
    titles = re.findall(r"\\subsection\{(.*)\}", source)
    assert titles == [
        "Definitions",
        "Assumptions",
        "Forward recursion",
        "Dual activation",
        "Backward recursion",
        "Neural tangent kernel",
        "Closed form",
        "Gradient flow",
    ]
    for formula in (
        r"f(x) &= \frac{\sigma_v}{\sqrt{n}} v^{\top} \phi(z^{(1)}(x))",
        r"\phi(u) = \max(0, u)",
        r"\Sigma^{(1)}(x, x') &= \sigma_w^2 \frac{x^{\top} x'}{d} + \sigma_b^2",
        r"\Theta^{(2)} &= \Sigma^{(2)} + \dot{\Sigma}^{(2)} \Theta^{(1)}",
        r"\arccos",
    ):
        assert formula in source


def test_depth_is_a_recursion_with_start_and_end() -> None:
    source = sn.derive(sn.zoo.mlp("L", "tanh", b_std=1)).render("latex")
    assert r"\Theta^{(1)} &= \Sigma^{(1)}" in source
    step = r"\Theta^{(\ell + 1)} &= \Sigma^{(\ell + 1)} + \dot{\Sigma}^{(\ell + 1)} \Theta^{(\ell)}"
    assert step in source
    assert r"\ell = 1, \dots, L - 1" in source
    assert r"\Theta^{(L + 1)} &= \Sigma^{(L + 1)} + \dot{\Sigma}^{(L + 1)} \Theta^{(L)}" in source
    assert "no closed form" in source
