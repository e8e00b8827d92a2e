"""The convolutional network, over tokens, vectors or images."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symntk.activations import activation
from symntk.graph import Graph, Node, conv, flatten, image, sequence, tokens
from symntk.zoo.keywords import Act, Number, model
from symntk.zoo.parts import bias, counted, plus, pooled, weight, with_act


@model
def cnn(
    depth: int = 1,
    act: Act = "relu",
    window: int = 3,
    padding: Literal["same", "valid", "full", "circular"] = "same",
    pool: Literal["sum", "mean", "first", "last", "flatten"] = "sum",
    inputs: Literal["tokens", "vectors", "images"] = "tokens",
    residual: bool = False,
    average: bool = False,
    e_std: Number = 1,
    w_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """Convolutional network over tokens, vectors or images.

        e_t  = sigma_e E[:, x_t], or the vectors or pixels themselves
        u_t  = sum_o sigma_w / sqrt(n) W_o e_(t+o) + sigma_b b
        s(x) = sigma_v / sqrt(n) v . sum_t phi(u_t)

    One matrix W_o for each offset o of the window. The CNN of Sun, Li & Lu (2023), section 3.

    depth: convolutional layers, an activation behind each.
    act: activation phi, a name or a formula in x.
    window: size of the window, along both axes of an image.
    padding: zeros at the edges so that the length stays (same), or so that every overlap counts
        (full); none, windows inside (valid); the other end (circular).
    pool: the sum or mean over positions, the first or last; or weights for each (flatten).
    inputs: what x is a sequence or grid of.
    residual: from the second layer on, the next u is u plus the convolution of phi(u).
    average: divide the sum over the window by the root of its size, as neural-tangents does.
    e_std: standard deviation sigma_e of the embedding of tokens.
    w_std: standard deviation sigma_w of the convolutions.
    b_std: standard deviation sigma_b of their biases; 0 for none.
    v_std: standard deviation sigma_v of the readout.
    """
    phi = activation(act)
    sources = {
        "tokens": lambda: (weight("E", e_std, "e") @ tokens("x")).named("e"),
        "vectors": lambda: sequence("x"),
        "images": lambda: image("x"),
    }

    def convolution(label: str, h: Node) -> Node:
        u = conv(weight(f"W{label}", w_std, "w"), h, window, padding)
        if average:
            u = u / sp.sqrt(window ** len(h.positions))
        return plus(u, bias(f"b{label}", b_std))

    h, u = sources[inputs](), None
    for layer in range(1, depth + 1):
        label = str(layer) if depth > 1 else ""
        new = convolution(label, h)
        u = (u + new if residual and u is not None else new).named(f"u{label}")
        h = phi(u)
    s = weight("v", v_std) @ (flatten(h) if pool == "flatten" else pooled(h, pool))
    kind = "residual convolutional network" if residual else "convolutional network"
    return Graph(s, with_act(f"{kind} over {inputs} with {counted(depth, 'layer')}", phi))
