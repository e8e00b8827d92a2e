"""Equal layers in a row are one repeated block; what differs in anything that matters is not."""

from __future__ import annotations

import cProfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from oracle import evaluate

import symntk as sn
from symntk.emission import emit
from symntk.graph import Graph, Node, Weight
from symntk.graph.folding import fold

relu, erf = sn.activation("relu"), sn.activation("erf")

Layer = Callable[[int, Node], Node]


def weight(name: str, std: float = 1.5) -> Weight:
    return sn.weights(name, std)[0]


def plain(k: int, z: Node) -> Node:
    return weight(f"W{k}") @ relu(z)


def biased(k: int, z: Node) -> Node:
    return weight(f"W{k}") @ relu(z) + sn.biases(f"b{k}", 0.3)[0]


def residual(k: int, z: Node) -> Node:
    return z + weight(f"A{k}", 0.5) @ relu(weight(f"B{k}") @ z)


def alternating(k: int, z: Node) -> Node:
    return weight(f"W{k}") @ (relu, erf)[k % 2](z)


def with_input(k: int, z: Node) -> Node:
    return plain(k, z) + weight(f"U{k}", 0.7) @ sn.vector("x")


def gated(k: int, z: Node) -> Node:
    return weight(f"A{k}") @ sn.product(relu(weight(f"W{k}") @ z), erf(weight(f"V{k}") @ z))


def normed(k: int, z: Node) -> Node:
    return weight(f"W{k}") @ relu(sn.layer_norm(z))


def shared_inside(k: int, z: Node) -> Node:
    w = weight(f"W{k}")
    return w @ relu(w @ relu(z))


def open_end(k: int, z: Node) -> Node:
    return z + relu(weight(f"W{k}") @ z)


LAYERS: tuple[Layer, ...] = (
    plain, biased, residual, alternating, with_input, gated, normed, shared_inside,
)  # fmt: skip


def network(*layers: Layer) -> Graph:
    """The layers one after the other, each written out, between weights U, T and v."""
    z = weight("U") @ sn.vector("x")
    for k, layer in enumerate(layers, 1):
        z = layer(k, z)
    return Graph(weight("v") @ relu(weight("T") @ z))


def repeats(graph: Graph) -> list[int]:
    """How often each repeated block of the folded graph is repeated."""
    return [int(node["times"]) for node in fold(graph).nodes if node.op == "repeat"]


def assert_same_kernels(graph: Graph) -> None:
    """The folded derivation has the values of the one that was written out."""
    derivation = sn.derive(graph)
    folded = derivation.folded
    assert folded is not derivation
    a, b = (0.3, -1.2, 0.5), (0.9, 0.4, -0.7)
    expected, found = evaluate(derivation, a, b), evaluate(folded, a, b)
    for kernel in ("nngp", "ntk"):
        np.testing.assert_allclose(found[kernel], expected[kernel], rtol=1e-13)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_equal_layers_are_one_block(layer: Layer) -> None:
    graph = network(*[layer] * 4)
    assert repeats(graph) == [2 if layer is alternating else 4]
    assert_same_kernels(graph)


def test_blocks_whose_law_is_not_known_stay_written_out() -> None:
    """z + relu(W z) is no Gaussian and no activation of one, and a block would hide its mean."""
    graph = network(*[open_end] * 3)
    assert repeats(graph) == [3]
    derivation = sn.derive(graph)
    assert derivation.folded is derivation


def test_a_folded_network_is_what_repeat_makes() -> None:
    v, z1 = weight("v"), weight("W1") @ sn.vector("x")
    written = Graph(v @ relu(sn.repeat(lambda z: plain(2, z), z1, 5)))
    layers = Graph(v @ relu(plain(6, plain(5, plain(4, plain(3, plain(2, z1)))))))
    assert fold(layers) == written
    assert fold(written) is written


def test_names_of_vectors_stay() -> None:
    z = weight("W1") @ sn.vector("x")
    for k in range(2, 6):
        z = plain(k, z.named(f"layer_{k - 1}"))
    folded = fold(Graph(weight("v") @ relu(z.named("top"))))
    (node,) = (node for node in folded.nodes if node.op == "repeat")
    assert (node.name, node.inputs[0].name) == ("top", "layer_1")


def scaled(std: float) -> Layer:
    return lambda k, z: weight(f"W{k}", std) @ relu(z)


