"""Cases of the reference files as graphs, built through the public language.

`network` reads a configuration of networks.json (neural-tangents' layers), `model` a case of
models.json (the paper's families).  Both work for any values of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
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
    Parametrization,
    Scale,
    attention,
    average_pool,
    biases,
    concat,
    conv,
    flatten,
    image,
    layer_norm,
    product,
    repeat,
    rms,
    sequence,
    sum_pool,
    vector,
    weights,
)
from symntk.graph.sequences import Flattened
from symntk.graph.weights import Number, Weight, number

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
        """W h + b, for flattened positions with a matrix at each of them."""
        (w,) = self.weights(W_std, width=width, parametrization=parameterization)
        return self.biased(w @ h, b_std, parameterization)

    def conv(
        self,
        h: Node,
        filter_shape: Sequence[int],
        W_std: float = 1.0,
        b_std: float | None = None,
        strides: Sequence[int] | None = None,
        padding: str = "VALID",
        width: int | None = None,
        parameterization: str = "ntk",
    ) -> Node:
        """The convolution whose fan-in is window x channels, so that it averages over the window.

        The window's share is in the standard deviation, as the standard parametrisation wants it.
        """
        std = number(W_std, "W_std") / sp.sqrt(prod(filter_shape))
        (w,) = self.weights(std, width=width, parametrization=parameterization)
        y = conv(
            w, h, tuple(filter_shape), padding.lower(), tuple(strides or (1,) * len(filter_shape))
        )
        return self.biased(y, b_std, parameterization)

    def attention(
        self,
        h: Node,
        linear_scaling: bool = True,
        attention_mechanism: str = "SOFTMAX",
        W_key_std: float = 1.0,
        W_value_std: float = 1.0,
        W_query_std: float = 1.0,
        W_out_std: float = 1.0,
        b_std: float | None = None,
    ) -> Node:
        """Self-attention.  With ``linear_scaling`` the logits are divided by d, and the queries are
        the keys times W_query_std / W_key_std; else by sqrt(d), in many heads.
        """
        key_weight, value_weight, out = self.weights(W_key_std, W_value_std, W_out_std)
        key, value = key_weight @ h, value_weight @ h
        if linear_scaling:
            query = key * (number(W_query_std, "W_query_std") / number(W_key_std, "W_key_std"))
        else:
            (query_weight,) = self.weights(W_query_std)
            query = query_weight @ h
        scaling, heads = ("1/d", "one") if linear_scaling else ("1/sqrt(d)", "many")
        mechanism = attention_mechanism.lower()
        return self.biased(out @ attention(query, key, value, scaling, heads, mechanism), b_std)

    def weights(self, *stds: Number, **options: Any) -> list[Weight]:
        """Fresh weights with the given standard deviations."""
        made: list[Weight] = []
        for std in stds:
            self.layer += 1
            made += weights(f"W{self.layer}", Scale.of(f"sigma_W{self.layer}", std), **options)
        return made

    def biased(
        self, y: Node, b_std: float | None, parametrization: Parametrization = "ntk"
    ) -> Node:
        """y + b with a fresh bias; y where its standard deviation is 0."""
        if not b_std:
            return y
        scale = Scale.of(f"sigma_b{self.layer}", b_std)
        (b,) = biases(f"b{self.layer}", scale, parametrization=parametrization)
        return y + b


def pool(
    h: Node,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
    normalize_edges: bool = False,
    average: bool = True,
) -> Node:
    """AvgPool; SumPool where ``average`` is False."""
    size, edge = tuple(window_shape), padding.lower()
    stride = tuple(strides or (1,) * len(size))
    if normalize_edges and edge == "same":
        edge = "inside"
    return (average_pool if average else sum_pool)(h, size, stride, edge)


def layer_norm_of(h: Node, axis: int = -1, eps: float = 1e-12) -> Node:
    """LayerNorm over the channels."""
    if axis != -1:
        raise NotImplementedError("LayerNorm over positions: not in the language")
    return layer_norm(h, eps)


def network(config: Options) -> Graph:
    """The graph of a configuration of networks.json; ``config["spec"]`` names the layers.

    shape: optional, the lengths of the input's axes.  Without it they are symbols, and their number
    is that of the windows; a network that pools or attends without windows is over sequences.
    """
    spec = config["spec"]
    (output,) = build(spec, [source(spec, config.get("shape"))], Counter())
    return Graph(output, title=config.get("id", ""))


def source(spec: list[Any], shape: Sequence[int] | None) -> Node:
    """The input that the layers of ``spec`` take: a vector, a sequence or an image."""
    if shape is None:
        found = layers(spec)
        windows = (o.get("filter_shape") or o.get("window_shape") for _, o in found)
        rank = next((len(window) for window in windows if window), 0)
        rank = rank or int(any(kind in OVER_POSITIONS for kind, _ in found))
    else:
        rank = len(shape)
    sizes = tuple(shape or ())
    match rank:
        case 0:
            return vector("x")
        case 1:
            return sequence("x", None, *sizes)
        case 2:
            return image("x", None, (sizes[0], sizes[1]) if sizes else None)
    raise NotImplementedError(f"inputs with {rank} axes of positions: not in the language")


def layers(spec: list[Any]) -> list[tuple[str, Options]]:
    """Every layer in ``spec`` with its options, in order."""
    kind, options = spec
    if kind in ("serial", "parallel"):
        return [layer for inner in options for layer in layers(inner)]
    return [(kind, options)]


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
    if kind in WITH_WEIGHTS:
        return [WITH_WEIGHTS[kind](counter, node, **options)]
    if kind in PLAIN:
        return [PLAIN[kind](node, **options)]
    if kind not in LAYERS:
        raise NotImplementedError(f"{kind}: not in the language yet")
    phi = LAYERS[kind](**options)
    return [flatten(phi(node.node)) if isinstance(node, Flattened) else phi(node)]


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

WITH_WEIGHTS: dict[str, Callable[..., Node]] = {
    "Dense": Counter.dense,
    "Conv": Counter.conv,
    "GlobalSelfAttention": Counter.attention,
}

PLAIN: dict[str, Callable[..., Any]] = {
    "Identity": lambda node: node,
    "ExpNormalized": exp_normalized,
    "LayerNorm": layer_norm_of,
    "AvgPool": pool,
    "SumPool": partial(pool, average=False),
    "GlobalAvgPool": lambda node: node.mean(),
    "GlobalSumPool": lambda node: node.sum(),
    "Flatten": flatten,
}

OVER_POSITIONS = frozenset({"GlobalAvgPool", "GlobalSumPool", "Flatten", "GlobalSelfAttention"})
"""Layers without a window that take a sequence or an image."""

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
