"""Finite networks on sequences and grids: gradients and kernels against finite differences."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import assume, given, settings

from symntk.activations import activation
from symntk.errors import GraphError
from symntk.finite import Architecture, Network, measure
from symntk.finite.reading import read_samples
from symntk.finite.samples import Samples
from symntk.graph import (
    Graph,
    Node,
    attention,
    average_pool,
    biases,
    concat,
    flatten,
    image,
    layer_norm,
    positions,
    repeat,
    rms,
    scan,
    sequence,
    sinusoid,
    sum_pool,
    tokens,
    vector,
    weights,
)
from tests.random_sequences import wild_graphs

tanh, relu = activation("tanh"), activation("relu")
x, s, u, g = tokens("x"), sequence("s", dim=3), vector("u", dim=2), image("g", channels=2)
E, M, P, Q = weights("E M P Q", std=1.2)
W, U, V, v, w = weights("W U V v w", std=0.9)
A, B, C = weights("A B C", std=1.1)
b, c = biases("b c", std=0.7)
e, d, z = E @ x, U @ s, B @ g


def views(h: Node, *settings: Any, weight: Any = W) -> Node:
    """A convolution: a matrix of the family W for each offset."""
    return sum(weight[k] @ view for k, view in enumerate(h.taps(*settings)))


def heads(h: Node, scaling: str = "1/d", number: str = "one", mechanism: str = "softmax") -> Node:
    return attention(A @ h + b, B @ h, C @ h, scaling, number, mechanism)


GRAPHS: dict[str, Graph] = {
    "bag of words": Graph(v @ relu(W @ e).sum()),
    "readout of each token": Graph((v @ tanh(W @ e) + c).sum()),
    "dense sequence": Graph(v @ tanh(W @ tanh(d + b)).mean()),
    "grid": Graph(v @ tanh(W @ tanh(z)).mean()),
    "first and last": Graph(v @ tanh(W @ e.first() + Q @ e.last())),
    "last of a grid": Graph(v @ tanh(z).last()),
    "convolution with zeros": Graph(v @ relu(views(e, 3)).sum() + c),
    "one matrix for all offsets": Graph(v @ tanh(sum(W @ h for h in d.taps(3, "full"))).sum()),
    "convolution inside": Graph(v @ tanh(views(d, 2, "valid") + b).sum()),
    "circular convolution": Graph(v @ tanh(views(d, 3, "circular")).mean()),
    "full convolution": Graph(v @ tanh(views(e, 2, "full")).sum()),
    "shifts": Graph(v @ (tanh(d.shift(1)) * d.shift(-1, "circular") + d.shift(-2)).sum()),
    "valid shifts": Graph(v @ (tanh(d.shift(1, "valid")) + d.shift(-1, "valid")).sum()),
    "strides": Graph(v @ tanh(views(d, 3, "valid", 2)).sum()),
    "stride and zeros": Graph(v @ tanh(views(z, 3, "same", 2)).sum()),
    "circular stride": Graph(v @ tanh(views(z, (2, 3), "circular", (2, 1))).mean()),
    "grid convolution": Graph(v @ tanh(views(z, (2, 1), "valid")).sum()),
    "mean without zeros": Graph(v @ tanh(W @ average_pool(tanh(d), 3, 2, "inside")).sum()),
    "average pool": Graph(v @ tanh(W @ average_pool(tanh(z), 2)).sum()),
    "sum pool": Graph(v @ tanh(W @ sum_pool(tanh(d), 3, 1, "same")).sum()),
    "flatten": Graph(v @ flatten(tanh(d))),
    "dense after flatten": Graph(v @ tanh(W @ flatten(tanh(z)) + b)),
    "matrix by token": Graph(v @ (M[x.shift(-1)] @ e).sum()),
    "matrix by token, shared": Graph(
        v @ tanh(W[1] @ (M[x.shift(1, "valid")] @ e.shift(-1, "valid"))
                 + W[2] @ (M[x.shift(-1, "valid")] @ e.shift(1, "valid"))).sum()
    ),
    "positions": Graph(v @ tanh(W @ (e + P @ positions(x))).sum()),
    "matrix by position": Graph(v @ tanh(Q[positions(s)] @ tanh(d)).sum()),
    "sinusoid": Graph(v @ tanh(W @ (e + sinusoid(x) / 2)).sum()),
    "elementwise product": Graph(v @ (e * e.shift(1)).sum()),
    "layer norm by position": Graph(v @ tanh(W @ layer_norm(d, eps=0.1)).sum()),
    "rms by position": Graph(v @ (tanh(d) * rms(W @ d)).sum()),
    "concatenation": Graph(v @ tanh(W @ concat(tanh(d), Q @ u)).sum()),
    "vector beside sequence": Graph(v @ (tanh(d) * tanh(Q @ u) + V @ tanh(Q @ u)).sum()),
    "matrix by token of a vector": Graph(v @ tanh(M[x] @ tanh(Q @ u)).sum()),
    "blocks": Graph(v @ repeat(lambda h: h + A @ tanh(views(h, 3) + b), d, 2).sum()),
    "Elman": Graph(v @ scan(lambda h, y: tanh(W @ h + U @ y + b), over=s).last()),
    "Elman over all steps": Graph(v @ scan(lambda h, y: tanh(W @ h + E @ y), over=x).sum()),
    "matrix by token over time": Graph(
        v @ scan(lambda h, y: tanh(M[y] @ h) + E @ y, over=x, start=b).last()
    ),
    "start": Graph(v @ scan(lambda h, y: tanh(W @ h) * (U @ y), over=s, start=tanh(Q @ u)).mean()),
    "two loops": Graph(
        v @ scan(lambda h, y: tanh(W @ h + V @ y),
                 over=scan(lambda h, y: tanh(A @ h + y + W @ tanh(y)), over=d)).last()
    ),
    "gates over time": Graph(
        v @ scan(lambda h, y: h * tanh(A @ h + y) + tanh(W @ h) * rms(y), over=d, start=c).last()
    ),
    "leaky integrator": Graph(v @ tanh(W @ scan(lambda h, y: h / 2 + y, over=s).last())),
    "attention": Graph(v @ heads(e).sum()),
    "tied attention": Graph(v @ attention(e + sinusoid(x) / 20, e, e, "1/d").mean()),
    "identity attention": Graph(v @ tanh(heads(d, "1/sqrt(d)", "one", "identity")).sum()),
    "many heads": Graph(v @ (W @ heads(e, "1/sqrt(d)", "many")).sum()),
    "many identity heads": Graph(v @ heads(d, "1/sqrt(d)", "many", "identity").sum()),
    "attention to another sequence": Graph(v @ attention(A @ e, B @ d, C @ d, "1/sqrt(d)").sum()),
}  # fmt: skip
every_graph = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)


def samples(graph: Graph, rng: np.random.Generator) -> Samples:
    """Two batches of two samples, of different lengths, with tokens that match."""
    batches = []
    for length in (2, 4):
        data = {
            "x": np.eye(3)[rng.integers(3, size=(2, length))],
            "s": rng.standard_normal((2, length + 1, 3)),
            "u": rng.standard_normal((2, 2)),
            "g": rng.standard_normal((2, length, 4, 2)),
        }
        batches.append({str(node["name"]): data[str(node["name"])] for node in graph.inputs})
    return Samples(tuple(batches), (3, 0, 2, 1), {})


def sampled(graph: Graph, data: Samples, width: int = 3, seed: int = 3) -> Network:
    architecture = Architecture.of(graph, width, data.dims, data.reach(graph))
    return architecture.sample(np.random.default_rng(seed))


def outputs(network: Network, data: Samples) -> np.ndarray:
    """The values of f in the order of the samples."""
    return np.concatenate([network(batch) for batch in data.batches])[np.argsort(data.order)]


def jacobian(network: Network, name: str, data: Samples) -> np.ndarray:
    """df/dp for every entry p of one array of parameters by central differences."""
    step = 1e-5
    value = network.parameters[name]
    columns = []
    for place in np.ndindex(value.shape):
        ends = []
        for sign in (1, -1):
            changed = value.copy()
            changed[place] += sign * step
            moved = Network(network.architecture, {**network.parameters, name: changed})
            ends.append(outputs(moved, data))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.stack(columns, axis=1)


@every_graph
def test_kernels_are_those_of_the_numerical_jacobian(graph: Graph) -> None:
    """Values, the backward pass, and the sums over pairs of uses, positions and tokens."""
    assert_kernels_of_the_jacobian(graph, samples(graph, np.random.default_rng(7)))


@settings(max_examples=25)
@given(wild_graphs())
def test_kernels_of_random_networks_are_those_of_the_jacobian(graph: Graph) -> None:
    """Whatever the language can say."""
    assume(all(depth.is_Integer for depth in graph.depths))
    data = read_samples(graph, None, np.random.default_rng(0))
    try:
        assume(sampled(graph, data).architecture.size < 300)
    except GraphError:
        assume(False)
    assert_kernels_of_the_jacobian(graph, data)


def assert_kernels_of_the_jacobian(graph: Graph, data: Samples) -> None:
    network = sampled(graph, data)
    measured = measure(network, data)
    expected: dict[str, Any] = {}
    nngp: Any = 0
    for name in network.parameters:
        derivative = jacobian(network, name, data)
        gram = derivative @ derivative.T
        original = name.partition("[")[0]
        original = network.architecture.origin[original]
        expected[original] = expected.get(original, 0) + gram
        if name in network.architecture.readout:
            nngp = nngp + gram
    trained = {name for name, weight in graph.parameters.items() if weight.trainable}
    assert set(measured.ntk_by_weight) == trained <= set(expected)
    size = 1 + np.max(np.abs(measured.ntk))
    for name, part in measured.ntk_by_weight.items():
        np.testing.assert_allclose(part / size, expected[name] / size, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(measured.nngp / size, nngp / size, rtol=1e-6, atol=1e-8)


def shared_draw(output: Node, data: Samples, width: int = 6) -> Network:
    """A network whose parameters depend on their names alone: another graph gets the same ones."""
    network = sampled(Graph(output), data, width)
    drawn = {
        name: np.random.default_rng(crc32(name.encode())).standard_normal(value.shape)
        for name, value in network.parameters.items()
    }
    return Network(network.architecture, drawn)


def batch(shape: tuple[int, ...], name: str = "s") -> Samples:
    return Samples.one_batch({name: np.random.default_rng(0).standard_normal(shape)})


def test_a_loop_is_its_steps_written_out() -> None:
    """Four steps, each a vector of its own with the same weights: values and kernels agree."""
    rng = np.random.default_rng(0)
    inputs = {"s": rng.standard_normal((3, 4, 3)), "u": rng.standard_normal((3, 2))}
    data, start = Samples.one_batch(inputs), tanh(Q @ u + c)
    loop = scan(lambda h, y: tanh(W @ h + U @ y + b), over=s, start=start).last()
    step = tanh(W @ start + U @ s.first() + b)
    for by in (1, 2, 3):
        step = tanh(W @ step + U @ s.shift(by).first() + b)
    one, two = shared_draw(v @ loop, data), shared_draw(v @ step, data)
    np.testing.assert_allclose(outputs(one, data), outputs(two, data), rtol=1e-12)
    left, right = measure(one, data), measure(two, data)
    np.testing.assert_allclose(left.nngp, right.nngp, rtol=1e-12)
    assert set(left.ntk_by_weight) == set(right.ntk_by_weight) == {*"WUQvbc"}
    for name, part in left.ntk_by_weight.items():
        np.testing.assert_allclose(part, right.ntk_by_weight[name], rtol=1e-10, atol=1e-14)


def padded(h: np.ndarray, size: int, stride: int, edge: str) -> np.ndarray:
    """A sequence with what a window sees beyond its edges, placed as in XLA's SAME."""
    missing = max((-(-len(h) // stride) - 1) * stride + size - len(h), 0)
    left, right = {
        "valid": (0, 0),
        "full": (size - 1, size - 1),
    }.get(edge, (missing // 2, missing - missing // 2))
    mode = {"circular": "wrap"}.get(edge, "constant")
    return np.pad(h, ((left, right), (0, 0)), mode=mode)  # type: ignore[call-overload]


@pytest.mark.parametrize("edge", ["valid", "same", "full", "circular"])
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (2, 3), (4, 2)])
@pytest.mark.parametrize("length", [5, 6, 7])
def test_a_convolution_written_out(edge: str, size: int, stride: int, length: int) -> None:
    data = batch((2, length, 3))
    network = shared_draw((v @ views(s, size, edge, stride)).sum(), data, width=5)
    p = network.parameters
    expected = []
    for sample in data.batches[0]["s"]:
        rows = padded(sample, size, stride, edge)
        windows = [rows[i : i + size] for i in range(0, len(rows) - size + 1, stride)]
        layer = sum(
            0.9 / np.sqrt(3) * p[f"W[{k}]"] @ window[k] for window in windows for k in range(size)
        )
        expected.append(0.9 / np.sqrt(5) * (p["v"] @ layer)[0])
    np.testing.assert_allclose(network(data.batches[0]), expected, rtol=1e-12)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (3, 1)])
@pytest.mark.parametrize("edge", ["valid", "same", "inside"])
def test_average_pooling_written_out(size: int, stride: int, edge: str) -> None:
    """Zeros beyond the edge count in the mean, with the edge "inside" they do not."""
    data = batch((2, 7, 3))
    network = shared_draw(v @ tanh(U @ average_pool(s, size, stride, edge)).sum(), data, width=5)
    p = network.parameters
    expected = []
    for sample in data.batches[0]["s"]:
        rows, there = (padded(h, size, stride, edge) for h in (sample, np.ones((7, 1))))
        hidden = []
        for i in range(0, len(rows) - size + 1, stride):
            count = there[i : i + size].sum() if edge == "inside" else size
            mean = rows[i : i + size].sum(0) / count
            hidden.append(np.tanh(0.9 / np.sqrt(3) * p["U"] @ mean))
        expected.append(0.9 / np.sqrt(5) * p["v"][0] @ sum(hidden))
    np.testing.assert_allclose(network(data.batches[0]), expected, rtol=1e-12)


def test_circular_windows_of_a_grid_written_out() -> None:
    data = batch((2, 4, 5, 2), "g")
    network = shared_draw(v @ tanh(views(g, (2, 3), "circular")).mean(), data, width=5)
    p, grid = network.parameters, data.batches[0]["g"]
    layer = sum(
        0.9 / np.sqrt(2) * np.roll(grid, (-i, 1 - j), (1, 2)) @ p[f"W[{3 * i + j}]"].T
        for i in range(2)
        for j in range(3)
    )
    expected = 0.9 / np.sqrt(5) * np.tanh(layer).mean((1, 2)) @ p["v"][0]
    np.testing.assert_allclose(network(data.batches[0]), expected, rtol=1e-12)


def test_tokens_written_out() -> None:
    """E looks up a column without a square root, M[x] a matrix: zero beyond the edge."""
    ids = np.array([[0, 2, 1], [1, 1, 0]])
    data = Samples.one_batch({"x": np.eye(3)[ids]})
    network = shared_draw(v @ (M[x.shift(-1)] @ e).sum(), data, width=4)
    p = network.parameters
    assert p["M[x]"].shape == (3, 4, 4)
    expected = []
    for row in ids:
        products = (p["M[x]"][left] @ p["E"][:, right] for left, right in pairwise(row))
        total = 1.2 / 2 * 1.2 * sum(products)
        expected.append(0.9 / 2 * (p["v"] @ total)[0])
    np.testing.assert_allclose(network(data.batches[0]), expected, rtol=1e-12)


def test_trained_and_fixed_positions_written_out() -> None:
    data = batch((2, 3, 3))
    network = shared_draw(v @ tanh(U @ s + P @ positions(s) + sinusoid(s)).sum(), data, width=4)
    p, rows = network.parameters, data.batches[0]["s"]
    t = np.arange(3)[:, None]
    waves = np.concatenate([np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)], axis=1)
    hidden = np.tanh(0.9 / np.sqrt(3) * rows @ p["U"].T + 1.2 * p["P"].T + waves)
    expected = 0.9 / 2 * hidden.sum(1) @ p["v"][0]
    np.testing.assert_allclose(network(data.batches[0]), expected, rtol=1e-12)


