"""Finite networks against finite differences in every weight, and against formulas by hand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings

from symntk.errors import GraphError, UsageError
from symntk.finite import Architecture, Network, measure
from symntk.graph import (
    Graph,
    Node,
    biases,
    concat,
    elementwise,
    layer_norm,
    repeat,
    rms,
    vector,
    weights,
)
from tests.random_graphs import graphs

a, b = sp.symbols("a b", real=True)
x, y = vector("x"), vector("y", dim=2)
W, V, U, v = weights("W V U v", std=1.3)
A, B = weights("A B", std=0.8)
k, c = biases("k c", std=0.6)
INPUTS = {
    "x": np.random.default_rng(0).standard_normal((3, 4)),
    "y": np.random.default_rng(1).standard_normal((3, 2)),
}


def tanh(node: Node) -> Node:
    return elementwise(sp.tanh(a), (a,), (node,), "tanh")


def gate(left: Node, right: Node) -> Node:
    return elementwise(a * sp.sin(b), (a, b), (left, right), "gate")


def _wide(name: str, width: int) -> Node:
    (weight,) = weights(name, width=width)
    return weight @ x


z = W @ x + k
h = tanh(z)
GRAPHS: dict[str, Graph] = {
    "linear": Graph(v @ x),
    "shallow": Graph(v @ h + c),
    "two readouts": Graph(v @ h - 2 * (U @ tanh(V @ x)) + c),
    "one readout of two vectors": Graph(v @ h + v @ tanh(V @ x)),
    "shared": Graph(v @ tanh(V @ tanh(V @ tanh(V @ h + k) - k))),
    "residual": Graph(v @ (h + V @ tanh(U @ h) + h * h)),
    "gate": Graph(v @ gate(V @ h, U @ y)),
    "two inputs": Graph(v @ (h * (V @ y)) + U @ y),
    "concatenation": Graph(v @ tanh(V @ concat(h, U @ y))),
    "numbered widths": Graph(v @ concat(tanh(_wide("P", 20)), tanh(_wide("Q", 60)))),
    "layer norm": Graph(v @ tanh(V @ layer_norm(z, eps=0.1) + c)),
    "rms": Graph(v @ (tanh(z) * rms(V @ h))),
    "blocks": Graph(v @ repeat(lambda g: g + A @ tanh(B @ g + c), z, times=3)),
    "nested blocks": Graph(
        v @ repeat(lambda g: repeat(lambda f: f + A @ tanh(f), B @ g, times=2), z, times=2)
    ),
}
every_graph = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)


def sampled(graph: Graph, width: int = 5, seed: int = 3) -> Network:
    architecture = Architecture.of(graph, width, {"x": 4, "y": 2})
    return architecture.sample(np.random.default_rng(seed))


def jacobian(network: Network, name: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """df/dp for every entry p of one parameter by central differences, (batch, entries)."""
    step = 1e-5
    value = network.parameters[name]
    columns = []
    for place in np.ndindex(value.shape):
        ends = []
        for sign in (1, -1):
            changed = value.copy()
            changed[place] += sign * step
            ends.append(
                Network(network.architecture, {**network.parameters, name: changed})(inputs)
            )
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.stack(columns, axis=1)


@every_graph
def test_kernels_are_those_of_the_numerical_jacobian(graph: Graph) -> None:
    """The whole backward pass and the Gram matrices, by moving each weight of a tiny network."""
    network = sampled(graph)
    architecture = network.architecture
    measured = measure(network, INPUTS)
    expected: dict[str, np.ndarray] = {}
    nngp = np.zeros((3, 3))
    for name in network.parameters:
        derivative = jacobian(network, name, INPUTS)
        gram = derivative @ derivative.T
        original = architecture.origin[name]
        expected[original] = expected.get(original, 0) + gram
        if name in architecture.readout:
            nngp += gram
    assert set(measured.ntk_by_weight) == set(graph.parameters) == set(expected)
    for name, part in expected.items():
        np.testing.assert_allclose(measured.ntk_by_weight[name], part, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(measured.ntk, sum(expected.values()), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(measured.nngp, nngp, rtol=1e-6, atol=1e-8)


def test_values_of_a_shallow_network_written_out() -> None:
    network = sampled(GRAPHS["shallow"], width=6)
    p, data = network.parameters, INPUTS["x"]
    hidden = np.tanh(1.3 / np.sqrt(4) * data @ p["W"].T + 0.6 * p["k"])
    expected = 1.3 / np.sqrt(6) * hidden @ p["v"][0] + 0.6 * p["c"]
    np.testing.assert_allclose(network(INPUTS), expected, rtol=1e-14)


def test_the_nngp_is_the_covariance_over_the_output_layer() -> None:
    """Fresh readouts and output biases on the same hidden layer: the covariance of f itself."""
    network = sampled(GRAPHS["two readouts"])
    rng = np.random.default_rng(5)
    draws = 4000
    outputs = np.empty((draws, 3))
    for i in range(draws):
        fresh = {
            name: rng.standard_normal(network.parameters[name].shape)
            for name in network.architecture.readout
        }
        outputs[i] = Network(network.architecture, {**network.parameters, **fresh})(INPUTS)
    products = outputs[:, :, None] * outputs[:, None, :]
    error = products.std(0) / np.sqrt(draws)
    np.testing.assert_array_less(
        np.abs(products.mean(0) - measure(network, INPUTS).nngp), 4.5 * error
    )


def test_frozen_parameters_have_no_part_but_pass_gradients() -> None:
    (frozen,) = weights("V", std=1.3, trainable=False)
    network = sampled(Graph(v @ tanh(frozen @ h)))
    free = sampled(Graph(v @ tanh(V @ h)))
    part, whole = measure(network, INPUTS), measure(free, INPUTS)
    assert set(part.ntk_by_weight) == {"v", "W", "k"}
    np.testing.assert_array_equal(part.nngp, whole.nngp)
    np.testing.assert_allclose(part.ntk, whole.ntk - whole.ntk_by_weight["V"], rtol=1e-13)


def test_the_standard_parametrisation_trains_the_entries_themselves() -> None:
    """Entries w = std / sqrt(fan_in) W: df/dw is sqrt(fan_in) / std times df/dW."""
    std = {"std": 1.3, "parametrization": "standard"}
    (hidden,) = weights("W", width=6, **std)
    (readout,) = weights("v", **std)
    (bias,) = biases("k", std=0.6, parametrization="standard")
    graph = Graph(readout @ tanh(hidden @ x + bias))
    network = sampled(graph, width=6)
    measured = measure(network, INPUTS)
    factors = {"W": np.sqrt(4) / 1.3, "v": np.sqrt(6) / 1.3, "k": 1 / 0.6}
    for name, factor in factors.items():
        derivative = factor * jacobian(network, name, INPUTS)
        np.testing.assert_allclose(
            measured.ntk_by_weight[name], derivative @ derivative.T, rtol=1e-6, atol=1e-8
        )


def test_numbered_widths_keep_their_proportion() -> None:
    for width, sizes in [(10, (10, 30)), (64, (64, 192)), (1, (1, 3))]:
        shapes = Architecture.of(GRAPHS["numbered widths"], width, {"x": 4}).shapes
        assert (shapes["P"], shapes["Q"]) == ((sizes[0], 4), (sizes[1], 4))
        assert shapes["v"] == (1, sum(sizes))


def test_sums_of_concatenations_fit_at_any_width() -> None:
    """Widths 10 + 25 = 35 stay a sum after scaling."""
    (wide,) = weights("R", width=35)
    parts = concat(tanh(_wide("P", 10)), tanh(_wide("Q", 25)))
    graph = Graph(v @ (parts + wide @ x + k))
    for width in (3, 16, 33):
        lengths = Architecture.of(graph, width, {"x": 4}).lengths
        assert lengths[parts] == 7 * lengths[parts.inputs[0]] / 2


def test_the_fan_in_is_that_of_the_graph_in_the_standard_parametrisation() -> None:
    (hidden,) = weights("P", width=20)
    (readout,) = weights("v", parametrization="standard")
    graph = Graph(readout @ tanh(hidden @ x))
    narrow = measure(sampled(graph, width=4), INPUTS)
    np.testing.assert_allclose(narrow.ntk_by_weight["v"], 20 * narrow.nngp, rtol=1e-13)


def test_draws_are_standard_normal_and_reproducible() -> None:
    network = sampled(GRAPHS["shallow"], width=4000)
    entries = network.parameters["W"].ravel()
    assert abs(entries.mean()) < 5 / np.sqrt(entries.size)
    assert abs(entries.var() - 1) < 5 * np.sqrt(2 / entries.size)
    again = sampled(GRAPHS["shallow"], width=4000)
    for name, value in network.parameters.items():
        np.testing.assert_array_equal(value, again.parameters[name])


def test_a_symbolic_depth_needs_a_number() -> None:
    graph = Graph(v @ repeat(lambda g: V @ tanh(g), z, times="L"))
    with pytest.raises(UsageError, match="symbol L"):
        Architecture.of(graph, 8, {"x": 4})


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (tanh(v @ h), "readout"),
        (v @ tanh(v @ x), "v: "),
        (v @ h + U @ tanh(v @ h), "independent"),
        (v @ (h + k) + k, "k: "),
    ],
)
def test_networks_without_a_free_readout_are_refused(output: Node, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        sampled(Graph(output)).architecture.readout  # noqa: B018


def test_errors_of_the_mean_kernel_shrink_with_the_width() -> None:
    """W @ x + k with v, no activation: E[v v] gives Theta = s_v^2 (2 s_w^2 x.x'/d + 2 s_k^2)."""
    graph = Graph(v @ z)
    data = INPUTS["x"]
    once = 1.3**2 * data @ data.T / 4 + 0.6**2
    errors = []
    for width in (16, 256, 4096):
        kernels = [measure(sampled(graph, width, seed), INPUTS) for seed in range(20)]
        off = [kernel.ntk / 1.3**2 - 2 * once for kernel in kernels]
        errors.append(np.sqrt(np.mean([np.sum(part**2) for part in off])) / np.linalg.norm(once))
    for wide, narrow in pairwise(reversed(errors)):
        assert narrow / wide == pytest.approx(4, rel=0.5)


@settings(max_examples=60)
@given(graphs())
def test_vectors_have_their_lengths_in_any_graph(graph: Graph) -> None:
    """Whatever the language can say: shapes fit, gradients are shaped like values."""
    assume(all(depth.is_Integer for depth in graph.depths))
    dims = {str(node["name"]): {"x": 3, "y": 5}[str(node["name"])] for node in graph.inputs}
    try:
        network = Architecture.of(graph, 6, dims).sample(np.random.default_rng(0))
    except GraphError:
        assume(False)
    inputs = {name: np.ones((2, dim)) for name, dim in dims.items()}
    with np.errstate(all="ignore"):
        values = network.values(inputs)
        gradients = network.gradients(inputs, values)
    for node, value in values.items():
        assert value.shape == gradients[node].shape == (2, network.architecture.lengths[node])
