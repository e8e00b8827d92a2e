"""Model files: what is written is read back, and what cannot be read is refused by name."""

from __future__ import annotations

import contextlib
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symntk as sn
from symntk.activations import ACTIVATIONS
from symntk.errors import GraphError, MissingExtra, SyntaxProblem, UsageError
from symntk.importers.json_text import read_json, write_json
from symntk.importers.reading import read_document
from symntk.importers.writing import write_document
from symntk.importers.yaml_text import read_yaml, write_yaml
from tests.random_graphs import graphs
from tests.random_sequences import wild_graphs
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


MODEL: dict[str, Any] = {
    "symntk": 1,
    "inputs": ["x"],
    "weights": {"W": {}, "v": {}},
    "network": {"f": "v @ relu(W @ x)"},
}


def test_the_model_that_is_spoilt_below_is_good() -> None:
    (W, v), x = sn.weights("W v"), sn.vector("x")
    assert read_document(MODEL, "m.yaml") == sn.Graph(v @ relu(W @ x))


def refused(change: dict[str, Any]) -> str:
    with pytest.raises((GraphError, SyntaxProblem)) as caught:
        read_document(MODEL | change, "m.yaml")
    message = str(caught.value)
    assert message.startswith("m.yaml: ")
    assert message.count("m.yaml") == 1
    return message


FORMULAS = {
    "v @ relu(W @ y)": ("y)", "unknown name 'y'"),
    "v @ relu(W @ x": ("(W @ x", "the bracket is never closed"),
    "v @ rleu(W @ x)": ("rleu", "unknown function 'rleu': did you mean relu"),
    "v @ relu(W * x)": ("W *", "W is a weight: write W @ h"),
    "v @ relu(W @ x) / 0": ("0", "divided by zero"),
    "2 / (v @ relu(W @ x))": ("(v @", "only a number can divide"),
    "v @ relu(W @ x + 1)": ("1", "a number cannot be added to a vector"),
    "v @ relu(W @ x, W @ x)": ("relu", "relu takes one vector, not 2"),
    "v @ relu(2)": ("2", "this is a number"),
    "v @ 2": ("2", "this is a number"),
    "x @ x": ("x @", "only a weight can stand on the left of @"),
    "v @ layer_norm(W @ x, sharpness=2)": (
        "sharpness",
        "unknown setting 'sharpness': there is eps",
    ),
    "v @ layer_norm(W @ x, eps=x)": ("x)", "eps must be a number"),
    "v @ layer_norm(W @ x, eps=-1)": ("layer_norm", "must not be negative"),
    "v @ layer_norm(eps=1, W @ x)": ("W @", "cannot follow a named one"),
    "v @ layer_norm(x, eps=1, eps=2)": ("eps=2", "'eps' is given twice"),
    "v @ rms(x, eps=1)": ("eps", "rms has no setting 'eps'"),
    "W": ("W", "W is a weight: write W @ h"),
    "v @ relu": ("relu", "relu is a function: write relu(z)"),
    "v @ repeat": ("repeat", "repeat is a function"),
    "v @ relu(x)(W @ x)": ("x)(", "the parameters of an activation are numbers"),
    "v @ sqrt(2)(x)": ("sqrt", "this is a number, and a function is needed"),
    "v @ hermite(W @ x)": ("hermite", "hermite needs its parameters first: write hermite(3)(z)"),
    "v @ hermite(3.5)(W @ x)": ("hermite", "the degree is a whole number"),
    "v @ leaky_relu(slop=1)(W @ x)": ("slop", "leaky_relu has no parameter 'slop'"),
    "v @ leaky_relu(W @ x, slop=1)": ("slop", "leaky_relu has no parameter 'slop'"),
    "v @ max(W @ x)": ("max", "define a function with max under activations"),
    "v @ log(W @ x)": ("log", "this is not real at"),
    "v @ (W @ x)**2": ("(W", "a vector has no powers"),
    "v @ (W @ x + x)": ("(W", "a sum needs vectors of one width"),
    "v @ (W @ x - W @ x)": ("(W", "a sum cancels to zero"),
    "v @ concat(W @ x)": ("concat", "concat takes at least two vectors"),
    "v @ rms(W @ x)": ("v", "a matrix product takes a vector, not a scalar"),
    "W(x) + v @ x": ("W", "W is no function: write W @ (...)"),
    "x(W) + v @ x": ("x", "x is no function: write x * (...)"),
    "(x * x)(x)": ("(x", "this is no function"),
    "v @ relu(W @ x) relu": ("relu", "expected an operator, found 'relu'"),
    "v @ relu(W @ x))": (")", "remove this bracket or open it first"),
    "v @": ("", "the formula stops too early"),
    "": ("", "the formula stops too early"),
    "v @ x ; import os": (";", "unexpected character ';'"),
    "v @ x.__class__": ("__class__", "write __class__(...) with brackets"),
    "v @ x.__class__()": ("__class__", "a sequence has no .__class__()"),
    "v @ __import__('os')": ("__import__", "unknown function '__import__'"),
    "v @ relu('os)": ("'os", "this text is never closed"),
    "v @ relu('os')": ("'os'", "this is no vector"),
    "v @ [x][0]": ("[x]", "only weights have an index"),
    "v @ x[0]": ("x[", "only weights and the views h.taps(3) have an index"),
    "v @ W[0]": ("W[", "W[...] is a weight: write W[...] @ h"),
    "v[0.5] @ x": ("0.5", "an index must be a whole number"),
    "v[0 @ x": ("[0", "the bracket is never closed: add ']'"),
    "v @ x^2": ("^", "write z * z for a square"),
    "v @ eval(x)": ("eval", "unknown function 'eval'"),
    "9**9**9**9 * x": ("9**9 *", "exponents are at most"),
    "1e999 * x": ("1e999", "too long or too large"),
    "v @ (lambda h: h)(x)": ("lambda", "a lambda stands in repeat"),
    "v @ repeat(W, x, times=2)": ("W", "a function is needed: lambda h"),
    "v @ repeat(lambda h: h)": ("repeat", "write repeat(lambda h: ..., z, times=L)"),
    "v @ repeat(lambda: h, x, times=2)": (": h", "expected the name of the block's argument"),
    "v @ repeat(lambda h, x, times=2)": ("=2", "expected ':'"),
    "v @ repeat(lambda h: relu(h), x, times=L/2)": ("L/2", "a whole number or a letter"),
    "v @ repeat(lambda h: relu(h), x, times=2.5)": ("2.5", "a whole number or a letter"),
    "v @ repeat(lambda h: relu(h), x, times=-2)": ("repeat", "a whole number of times, not -2"),
    "v @ repeat(lambda h: relu(h), x, times=12345678901)": ("123", "at most 9 digits"),
    "v @ repeat(lambda h: W @ relu(h), x, times=2)": ("repeat", "must keep the width"),
    "v @ repeat(lambda h: relu(g), x, times=2)": ("g)", "unknown name 'g'"),
}
"""Formulas that are refused, the text at the place that the error shows, and what it says."""


