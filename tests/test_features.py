"""The table of features: what it says about each family, and how it prints."""

from __future__ import annotations

import json
import math

import pytest
import sympy as sp
from click.testing import CliRunner

import symntk as sn
from symntk import zoo
from symntk.activations import activation
from symntk.cli.program import main
from symntk.decomposition import features
from symntk.errors import UsageError
from symntk.graph import positions


def values(table: object) -> dict[str, float]:
    return {row.feature: row.value for row in table}


def test_the_token_perceptron_has_counts_and_the_bias_of_relu() -> None:
    """DESIGN: mu = 1 / (2 pi), rho = 3/2 - mu at unit variances."""
    table = sn.features(zoo.bow())
    (constant, unigram) = table
    assert constant.coefficient.free_symbols == unigram.coefficient.free_symbols
    assert constant.value == pytest.approx(float(1 / (2 * sp.pi)), rel=1e-14)
    assert unigram.value == pytest.approx(float(sp.Rational(3, 2) - 1 / (2 * sp.pi)), rel=1e-14)


@pytest.mark.parametrize("act", ["tanh", "erf", "linear", "sin"])
def test_odd_activations_have_no_bias_term(act: str) -> None:
    assert sn.features(zoo.bow(act=act)).rows[0].coefficient == 0


def test_who_sees_pairs_of_tokens() -> None:
    def pairs(model: sn.Graph) -> set[str]:
        return {row.feature for row in features(model) if row.order == 2 and row.coefficient != 0}

    assert not pairs(zoo.bow())
    assert not pairs(zoo.cnn(window=2, act="linear"))
    assert not pairs(zoo.lrnn())
    assert not pairs(zoo.sa())
    assert pairs(zoo.mv()) == {"bigram 1 2"}
    assert pairs(zoo.cnn(window=2)) == {"bigram 1 2"}
    assert pairs(zoo.lrnn(kind="affine", pool="sum")) == {"bigram 1 2", "bigram 2 3"}
    assert pairs(zoo.transformer()) == {"bigram 1 2", "skip-gram 1 3", "bigram 2 3"}


def test_ratios_are_to_a_unigram_at_one_place() -> None:
    table = features(zoo.cnn(window=3), order=3)
    ratios = {row.feature: row.ratio for row in table}
    assert ratios["bigram 1 2"] == pytest.approx(0.345, abs=5e-4)
    assert ratios["trigram 1 2 3"] == pytest.approx(0.510, abs=5e-4)
    assert any("0.51 of the unigram term" in sentence for sentence in table.findings)


def test_parts_of_the_kernel_add_up() -> None:
    model = zoo.cnn(window=2, b_std=0.5)
    whole = values(features(model))
    parts = [values(features(model, output=f"ntk:{w}")) for w in ("E", "W", "b", "v")]
    for name, value in whole.items():
        assert sum(part.get(name, 0.0) for part in parts) == pytest.approx(value, rel=1e-12)


def test_a_document_of_one_window_is_the_window() -> None:
    model = zoo.cnn(window=2, padding="valid")
    document, window = (features(model, output="nngp", length=n) for n in (2, None))
    assert (document.scope, window.scope) == ("document", "window")
    assert values(document) == pytest.approx(values(window), rel=1e-12)


def test_what_is_no_token_model_is_refused() -> None:
    with pytest.raises(UsageError, match="token models"):
        features(zoo.mlp())
    with pytest.raises(UsageError, match="there are nngp, ntk"):
        features(zoo.bow(), output="ntk:Q")
    with pytest.raises(UsageError, match="at least 1"):
        features(zoo.bow(), order=0)


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "json"])
def test_every_format_has_every_row(format: str) -> None:
    table = features(zoo.cnn(window=2))
    text = table.render(format)
    for row in table:
        assert row.feature in text
    if format == "json":
        assert [row["value"] for row in json.loads(text)["features"]] == [r.value for r in table]


def test_the_commands() -> None:
    run = CliRunner()
    shown = run.invoke(main, ["features", "cnn", "--act", "relu", "--window", "2"])
    assert shown.exit_code == 0
    assert "0.801 of the unigram term" in shown.output
    refused = run.invoke(main, ["features", "mlp"])
    assert refused.exit_code == 2


def test_positions_have_rows_of_their_own() -> None:
    """relu(E x + P p): the coefficients of two equal tokens at one position sum to the kernel."""
    x = sn.tokens("x")
    E, P, v = sn.weights("E P v")
    relu = activation("relu")
    table = features(sn.Graph(v @ relu(E @ x + P @ positions(x)).sum()))
    found = values(table) | {row.feature: row.value for row in table.positional}
    assert list(found) == ["constant", "unigram 1", "position", "positional unigram 1"]
    variance = 2.0  # of E x + P p
    assert found["constant"] == pytest.approx(variance / (2 * math.pi), rel=1e-12)
    assert sum(found.values()) == pytest.approx(variance / 2 + 2 / 2, rel=1e-12)
    assert any("Where a token stands matters" in sentence for sentence in table.findings)
    assert not any("edge" in sentence for sentence in table.findings)
    for format in ("text", "json"):
        assert "positional unigram 1" in table.render(format)


def test_what_windows_have_coefficients_of_their_own() -> None:
    """At an edge the kernel of two documents of one token is that of the token perceptron."""
    sentences = features(zoo.cnn(window=2)).findings
    assert any("the constant 0.159155 and the unigram 1.34085." in s for s in sentences)
    assert not any("twice" in sentence for sentence in sentences)
    x = sn.tokens("x")
    E, W, v = sn.weights("E W v")
    e = E @ x
    pair = activation("relu")(W @ (e.shift(-1, "valid") + e.shift(1, "valid")))
    sentences = features(sn.Graph(v @ pair.sum())).findings
    assert sentences[-1] == "A window that has a token twice has coefficients of its own."
    assert not any("edge" in sentence for sentence in sentences)