@pytest.mark.parametrize("number", ["one", "many"])
@pytest.mark.parametrize(("scaling", "power"), [("1/d", 1), ("1/sqrt(d)", 0.5)])
@pytest.mark.parametrize("mechanism", ["softmax", "identity"])
def test_attention_written_out(number: str, scaling: str, power: float, mechanism: str) -> None:
    """Every head with its rows of the matrices, the outputs one below the other."""
    data, width = batch((2, 4, 3)), 5
    heads = width if number == "many" else 1
    y = attention(A @ s, B @ s + b, C @ s, scaling, number, mechanism)
    network = shared_draw(v @ y.sum(), data, width)
    p = network.parameters
    assert p["A"].shape == (heads * width, 3) and p["v"].shape == (1, heads * width)
    expected = []
    for rows in data.batches[0]["s"]:
        total = []
        for head in np.split(np.arange(heads * width), heads):
            q, k, w = (1.1 / np.sqrt(3) * rows @ p[name][head].T for name in "ABC")
            logits = q @ (k + 0.7 * p["b"][head]).T / width**power
            if mechanism == "softmax":
                logits = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            total.append((logits @ w).sum(0))
        expected.append(0.9 / np.sqrt(heads * width) * p["v"][0] @ np.concatenate(total))
    np.testing.assert_allclose(network(data.batches[0]), expected, rtol=1e-12)


