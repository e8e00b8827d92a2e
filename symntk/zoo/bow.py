"""The multilayer perceptron over tokens: a bag of words."""

from __future__ import annotations

from symntk.activations import activation
from symntk.graph import Graph, Node, repeat, tokens
from symntk.zoo.keywords import Act, Depth, Number, Pool, model
from symntk.zoo.parts import bias, layers, plus, pooled, weight, with_act


@model
def bow(
    depth: Depth = 1,
    act: Act = "relu",
    pool: Pool = "sum",
    e_std: Number = 1,
    w_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """Multilayer perceptron over tokens, a bag of words.

        e_t  = sigma_e E[:, x_t]
        u_t  = sigma_w / sqrt(n) W e_t + sigma_b b
        s(x) = sigma_v / sqrt(n) v . sum_t phi(u_t)

    The MLP of Sun, Li & Lu (2023), section 3; more layers act on each position.

    depth: hidden layers between the embedding and the sum, a number or a letter.
    act: activation phi, a name or a formula in x.
    pool: the sum or the mean over positions, the first or the last vector.
    e_std: standard deviation sigma_e of the embedding.
    w_std: standard deviation sigma_w of the hidden weights.
    b_std: standard deviation sigma_b of the hidden biases; 0 for none.
    v_std: standard deviation sigma_v of the readout.
    """
    phi, hidden = activation(act), layers(depth)

    def dense(label: str, h: Node) -> Node:
        return plus(weight(f"W{label}", w_std, "w") @ h, bias(f"b{label}", b_std))

    e = (weight("E", e_std, "e") @ tokens("x")).named("e")
    if hidden == 1:
        u = dense("", e).named("u")
    else:
        u = repeat(lambda z: dense("", phi(z)), dense("1", e).named("u1"), hidden - 1)
    s = weight("v", v_std) @ pooled(phi(u), pool)
    return Graph(s, with_act("token multilayer perceptron", phi))
