"""The empirical kernels of one finite network, without forming a Jacobian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symntk.finite.extents import Array, Inputs
from symntk.finite.network import Architecture, Network
from symntk.finite.samples import Samples
from symntk.graph import Node, Weight


@dataclass(frozen=True)
class Empirical:
    """Kernels of one network on a batch of N inputs, each of shape (N, N).

    nngp: the covariance of f given every parameter but those of the output layer.
    ntk: sum over trained parameters of df(a)/dp df(b)/dp.
    ntk_by_weight: the parts of ``ntk`` by the graph's names of the parameters, frozen ones absent;
        a repeated block's part is summed over the blocks.
    """

    nngp: Array
    ntk: Array
    ntk_by_weight: Mapping[str, Array]


def measure(network: Network, inputs: Inputs | Samples) -> Empirical:
    """The empirical kernels of ``network``.

    Weights.  For z = sigma / sqrt(n_in) W h with gradient g = df/dz, the derivative by W is the
    outer product sigma / sqrt(n_in) g h^T.  A product of two outer products needs no outer
    product: over pairs of uses u, w of W, and of positions p, q,
        sigma^2 / n_in sum_{u,w} sum_{p,q} (g_up(a) . g_wq(b)) (h_up(a) . h_wq(b)),
    two Gram matrices whose rows are inputs, uses and positions.  Where tokens x choose the matrix,
    pairs of equal ones count, a third Gram matrix x_up(a) . x_wq(b).  Biases:
    sigma^2 sum_{u,w} g_u(a) . g_w(b).

    Covariance.  f is linear in the parameters of its output layer (readouts and their biases),
    which are independent N(0, 1) variables: given all the others, Cov(f(a), f(b)) is the inner
    product of the derivatives by them, for a readout sigma_v^2 / n h(a) . h(b).  So the expectation
    over the output layer is exact, and only the rest is sampled.

    Parametrisations.  In 'standard', where entries of standard deviation sigma / sqrt(n_in), or
    sigma for a bias, are trained themselves, a part is n_in / sigma^2, or 1 / sigma^2, as large;
    n_in is then the graph's own width, not that of this network.
    """
    architecture = network.architecture
    samples = inputs if isinstance(inputs, Samples) else Samples.one_batch(inputs)
    passes = []
    for batch in samples.batches:
        values = network.values(batch)
        passes.append((values, network.gradients(batch, values)))
    nngp = np.zeros((len(samples), len(samples)))
    ntk = np.zeros_like(nngp)
    by_weight: dict[str, Array] = {}
    for name, uses in architecture.uses.items():
        part = _part(uses, passes)[samples.places]
        if name in architecture.readout:
            nngp += part
        parameter = uses[0].parameter
        assert parameter is not None
        if parameter.trainable:
            part = part * parametrization_factor(architecture, uses[0])
            ntk += part
            original = architecture.origin[parameter.name]
            by_weight[original] = by_weight.get(original, 0) + part
    return Empirical(nngp, ntk, by_weight)


Pass = tuple[Mapping[Node, Array], Mapping[Node, Array]]
"""The values and the gradients of one batch."""


def _part(uses: tuple[Node, ...], passes: Sequence[Pass]) -> Array:
    """The inner products of the derivatives by one array of N(0, 1) parameters, used at ``uses``.

    Rows are the positions of each use, batch after batch; the last step adds up those of an input.
    """
    factors: list[list[Array]] = [[] for _ in (*uses[0].inputs, None)]
    owners, first = [], 0
    for values, gradients in passes:
        batch = len(gradients[uses[0]])
        for node in uses:
            places = gradients[node].shape[:-1]
            for rows, array in zip(factors, _factors(node, values, gradients), strict=True):
                rows.append(array.reshape(-1, array.shape[-1]))
            owner = first + np.arange(batch).reshape(-1, *(1 for _ in places[1:]))
            owners.append(np.broadcast_to(owner, places).ravel())
        first += batch
    total = np.ones(())
    for rows in factors:
        stacked = np.concatenate(rows)
        total = total * (stacked @ stacked.T)
    adder = (np.arange(first)[:, None] == np.concatenate(owners)).astype(float)
    parameter = uses[0].parameter
    assert parameter is not None
    scale = float(parameter.std.value) ** 2
    if uses[0].inputs and not uses[0].inputs[0].is_one_hot:
        scale /= factors[1][0].shape[1]
    return np.asarray(scale * (adder @ total @ adder.T))


def _factors(
    node: Node, values: Mapping[Node, Array], gradients: Mapping[Node, Array]
) -> Iterator[Array]:
    """The vectors whose outer product is the derivative at each position: g, h, and the token."""
    gradient = gradients[node]
    yield gradient
    for child in node.inputs:
        value = values[child]
        missing = gradient.ndim - value.ndim
        value = np.expand_dims(value, tuple(range(1, 1 + missing)))
        yield np.broadcast_to(value, (*gradient.shape[:-1], value.shape[-1]))


def parametrization_factor(architecture: Architecture, node: Node) -> float:
    """How much larger the part of a parameter is because of its parametrisation."""
    parameter = node.parameter
    assert parameter is not None
    if parameter.parametrization == "ntk":
        return 1.0
    variance = float(parameter.std.value) ** 2
    if not isinstance(parameter, Weight) or node.inputs[0].is_one_hot:
        return 1 / variance
    width = node.inputs[0].width
    fan_in = width if isinstance(width, int) else architecture.lengths[node.inputs[0]]
    return fan_in / variance
