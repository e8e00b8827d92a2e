"""Networks whose printed derivations are tested."""

from __future__ import annotations

from collections.abc import Callable

import symntk as sn
from symntk.activations import activation
from symntk.graph import (
    Graph,
    Weight,
    biases,
    layer_norm,
    repeat,
    vector,
    weights,
)

relu, tanh, erf = (activation(name) for name in ("relu", "tanh", "erf"))


def residual() -> Graph:
    a, b, w, v = weights("A B W v")
    h = repeat(lambda h: h + a @ relu(b @ h), w @ vector("x"), times="L")
    return Graph(v @ h, "residual network of L blocks")


def gated() -> Graph:
    w, u, v = weights("W U v")
    (b,) = biases("b")
    x = vector("x")
    return Graph(v @ (tanh(w @ x + b) * relu(u @ x)), "gated network")


def two_inputs() -> Graph:
    w, u, v = weights("W U v")
    (b,) = biases("b")
    return Graph(v @ relu(w @ vector("x") + u @ vector("y") + b), "network of two inputs")


def normalised() -> Graph:
    w, v = weights("W v")
    (b,) = biases("b")
    return Graph(v @ relu(layer_norm(w @ vector("x") + b)), "network with a layer norm")


def two_activations() -> Graph:
    first, second, v = weights("W1 W2 v")
    return Graph(v @ erf(second @ relu(first @ vector("x"))), "network with two activations")


def standard() -> Graph:
    w, v = weights("W v", parametrization="standard")
    (b,) = biases("b", parametrization="standard")
    title = "network in the standard parametrisation"
    return Graph(v @ relu(w @ vector("x") + b), title)


def frozen() -> Graph:
    """Only the first layer is trained: nothing adds up to Sigma."""
    (w,), (v,) = weights("W"), weights("v", trainable=False)
    return Graph(v @ relu(w @ vector("x")), "network whose readout is frozen")


def untrained() -> Graph:
    """No parameter is trained: the NTK is zero."""
    (w, v) = weights("W v", trainable=False)
    return Graph(v @ relu(w @ vector("x")), "network of random features")


def two_blocks() -> Graph:
    """A repeated block after another."""
    a, b, c, v = weights("A B C v")
    first = repeat(lambda z: b @ relu(z), a @ vector("x"), "L")
    return Graph(v @ relu(repeat(lambda z: c @ tanh(z), first, "M")), "network of two blocks")


def shared() -> Graph:
    w, v = weights("W v")
    assert isinstance(w, Weight)
    z = w @ vector("x")
    return Graph(v @ (relu(z) + tanh(z)), "network of a sum of activations")


def mlp(depth: int | str, act: str) -> Callable[[], Graph]:
    return lambda: sn.zoo.mlp(depth, act, b_std=1)


NETWORKS: dict[str, Callable[[], Graph]] = {
    **{
        f"mlp_{act}_{depth}": mlp(depth, act)
        for act in ("relu", "gelu", "erf", "leaky_relu", "tanh")
        for depth in (1, 3, "L")
    },
    **{
        f"mlp_{act}_1": mlp(1, act)
        for act in ("elu", "selu", "hard_tanh", "relu6", "snake", "sin", "sign", "step", "cosh")
    },
    "residual": residual,
    "gated": gated,
    "two_inputs": two_inputs,
    "normalised": normalised,
    "two_activations": two_activations,
    "standard": standard,
    "frozen": frozen,
    "untrained": untrained,
    "two_blocks": two_blocks,
    "shared": shared,
}
