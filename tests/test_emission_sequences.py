"""Kernels of sequences and grids against the reference files, the plain oracle, and laws.

As in `tests.test_kernels`, most modules are run by Python itself; one is compiled.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symntk import zoo
from symntk.activations import activation
from symntk.derivation import derive
from symntk.emission import counts, emit, sequences
from symntk.errors import UsageError
from symntk.graph import (
    Graph,
    attention,
    average_pool,
    biases,
    concat,
    conv,
    flatten,
    image,
    layer_norm,
    positions,
    scan,
    sequence,
    sinusoid,
    tokens,
    vector,
    weights,
)
from tests.interpreted import load
from tests.reference import model, network
from tests.sequence_oracle import evaluate
from tests.shared import best, read

relu, erf, tanh = (activation(name) for name in ("relu", "erf", "tanh"))
x, s, g = tokens("x"), sequence("s", dim=3), image("g", channels=2)
E, W, V, U, M, P, v = weights("E W V U M P v", std=1.2)
A, B, C = weights("A B C", std=0.8)
(b,) = biases("b", std=0.5)
e, d = E @ x, U @ s

ALL_MODELS = read("models.json").get("cases", [])
MODELS = [case for case in ALL_MODELS if "multi-head" not in case["name"]]
"""Those of many heads are in `tests.test_emission_heads`."""
NETWORKS = read("networks.json")
absent = pytest.mark.skipif(not MODELS, reason="the reference files are not beside the project")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


@cache
def compiled(graph: Graph, folder: Path) -> ModuleType:
    return load(emit(derive(graph)), folder)


@cache
def model_kernel(name: str, params: str, folder: Path) -> ModuleType:
    return compiled(model({"model": name, "params": json.loads(params)}), folder)


@absent
@pytest.mark.parametrize("case", MODELS, ids=lambda case: f"{case['id']} {case['name']}")
def test_reference_models(case: dict[str, Any], folder: Path) -> None:
    module = model_kernel(case["model"], json.dumps(case["params"]), folder)
    found = module.kernel([case["x"]], [case["y"]])
    for value, key in ((found.nngp, "sigma_float"), (found.ntk, "theta_float")):
        assert float(value[0, 0]) == pytest.approx(case[key], rel=1e-12, abs=1e-14)


def reference_network(case: dict[str, Any]) -> tuple[Graph, np.ndarray, np.ndarray | None]:
    """With a fixed length where a stride needs one."""
    one, two = (
        None if name is None else np.array(NETWORKS["inputs"][name]["data"])
        for name in (case["x1"], case["x2"])
    )
    assert one is not None
    fixed = any(word in case["id"] for word in ("CIRCULAR", "Pool_SAME", "w3s2"))
    shape = {"shape": one.shape[1:-1]} if fixed else {}
    return network({**case, **shape}), one, two


SEQUENCES = [
    case
    for case in NETWORKS.get("configs", [])
    if len(NETWORKS["inputs"][case["x1"]]["shape"]) == 3 and "attn_sqrt" not in case["id"]
]


@absent
@pytest.mark.parametrize("case", SEQUENCES, ids=lambda case: case["id"])
def test_reference_networks(case: dict[str, Any], folder: Path) -> None:
    graph, one, two = reference_network(case)
    module = compiled(graph, folder)
    found, rows = module.kernel(one, two), module.diag(one)
    columns = rows if two is None else module.diag(two)
    for key in ("nngp", "ntk"):
        scale = np.sqrt(np.outer(getattr(rows, key), getattr(columns, key)))
        error = np.abs(getattr(found, key) - best(case, key)) / scale
        assert error.max() <= 1e-13
        if two is None:
            assert np.array_equal(np.diag(getattr(found, key)), getattr(rows, key))
            again = getattr(module.kernel(one, one.copy()), key)
            assert (np.abs(again - getattr(found, key)) <= 1e-14 * scale).all()


# -- against the oracle --------------------------------------------------------------------------


GRAPHS: dict[str, Graph] = {
    "shifted features": Graph(v @ (erf(d).shift(1) * d.shift(-1, "circular") + d.shift(-2)).sum()),
    "activation after pooling": Graph(v @ relu(W @ relu(d).mean() + b)),
    "first and last": Graph(v @ relu(W @ e.first() + V @ e.last())),
    "flatten, then a layer": Graph(v @ relu(W @ flatten(relu(d)) + b)),
    "matrix by position": Graph(v @ erf(M[positions(s)] @ relu(d)).sum()),
    "matrix by token": Graph(v @ relu(M[x.shift(-1)] @ e).sum()),
    "encodings": Graph(v @ erf(W @ (e + P @ positions(x) + sinusoid(x) / 2)).sum()),
    "layer norm": Graph(v @ erf(W @ layer_norm(relu(d), eps=0.1)).sum()),
    "mean inside": Graph(v @ erf(W @ average_pool(relu(d), 3, 1, "inside")).sum()),
    "integrated window": Graph(v @ tanh(W @ average_pool(relu(d), 3, 2)).last()),
    "concatenation": Graph(v @ relu(W @ concat(relu(d), erf(V @ s))).sum()),
    "attention": Graph(v @ relu(W @ attention(A @ d + b, A @ d, C @ d, "1/d")).sum()),
    "attention after a norm": Graph(
        v @ relu(W @ layer_norm(e + C @ attention(B @ e, A @ e, e, "1/d"))).sum()
    ),
    "recurrent": Graph(v @ scan(lambda h, y: erf(W @ h + E @ y + b), over=x).mean()),
    "recurrent, integrated": Graph(v @ scan(lambda h, y: tanh(W @ h + y), over=d).last()),
    "two loops": Graph(
        v @ scan(lambda h, y: relu(W @ h + V @ y),
                 over=scan(lambda h, y: erf(A @ h + y), over=d)).sum()
    ),
    "matrix by token over time": Graph(
        v @ scan(lambda h, y: relu(M[y] @ h) + E @ y, over=x, start=b).last()
    ),
    "grid": Graph(v @ relu(conv(W, relu(conv(V, g, (2, 3))), (3, 3), "valid")).mean()),
    "loop with one matrix twice": Graph(
        v @ scan(lambda h, y: erf(W @ h) + relu(W @ h + E @ y), over=x).last()
    ),
    "loop with a norm": Graph(
        v @ scan(lambda h, y: layer_norm(erf(W @ h + E @ y), eps=0.1), over=x).sum()
    ),
    "gate over time": Graph(v @ scan(lambda h, y: erf(W @ h + y) * (V @ h + A @ s), over=d).last()),
    "strides beyond the edge": Graph(v @ relu(conv(W, d, 3, "same", 2)).sum()),
    "inside, of some": Graph(v @ relu(conv(W, e, 6, "valid")).sum()),
    "grid by strides": Graph(v @ flatten(erf(conv(V, g, 2, "valid", 2)))),
}  # fmt: skip

_noise = np.random.default_rng(0).normal
DATA: dict[str, list[Any]] = {
    "x": [[0, 1, 2, 1, 0, 3], [2, 2, 1, 0, 3], [0, 1, 2, 1, 0, 3]],
    "s": [_noise(size=(length, 3)) for length in (4, 3)],
    "g": [_noise(size=(3, length, 2)) for length in (4, 3)],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_against_the_oracle(name: str, folder: Path) -> None:
    graph = GRAPHS[name]
    (node,) = graph.inputs
    data = DATA[str(node["name"])]
    module = compiled(graph, folder)
    found, diagonal = module.kernel(data), module.diag(data)
    derivation = derive(graph)
    for n, m in ((0, 1), (0, 0)):
        expected = evaluate(derivation, data[n], data[m])
        for key in ("nngp", "ntk"):
            scale = np.sqrt(getattr(diagonal, key)[n] * getattr(diagonal, key)[m])
            assert abs(getattr(found, key)[n, m] - expected[key]) <= 1e-10 * scale


@pytest.mark.parametrize("name", [name for name in GRAPHS if "integrated" not in name])
def test_calls_agree(name: str, folder: Path) -> None:
    """Symmetric, rectangular and diagonal calls, and one pair at a time."""
    graph = GRAPHS[name]
    (node,) = graph.inputs
    data = DATA[str(node["name"])]
    module = compiled(graph, folder)
    whole, across, diagonal = module.kernel(data), module.kernel(data, data), module.diag(data)
    for key in ("nngp", "ntk"):
        one, other, line = (getattr(found, key) for found in (whole, across, diagonal))
        scale = np.sqrt(np.outer(line, line))
        assert np.array_equal(one, one.T)
        assert np.array_equal(np.diag(one), line)
        assert (np.abs(one - other) <= 1e-13 * scale).all()
        single = getattr(module.kernel(data[1:2], data[:1]), key)[0, 0]
        assert single == pytest.approx(one[1, 0], abs=1e-13 * scale[1, 0])
        assert np.linalg.eigvalsh(one).min() >= -1e-12 * line.max()


# -- inputs --------------------------------------------------------------------------------------

BAG = Graph(v @ relu(W @ e + b).sum())


def test_strings_are_tokens(folder: Path) -> None:
    module = compiled(BAG, folder)
    words = [["the", "cat", "the"], ["a", "dog"], ["the"]]
    numbers = [[7, 3, 7], [0, 5], [7]]
    for first, second in ((slice(None), None), (slice(0, 2), slice(1, 3))):
        given = [
            module.kernel(data[first], None if second is None else data[second])
            for data in (words, numbers)
        ]
        assert np.array_equal(given[0].ntk, given[1].ntk)
    assert np.array_equal(module.kernel(np.array([[7, 3, 7]])).ntk, module.kernel([words[0]]).ntk)


def test_several_inputs(folder: Path) -> None:
    y = tokens("y")
    gate = erf(V @ vector("z", dim=2))
    graph = Graph(v @ (relu(W @ e.sum()) * gate + relu(A @ (B @ y).mean())))
    module = compiled(graph, folder)
    rng = np.random.default_rng(1)
    data = {"x": [[0, 1], [2]], "y": [["a"], ["a", "b"]], "z": rng.normal(size=(2, 2))}
    found = module.kernel(data)
    again = module.kernel((data["x"], data["y"], data["z"]))
    assert np.array_equal(found.ntk, again.ntk)
    assert np.linalg.eigvalsh(found.nngp).min() > 0
    with pytest.raises(ValueError, match="x, y, z"):
        module.kernel(data["x"])
    with pytest.raises(ValueError, match="not one number"):
        module.kernel({**data, "x": [[0]]})


@pytest.mark.parametrize(
    ("graph", "data", "words"),
    [
        (BAG, [[0, 1], []], "sequence 1 is empty"),
        (BAG, [], "no sequence"),
        (BAG, [[0.5, 1.0]], "whole numbers"),
        (BAG, [[True]], "whole numbers"),
        (BAG, [["a", 1]], "among others"),
        (BAG, [["a"], [1]], "some tokens are strings"),
        (BAG, ["a text"], "split it"),
        (BAG, "a text", "not one text"),
        (BAG, [3, 4], "a sequence is a list"),
        (GRAPHS["grid"], [np.zeros((2, 5, 2))], "too short"),
        (GRAPHS["grid"], [np.zeros((5, 2))], "an array .H, W, channels."),
        (GRAPHS["recurrent, integrated"], [np.zeros((4, 2))], "takes 3 numbers"),
        (GRAPHS["recurrent, integrated"], [[[1.0, 2.0, 3.0], [1.0]]], "ragged"),
        (GRAPHS["recurrent, integrated"], [np.full((4, 3), np.nan)], "finite"),
        (GRAPHS["recurrent, integrated"], [np.eye(3) * [1, 0, 1e-99]], "position 2 is too short"),
        (GRAPHS["recurrent, integrated"], [np.zeros((0, 3))], "empty"),
        (Graph(v @ relu(W @ (E @ tokens("x", length=3))).sum()), [[1, 2]], "takes 3"),
    ],
)  # fmt: skip
def test_bad_inputs_are_named(graph: Graph, data: Any, words: str, folder: Path) -> None:
    module = compiled(graph, folder)
    with pytest.raises(ValueError, match=words):
        module.kernel(data)


def test_dimensions_must_agree(folder: Path) -> None:
    module = compiled(Graph(v @ relu(W @ sequence("x")).sum()), folder)
    with pytest.raises(ValueError, match="x1 has 2 numbers a position, x2 has 3"):
        module.kernel([np.ones((2, 2))], [np.ones((2, 3))])


def test_a_module_stands_alone(tmp_path: Path) -> None:
    """Compiled, in a process without symntk: the numbers are those of Python."""
    graph = zoo.rnn(phi="relu", sh=1.2, se=1.1)
    source = emit(derive(graph))
    (tmp_path / "kernel.py").write_text(source)
    data = [[0, 1, 2], [2, 0, 1, 1]]
    code = f"import kernel, sys; k = kernel.kernel({data}); print(k.ntk.tolist()); "
    code += "assert not [name for name in sys.modules if name.startswith(('symntk', 'sympy'))]"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = load(source, tmp_path).kernel(data)
    assert np.allclose(json.loads(done.stdout), expected.ntk, rtol=1e-13)


def test_compiled_kernel_of_the_surface() -> None:
    kernel = derive(BAG).compile()
    found = kernel([["a", "b"], ["b"]])
    assert found.ntk.shape == (2, 2)
    assert np.array_equal(np.diag(found.ntk), kernel.diag([["a", "b"], ["b"]]).ntk)
    with pytest.raises(UsageError, match="empty"):
        kernel([[]])


@pytest.mark.parametrize("backend", [counts, sequences])
@pytest.mark.parametrize("graph", [BAG, Graph(v @ tanh(W @ (e + b)).mean())], ids=str)
def test_bags_are_sums_over_all_pairs_of_tokens(
    graph: Graph, backend: ModuleType, folder: Path
) -> None:
    """What is summed over positions sees matches alone: a kernel of counts, of any documents."""
    source = backend.module_text(backend.plan_kernel(derive(graph)), "float64")
    assert ("inner_counts" if backend is counts else "matching_pairs") in source
    module = load(source, folder)
    rng = np.random.default_rng(3)
    texts = [list(map(int, rng.integers(0, 5, size=length))) for length in (1, 7, 12, 12)]
    found, alone = module.kernel(texts), module.kernel([[token] for token in range(5)])
    number = np.array([np.bincount(text, minlength=5) for text in texts])
    weights_of = number / number.sum(axis=1, keepdims=True) if "mean" in str(graph) else number
    for one, single in zip(found, alone, strict=True):
        expected = weights_of @ single @ weights_of.T
        assert np.allclose(one, expected, rtol=1e-13)