@pytest.mark.parametrize("formula", FORMULAS)
def test_bad_formulas_are_shown_with_the_place(formula: str) -> None:
    at, says = FORMULAS[formula]
    message, shown, caret = refused({"network": {"f": formula}}).split("\n")
    assert message.startswith("m.yaml: network.f: ")
    assert says in message
    assert shown.strip() == formula
    assert shown[caret.index("^") :].startswith(at)


@pytest.mark.parametrize(
    "formula",
    [
        "(" * 5000,
        "-" * 5000 + "x",
        "W @ " * 5000,
        "f(" * 5000,
        "x" + " + x" * 5000,
        "9" * 5000 + " * x",
    ],
)
def test_long_formulas_are_refused_in_short(formula: str) -> None:
    message = refused({"network": {"f": formula}})
    assert max(map(len, message.splitlines())) < 150


NETWORKS: list[tuple[Any, str]] = [
    ({}, "network: there is no formula"),
    (None, "network: there is no formula"),
    (["v @ x"], "network: this must be a mapping of names, not a list"),
    ({"f": 3}, "network.f: this must be text, not 3"),
    ({"W": "v @ relu(W @ x)"}, "network.W: 'W' has a meaning already"),
    ({"pi": "v @ relu(W @ x)"}, "network.pi: 'pi' has a meaning already"),
    ({"f 1": "v @ relu(W @ x)"}, "network.f 1: 'f 1' is no name"),
    ({"1": "v @ relu(W @ x)"}, "network.1: '1' is not a name"),
    ({"in": "v @ relu(W @ x)"}, "'in' is a word of the language"),
    ({"g": "tanh(W @ x)", "f": "v @ relu(W @ x)"}, "network.g: g is never used"),
    ({"f": "v @ relu(W @ x)", "g": "f"}, "network.g: g is never used"),
    ({"f": "v @ relu(z)", "z": "W @ x"}, "network.f: unknown name 'z'"),
    ({"f": "v @ relu(f)"}, "network.f: unknown name 'f'"),
    (
        {"f": "v @ relu(W @ W @ x)"},
        "W: used on vectors of the dimension of the input x and the common",
    ),
    ({"h": "relu(W @ x)", "h(z)": {"g": "z"}}, "'h' has a meaning already"),
    ({"b(h)": {"g": "relu(h)"}, "f": "v @ relu(W @ x)"}, "network.b(h): b is never used"),
    (
        {"b(h)": {"g": "h", "k": "-h"}, "f": "v @ repeat(b, x, times=2)"},
        "network.b(h).g: g is never",
    ),
    ({"b(h)": {"g": "relu(h"}, "f": "v @ repeat(b, x, times=2)"}, "network.b(h).g: the bracket"),
    ({"b(h)": {"h": "relu(h)"}, "f": "v @ repeat(b, x, times=2)"}, "network.b(h).h: 'h' has a"),
    ({"b(h)": {}, "f": "v @ repeat(b, x, times=2)"}, "network.b(h): the block has no formula"),
    ({"b(h)": "relu(h)", "f": "v @ repeat(b, x, times=2)"}, "network.b(h): this must be a mapping"),
    (
        {"b(h, k)": {"g": "h * k"}, "f": "v @ repeat(b, x, times=2)"},
        "network.f: this function must take one vector, not 2",
    ),
    (
        {"b(h, h)": {"g": "h"}, "f": "v @ x"},
        "network.b(h, h): a block takes vectors, each with a name: write b(h)",
    ),
    ({"b(h": {"g": "h"}, "f": "v @ x"}, "network.b(h: 'b(h' is no name, and not of the form"),
    (
        {"b(h)": {"g": "W @ h"}, "z": "W @ x", "f": "v @ repeat(b, z, times=2)"},
        "W: used inside a repeated block and outside it",
    ),
    (
        {"b(h)": {"g": "h * (W @ x)"}, "f": "v @ repeat(b, x, times=2)"},
        "network.b(h).g: an elementwise product needs vectors of one width",
    ),
]


