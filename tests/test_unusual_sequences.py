"""Unusual networks over sequences and images: the derivation against finite networks.

Each is a place where a rule could be silently wrong: an activation that is not 0 beyond the edge,
one vector beside a sequence, a weight at two shifts, loops upon loops, windows wider than what
they slide over.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symntk.activations import activation
from symntk.derivation import derive
from symntk.emission import emit
from symntk.errors import UsageError
from symntk.graph import (
    Graph,
    Node,
    attention,
    average_pool,
    biases,
    concat,
    conv,
    flatten,
    image,
    layer_norm,
    positions,
    rms,
    scan,
    sequence,
    tokens,
    weights,
)
from tests.finite_truth import Kernels, derived, measured
from tests.interpreted import load

relu, erf, sin, cos = map(activation, ("relu", "erf", "sin", "cos"))
exp = activation("exp(x/2)")
x, s, g = tokens("x"), sequence("s", 2), image("g", 2)
E, F, M, P, Q = weights("E F M P Q", std=1.1)
W, U, V, v, w = weights("W U V v w", std=0.9)
A, B, C = weights("A B C", std=1.2)
b, c = biases("b c", std=0.6)
e, d, z = E @ x, U @ s, B @ g
loop = scan(lambda h: erf(W @ h + e))
other_loop = scan(lambda h: sin(V @ h + e.shift(1)))
normed = layer_norm(e + W @ sin(e))
mean = sin(W @ relu(e).mean())

_normal = np.random.default_rng(3).normal
INPUTS: dict[str, list[Any]] = {
    "x": [[0, 1, 0], [2, 0], [1], [2, 0]],
    "s": [_normal(size=(length, 2)) for length in (3, 2, 1)],
    "g": [_normal(size=(*shape, 2)) for shape in ((3, 2), (2, 3))],
}

OUTPUTS: dict[str, Node] = {
    # edges and windows
    "not 0 beyond the edge": v @ relu(W @ cos(e.shift(1)) + V @ e).sum(),
    "not 0 beyond two edges": v @ exp(W @ exp(conv(V, e.shift(1), 2))).sum(),
    "shift out of the sequence": v @ relu(e.shift(5) + b).sum() + w @ relu(e.shift(-1)).last(),
    "window wider than the sequence": v @ relu(conv(W, cos(e), 5)).mean(),
    "full window": v @ relu(conv(W, cos(e), 4, "full")).mean(),
    "round the circle": v @ relu(conv(W, cos(conv(V, e, 3, "circular")), 2, "circular")).sum(),
    "stride": v @ relu(conv(W, relu(conv(V, e, 3, "same", 2)), 2)).sum(),
    "residual convolution": v @ relu(e + conv(W, relu(e), 3)).sum(),
    "sum of activations at shifts": v @ (W @ (relu(e) + relu(e.shift(1)) + cos(e.shift(-1)))).sum(),
    "data at two shifts": v @ relu(U @ s + U @ s.shift(1)).sum(),
    "means without zeros": v @ relu(W @ average_pool(relu(d), 3, 2, "inside")).sum(),
    "flattened": v @ (relu(W @ flatten(relu(d))) * sin(V @ flatten(relu(d.shift(1))))),
    "image of two sizes": v @ relu(conv(W, relu(conv(V, z, 3, "same", 2)), (2, 1), "full")).mean(),
    "image, ends": v @ relu(W @ relu(z).last() + V @ z.first()),
    # one vector beside a sequence
    "context": v @ relu(W @ e + V @ relu(A @ e).mean()).sum(),
    "context as a gate": v @ (relu(W @ e) * sin(V @ relu(A @ e).sum())).sum(),
    "last vector at every position": v @ relu(W @ relu(e) + V @ relu(e.last())).sum(),
    "a matrix by token of one vector": v @ sin(M[x] @ relu(W @ e.mean())).sum(),
    "one matrix at both ends": v @ relu(W @ e.first() + W @ e.last()),
    # products, norms, encodings
    "product at two shifts": v @ ((W @ relu(e)).shift(1) * (V @ relu(e)).shift(-1)).sum(),
    "tied product": v @ (e * e.shift(1)).sum(),
    "square": v @ (e * e).sum(),
    "sums over positions, multiplied": v @ ((W @ relu(e)).sum() * (V @ relu(e)).mean()),
    "layer norm of a sum": v @ relu(W @ layer_norm(relu(e) + relu(F @ x).shift(1), eps=0.1)).sum(),
    "root mean square": v @ (relu(W @ e) * rms(relu(e))).sum(),
    "concatenation": v @ relu(W @ concat(relu(e), sin(F @ x.shift(1)))).sum(),
    "positions twice": v @ relu(W @ (e + P @ positions(x)) + V @ (P @ positions(x))).sum(),
    "matrix by position": v @ relu(P[positions(x)] @ e + Q @ positions(x)).sum(),
    "matrix by token at two shifts": v @ relu(M[x] @ relu(e) + M[x.shift(1)] @ relu(e)).sum(),
    # loops
    "loop of a loop": v @ scan(lambda h: sin(W @ h + A @ loop)).last(),
    "loop, then a window": v @ relu(conv(A, loop, 3)).sum(),
    "loops in two directions": v @ relu(A @ loop + B @ other_loop).sum(),
    "loop from the context": v @ scan(lambda h: erf(W @ h + e), start=mean).last(),
    "loop with a norm": v @ scan(lambda h: layer_norm(erf(W @ h + e), eps=0.1)).sum(),
    "gated loop": v @ scan(lambda h: sin(W @ h + e) * (V @ h + F @ x)).last(),
    "matrix by token in a loop": v @ scan(lambda h: erf(M[x] @ h) + e, start=b).last(),
    # attention
    "attention to shifted keys": v @ attention(A @ e, A @ e.shift(1), C @ relu(e), "1/d").sum(),
    "attention, then an activation": v @ relu(W @ attention(A @ e, A @ e, C @ e, "1/d")).sum(),
    "attention to the normed": v @ attention(normed, normed, C @ normed, "1/d").sum(),
    "two readouts": v @ relu(e).sum() + w @ sin(e).last() + c,
}


every_graph = pytest.mark.parametrize("name", OUTPUTS)


@cache
def case(name: str) -> tuple[Graph, list[Any], Kernels]:
    """A network, inputs, and what the derivation says of them."""
    graph = Graph(OUTPUTS[name])
    (node,) = graph.inputs
    inputs = INPUTS[str(node["name"])]
    return graph, inputs, derived(graph, inputs)


@every_graph
def test_finite_networks_agree(name: str) -> None:
    graph, inputs, kernels = case(name)
    assert measured(graph, inputs, width=300, seeds=50).deviation(kernels) < 1
    for kernel in kernels.values():
        np.testing.assert_allclose(kernel, kernel.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        kernels["ntk"], sum(part for key, part in kernels.items() if ":" in key), rtol=1e-12
    )


NOT_COMPILED = {"loop from the context"}
"""Networks that derive and whose kernel is refused: a loop that starts from its own positions."""


@pytest.mark.parametrize("name", sorted(set(OUTPUTS) - NOT_COMPILED))
def test_the_kernel_says_the_same(name: str, tmp_path: Path) -> None:
    graph, inputs, kernels = case(name)
    found = load(emit(derive(graph)), tmp_path).kernel(inputs)
    for key, kernel in zip(("nngp", "ntk"), found, strict=True):
        variances = np.diag(kernels[key])
        scale = np.sqrt(np.outer(variances, variances))
        assert (abs(kernel - kernels[key]) <= 1e-10 * scale).all()


@pytest.mark.parametrize("name", sorted(NOT_COMPILED))
def test_what_is_not_compiled_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not compiled"):
        emit(derive(Graph(OUTPUTS[name])))


def test_equal_sequences_have_equal_kernels() -> None:
    _, _, kernels = case("not 0 beyond the edge")
    for kernel in kernels.values():
        assert kernel[1, 3] == pytest.approx(kernel[1, 1], rel=1e-12)
        np.testing.assert_allclose(kernel[1], kernel[3], rtol=1e-12)
