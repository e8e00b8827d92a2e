"""Cases of the reference files as graphs, built through the public language.

`network` reads a configuration of networks.json (neural-tangents' layers), `model` a case of
models.json (the paper's families).  Both work for any values of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symntk import zoo
from symntk.activations import (
    ACTIVATIONS,
    Activation,
    activation,
    hermite,
    monomial,
    polynomial,
    rectified_monomial,
)
from symntk.graph import (
    Graph,
    Node,
    Scale,
    biases,
    concat,
    layer_norm,
    product,
    repeat,
    rms,
    vector,
    weights,
)
from symntk.graph.weights import number

Options = dict[str, Any]


class Counter:
    """Fresh names for the layers of one network."""

    def __init__(self) -> None:
        self.layer = 0

    def dense(
        self,
        h: Node,
        W_std: float = 1.0,
        b_std: float | None = None,
        width: int | None = None,
        parameterization: str = "ntk",
    ) -> Node:
        self.layer += 1
        name = str(self.layer)
        scale = Scale.of(f"sigma_W{name}", W_std)
        (w,) = weights(f"W{name}", scale, width=width, parametrization=parameterization)
        if not b_std:
            return w @ h
        scale = Scale.of(f"sigma_b{name}", b_std)
        (b,) = biases(f"b{name}", scale, parametrization=parameterization)
        return w @ h + b


def network(config: Options) -> Graph:
    """The graph of a configuration of networks.json; ``config["spec"]`` names the layers."""
    (output,) = build(config["spec"], [vector("x")], Counter())
    return Graph(output, title=config.get("id", ""))


def build(spec: list[Any], nodes: list[Node], counter: Counter) -> list[Node]:
    """The layers of ``spec`` applied to ``nodes``: one vector, or several after a FanOut."""
    kind, options = spec
    if kind == "serial":
        return serial(options, nodes, counter)
    if kind == "parallel":
        pairs = zip(options, nodes, strict=True)
        return [build(layer, [node], counter)[0] for layer, node in pairs]
    if kind == "FanOut":
        return nodes * options["num"]
    if kind in FAN_IN:
        return [FAN_IN[kind](*nodes)]
    (node,) = nodes
    if kind == "Dense":
        return [counter.dense(node, **options)]
    if kind == "Identity":
        return [node]
    if kind == "ExpNormalized":
        return [exp_normalized(node, **options)]
    if kind not in LAYERS:
        raise NotImplementedError(f"{kind}: not in the language yet")
    return [LAYERS[kind](**options)(node)]


def serial(layers: list[Any], nodes: list[Node], counter: Counter) -> list[Node]:
    """One layer after the other; a run of equal hidden layers is one repeated block."""
    position = 0
    while position < len(layers):
        times = equal_pairs(layers, position)
        if times > 1:
            first, second = layers[position : position + 2]
            nodes = [repeat(hidden(first, second, counter), nodes[0], times)]
            position += 2 * times
        else:
            nodes = build(layers[position], nodes, counter)
            position += 1
    return nodes


def equal_pairs(layers: list[Any], position: int) -> int:
    """How often the pair (activation, Dense) at ``position`` follows itself, the last pair of the
    network, which is its readout, left out.
    """
    pair = layers[position : position + 2]
    if len(pair) < 2 or pair[0][0] not in LAYERS or pair[1][0] != "Dense":
        return 0
    times = 1
    while layers[position + 2 * times : position + 2 * times + 2] == pair:
        times += 1
    return times - 1 if position + 2 * times == len(layers) else times


def hidden(first: list[Any], second: list[Any], counter: Counter) -> Callable[[Node], Node]:
    return lambda h: build(second, build(first, [h], counter), counter)[0]


def exp_normalized(h: Node, gamma: float, shift: float, do_clip: bool) -> Node:
    """S phi(h / s) with s = |h| / sqrt(n) and phi(x) = exp(sqrt(gamma) x + (shift - 1) gamma / 2).

    Its dual is sqrt(q1 q2) exp(gamma (rho + shift)), which defines the layer.
    """
    assert not do_clip
    g = number(gamma, "gamma")
    x = sp.Symbol("x", real=True)
    phi = activation(sp.exp(sp.sqrt(g) * x + g * (number(shift, "shift") - 1) / 2))
    return product(rms(h), phi(layer_norm(h)))  # a centred h over its norm is h / s


def expression(text: str, **values: float) -> Activation:
    """An activation in the package's syntax, with numbers put in exactly as they are written."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", f"({value!r})")
    return activation(text)


