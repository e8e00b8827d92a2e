"""Mean kernels of random finite networks, with their standard errors: truth from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symntk.derivation import derive
from symntk.finite import Architecture, measure
from symntk.finite.samples import Samples
from symntk.graph import Graph, Node
from tests.sequence_oracle import evaluate

Kernels = Mapping[str, np.ndarray]
"""``nngp``, ``ntk`` and ``ntk:W`` for each weight W, matrices over pairs of inputs."""


def derived(graph: Graph, inputs: Sequence[Any]) -> Kernels:
    """What the derivation says, by the slow oracle."""
    derivation, count = derive(graph), len(inputs)
    found = {key: np.zeros((count, count)) for key in derivation.outputs}
    for row, column in np.ndindex(count, count):
        for key, value in evaluate(derivation, inputs[row], inputs[column]).items():
            found[key][row, column] = value
    return found


@dataclass(frozen=True)
class Measured:
    """The mean over finite networks of one width, and its standard error."""

    mean: Kernels
    error: Kernels
    width: int

    def of(self, *keys: str) -> Measured:
        """These kernels alone."""
        tables = ({key: table[key] for key in keys} for table in (self.mean, self.error))
        return Measured(*tables, self.width)

    def deviation(self, kernels: Kernels) -> float:
        """The largest deviation of ``kernels``, in units of what is allowed.

        Allowed are four standard errors and the bias of a mean kernel, which is O(1/n), on the
        scale sqrt(k(a, a) k(b, b)) of the NNGP or the NTK.
        """
        worst = 0.0
        assert set(kernels) == set(self.mean)
        for key, found in kernels.items():
            variances = np.diag(self.mean["nngp" if key == "nngp" else "ntk"])
            bias = 4 * np.sqrt(np.outer(variances, variances)) / self.width
            allowed = 4 * self.error[key] + bias + 1e-12
            worst = max(worst, float((abs(found - self.mean[key]) / allowed).max()))
        return worst


def measured(graph: Graph, inputs: Sequence[Any], width: int, seeds: int) -> Measured:
    """Kernels of ``seeds`` networks, for inputs whose lengths may differ."""
    samples = batched(graph, inputs)
    architecture = Architecture.of(graph, width, samples.dims, samples.reach(graph))
    found: dict[str, list[np.ndarray]] = {}
    for seed in range(seeds):
        kernels = measure(architecture.sample(np.random.default_rng(seed)), samples)
        parts = {f"ntk:{name}": part for name, part in kernels.ntk_by_weight.items()}
        for key, value in ({"nngp": kernels.nngp, "ntk": kernels.ntk} | parts).items():
            found.setdefault(key, []).append(value)
    mean = {key: np.mean(values, axis=0) for key, values in found.items()}
    error = {key: np.std(values, axis=0, ddof=1) / np.sqrt(seeds) for key, values in found.items()}
    return Measured(mean, error, width)


def batched(graph: Graph, inputs: Sequence[Any]) -> Samples:
    """The inputs, tokens as one-hot vectors, in batches of one length."""
    (node,) = graph.inputs
    arrays = [_array(node, data, inputs) for data in inputs]
    groups: dict[tuple[int, ...], list[int]] = {}
    for place, array in enumerate(arrays):
        groups.setdefault(array.shape, []).append(place)
    batches = [
        {str(node["name"]): np.stack([arrays[place] for place in group])}
        for group in groups.values()
    ]
    order = [place for group in groups.values() for place in group]
    return Samples(tuple(batches), tuple(order), {})


def _array(node: Node, data: Any, inputs: Sequence[Any]) -> np.ndarray:
    if not node.is_one_hot:
        return np.asarray(data)
    return np.eye(1 + max(token for tokens in inputs for token in tokens))[list(data)]
