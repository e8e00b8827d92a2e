"""The models of the zoo: their definitions, what their keywords may be, and what is refused."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any
from unicodedata import combining

import pytest
import sympy as sp

import symntk as sn
from symntk.activations import ACTIVATIONS
from symntk.zoo import MODELS
from symntk.zoo.keywords import SHORT_NAMES, choices

DEFINITIONS = {
    "mlp": "f = v @ relu(W @ x)",
    "bow": "f = v @ relu(u).sum()\nu = W @ e\ne = E @ x",
    "cnn": "f = v @ relu(u).sum()\nu = conv(W, e, 3)\ne = E @ x",
    "sa": 'f = v @ y.sum()\ny = attention(e + 0.05 * sinusoid(x), e, e, "1/d")\ne = E @ x',
    "mv": ('f = v @ z.sum()\nz = M[x.shift(-1, "valid")] @ e.shift(1, "valid")\ne = E @ x'),
    "lrnn": "f = v @ h.last()\nh = scan(lambda g: Wh @ g + E @ x)",
    "rnn": "f = v @ h.last()\nh = scan(cell)\ncell(g) = tanh(z)\n    z = Wh @ g + E @ x",
    "transformer": (
        "f = v @ o.mean()\no = layer_norm(m + W2 @ relu(u))\nu = W1 @ m\nm = layer_norm(h + y)\n"
        'y = attention(q, k, w, "1/d")\nw = WV @ h\nk = WK @ h\nq = WQ @ h\nh = E @ x'
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_its_definition(name: str) -> None:
    assert str(MODELS[name]()) == DEFINITIONS[name]


VARIANTS: dict[str, list[dict[str, Any]]] = {
    "mlp": [{"depth": "L", "b_std": 0.1}],
    "bow": [{"depth": 3, "b_std": 0.1}, {"depth": "L"}, {"pool": "mean"}, {"pool": "first"}],
    "cnn": [
        {"depth": 2, "padding": "valid", "window": 2, "b_std": 1},
        {"padding": "full", "pool": "mean"},
        {"padding": "circular", "pool": "last", "average": True},
        {"inputs": "vectors", "pool": "flatten"},
        {"inputs": "images", "depth": 3, "residual": True, "window": 2},
    ],
    "sa": [
        {"separate": True},
        {"separate": True, "scaling": "1/sqrt(d)"},
        {"separate": True, "heads": "many", "p_std": 1, "position_scale": 0.1},
        {"scaling": "1/sqrt(d)", "pool": "mean"},
        {"position_in_keys": True, "e_std": 2},
        {"position_scale": 0},
    ],
    "mv": [
        {"act": "tanh", "residual": True},
        {"kind": "diagonal"},
        {"kind": "diagonal", "tied": True, "pool": "mean"},
        {"kind": "recursive", "act": "relu"},
    ],
    "lrnn": [
        {"kind": kind, "pool": pool}
        for kind in choices(
            inspect.signature(MODELS["lrnn"], eval_str=True).parameters["kind"].annotation
        )
        for pool in ("last", "sum", "mean")
    ],
    "rnn": [
        {"act": "relu", "pool": "mean", "b_std": 1},
        {"inputs": "vectors", "act": "erf"},
        {"gate": "candidate"},
    ],
    "transformer": [
        {"depth": 2, "act": "gelu", "p_std": 1},
        {"norm": False, "pool": "sum"},
        {"scaling": "1/sqrt(d)"},
    ],
}


def columns(line: str) -> int:
    """The places of a line on a terminal: a dot above a letter takes none."""
    return sum(not combining(character) for character in line)


@pytest.mark.parametrize(
    ("name", "keywords"),
    [(name, keywords) for name in MODELS for keywords in [{}, *VARIANTS[name]]],
    ids=lambda value: (
        value if isinstance(value, str) else ",".join(f"{k}={v}" for k, v in value.items())
    ),
)
def test_a_model_derives_and_prints(name: str, keywords: dict[str, Any], tmp_path: Path) -> None:
    graph = MODELS[name](**keywords)
    derivation = sn.derive(graph)
    text = derivation.render("text")
    assert " ".join(graph.title.split()) in " ".join(text.split())
    assert all(columns(line) <= 80 for line in text.splitlines())
    assert {"v"} < set(derivation.ntk_by_weight)
    path = tmp_path / "model.json"
    sn.save(graph, path)
    assert sn.load(path) == graph


WITH_ACTIVATION = [name for name in MODELS if "act" in inspect.signature(MODELS[name]).parameters]


@pytest.mark.parametrize("act", ACTIVATIONS)
@pytest.mark.parametrize("name", WITH_ACTIVATION)
def test_a_model_derives_with_every_activation(name: str, act: str) -> None:
    derivation = sn.derive(MODELS[name](act=act))
    assert set(derivation.ntk_by_weight) == set(derivation.graph.parameters)


@pytest.mark.parametrize("name", ["bow", "cnn", "rnn", "transformer"])
@pytest.mark.parametrize("act", ["erf", "tanh", "leaky_relu(slope=1/5)", "x*tanh(x)", "hermite(3)"])
def test_a_model_prints_with_activations_of_every_sort(name: str, act: str) -> None:
    assert "References" in sn.derive(MODELS[name](act=act)).render("text")


@pytest.mark.parametrize("name", MODELS)
def test_every_standard_deviation_is_a_symbol_of_the_derivation(name: str) -> None:
    """What is no number in the formula is the value of a keyword in the kernel."""
    given = {
        keyword: sp.Rational(index + 2, 7)
        for index, keyword in enumerate(inspect.signature(MODELS[name]).parameters)
        if keyword.endswith("_std")
    }
    found = set()
    for keywords in [{}, *VARIANTS[name]]:
        graph = MODELS[name](**(keywords | given))
        found |= {scale.std.value for scale in graph.parameters.values()}
    assert found == set(given.values()) | ({1} if name == "transformer" else set()) - {1}


def test_short_names() -> None:
    assert sn.zoo.cnn(se=2, sw=3, sb=1, sv=2, phi="erf") == sn.zoo.cnn(
        e_std=2, w_std=3, b_std=1, v_std=2, act="erf"
    )
    assert sn.zoo.sa(pe=0, sp=1, separate=True, sV=2) == sn.zoo.sa(
        position_scale=0, p_std=1, separate=True, value_std=2
    )
    keywords = {name for build in MODELS.values() for name in inspect.signature(build).parameters}
    assert set(SHORT_NAMES.values()) <= keywords
    assert not set(SHORT_NAMES) & keywords


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("bow", {"se": 1, "e_std": 2}, "twice"),
        ("bow", {"width": 3}, "takes no keyword 'width'; it takes depth, act, pool"),
        ("bow", {"pool": "max"}, "pool must be sum, mean, first or last, not 'max'"),
        ("bow", {"depth": 0}, "depth must be a positive whole number or a letter, not 0"),
        ("cnn", {"depth": "L"}, "depth must be a positive whole number, not 'L'"),
        ("cnn", {"window": 2.0}, "window must be a positive whole number"),
        ("cnn", {"residual": "yes"}, "residual must be True or False"),
        ("cnn", {"w_std": 0}, "w_std must be positive, not 0"),
        ("cnn", {"b_std": -1}, "b_std must be positive or 0, not -1"),
        ("cnn", {"e_std": "1"}, "e_std must be a number"),
        ("cnn", {"e_std": float("nan")}, "e_std must be a finite real number"),
        ("sa", {"scaling": "1/n"}, "scaling must be 1/d or 1/sqrt"),
        ("sa", {"heads": 2}, "heads must be one or many"),
        ("mv", {"kind": "sparse"}, "kind must be full, diagonal or recursive"),
        ("lrnn", {"kind": "gru"}, "kind must be additive"),
        ("rnn", {"act": "rleu"}, "relu"),
        ("transformer", {"norm": "no"}, "norm must be True or False"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    name: str, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises((sn.UsageError, sn.SyntaxProblem)) as caught:
        MODELS[name](**keywords)
    assert message in str(caught.value)


def refused(graph: sn.Graph) -> sn.AssumptionError:
    with pytest.raises(sn.AssumptionError) as caught:
        sn.derive(graph)
    assert caught.value.node
    assert caught.value.assumption
    assert caught.value.suggestion
    return caught.value


def test_a_gated_state_is_refused() -> None:
    """The GRU: its gates multiply into each other, step by step."""
    error = refused(sn.zoo.rnn(gate="state"))
    assert "gates of all earlier steps" in error.assumption
    assert "weight matrix" in error.suggestion


def test_one_head_with_random_logits_is_refused() -> None:
    error = refused(sn.zoo.sa(separate=True, scaling="1/sqrt(d)", heads="one"))
    assert error.node == "y"
    assert 'heads="many"' in error.suggestion


def test_an_activation_of_a_product_of_gaussians_is_refused() -> None:
    error = refused(sn.zoo.mv(kind="diagonal", act="relu"))
    assert "Gaussian" in error.assumption


def test_a_readout_tied_to_the_embedding_is_refused() -> None:
    x, relu = sn.tokens("x"), sn.activation("relu")
    E, W = sn.weights("E W")
    error = refused(sn.Graph(E @ relu(W @ (E @ x)).sum()))
    assert error.node == "E @ x"
    assert "gradient independence" in error.assumption
    assert "readout" in error.suggestion


@pytest.mark.parametrize("word", ["max_pool", "batch_norm"])
def test_what_has_no_limit_is_refused_by_its_name(word: str, tmp_path: Path) -> None:
    e = sn.weights("E")[0] @ sn.tokens("x")
    with pytest.raises(sn.AssumptionError) as caught:
        getattr(sn, word)(e)
    assert caught.value.node == f"{word}(E @ x)"
    assert "pool" in caught.value.suggestion or "layer_norm" in caught.value.suggestion
    path = tmp_path / "model.json"
    path.write_text(
        '{"symntk": 1, "inputs": {"x": {"kind": "tokens"}}, "weights": {"E": {}, "v": {}}, '
        f'"network": {{"h": "{word}(E @ x)", "f": "v @ h.sum()"}}}}'
    )
    with pytest.raises(sn.AssumptionError) as caught:
        sn.load(path)
    assert f"network.h: {word}(E @ x)" in caught.value.node