def erf(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Activation:
    return expression("{a}*erf({b}*x) + {c}", a=a, b=b, c=c)


FAN_IN: dict[str, Callable[..., Node]] = {
    "FanInSum": lambda *nodes: sum(nodes),
    "FanInProd": product,
    "FanInConcat": concat,
}

LAYERS: dict[str, Callable[..., Activation]] = {
    "Relu": lambda do_stabilize=False: ACTIVATIONS["relu"],
    "LeakyRelu": lambda alpha: ACTIVATIONS["leaky_relu"].configure(slope=alpha),
    "ABRelu": lambda a, b: expression("{a}*min(x, 0) + {b}*max(x, 0)", a=a, b=b),
    "Abs": lambda: ACTIVATIONS["abs"],
    "Sign": lambda: ACTIVATIONS["sign"],
    "Erf": erf,
    "Gelu": lambda: ACTIVATIONS["gelu"],
    "Sin": lambda: ACTIVATIONS["sin"],
    "Cos": lambda: ACTIVATIONS["cos"],
    "Sigmoid_like": lambda: expression("0.5*erf(x/2.4020563531719796) + 0.5"),
    "Gaussian": lambda a, b: expression("{a}*exp({b}*x**2)", a=a, b=b),
    "Exp": lambda a, b: expression("{a}*exp({b}*x)", a=a, b=b),
    "Monomial": monomial,
    "Polynomial": lambda coef: polynomial(*coef),
    "RectifiedMonomial": rectified_monomial,
    "Rbf": lambda gamma: expression("sqrt(2)*sin(sqrt(2*{gamma})*x + pi/4)", gamma=gamma),
    "Elementwise": lambda with_derivative: ACTIVATIONS["erf"],
    "ElementwiseNumerical": lambda fn, deg: ACTIVATIONS[fn],
    "Hermite": lambda degree: activation(hermite(degree).phi / sp.sqrt(sp.factorial(degree))),
}


def model(case: Options) -> Graph:
    """The graph of a case of models.json: its model of the zoo, with its parameters.

    The zoo takes the file's names of the standard deviations as they are.
    """
    return MODEL_CASES[case["model"]](**case["params"])


def attention_tied(scaling: str = "1/d", pe_in_keys: bool = False, **params: float) -> Graph:
    return zoo.sa(scaling=scaling, position_in_keys=pe_in_keys, **params)


def attention_separate(scaling: str = "1/d", **params: float) -> Graph:
    return zoo.sa(separate=True, scaling=scaling, **params)


MATRIX_VECTOR: dict[str, Options] = {
    "full": {"kind": "full"},
    "phi": {"kind": "full"},
    "residual": {"kind": "full", "residual": True},
    "socher": {"kind": "recursive"},
    "hadamard": {"kind": "diagonal"},
    "hadamard_tied": {"kind": "diagonal", "tied": True},
}

LINEAR_RECURRENT = {
    "add": "additive",
    "mult": "multiplicative",
    "affine": "affine",
    "elem": "elementwise",
    "elem_affine": "elementwise affine",
}


def matrix_vector(kind: str = "full", **params: Any) -> Graph:
    return zoo.mv(**MATRIX_VECTOR[kind], **params)


def recurrent(kind: str = "add", readout: str = "last", **params: Any) -> Graph:
    pool = {"final": "last"}.get(readout, readout)
    if kind == "phi":
        return zoo.rnn(pool=pool, **params)
    return zoo.lrnn(kind=LINEAR_RECURRENT[kind], pool=pool, **params)


def convolutional(k: int, pad: str = "valid", **params: Any) -> Graph:
    return zoo.cnn(window=k, padding=pad, **params)


def transformer(ln: bool = True, **params: Any) -> Graph:
    return zoo.transformer(norm=ln, pool="sum", **params)


MODEL_CASES: dict[str, Callable[..., Graph]] = {
    "mlp": zoo.bow,
    "cnn": convolutional,
    "sa_tied": attention_tied,
    "sa_qkv": attention_separate,
    "mv": matrix_vector,
    "rnn": recurrent,
    "transformer": transformer,
}