@pytest.mark.parametrize(("network", "says"), NETWORKS)
def test_bad_networks_name_the_line(network: Any, says: str) -> None:
    assert says in refused({"network": network})


def weights_but(**settings: Any) -> dict[str, Any]:
    return {"weights": {"W": settings, "v": {}}}


SECTIONS: list[tuple[dict[str, Any], str]] = [
    (weights_but(std=-1), "weights.W.std: sigma_W must be positive, not -1"),
    (weights_but(std=0), "weights.W.std: sigma_W must be positive, not 0"),
    (weights_but(std="sqrt(-2)"), "weights.W.std: this constant is not a real number"),
    (weights_but(std="sigma"), "weights.W.std: unknown name 'sigma'"),
    (weights_but(std="2*x"), "weights.W.std: this must be a number, not a formula in x"),
    (weights_but(std=True), "weights.W.std: this must be a number"),
    (weights_but(std=None), "weights.W.std: this must be a number"),
    (
        weights_but(std=[2]),
        "weights.W.std: this must be a number, or text such as sqrt(2), not a list",
    ),
    (weights_but(std="1e999"), "weights.W.std: this number is too long or too large"),
    (weights_but(std="2**(2**90)"), "weights.W.std: exponents are at most"),
    (weights_but(sdt=1), "weights.W: unknown key 'sdt': did you mean 'std'?"),
    (weights_but(size=1), "weights.W: unknown key 'size'; the keys are std, symbol, width"),
    (weights_but(width=0), "weights.W: W: a width must be a positive whole number"),
    (weights_but(width="16"), "weights.W.width: this must be a whole number, not the text '16'"),
    (weights_but(width=Decimal("2.5")), "weights.W.width: this must be a whole number, not 2.5"),
    (weights_but(trainable="no"), "weights.W.trainable: this must be true or false"),
    (weights_but(parametrization="mup"), "weights.W: W: unknown parametrization 'mup'"),
    (weights_but(symbol="a b"), "weights.W: 'a b' is not a name"),
    ({"weights": {"W": {"symbol": "s", "std": 2}, "v": {"symbol": "s"}}}, "s has two values"),
    ({"weights": {"W W": {}, "W": {}, "v": {}}}, "weights.W W: 'W W' is not a name"),
    ({"weights": {"x": {}, "W": {}, "v": {}}}, "weights.x: 'x' stands under inputs.x already"),
    ({"weights": {"pi": {}}}, "weights.pi: 'pi' is a word of the language"),
    ({"weights": {"lambda": {}}}, "weights.lambda: 'lambda' is a word of the language"),
    ({"weights": {1: {}}}, "weights: the key 1 is no text: put it in quotes"),
    ({"weights": {"W": {}, "v": {}, "U": {}}}, "weights.U: U is never used: remove it"),
    ({"weights": ["W", "v", "v"]}, "weights: a name is given twice"),
    ({"weights": ["W", 3]}, "weights: this must be text, not 3"),
    ({"weights": 3}, "weights: this must be a mapping of names, not 3"),
    ({"weights": {"W": {}}}, "network.f: unknown name 'v'"),
    ({"inputs": {"x": {"dim": 0}}}, "inputs.x: x: a dimension must be a positive whole number"),
    ({"inputs": {"x": {"size": 3}}}, "inputs.x: unknown key 'size'; the keys are kind, dim"),
    ({"inputs": {"x": 3}}, "inputs.x: this must be a mapping of names, not 3"),
    ({"inputs": ["x", "y"]}, "inputs.y: y is never used"),
    ({"biases": {"b": {"width": 3}}}, "biases.b: unknown key 'width'"),
    ({"biases": ["b"]}, "biases.b: b is never used"),
    ({"wieghts": {}}, "unknown key 'wieghts': did you mean 'weights'?"),
    ({"title": 3}, "title: this must be text, not 3"),
    ({"symntk": 2}, "symntk: this is format 2, and this program reads format 1"),
    ({"symntk": "1"}, "symntk: this must be a whole number"),
    ({"symntk": True}, "symntk: this must be a whole number"),
]


