"""The multilayer perceptron on dense vectors."""

from __future__ import annotations

from symntk.activations import activation
from symntk.graph import Graph, Node, repeat, vector
from symntk.zoo.keywords import Act, Depth, Number, model
from symntk.zoo.parts import bias, counted, layers, plus, weight, with_act


@model
def mlp(
    depth: Depth = 1,
    act: Act = "relu",
    w_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """Multilayer perceptron on vectors.

        z^1     = sigma_w / sqrt(d) W^1 x + sigma_b b^1
        z^(l+1) = sigma_w / sqrt(n) W^(l+1) phi(z^l) + sigma_b b^(l+1)
        f(x)    = sigma_v / sqrt(n) v . phi(z^L)

    depth: hidden layers L, a number or a letter.
    act: activation phi, a name or a formula in x.
    w_std: standard deviation sigma_w of the hidden weights.
    b_std: standard deviation sigma_b of the hidden biases; 0 for none.
    v_std: standard deviation sigma_v of the readout.
    """
    phi, hidden = activation(act), layers(depth)

    def dense(label: str, h: Node) -> Node:
        return plus(weight(f"W{label}", w_std, "w") @ h, bias(f"b{label}", b_std))

    x, v = vector("x"), weight("v", v_std)
    if hidden == 1:
        f = v @ phi(dense("", x))
    else:
        z1 = dense("1", x).named("z1")
        f = v @ phi(repeat(lambda z: dense("", phi(z)), z1, hidden - 1))
    return Graph(f, with_act(f"multilayer perceptron with {counted(hidden, 'hidden layer')}", phi))
