"""The derivatives of a loss by the parameters, from the values and the gradients of vectors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import sqrt

import numpy as np

from symntk.finite.extents import Array
from symntk.finite.network import Network, aligned
from symntk.graph import Node


def add_parameter_gradients(
    network: Network,
    values: Mapping[Node, Array],
    gradients: Mapping[Node, Array],
    total: dict[str, Array],
    left_out: Collection[Node] = (),
) -> None:
    """Add to ``total`` what one batch contributes to dl/dp of each array p of N(0, 1) parameters.

    A weight z = sigma / sqrt(n_in) W h, used at the nodes u and at the positions p of inputs a, has
    dl/dW = sigma / sqrt(n_in) sum_u sum_{a,p} g_up(a) h_up(a)^T for g = dl/dz, and where tokens x
    choose the matrix, dl/dM_k is the sum over the positions with x = k.  A bias sigma b has
    dl/db = sigma sum_u sum_a g_u(a).  Frozen parameters are left out.

    values, gradients: h and g of the vectors by node, (batch, *positions, length).
    total: arrays by the names of the parameters, shaped like them; those that are 0 may be absent.
    left_out: uses that are not counted.
    """
    for name, uses in network.architecture.uses.items():
        for node in uses:
            assert node.parameter is not None
            if node.parameter.trainable and node in gradients and node not in left_out:
                part = _part(node, values, gradients[node])
                if name in total:
                    total[name] += part
                else:
                    total[name] = part


def _part(node: Node, values: Mapping[Node, Array], gradient: Array) -> Array:
    """What one use of a parameter contributes."""
    assert node.parameter is not None
    std = float(node.parameter.std.value)
    rows = gradient.reshape(-1, gradient.shape[-1])
    if not node.inputs:
        return np.asarray(std * rows.sum(0))
    h, *tokens = (_rows(array, gradient) for array in aligned(node, values))
    scale = std if node.inputs[0].is_one_hot else std / sqrt(h.shape[-1])
    if not tokens:
        return np.asarray((scale * rows).T @ h)
    parts = []
    for here in tokens[0].T:
        places = np.flatnonzero(here)
        parts.append((scale * here[places, None] * rows[places]).T @ h[places])
    return np.array(parts)


def _rows(array: Array, gradient: Array) -> Array:
    """An argument's vectors at each position of the product, one below the other."""
    width = array.shape[-1]
    return np.broadcast_to(array, (*gradient.shape[:-1], width)).reshape(-1, width)
