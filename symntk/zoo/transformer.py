"""The transformer encoder: attention and a feed-forward layer, each with a residual and a norm."""

from __future__ import annotations

from typing import Literal

from symntk.activations import activation
from symntk.graph import Graph, Node, attention, layer_norm, positions, tokens
from symntk.zoo.keywords import Act, Number, Pool, model
from symntk.zoo.parts import counted, pooled, weight, with_act


@model
def transformer(
    depth: int = 1,
    act: Act = "relu",
    norm: bool = True,
    pool: Pool = "mean",
    scaling: Literal["1/d", "1/sqrt(d)"] = "1/d",
    e_std: Number = 1,
    p_std: Number = 0,
    q_std: Number = 1,
    k_std: Number = 1,
    value_std: Number = 1,
    w1_std: Number = 1,
    w2_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """Transformer encoder over tokens.

        h_t  = sigma_e E[:, x_t] + sigma_p P[:, t]       (of the first block)
        a_t  = sum_r softmax_r(q_t . k_r / s) w_r        (of WQ h, WK h, WV h)
        z_t  = LN(h_t + a_t)
        h'_t = LN(z_t + sigma_2 / sqrt(n) W2 phi(sigma_1 / sqrt(n) W1 z_t))
        s(x) = sigma_v / sqrt(n) v . mean_t h'_t

    The encoder of Vaswani et al. (2017), section 3.1, without gains and biases in the norms; its
    limit is that of Yang (2020), Tensor Programs II, and of Hron et al. (2020).

    depth: blocks.
    act: activation phi of the feed-forward layer, a name or a formula in x.
    norm: layer norms LN.
    pool: the sum or the mean over positions, the first or the last vector.
    scaling: of the logits, by s = d or sqrt(d), d the width; sqrt(d) means infinitely many heads.
    e_std: standard deviation sigma_e of the embedding.
    p_std: standard deviation sigma_p of a trained position encoding; 0 for none.
    q_std: standard deviation sigma_q of the queries.
    k_std: standard deviation sigma_k of the keys.
    value_std: standard deviation sigma_V of the values.
    w1_std: standard deviation sigma_1 of the first feed-forward weights.
    w2_std: standard deviation sigma_2 of the second.
    v_std: standard deviation sigma_v of the readout.
    """
    phi, x = activation(act), tokens("x")
    heads = "many" if scaling == "1/sqrt(d)" else "one"

    def normed(h: Node) -> Node:
        return layer_norm(h) if norm else h

    def block(label: str, h: Node) -> Node:
        query = weight(f"WQ{label}", q_std, "q") @ h
        key = weight(f"WK{label}", k_std, "k") @ h
        value = weight(f"WV{label}", value_std, "V") @ h
        z = normed(h + attention(query, key, value, scaling, heads))
        inner = phi(weight(f"W1{label}", w1_std, "1") @ z)
        return normed(z + weight(f"W2{label}", w2_std, "2") @ inner)

    h = weight("E", e_std, "e") @ x
    if p_std:
        h = h + weight("P", p_std, "p") @ positions(x)
    h = h.named("h" if depth == 1 else "h0")
    for layer in range(1, depth + 1):
        h = block("" if depth == 1 else f"_{layer}", h)
    s = weight("v", v_std) @ pooled(h, pool)
    return Graph(s, with_act(f"transformer of {counted(depth, 'block')}", phi))