@pytest.mark.parametrize(("change", "says"), SECTIONS)
def test_bad_sections_name_the_entry(change: dict[str, Any], says: str) -> None:
    assert says in refused(change)


FUNCTIONS: list[tuple[dict[Any, Any], str]] = [
    ({"phi": "x*tanh(x"}, "activations.phi: the bracket is never closed"),
    ({"phi": "x*y"}, "activations.phi: unknown name 'y'"),
    ({"phi": "sqrt(x)"}, "activations.phi: this is not real at"),
    ({"phi": 3}, "activations.phi: this must be text, not 3"),
    ({"relu": "x"}, "activations.relu: 'relu' is a known function"),
    ({"concat": "x"}, "activations.concat: 'concat' is a word of the language"),
    ({"W": "x"}, "activations.W: 'W' stands under weights.W already"),
    ({"phi": "x", "psi": "x"}, "activations.psi: psi is never used"),
    ({"phi(a, b)": "a*b"}, "network.f: phi takes 2 arguments, got 1"),
    ({"phi(a, a)": "a"}, "activations.phi(a, a): two arguments or constants have one name"),
    ({"phi(1)": "x"}, "activations.phi(1): '1' cannot name an argument or a constant"),
    ({"phi(tanh)": "tanh"}, "'tanh' cannot name an argument"),
    ({"phi(a)": "a*x"}, "activations.phi(a): x is no argument of phi(a)"),
    ({"phi": {"constants": {}}}, "activations.phi: a function needs a formula"),
    ({"phi": {"formula": "x", "constnats": {}}}, "did you mean 'constants'?"),
    (
        {"phi": {"formula": "c*x", "constants": {"c": {"positive": True}}}},
        "activations.phi.constants.c: a constant needs a value",
    ),
    ({"phi": {"formula": "c*x", "constants": {"d": 1}}}, "unknown name 'c'"),
    ({"phi": {"formula": "x*c", "constants": {"x": 1}}}, "one name"),
]


