"""The empirical kernels of one finite network, without forming a Jacobian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symntk.finite.network import Architecture, Array, Inputs, Network
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


def measure(network: Network, inputs: Inputs) -> Empirical:
    """The empirical kernels of ``network``.

    Weights.  For z = sigma / sqrt(n_in) W h with gradient g = df/dz, the derivative by W is the
    outer product sigma / sqrt(n_in) g h^T.  A product of two outer products needs no outer
    product: over pairs of uses u, w of W,
        sigma^2 / n_in sum_{u,w} (g_u(a) . g_w(b)) (h_u(a) . h_w(b)),
    two Gram matrices for each pair.  Biases: sigma^2 sum_{u,w} g_u(a) . g_w(b).

    Covariance.  f is linear in the parameters of its output layer (readouts and their biases),
    which are independent N(0, 1) variables: given all the others, Cov(f(a), f(b)) is the inner
    product of the derivatives by them, for a readout sigma_v^2 / n h(a) . h(b).  So the expectation
    over the output layer is exact, and only the rest is sampled.

    Parametrisations.  In 'standard', where entries of standard deviation sigma / sqrt(n_in), or
    sigma for a bias, are trained themselves, a part is n_in / sigma^2, or 1 / sigma^2, as large;
    n_in is then the graph's own width, not that of this network.
    """
    architecture = network.architecture
    values = network.values(inputs)
    gradients = network.gradients(inputs, values)
    batch = len(values[architecture.graph.output])
    nngp = np.zeros((batch, batch))
    ntk = np.zeros((batch, batch))
    by_weight: dict[str, Array] = {}
    for name, uses in architecture.uses.items():
        part = _part(uses, values, gradients)
        if name in architecture.readout:
            nngp += part
        parameter = uses[0].parameter
        assert parameter is not None
        if parameter.trainable:
            part = part * _factor(architecture, uses[0])
            ntk += part
            original = architecture.origin[name]
            by_weight[original] = by_weight.get(original, 0) + part
    return Empirical(nngp, ntk, by_weight)


def _part(
    uses: tuple[Node, ...], values: Mapping[Node, Array], gradients: Mapping[Node, Array]
) -> Array:
    """The inner products of the derivatives by one N(0, 1) parameter, used at ``uses``."""
    total: Array | None = None
    for i, first in enumerate(uses):
        for second in uses[: i + 1]:
            term = gradients[first] @ gradients[second].T
            if first.inputs:
                (left,), (right,) = first.inputs, second.inputs
                term = term * (values[left] @ values[right].T) / values[left].shape[1]
            term = term if first is second else term + term.T
            total = term if total is None else total + term
    parameter = uses[0].parameter
    assert total is not None and parameter is not None
    return float(parameter.std.value) ** 2 * total


def _factor(architecture: Architecture, node: Node) -> float:
    """How much larger the part of a parameter is because of its parametrisation."""
    parameter = node.parameter
    assert parameter is not None
    if parameter.parametrization == "ntk":
        return 1.0
    variance = float(parameter.std.value) ** 2
    if not isinstance(parameter, Weight):
        return 1 / variance
    (argument,) = node.inputs
    width = argument.width
    fan_in = width if isinstance(width, int) else architecture.lengths[argument]
    return fan_in / variance
