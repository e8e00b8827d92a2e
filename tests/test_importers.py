"""Model files: what is written is read back, and what cannot be read is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
import yaml

import symntk as sn
from symntk.activations import ACTIVATIONS
from symntk.errors import UsageError
from tests.shared import networks

a, b = sp.symbols("a b", real=True)
relu, tanh = sn.activation("relu"), sn.activation("tanh")


def gated() -> sn.Graph:
    x = sn.vector("x", 3)
    U, W, v = sn.weights("U W v")
    (c,) = sn.biases("c", sp.sqrt(2))
    gate = sn.elementwise(a * sp.tanh(b), (a, b), (W @ x, U @ x), "gate")
    return sn.Graph(v @ (gate * relu(U @ x + c) - 0.3 * gate), "a gated network")


def two_inputs() -> sn.Graph:
    x, y = sn.vector("x"), sn.vector("y")
    W, U, v, r = sn.weights("W U v r")
    h = sn.layer_norm(relu(W @ x), eps=1e-5).named("normalised")
    z = sn.concat(h, tanh(U @ y) * sp.sqrt(3))
    return sn.Graph(v @ (z / 3) + r @ sn.product(h, sn.rms(h)))


def nested_blocks() -> sn.Graph:
    x = sn.vector("x")
    A, B, E, v = sn.weights("A B E v")

    def inner(g: sn.Node) -> sn.Node:
        return g + B @ tanh(g)

    def outer(h: sn.Node) -> sn.Node:
        return sn.repeat(inner, h, 2) + A @ relu(h)

    return sn.Graph(v @ relu(sn.repeat(outer, E @ x, sp.Symbol("L", integer=True, positive=True))))


def special_weights() -> sn.Graph:
    x = sn.vector("x")
    shared = sn.Scale.of("s", 1.25)
    (W,) = sn.weights("W", shared, width=7, trainable=False)
    (U,) = sn.weights("U", shared, width=7, parametrization="standard")
    (v,) = sn.weights("v")
    return sn.Graph(v @ tanh(W @ x) + v @ tanh(U @ x))


def deep() -> sn.Graph:
    h = sn.vector("x")
    for layer in range(60):
        (W,) = sn.weights(f"W{layer}")
        h = relu(W @ h)
    (v,) = sn.weights("v")
    return sn.Graph(v @ h)


GRAPHS = {
    **{f"mlp {name}": sn.zoo.mlp(2, name, b_std=0.1) for name in ACTIVATIONS},
    "own": sn.zoo.mlp("L", "x*tanh(x) + 1/3", w_std=1.5, b_std=sp.sqrt(2)),
    "slope": sn.zoo.mlp(3, "leaky_relu(slope=1/5)"),
    "hermite": sn.zoo.mlp(1, "hermite(3)"),
    "gated": gated(),
    "two inputs": two_inputs(),
    "blocks": nested_blocks(),
    "weights": special_weights(),
    "deep": deep(),
}


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_survive_a_file(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    sn.save(GRAPHS[name], path)
    assert sn.load(path) == GRAPHS[name]
    assert sn.load(path).title == GRAPHS[name].title


def test_a_second_copy_is_the_same_file(tmp_path: Path) -> None:
    """Reading and writing changes nothing but where it adds names; then it is stable."""
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    for graph in GRAPHS.values():
        sn.save(graph, first)
        sn.save(sn.load(first), second)
        assert sn.load(second) == graph


def test_a_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(
        """
        symntk: 1
        inputs: {x: {dim: 3}}
        weights: {W: {std: sqrt(2), symbol: sigma_w}, U: {std: 1.5}, v: {}}
        biases: {b: {std: 0.1, trainable: false}}
        activations: {phi: x*tanh(x)}
        network:
          h: phi(W @ x + b) * relu(U @ x) - 1/2 * leaky_relu(slope=1/5)(W @ x)
          f: v @ -(2 * h / 3)
        """
    )
    x = sn.vector("x", 3)
    (W,) = sn.weights("W", sn.Scale.of("sigma_w", sp.sqrt(2)))
    (U,) = sn.weights("U", 1.5)
    (v,) = sn.weights("v")
    (c,) = sn.biases("b", 0.1, trainable=False)
    phi, leaky = sn.activation("x*tanh(x)"), sn.activation("leaky_relu(slope=1/5)")
    h = phi(W @ x + c) * relu(U @ x) - sp.Rational(1, 2) * leaky(W @ x)
    assert sn.load(path) == sn.Graph(v @ (-(2 * h.named("h") / 3)))


GOOD: dict[str, Any] = {
    "symntk": 1,
    "inputs": ["x"],
    "weights": {"W": {}, "v": {}},
    "network": {"f": "v @ relu(W @ x)"},
}


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"f": "v @ relu(W @ y)"},
        {"f": "v @ relu(W @ x"},
        {"f": "v @ rleu(W @ x)"},
        {"f": "v @ relu(W * x)"},
        {"f": "v @ relu(W @ x) / 0"},
        {"f": "v @ relu(W @ x + 1)"},
        {"f": "v @ relu(W @ x, W @ x)"},
        {"f": "v @ relu(2)"},
        {"f": "v @ layer_norm(W @ x, sharpness=2)"},
        {"f": "W"},
        {"f": "v @ " + 600 * "(" + "x" + 600 * ")"},
        {"f": "v @ x ; import os"},
        {"f": "x.__class__"},
        {"f": "__import__('os')"},
        {"f": "9" * 5000 + " * x"},
        {"f": "9**9**9**9 * x"},
        {"W": "v @ relu(W @ x)"},
        {"f": 3},
        {"f": "v @ repeat(lambda h: h + W @ relu(h), x, times=L/0)"},
        {"f": "v @ repeat(lambda h: h + W @ relu(h), x, times=-2)"},
    ],
)
def test_bad_networks_are_refused(network: dict[str, Any], tmp_path: Path) -> None:
    _refused(GOOD | {"network": network}, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": {"W": {"std": -1}, "v": {}}},
        {"weights": {"W": {"std": "sigma"}, "v": {}}},
        {"weights": {"W": {"std": True}, "v": {}}},
        {"weights": {"W": {"sdt": 1}, "v": {}}},
        {"weights": {"W W": {}, "W": {}, "v": {}}},
        {"weights": {"x": {}, "W": {}, "v": {}}},
        {"weights": 3},
        {"wieghts": {}},
        {"title": 3},
        {"symntk": 2},
    ],
)
def test_bad_sections_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    _refused(GOOD | change, tmp_path)


def _refused(document: dict[str, Any], folder: Path) -> None:
    """What makes ``document`` differ from `GOOD` is refused, by an error that names the file."""
    path = folder / "model.json"
    path.write_text(json.dumps(GOOD))
    assert sn.load(path).parameters.keys() == {"W", "v"}
    path.write_text(json.dumps(document))
    with pytest.raises(sn.SymntkError) as caught:
        sn.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", "{"),
        ("m.json", '{"inputs": [], "inputs": []}'),
        ("m.json", "[" * 100_000),
        ("m.json", '{"symntk": NaN}'),
        ("m.yaml", "a: 1\na: 2"),
        ("m.yaml", "a: ["),
        ("m.yaml", "!!python/object/apply:os.system [ls]"),
        ("m.yaml", "just text"),
        ("m.yaml", "symntk: 1\nweights: {on: {}}"),
        ("m.yaml", ""),
        ("m.toml", ""),
    ],
)
def test_bad_files_are_refused(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(sn.SymntkError) as caught:
        sn.load(path)
    assert str(path) in str(caught.value)


def test_missing_and_binary_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for name in ("none.yaml", "binary.json"):
        with pytest.raises(UsageError, match=name):
            sn.load(tmp_path / name)
    with pytest.raises(UsageError, match=r"model\.txt"):
        sn.save(sn.zoo.mlp(), tmp_path / "model.txt")


@pytest.mark.parametrize("network", networks())
def test_reference_networks_survive(network: Any, tmp_path: Path) -> None:
    from tests.reference import network as build

    graph = build(network.config)
    sn.save(graph, tmp_path / "model.yaml")
    assert sn.load(tmp_path / "model.yaml") == graph


def test_the_file_is_plain_data(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    sn.save(gated(), path)
    assert yaml.safe_load(path.read_text())["title"] == "a gated network"
