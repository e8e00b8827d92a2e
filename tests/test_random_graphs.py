"""Random graphs of every operation: compiled kernel, plain evaluation and finite networks agree.

Three routes that share little: the kernel is made of closed forms in stable arithmetic, the
oracle integrates every expectation numerically, and the finite networks know no covariance rule.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import evaluate

from symntk import check
from symntk.activations import ACTIVATIONS, activation
from symntk.derivation import derive
from symntk.emission.kernel import Kernel
from symntk.graph import (
    Graph,
    Node,
    biases,
    concat,
    layer_norm,
    product,
    repeat,
    rms,
    vector,
    weights,
)
from tests.interpreted import load

PHIS = {name: ACTIVATIONS[name] for name in ("relu", "erf", "gelu", "sin", "abs", "leaky_relu")} | {
    "shifted": activation("max(x, 0) - x**2/4 + 1/3")
}

INPUTS = np.array([(0.3, -1.2, 0.5), (0.9, 0.4, -0.7), (-0.4, 1.1, 0.2), (1.3, 0.1, 0.8)])


class Draft:
    """A network under construction: fresh names, and scales drawn once for each."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.count = 0

    def scale(self) -> float:
        return self.draw(st.sampled_from((0.6, 1.0, 1.3)))

    def weight(self) -> object:
        self.count += 1
        (weight,) = weights(f"W{self.count}", self.scale())
        return weight

    def dense(self, node: Node) -> Node:
        z = self.weight() @ node
        if self.draw(st.booleans()):
            self.count += 1
            (bias,) = biases(f"b{self.count}", self.scale() / 2)
            z = z + bias
        return z

    def phi(self) -> Callable[[Node], Node]:
        return PHIS[self.draw(st.sampled_from(sorted(PHIS)))]


def hidden(draft: Draft, h: Node) -> Node:
    return draft.phi()(draft.dense(h))


def residual(draft: Draft, h: Node) -> Node:
    z = draft.dense(h)
    return z + draft.weight() @ draft.phi()(draft.dense(z))


def correlated(draft: Draft, h: Node) -> Node:
    z = draft.dense(h)
    return z / 2 - draft.phi()(z)


def gate(draft: Draft, h: Node) -> Node:
    return product(draft.phi()(draft.dense(h)), draft.dense(h))


def joined(draft: Draft, h: Node) -> Node:
    return concat(hidden(draft, h), draft.dense(h))


def normed(draft: Draft, h: Node) -> Node:
    z = draft.dense(h)
    return layer_norm(draft.phi()(z), eps=0.1) if draft.draw(st.booleans()) else rms(z) * z


def blocks(draft: Draft, h: Node) -> Node:
    phi, start = draft.phi(), draft.dense(h)
    return repeat(lambda z: draft.dense(phi(z)), start, draft.draw(st.integers(2, 3)))


def shared(draft: Draft, h: Node) -> Node:
    weight, first = draft.weight(), hidden(draft, h)
    return weight @ draft.phi()(weight @ first) + weight @ first


LAYERS = (hidden, residual, correlated, gate, joined, normed, blocks, shared)


@st.composite
def graphs(draw: Callable) -> Graph:
    """One to three layers, each of any kind, and a readout."""
    draft = Draft(draw)
    h = vector("x", 3)
    for layer in draw(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3)):
        h = layer(draft, h)
    return Graph(draft.weight() @ h)


@pytest.fixture(scope="module")
def uncompiled(tmp_path_factory):
    """Kernels run by Python itself, in tiles that are no larger than the inputs need."""
    folder = tmp_path_factory.mktemp("kernels")

    def kernel(source: str) -> Kernel:
        module = load(source, folder)
        module.ROWS, module.STRIP, module.PITCH = 8, 8, 16
        return Kernel(source, folder, module)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kernel, "load", kernel)
        yield


@given(graphs())
@settings(
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),  # compiling is too slow to shrink by
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_kernel_evaluation_and_finite_networks_agree(uncompiled, graph):
    derivation = derive(graph)
    result = derivation.compile()(INPUTS)
    for i, j in ((0, 1), (2, 3), (0, 0)):
        truth = evaluate(derivation, INPUTS[i], INPUTS[j])
        for key in ("nngp", "ntk"):
            kernel = getattr(result, key)
            scale = np.sqrt(kernel[i, i] * kernel[j, j])
            assert abs(kernel[i, j] - truth[key]) <= 1e-10 * scale, (str(graph), key)
    report = check(graph, widths=(64, 128, 256), seeds=60, inputs=INPUTS, derivation=derivation)
    assert report.passed, f"{graph}\n{report.render()}"


@given(graphs())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_parts_add_up(graph):
    """Every such graph derives, and its NTK is the sum of the parts of its weights."""
    derivation = derive(graph)
    found = evaluate(derivation, INPUTS[0], INPUTS[1])
    parts = [value for key, value in found.items() if key.startswith("ntk:")]
    assert abs(found["ntk"] - sum(parts)) <= 1e-10 * max(map(abs, parts))
