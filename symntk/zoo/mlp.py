"""The multilayer perceptron on dense vectors."""

from __future__ import annotations

import sympy as sp

from symntk.activations import Activation, activation
from symntk.graph import Graph, Node, Scale, biases, repeat, vector, weights
from symntk.graph.weights import Number


def mlp(
    depth: int | str | sp.Symbol = 1,
    act: str | sp.Expr | Activation = "relu",
    w_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """f(x) = sigma_v / sqrt(n) v . phi(z^L), z^(l+1) = sigma_w / sqrt(n) W phi(z^l) + sigma_b b.

    depth: the number L of hidden layers, a number or a symbol (or its name).
    act: phi, a known activation or an expression in x.
    w_std, b_std, v_std: sigma of the hidden weights, the hidden biases (0: none), the readout.
    """
    phi = activation(act)
    sigma_w = Scale.of("sigma_w", w_std)
    sigma_b = Scale.of("sigma_b", b_std) if b_std else None

    def dense(label: str, h: Node) -> Node:
        (w,) = weights(f"W{label}", sigma_w)
        if sigma_b is None:
            return w @ h
        (b,) = biases(f"b{label}", sigma_b)
        return w @ h + b

    hidden = sp.Symbol(depth, integer=True, positive=True) if isinstance(depth, str) else depth
    (v,) = weights("v", Scale.of("sigma_v", v_std))
    if hidden == 1:
        return Graph(v @ phi(dense("", vector("x"))), _title(phi, hidden))
    first = dense("1", vector("x")).named("z1")
    last = repeat(lambda z: dense("", phi(z)), first, hidden - 1)
    return Graph(v @ phi(last), _title(phi, hidden))


def _title(phi: Activation, depth: object) -> str:
    layers = "layer" if depth == 1 else "layers"
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    count = words[depth - 1] if isinstance(depth, int) and depth <= len(words) else depth
    return f"multilayer perceptron with {count} hidden {layers} ({phi.title})"
