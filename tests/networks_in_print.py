"""Networks whose printed derivations are tested."""

from __future__ import annotations

from collections.abc import Callable

import symntk as sn
from symntk.activations import activation
from symntk.graph import (
    Graph,
    Weight,
    biases,
    conv,
    flatten,
    layer_norm,
    positions,
    repeat,
    sequence,
    sinusoid,
    tokens,
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


def strided() -> Graph:
    """Windows with a stride, and windows beyond the ends."""
    w, u, v = weights("W U v")
    h = relu(conv(w, sequence("x"), 3, "valid", 2))
    return Graph(v @ relu(conv(u, h, 2, "full")).mean(), "strided network")


def context() -> Graph:
    """A mean over positions within a sequence."""
    a, b, w, v = weights("A B W v")
    h = relu(a @ sequence("x"))
    return Graph(v @ erf(w @ h + b @ h.mean()).first(), "network with a context")


def placed() -> Graph:
    """Encodings of positions, fixed and trained, and a loop that starts somewhere."""
    e, p, s, w, v = weights("E P S W v")
    (start,) = biases("s")
    x = tokens("x")
    h = sn.scan(
        lambda h, x: erf(w @ h + e @ x + p @ positions(x) + s @ sinusoid(x)), over=x, start=start
    )
    return Graph(v @ h.last(), "network of positions")


def shifted() -> Graph:
    """Shifts without windows, and a matrix for each position."""
    e, w, v = weights("E W v")
    x = tokens("x")
    u = (w[0] @ (e @ x) + w[3] @ (e @ x).shift(2) - w[1] @ (e @ x).shift(-1)).named("u")
    return Graph(v @ flatten(relu(u)), "network of shifts")


def two_texts() -> Graph:
    e, f, w, u, v = weights("E F W U v")
    x, y = tokens("x"), tokens("y")
    return Graph(v @ relu(w @ (e @ x).sum() + u @ (f @ y).sum()), "network of two texts")


SEQUENCES: dict[str, Callable[[], Graph]] = {
    "bow": sn.zoo.bow,
    "bow_3_layers": lambda: sn.zoo.bow(3, b_std=0.3),
    "cnn": sn.zoo.cnn,
    "residual convolutions": lambda: sn.zoo.cnn(2, window=2, residual=True, pool="last"),
    "circular convolution": lambda: sn.zoo.cnn(padding="circular", act="erf"),
    "full convolution": lambda: sn.zoo.cnn(padding="full", window=4, pool="mean"),
    "convolution of vectors": lambda: sn.zoo.cnn(inputs="vectors", pool="flatten", b_std=0.2),
    "convolution of images": lambda: sn.zoo.cnn(inputs="images", act="linear", pool="flatten"),
    "mv": sn.zoo.mv,
    "mv_recursive": lambda: sn.zoo.mv("recursive"),
    "mv_tied": lambda: sn.zoo.mv("diagonal", tied=True, residual=True),
    "lrnn": sn.zoo.lrnn,
    **{
        f"lrnn_{kind}": lambda kind=kind: sn.zoo.lrnn(kind)  # type: ignore[misc]
        for kind in ("multiplicative", "affine", "elementwise", "elementwise affine")
    },
    "rnn": lambda: sn.zoo.rnn("erf", pool="sum"),
    "gated": lambda: sn.zoo.rnn("erf", gate="candidate"),
    "attention": sn.zoo.sa,
    "attention_positions": lambda: sn.zoo.sa(p_std=0.5, position_in_keys=True),
    "attention_uniform": lambda: sn.zoo.sa(separate=True),
    "transformer": sn.zoo.transformer,
    "strided": strided,
    "context": context,
    "placed": placed,
    "shifted": shifted,
}
"""Networks over sequences and grids."""

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

EVERY: dict[str, Callable[[], Graph]] = (
    NETWORKS
    | {f"{name} over positions": graph for name, graph in SEQUENCES.items()}
    | {
        "two_texts": two_texts,
        "attention of many heads": lambda: sn.zoo.sa(separate=True, scaling="1/sqrt(d)"),
        "transformer of many heads": lambda: sn.zoo.transformer(2, scaling="1/sqrt(d)"),
        "tokens, any depth": lambda: sn.zoo.bow("L", b_std=0.3),
        "images, two layers": lambda: sn.zoo.cnn(2, inputs="images", average=True, pool="mean"),
    }
)
"""All of them, and those too large to evaluate."""
