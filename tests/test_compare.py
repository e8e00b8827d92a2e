"""Networks and activations side by side: what holds exactly, what is how large, and why."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import symntk as sn
from symntk import zoo
from symntk.activations import activation
from symntk.decomposition.polynomials.heads import HeadMoment, HeadTangent
from symntk.decomposition.polynomials.monomials import constant_ratio
from symntk.decomposition.polynomials.multilinear import collected
from symntk.decomposition.report.arrangement import arrangement
from symntk.decomposition.report.comparison import compare
from symntk.decomposition.report.features import features
from symntk.decomposition.report.profile import Profile
from symntk.decomposition.report.verdicts import word
from symntk.decomposition.words.linear import Linear
from symntk.errors import UsageError
from symntk.rendering.tables import NAMES
from tests.sequence_oracle import Law, Oracle, slope, softmax
from tests.test_cli import done, refused

HEADS = {"separate": True, "scaling": "1/sqrt(d)"}


def profile(model: sn.Graph, order: int = 2) -> Profile:
    return next(iter(compare({"model": model}, order).profiles.values()))


VERDICTS = {
    "additive": [
        zoo.bow(),
        zoo.cnn(act="linear"),
        zoo.sa(),
        zoo.sa(separate=True),
        zoo.lrnn(),
        zoo.lrnn(pool="mean"),
    ],
    "multiplicative": [zoo.mv(), zoo.mv(act="relu"), zoo.lrnn(kind="multiplicative")],
    "constant": [zoo.bow(act=activation(sp.Rational(1, 2)))],
    "mixed": [
        zoo.cnn(window=2),
        zoo.lrnn(kind="affine"),
        zoo.mv(residual=True),
        zoo.sa(**HEADS),
        zoo.transformer(),
    ],
}


@pytest.mark.parametrize(
    ("expected", "model"), [(name, model) for name, models in VERDICTS.items() for model in models]
)
def test_the_verdict(expected: str, model: sn.Graph) -> None:
    assert word(profile(model)) == expected


def test_ratios_are_exact_where_the_standard_deviations_cancel() -> None:
    """DESIGN, section 6: 0.801, 0.345 and 0.510 at any variance."""
    pairs = profile(zoo.cnn(window=2)).orders[2]
    exact = (2 * sp.pi + 2 - 2 * sp.sqrt(3)) / (2 * sp.pi - 2 + sp.sqrt(3))
    assert sp.simplify(pairs.exact - exact) == 0
    assert pairs.high == pytest.approx(0.801, abs=5e-4)
    _, _, pairs, triples = profile(zoo.cnn(window=3), order=3).orders
    assert float(pairs.exact) == pytest.approx(0.345, abs=5e-4)
    assert float(triples.exact) == pytest.approx(0.510, abs=5e-4)
    smooth = profile(zoo.cnn(window=2, act="tanh", padding="valid")).orders[2]
    assert smooth.exact is None
    assert smooth.high == pytest.approx(0.62, abs=5e-3)


@pytest.mark.parametrize("std", ["3/7", "5"])
def test_a_ratio_that_is_exact_does_not_move_with_the_variance(std: str) -> None:
    moved = profile(zoo.cnn(window=2, w_std=sp.Rational(std), e_std=2)).orders[2]
    assert moved.high == pytest.approx(float(profile(zoo.cnn(window=2)).orders[2].exact), rel=1e-12)


def test_a_ratio_is_constant_only_in_one_proportion() -> None:
    a, b = sp.symbols("a b", positive=True)
    assert constant_ratio(6 * a + 2 * sp.pi * b, 3 * a + sp.pi * b) == 2
    assert constant_ratio(6 * a + 2 * b, 3 * a + 2 * b) is None
    assert constant_ratio(6 * a, 3 * a + b) is None
    assert constant_ratio(sp.S.Zero, a) == 0
    assert constant_ratio(a * sp.acos(a), 2 * a * sp.acos(a)) == sp.Rational(1, 2)
    assert constant_ratio(a * sp.acos(a), a * sp.acos(b)) is None


def test_many_heads_see_unordered_pairs() -> None:
    """DESIGN, section 6: 0.475 of the unigram term, in documents of two tokens."""
    derivation = sn.derive(zoo.sa(**HEADS))
    table = features(derivation, length=2)
    found = {row.feature: row for row in table}
    assert found["bigram 1 2"].ratio == pytest.approx(0.475, abs=5e-4)
    assert found["unigram 1"].coefficient == found["unigram 2"].coefficient
    both = Oracle(derivation, [0, 1], [0, 1]).output("ntk")
    one = Oracle(derivation, [0, 1], [0, 7]).output("ntk")
    assert found["unigram 1"].value == pytest.approx(one, rel=1e-9)
    assert found["bigram 1 2"].value == pytest.approx(both - 2 * one, rel=1e-9)
    assert arrangement(table).turned == "all the same"


def test_moments_of_heads_are_integrals() -> None:
    law = [np.array([[1.3, 0.2], [0.2, 0.9]]), np.eye(2), np.array([[0.5, 0.1], [0.0, 0.3]])]
    weights = np.array([[1.0, 0.5], [0.0, 2.0]])
    matrices = [sp.ImmutableDenseMatrix(part) for part in (*law, weights)]
    truth = Law(*law)
    moment = HeadMoment(sp.S.Zero, sp.S.One, *matrices[:3]).number()
    assert moment == pytest.approx(truth.mean(lambda a, b: softmax(a)[0] * softmax(b)[1]), 1e-10)
    tangent = HeadTangent(sp.S.One, sp.S.Zero, *matrices).number()
    expected = truth.mean(lambda a, b: np.einsum("ts,tp,sp->p", weights, slope(a, 1), slope(b, 0)))
    assert tangent == pytest.approx(expected, 1e-10)


def test_documents_of_many_heads_are_short() -> None:
    with pytest.raises(UsageError, match="at most 3 tokens"):
        features(zoo.sa(**HEADS), length=4)


def test_places_and_order() -> None:
    def of(model: sn.Graph) -> tuple[str | None, str | None]:
        found = arrangement(features(model))
        return found.moved, found.turned

    assert of(zoo.lrnn()) == ("not at all", None)
    assert of(zoo.lrnn(pool="sum")) == ("in part", None)
    assert of(zoo.sa()) == ("all the same", None)
    assert of(zoo.mv()) == (None, "not at all")
    assert of(zoo.cnn(window=2)) == ("all the same", "not at all")
    assert of(zoo.lrnn(kind="affine", pool="sum")) == ("all the same", "not at all")
    assert of(zoo.transformer()) == ("all the same", "all the same")


def test_positions_beside_tokens() -> None:
    """With an activation a token counts more at its own position; in a sum it does not."""
    x, (E, P, W, v) = sn.tokens("x"), sn.weights("E P W v")
    h = E @ x + P @ sn.positions(x)
    curved = profile(sn.Graph(v @ sn.activation("relu")(W @ h).sum()))
    assert (curved.arrangement.moved, word(curved)) == ("in part", "additive")
    linear = profile(sn.Graph(v @ h.sum()))
    assert (linear.arrangement.moved, word(linear)) == ("all the same", "additive")
    assert linear.orders[0].high == pytest.approx(1)


def test_a_large_expression_that_vanishes_is_found_to() -> None:
    a, b = sp.symbols("a b", positive=True)
    many = sp.Add(*(sp.acos(a / (k + b)) * (a + k * b) ** 2 for k in range(1, 40)))
    apart = sp.Add(*(sp.acos(a / (k + b)) * (a**2 + 2 * k * a * b) for k in range(1, 40)))
    rest = sp.Add(*(sp.acos(a / (k + b)) * k**2 * b**2 for k in range(1, 40)))
    assert collected(many - apart - rest) == 0
    assert collected(many - apart) != 0


WORDS = {
    "additive": (zoo.lrnn(), (1, 1)),
    "mean": (zoo.sa(separate=True, pool="mean"), (1, 1)),
    "bias": (zoo.cnn(act="linear", b_std=0.3), (0, 1)),
    "pairs": (zoo.mv(residual=True), (1, 2)),
    "whole documents": (zoo.lrnn(kind="multiplicative"), (1, None)),
    "suffixes": (zoo.lrnn(kind="elementwise affine"), (1, None)),
}


@pytest.mark.parametrize("name", WORDS)
def test_numbers_of_tokens_at_any_length(name: str) -> None:
    model, expected = WORDS[name]
    assert Linear.of(sn.derive(model)).orders() == expected


def test_the_command_compares_models() -> None:
    shown = done("compare", "--models", "cnn,sa,mv,lrnn", "--order", "2")
    cells = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if "  " in line}
    assert cells["cnn"] == ["0.54", "1", "0.345", "0.51", "0.885", "mixed"]
    assert cells["sa"] == ["0", "1", "0", "0", "2", "additive"]
    assert cells["mv"] == ["0", "0", "1", "0", "3", "multiplicative"]
    assert cells["lrnn"] == ["0", "0.667–1.33", "0", "0", "3", "additive"]
    assert "at any standard deviations" in " ".join(shown.split())
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_models_take_the_options_that_they_have_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sn.save(zoo.bow(), tmp_path / "mine.yaml")
    Path("compared.py").write_text(
        "import symntk as sn\n\ndef net(k=2):\n    return sn.zoo.cnn(window=k)\n"
    )
    models = "cnn --window 2 --act 'max(0, x)**2', mine.yaml, compared:net --k 2, bow --freeze E"
    names = ["cnn --window 2 --act 'max(0, x)**2'", *models.split(", ")[2:]]
    text = done("compare", "--models", models, "--format", "json")
    found = {network["name"]: network for network in json.loads(text)["networks"]}
    assert list(found) == names
    assert found["compared:net --k 2"]["orders"][2]["exact"] is not None
    whole = features(zoo.bow()).rows[1].value
    assert found["mine.yaml"]["unit"] == pytest.approx(whole)
    assert found["bow --freeze E"]["unit"] < whole


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("cnn --windo 3,sa", "did you mean --window"),
        ("cnn --padding wide,sa", "same"),
        ("cnn,", "nothing between two commas"),
        ("cnn,sa,cnn", "more than once"),
        ("cnn --act 'relu,sa", "No closing quotation"),
        ("cnm,sa", "did you mean cnn"),
        ("sa,mlp", "mlp: features are of token models"),
        ("sa,bow --depth L", "bow --depth L: the depth of the network is open"),
    ],
)
def test_models_that_cannot_be_read(models: str, message: str) -> None:
    assert message in refused("compare", "--models", models)


def test_calls_that_say_two_things_or_none() -> None:
    for call in ([], ["cnn"], ["cnn", "--models", "cnn"], ["--models", "cnn", "--acts", "relu"]):
        assert "--models A,B" in refused("compare", *call)
    assert "--window" in refused("compare", "--models", "cnn", "--window", "3")
    assert "behind a model" in refused("compare", "--models", "cnn", "--freeze", "E")
    with pytest.raises(UsageError, match="no networks"):
        sn.compare({})


def test_activations_show_the_mean_behind_the_constant() -> None:
    acts = {name: zoo.bow(act=name) for name in ("relu", "tanh")}
    compared = sn.compare(acts, by="activation")
    text = compared.render("text")
    assert "μ = σ_v² (E φ(z))² = σ_e² σ_v² σ_w² / (2 π) = 0.1592" in " ".join(text.split())
    assert "tanh: no constant: the activation is odd" in text
    data = json.loads(compared.render("json"))["networks"]
    (mean,) = data[0]["means"]
    assert mean["value"] == pytest.approx(1 / np.sqrt(2 * np.pi), rel=1e-14)
    assert data[1]["means"] == []


def test_a_constant_of_shared_biases_is_not_laid_to_the_activation() -> None:
    compared = sn.compare({"tanh": zoo.bow(act="tanh", b_std=0.5)}, by="activation")
    text = " ".join(compared.render("text").split())
    assert "as b is shared." in text
    assert "(E φ(z))²" not in text


@pytest.mark.parametrize("format", NAMES)
def test_every_format_names_every_network(format: str) -> None:
    compared = sn.compare({"one": zoo.cnn(window=2), "two": zoo.mv()})
    for name in ("one", "two", "multiplicative"):
        assert name in compared.render(format)
    with pytest.raises(UsageError, match="unknown format 'yaml'"):
        compared.render("yaml")


def test_a_result_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "compared.md"
    done("compare", "--models", "bow,mv", "--format", "markdown", "-o", path)
    assert path.read_text().startswith("# What networks learn from a text")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["features", "activations", "networks"])
def test_tables_in_latex_fit_the_page(name: str, tmp_path: Path) -> None:
    """No line of the document is wider than the page, by more than a point."""
    texts = {
        "features": lambda: features(zoo.cnn(), 3),
        "activations": lambda: sn.compare(
            {a: zoo.bow(act=a) for a in ("gelu", "erf")}, by="activation"
        ),
        "networks": lambda: sn.compare(
            {"cnn --window 2 --act gelu": zoo.cnn(window=2), "sa": zoo.sa()}
        ),
    }
    source = texts[name]().render("latex", standalone=True)
    (tmp_path / "table.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert run.returncode == 0, run.stdout[-2000:]
    wide = [line for line in run.stdout.splitlines() if line.startswith("Overfull \\hbox")]
    assert all(float(line.split("(")[1].split("pt")[0]) < 1 for line in wide), wide
