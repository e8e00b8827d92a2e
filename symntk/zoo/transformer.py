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
    o_std: Number = 1,
    w1_std: Number = 1,
    w2_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """Transformer encoder over tokens.

        h_t  = sigma_e E[:, x_t] + sigma_p P[:, t],  then o_t of the block before
        y_t  = sum_r softmax_r(q_t . k_r / s) w_r,  q = WQ h, k = WK h, w = WV h
        m_t  = LN(h_t + y_t),  or LN(h_t + WO y_t) of infinitely many heads
        o_t  = LN(m_t + W2 phi(W1 m_t))
        s(x) = sigma_v / sqrt(n) v . mean_t o_t

    The encoder of Vaswani et al. (2017), section 3.1, without gains and biases in the norms; its
    limit is that of Yang (2020), Tensor Programs II, and of Hron et al. (2020). Each matrix has its
    own sigma / sqrt(n) before it.

    depth: blocks.
    act: activation phi of the feed-forward layer, a name or a formula in x.
    norm: layer norms LN.
    pool: the sum or the mean over positions, the first or the last vector.
    scaling: of the logits, by s = d or sqrt(d), d the width; sqrt(d) means infinitely many heads,
        mixed by a matrix WO.
    e_std: standard deviation sigma_e of the embedding.
    p_std: standard deviation sigma_p of a trained position encoding; 0 for none.
    q_std: standard deviation sigma_q of the queries.
    k_std: standard deviation sigma_k of the keys.
    value_std: standard deviation sigma_V of the values.
    o_std: standard deviation sigma_o of WO.
    w1_std: standard deviation sigma_1 of the first feed-forward weights.
    w2_std: standard deviation sigma_2 of the second.
    v_std: standard deviation sigma_v of the readout.
    """
    phi, x = activation(act), tokens("x")
    heads = "many" if scaling == "1/sqrt(d)" else "one"

    def normed(h: Node) -> Node:
        return layer_norm(h) if norm else h

    def block(label: str, h: Node) -> Node:
        index = f"_{label}" if label else ""

        def dense(name: str, std: Number, symbol: str, h: Node) -> Node:
            return weight(f"{name}{index}", std, symbol) @ h

        q = dense("WQ", q_std, "q", h).named(f"q{label}")
        k = dense("WK", k_std, "k", h).named(f"k{label}")
        w = dense("WV", value_std, "V", h).named(f"w{label}")
        y = attention(q, k, w, scaling, heads).named(f"y{label}")
        m = normed(h + (dense("WO", o_std, "o", y) if heads == "many" else y)).named(f"m{label}")
        u = dense("W1", w1_std, "1", m).named(f"u{label}")
        return normed(m + dense("W2", w2_std, "2", phi(u))).named(f"o{label}")

    h = weight("E", e_std, "e") @ x
    if p_std:
        h = h + weight("P", p_std, "p") @ positions(x)
    h = h.named("h")
    for layer in range(1, depth + 1):
        h = block(str(layer) if depth > 1 else "", h)
    s = weight("v", v_std) @ pooled(h, pool)
    return Graph(s, with_act(f"transformer of {counted(depth, 'block')}", phi))