r = relu(d)
PAIRS = {
    "windows": (sum(W @ h for h in d.taps(2, "valid")), views(d, 2, "valid")),
    "layers": (W @ r + W @ relu(W @ r), W @ r + V @ relu(W @ r)),
    "tokens": (M[x] @ e.shift(1), M @ e.shift(1)),
    "embeddings": (e * e.shift(1), e * (Q @ x).shift(1)),
    "steps": (
        scan(lambda h, y: relu(W @ h + W @ y), over=r),
        scan(lambda h, y: relu(W @ h + V @ y), over=r),
    ),
}


@pytest.mark.parametrize(("shared", "separate"), PAIRS.values(), ids=PAIRS)
def test_one_weight_used_twice_is_not_two_weights(shared: Node, separate: Node) -> None:
    """The means over many networks differ by far more than chance."""
    data = samples(Graph(v @ shared.sum()), np.random.default_rng(1))
    means, errors = [], []
    for node in (shared, separate):
        graph = Graph(v @ node.sum())
        drawn = [measure(sampled(graph, data, 20, seed), data).ntk for seed in range(150)]
        means.append(np.mean(drawn, axis=0))
        errors.append(np.var(drawn, axis=0, ddof=1) / len(drawn))
    assert np.max(np.abs(means[0] - means[1]) / np.sqrt(errors[0] + errors[1])) > 6