@pytest.mark.parametrize(("functions", "says"), FUNCTIONS)
def test_bad_functions_name_the_entry(functions: dict[Any, Any], says: str) -> None:
    assert says in refused({"activations": functions, "network": {"f": "v @ phi(W @ x)"}})


FILES = [
    ("m.json", "{", "line 1: this is no JSON"),
    ("m.json", '{"a": [], "a": []}', "the key 'a' is given twice"),
    ("m.json", "[" * 100_000, "nested too deeply"),
    ("m.json", '{"symntk": NaN}', "NaN is no number"),
    ("m.json", "9" * 5000, "this is no JSON"),
    ("m.json", "[]", "this must be a mapping of names, not a list"),
    ("m.json", "{}", "this is no model file: it lacks 'symntk: 1'"),
    ("m.yaml", "", "this is no model file: it lacks 'symntk: 1'"),
    ("m.yaml", "a: 1\nb: 2\na: 2", "line 3: the key 'a' is given twice"),
    ("m.yaml", "a: [", "line 1: this is no YAML"),
    ("m.yaml", "[" * 20_000, "nested too deeply"),
    ("m.yaml", "a: &b [1]\nc: *b", "line 2: the alias *b: write the value out"),
    ("m.yaml", "a: &b [*b]", "the alias *b"),
    ("m.yaml", "!!python/object/apply:os.system [ls]", "this is no YAML: could not determine"),
    ("m.yaml", "a: !!python/name:os.system", "this is no YAML: could not determine"),
    ("m.yaml", "just text", "this must be a mapping of names, not the text 'just text'"),
    ("m.yaml", "symntk: 1\nweights: {on: {}}", "weights: the key True is no text"),
    ("m.yaml", "? [a]\n: 1", "line 1: a name is needed here"),
    ("m.yaml", "symntk: 1\nnetwork:\n  f: v @ repeat(lambda h: h, x, times=2)",
     "line 3: this is no YAML: mapping values are not allowed here: quote a text"),
    ("m.yaml", "a: 2001-13-01", "this is no YAML"),
    ("m.yaml", "a: .nan", "line 1: '.nan' is no number"),
    ("m.yaml", "a: 0x1F", "line 1: '0x1F' is an unusual number"),
    ("m.yaml", "a: 1:30", "line 1: '1:30' is an unusual number"),
    ("m.yaml", "a: \x07", "this is no YAML"),
    ("m.toml", "", "a model file ends in .yaml, .yml, .json"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "says"), FILES)
def test_bad_files_are_refused(name: str, text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises((UsageError, GraphError)) as caught:
        sn.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"{\xff\xfe\x00}")
    (tmp_path / "large.yaml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "folder.yaml").mkdir()
    for name, says in (
        ("none.yaml", "there is no file"),
        ("binary.json", "this is no UTF-8 text (byte 1)"),
        ("large.yaml", "at most 1000000 bytes"),
        ("folder.yaml", "Is a directory"),
    ):
        with pytest.raises(UsageError) as caught:
            sn.load(tmp_path / name)
        assert says in str(caught.value)
        assert name in str(caught.value)


def test_files_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"model\.txt: a model file ends in"):
        sn.save(sn.zoo.mlp(), tmp_path / "model.txt")
    with pytest.raises(UsageError, match=r"model\.json: No such file or directory"):
        sn.save(sn.zoo.mlp(), tmp_path / "nowhere" / "model.json")
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    sn.save(sn.zoo.mlp(), path)
    before = path.read_bytes()
    odd = sn.Graph(sn.weights("v")[0] @ (sn.vector("x") * sp.Catalan))
    with pytest.raises(UsageError, match="the activation syntax cannot express Catalan"):
        sn.save(odd, path)
    assert path.read_bytes() == before
    sn.save(gated(), path)
    assert sn.load(path) == gated()
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_file_cannot_say_is_refused(tmp_path: Path) -> None:
    odd = sp.Symbol("k", nonnegative=True)
    (v,), (W,) = sn.weights("v"), sn.weights("W")
    h = sn.elementwise(odd * a, (a,), (W @ sn.vector("x"),), "bent", ((odd, 2),))
    with pytest.raises(UsageError, match="this graph cannot be written to a file"):
        sn.save(sn.Graph(v @ h), tmp_path / "model.json")


