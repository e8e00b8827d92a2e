"""Finite networks on sequences and grids: gradients and kernels against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symntk.activations import activation
from symntk.finite import Architecture, Network, measure
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
        v @ scan(lambda h, y: h * tanh(A @ h + y) + tanh(W @ h + b) * rms(y), over=d, start=c).last()
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
    data = samples(graph, np.random.default_rng(7))
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
    assert set(measured.ntk_by_weight) == set(graph.parameters) == set(expected)
    for name, part in expected.items():
        np.testing.assert_allclose(measured.ntk_by_weight[name], part, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(measured.nngp, nngp, rtol=1e-6, atol=1e-8)
