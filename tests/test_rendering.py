"""Every format in every notation, for every network in print."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

import symntk as sn
from symntk.errors import UsageError
from symntk.rendering import FORMATS, NOTATIONS
from symntk.rendering.composition import SECTIONS, compose
from symntk.rendering.document import Display, Line
from symntk.rendering.mathematics.latex import latex
from symntk.rendering.mathematics.plain import width
from symntk.sources import SOURCES
from tests.networks_in_print import EVERY, NETWORKS


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        *("mlp_relu_1", "mlp_tanh_L", "residual", "normalised", "standard"),
        *("cnn over positions", "rnn over positions", "transformer of many heads"),
    ],
)
def test_prints(name: str, format: str, notation: str) -> None:
    derivation = sn.derive(EVERY[name]())
    for standalone in (False, True):
        text = derivation.render(format, notation=notation, standalone=standalone)
        assert text.endswith("\n") and len(text) > 1000


@pytest.mark.parametrize("name", EVERY)
def test_text_fits_a_terminal(name: str) -> None:
    derivation = sn.derive(EVERY[name]())
    for ascii in (False, True):
        text = derivation.render("text", ascii=ascii)
        wide = [line for line in text.splitlines() if width(line) > 79]
        assert not wide
        assert text.isascii() or not ascii


def test_lee_writes_other_letters() -> None:
    derivation = sn.derive(sn.zoo.mlp("L"))
    jacot, lee = (derivation.render("latex", notation=n) for n in ("jacot", "lee"))
    assert r"\Sigma^{(\ell + 1)}" in jacot and r"\mathcal{K}" not in jacot
    assert r"\mathcal{K}^{\ell + 1}" in lee and r"\Sigma" not in lee


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"format": "word"}, "unknown format 'word'; use one of latex"),
        ({"notation": "mine"}, "unknown notation 'mine'; use one of jacot, lee"),
    ],
)
def test_unknown_names_are_refused(options: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=re.escape(problem)):
        sn.derive(sn.zoo.mlp()).render(**options)


@pytest.mark.parametrize("name", EVERY)
def test_every_cited_work_is_known(name: str) -> None:
    document = compose(sn.derive(EVERY[name]()), NOTATIONS["jacot"])
    assert document.cited and set(document.cited) <= set(SOURCES)


@pytest.mark.parametrize("name", EVERY)
def test_sections_are_in_order(name: str) -> None:
    document = compose(sn.derive(EVERY[name]()), NOTATIONS["jacot"])
    titles = [section.title for section in document.sections]
    assert titles == [title for title in SECTIONS if title in titles]
    assert {"Definitions", "Assumptions", "Forward recursion"} <= set(titles)
    assert "Neural tangent kernel" in titles


def lines(name: str) -> dict[str, list[Line]]:
    document = compose(sn.derive(EVERY[name]()), NOTATIONS["jacot"])
    return {
        section.title: [
            line for block in section.blocks if isinstance(block, Display) for line in block.lines
        ]
        for section in document.sections
    }


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_used_before_it_is_defined(name: str) -> None:
    """Every kernel on a right side is the left side of an equation, up to its layer and inputs."""
    found = lines(name)

    def kernels(text: str) -> set[str]:
        names = re.findall(r"(?:\\dot\{\\Sigma\}|\\Sigma|\\Pi|\\Theta|s)_(\{[^}]*\}|\w)", text)
        return set(names)

    found.pop("Gradient flow", None)  # s is a score there, and no scale of a layer norm
    written = [line for part in found.values() for line in part]
    defined = {k for line in written for k in kernels(latex(line.left))}
    used = {k for line in written for k in kernels(latex(line.right))}
    assert used <= defined


def test_a_frozen_readout_is_not_mistaken_for_a_layer() -> None:
    """With the readout frozen the parts do not add up to Sigma, and the page does not say so."""
    ((*_, last),) = (lines("frozen")["Neural tangent kernel"],)
    assert r"\Sigma^{(2)}" not in latex(last.right)


def test_json_is_a_trace() -> None:
    data = json.loads(sn.derive(NETWORKS["mlp_gelu_1"]()).render("json"))
    assert data["schema"] == "symntk.derivation/1"
    stages = [step["stage"] for step in data["steps"]]
    assert stages[0] == "assumption" and "ntk" in stages
    keys = {"number", "stage", "node", "rule", "before", "after"}
    keys |= {"assumption", "source", "reason", "substeps"}
    pending = list(data["steps"])
    while pending:
        step = pending.pop()
        pending += step["substeps"]
        assert set(step) == keys
        assert set(step["after"]) == {"latex", "text", "sympy"}
        assert step["source"] is None or step["source"]["key"] in data["sources"]
    assert data["results"]["ntk"]["kind"] == "expression"
    assert set(data["results"]["ntk_by_weight"]) == {"W", "b", "v"}


def test_json_of_a_deep_network_is_a_recursion() -> None:
    data = json.loads(sn.derive(sn.zoo.mlp("L")).render("json"))
    assert data["results"]["ntk"]["kind"] == "recursion"
    assert data["results"]["ntk"]["equations"]


@pytest.mark.parametrize("name", EVERY)
def test_html_is_well_formed(name: str) -> None:
    text = sn.derive(EVERY[name]()).render("html", standalone=True)
    text = text.replace("<!DOCTYPE html>", "").replace('<meta charset="utf-8">', "")
    ElementTree.fromstring(text.replace("&#x2061;", "").replace("&#xA0;", " "))


@pytest.mark.parametrize("name", EVERY)
def test_markdown_leaves_no_formula_open(name: str) -> None:
    text = sn.derive(EVERY[name]()).render("markdown")
    outside = re.sub(r"```math\n.*?\n```", "", text, flags=re.S)
    assert "```" not in outside
    for paragraph in outside.split("\n"):
        inside = paragraph.replace(r"\$", "")
        assert inside.count("$") % 2 == 0
        for formula in re.findall(r"\$([^$]*)\$", inside):
            assert "\\{" not in formula and "\\," not in formula and "\\!" not in formula


@pytest.mark.parametrize("title", ["network with a gate", "a network with a gate"])
def test_a_title_may_have_its_article(title: str) -> None:
    w, v = sn.weights("W v")
    graph = sn.Graph(v @ sn.activation("relu")(w @ sn.vector("x")), title)
    assert "kernel of a network with a gate" in sn.derive(graph).render("latex")