def test_yaml_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sn.save(gated(), tmp_path / "model.yaml")
    monkeypatch.setitem(sys.modules, "yaml", None)
    for call in (lambda path: sn.load(path), lambda path: sn.save(gated(), path)):
        with pytest.raises(MissingExtra, match=r"pip install 'symntk\[yaml\]'"):
            call(tmp_path / "model.yaml")
    sn.save(gated(), tmp_path / "model.json")
    assert sn.load(tmp_path / "model.json") == gated()


def test_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    digits = "1.4000000000000000000000000000000000000000001"
    path = tmp_path / "model"
    for suffix, text in (
        (".json", json.dumps(MODEL).replace('{"W": {}', f'{{"W": {{"std": {digits}}}')),
        (".yaml", yaml.safe_dump(MODEL).replace("W: {}", f"W: {{std: {digits}}}")),
    ):
        file = path.with_suffix(suffix)
        file.write_text(text)
        graph = sn.load(file)
        assert graph.parameters["W"].std.value == sp.Rational(digits)
        sn.save(graph, file)
        assert sn.load(file) == graph


@pytest.mark.parametrize("std", [3, "3", "3.0", "6/2", "sqrt(9)", "3e0", "abs(-3)"])
def test_a_number_may_be_written_in_any_way(std: Any) -> None:
    for entry in (std, {"std": std}):
        graph = read_document(MODEL | {"weights": {"W": entry, "v": {}}}, "m.yaml")
        assert graph.parameters["W"].std.value == 3