def frozen(k: int, z: Node) -> Node:
    return replace(weight(f"W{k}"), trainable=False) @ relu(z)


def standard(k: int, z: Node) -> Node:
    return replace(weight(f"W{k}"), parametrization="standard") @ relu(z)


def erf_layer(k: int, z: Node) -> Node:
    return weight(f"W{k}") @ erf(z)


def leaky(slope: float) -> Layer:
    phi = sn.activation(f"leaky_relu(slope={slope})")
    return lambda k, z: weight(f"W{k}") @ phi(z)


def doubled(k: int, z: Node) -> Node:
    return weight(f"W{k}") @ relu(z * 2)


def not_shared(k: int, z: Node) -> Node:
    return weight(f"V{k}") @ relu(weight(f"W{k}") @ relu(z))


@pytest.mark.parametrize(
    ("layer", "other", "times"),
    [
        (plain, scaled(1.4), [2, 2]),
        (plain, frozen, [2, 2]),
        (plain, erf_layer, [2, 2]),
        (plain, doubled, [2, 3]),  # 2 z, too, is a vector that the same layers are applied to
        (plain, biased, [3, 2]),  # the bias is added to what equal layers make
        (leaky(0.1), leaky(0.2), [2, 2]),
        (shared_inside, not_shared, [2, 2, 2]),
    ],
)
def test_the_one_that_differs_is_no_block(layer: Layer, other: Layer, times: list[int]) -> None:
    """Scale, training, activation, coefficient, bias, slope, sharing."""
    graph = network(layer, layer, other, layer, layer)
    assert repeats(graph) == times
    assert_same_kernels(graph)


def test_parametrisations_are_told_apart() -> None:
    assert repeats(network(plain, plain, standard, plain, plain)) == [2, 2]


def test_a_skip_into_the_middle_is_no_block() -> None:
    z = weight("U") @ sn.vector("x")
    levels = [z]
    for k in range(1, 6):
        levels.append(plain(k, levels[-1]))
    around = levels[5] + weight("S") @ relu(levels[2])
    graph = Graph(weight("v") @ relu(around))
    assert repeats(graph) == [2]  # below the skip; what it leads around stays as it is
    assert_same_kernels(graph)


def test_a_tied_weight_is_in_no_block() -> None:
    tied = weight("S")
    layers: list[Layer] = [plain] * 8
    layers[2] = layers[5] = lambda k, z: tied @ relu(z)
    graph = network(*layers)
    assert repeats(graph) == [2, 2]  # before the first use and after the second
    assert_same_kernels(graph)


def test_the_readout_is_no_layer() -> None:
    z = weight("W1") @ sn.vector("x")
    graph = Graph(weight("v") @ relu(plain(3, plain(2, z))) + sn.biases("c")[0])
    assert repeats(graph) == [2]
    assert repeats(Graph(weight("v") @ relu(plain(2, z)))) == []


def test_layers_of_sequences_stay() -> None:
    x = sn.sequence("x", 5)
    h = x
    for k in range(4):
        h = relu(weight(f"W{k}") @ h)
    graph = Graph(weight("v") @ h.sum())
    assert fold(graph) is graph


def test_modules_do_not_grow_with_depth() -> None:
    """A hundred layers of a loop in Python make a program no longer than six do."""
    deep, shallow = (sn.derive(network(*[biased] * depth)) for depth in (100, 6))
    assert len(deep.folded.program) == len(shallow.folded.program)
    module = emit(deep)
    assert "times=100" in module
    assert "SIGMA_W2 " not in module


def test_programs_grow_linearly_with_depth() -> None:
    """The derivation itself keeps each layer, with its names."""
    derivations = [sn.derive(network(*[biased] * depth)) for depth in (5, 10, 15)]
    sizes = [len(derivation.program) for derivation in derivations]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0
    assert len(derivations[0].ntk_by_weight) == 13


def test_the_work_of_a_derivation_in_print_grows_linearly_with_depth() -> None:
    """Calls of functions stand for time: layer for layer there are as many."""

    def calls(depth: int) -> int:
        graph = network(*[plain] * depth)
        profile = cProfile.Profile()
        profile.runcall(lambda: sn.derive(graph).render("text"))
        return sum(entry.callcount for entry in profile.getstats())

    calls(2)  # what is loaded and derived once
    first, second, third = (calls(depth) for depth in (4, 8, 12))
    assert third - second < 1.1 * (second - first)
