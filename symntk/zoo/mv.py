"""Matrix-vector models: the matrix of one word acts on the vector of the next."""

from __future__ import annotations

from typing import Literal

from symntk.activations import activation
from symntk.graph import Graph, Node, tokens
from symntk.zoo.keywords import Act, Number, Pool, model
from symntk.zoo.parts import pooled, weight, with_act


@model
def mv(
    kind: Literal["full", "diagonal", "recursive"] = "full",
    act: Act = "linear",
    tied: bool = False,
    residual: bool = False,
    pool: Pool = "sum",
    e_std: Number = 1,
    m_std: Number = 1,
    u_std: Number = 1,
    w_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """Matrix-vector model over pairs of adjacent tokens.

        e_t  = sigma_e E[:, x_t]
        s(x) = sigma_v / sqrt(n) v . sum_t phi(z_t)

        full:      z_t = sigma_M / sqrt(n) M_(x_t) e_(t+1)
        diagonal:  z_t = sigma_u U[:, x_t] * e_(t+1)
        recursive: z_t = sigma_w / sqrt(n) sigma_M / sqrt(n)
                         (W_1 M_(x_(t+1)) e_t + W_2 M_(x_t) e_(t+1))

    A random matrix M for each token, as in the MV of Sun, Li & Lu (2023), section 3, or a random
    diagonal one; in the recursive form the matrix of each word acts on the other (Socher et al.
    2012, eq. 2).

    kind: what acts on the vector of the next token.
    act: activation phi, a name or a formula in x; linear for none.
    tied: in the diagonal form, e_t * e_(t+1).
    residual: add the sum of all e_t.
    pool: the sum or the mean over pairs, the first or the last.
    e_std: standard deviation sigma_e of the embedding.
    m_std: standard deviation sigma_M of the matrices of tokens.
    u_std: standard deviation sigma_u of the diagonals of tokens.
    w_std: standard deviation sigma_w of W_1 and W_2 in the recursive form.
    v_std: standard deviation sigma_v of the readout.
    """
    phi, x = activation(act), tokens("x")
    E, M, W = weight("E", e_std, "e"), weight("M", m_std), weight("W", w_std, "w")
    left, right = x.shift(-1, "valid"), x.shift(1, "valid")

    def pairs(e: Node) -> Node:
        first, second = e.shift(-1, "valid"), e.shift(1, "valid")
        match kind:
            case "full":
                return M[left] @ second
            case "diagonal":
                return (first if tied else weight("U", u_std, "u") @ left) * second
            case "recursive":
                return W[1] @ (M[right] @ first) + W[2] @ (M[left] @ second)

    e = (E @ x).named("e")
    z = pairs(e).named("z")
    is_linear = phi == activation("linear")
    h = pooled(z if is_linear else phi(z), pool)
    if residual:
        h = h + pooled(e, pool)
    matrices = {
        "full": "matrix-vector model",
        "diagonal": "matrix-vector model of diagonal matrices",
        "recursive": "recursive matrix-vector model",
    }[kind]
    title = matrices if is_linear else with_act(matrices, phi)
    return Graph(weight("v", v_std) @ h, title)