SAME = [
    ("v @ relu(2 * W @ x)", "v @ relu(2 * (W @ x))"),
    ("v @ relu(-W @ x)", "v @ relu(-(W @ x))"),
    ("v @ U @ W @ x", "v @ (U @ (W @ x))"),
    ("v @ (W @ x * U @ W @ x)", "v @ ((W @ x) * (U @ (W @ x)))"),
    ("v @ (W @ x / 3)", "v @ (1/3 * (W @ x))"),
    ("v @ (2 * W @ x / 3 * sqrt(2))", "v @ (2*sqrt(2)/3 * (W @ x))"),
    ("v @ (+W @ x - -0.5 * W @ x)", "v @ (W @ x * 3 / 2)"),
    ("v @ ((W @ x))", "v @ (W @ x)"),
    ("v @ leaky_relu(W @ x, slope=0.2)", "v @ leaky_relu(slope=1/5)(W @ x)"),
    ("v @\n  relu(W @\tx)\n", "v @ relu(W @ x)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_formulas_may_be_written_in_several_ways(one: str, other: str) -> None:
    declared = {name: {} for name in "WUv" if f"{name} @" in one}
    first, second = (
        read_document(MODEL | {"weights": declared, "network": {"f": formula}}, "m.yaml")
        for formula in (one, other)
    )
    assert first == second


def test_sections_may_list_names_alone() -> None:
    listed = {"inputs": ["x"], "weights": ["W", "v"]}
    spelt = {"inputs": {"x": None}, "weights": {"W": None, "v": {}}, "biases": None, "title": ""}
    assert read_document(MODEL | listed, "m") == read_document(MODEL | spelt, "m")


def test_the_output_is_f_or_last() -> None:
    (W, v), x = sn.weights("W v"), sn.vector("x")
    for name in ("f", "logit"):
        graph = read_document(MODEL | {"network": {"z": "W @ x", name: "v @ relu(z)"}}, "m")
        assert graph == sn.Graph(v @ relu(W @ x))
        assert graph.names[graph.output] == name


def test_blocks_are_functions_of_a_vector() -> None:
    A, B, W, v = sn.weights("A B W v")

    def block(h: sn.Node) -> sn.Node:
        g = (B @ h).named("g")
        return (h + A @ (g * relu(g))).named("out")

    document = MODEL | {
        "weights": ["A", "B", "W", "v"],
        "network": {
            "block(h)": {"g": "B @ h", "out": "h + A @ (g * relu(g))"},
            "f": "v @ repeat(block, W @ x, times=2*L - 1)",
        },
    }
    times = 2 * sp.Symbol("L") - 1
    graph = read_document(document, "m")
    assert graph == sn.Graph(v @ sn.repeat(block, W @ sn.vector("x"), times))
    assert set(graph.given_names.values()) == {"x", "g", "out"}


def test_functions_of_several_arguments_and_constants() -> None:
    k = sp.Symbol("k", positive=True)
    (W, U, v), x = sn.weights("W U v"), sn.vector("x")
    gate = sn.elementwise(
        a * sp.tanh(k * b), (a, b), (W @ x, U @ x), "gate", ((k, sp.Rational(1, 3)),)
    )
    formula = {"formula": "a*tanh(k*b)", "constants": {"k": {"value": "1/3", "positive": True}}}
    document = MODEL | {
        "weights": ["W", "U", "v"],
        "activations": {"gate(a, b)": formula},
        "network": {"f": "v @ gate(W @ x, U @ x)"},
    }
    graph = read_document(document, "m")
    assert graph == sn.Graph(v @ gate)
    assert graph.values[k] == sp.Rational(1, 3)
    assert str(graph).endswith("gate(a, b) = a*tanh(k*b)")


def test_conditions_may_be_on_any_argument() -> None:
    document = MODEL | {
        "activations": {"phi(u)": "where(u > 0, u, 0)"},
        "network": {"f": "v @ phi(W @ x)"},
    }
    (node,) = read_document(document, "m").output.inputs
    variable = sp.Symbol("x", real=True)
    assert [node["phi"].subs(variable, at) for at in (-2, 3)] == [0, 3]


@settings(max_examples=150)
@given(graphs())
def test_random_graphs_survive(graph: sn.Graph) -> None:
    """Content, title, values and every name that the user gave; and a copy is the same file."""
    document = write_document(graph)
    for write, read in ((write_json, read_json), (write_yaml, read_yaml)):
        copy = read_document(read(write(document)), "m")
        assert copy == graph
        assert copy.title == graph.title
        assert dict(copy.values) == dict(graph.values)
        assert {node: copy.names[node] for node in graph.given_names} == graph.given_names
        assert write_document(copy) == document


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(graphs() | wild_graphs())
def test_what_a_graph_prints_is_read_back(graph: sn.Graph) -> None:
    document = write_document(graph)
    lines = str(graph).splitlines()
    printed = read_printed([line for line in lines if not is_function(line, graph)])
    assert read_document(document | {"network": printed}, "m") == graph


def is_function(line: str, graph: sn.Graph) -> bool:
    return any(line.startswith(f"{f.name}(") for f in graph.listing.functions)


def read_printed(lines: list[str]) -> dict[str, Any]:
    """The printed lines, which begin with the result, as entries, which end with it."""
    network: dict[str, Any] = {}
    while lines:
        head, text = lines.pop(0).split(" = ", 1)
        inner = []
        while lines and lines[0].startswith("    "):
            inner.append(lines.pop(0)[4:])
        if head.endswith(")"):
            network[head] = {**read_printed(inner), f"out_{head.partition('(')[0]}": text}
        else:
            network[head] = text
    return dict(reversed(network.items()))


PIECES = ["W", "v", "x", "h", "relu", "repeat", "lambda", "(", ")", "@", "*", "+", "-", "/", "**",
          ",", "=", ":", "2", "0.5", "1e9", "sqrt", "pi", "eps", "times", "layer_norm", "rms",
          "concat", "hermite", "leaky_relu", "slope", " ", "\n", "é", "["]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join))
def test_any_text_is_read_or_refused(formula: str) -> None:
    try:
        graph = read_document(MODEL | {"network": {"f": formula}}, "m.yaml")
    except (GraphError, SyntaxProblem) as error:
        assert str(error).startswith("m.yaml: ")
    else:
        assert isinstance(graph, sn.Graph)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(PIECES) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*MODEL, "activations", "biases", "W", "std", "dim", "f", "phi", "b(h)"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300)
@given(st.sampled_from([*MODEL, "activations", "biases", "title"]), PLAIN)
def test_any_document_is_read_or_refused(section: str, value: Any) -> None:
    try:
        read_document(MODEL | {section: value}, "m.yaml")
    except (GraphError, SyntaxProblem) as error:
        assert str(error).startswith("m.yaml: ")


@settings(max_examples=200)
@given(st.text(max_size=40) | st.lists(st.sampled_from([*PIECES, "- ", "? ", "&a ", "*a", "!!int ",
       "{", "}", "'", '"', "|", ">", "%", "<<: ", "a: "]), max_size=15).map("".join))  # fmt: skip
def test_any_yaml_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        read_yaml(text)


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
