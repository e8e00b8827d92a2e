"""Random networks of sequences and images: kernel, plain evaluation and finite networks agree.

Three routes that share little, as in `test_random_graphs`: the emitted kernel in stable arithmetic,
the oracle that integrates every expectation numerically, and finite networks that know no rule.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from symntk.derivation import derive
from symntk.emission import emit
from symntk.graph import Graph
from tests.finite_truth import measured
from tests.interpreted import load
from tests.random_sequences import INPUTS, graphs
from tests.sequence_oracle import evaluate

slow = settings(
    phases=(Phase.explicit, Phase.generate),  # too slow to shrink by
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture,
    ],
)  # fmt: skip


def inputs_of(graph: Graph) -> list[Any]:
    """Two inputs of the graph's kind, of different lengths where it is a sequence."""
    (node,) = graph.inputs
    kind = "tokens" if node.is_one_hot else "image" if len(node.positions) == 2 else "sequence"
    return list(INPUTS[kind][:2])


def kernels(graph: Graph, inputs: list[Any], folder: Path) -> dict[str, np.ndarray]:
    """The NNGP and the NTK by the emitted module."""
    nngp, ntk = load(emit(derive(graph)), folder).kernel(inputs)
    return {"nngp": nngp, "ntk": ntk}


@given(graphs())
@settings(slow, max_examples=12)
def test_kernels_agree_with_finite_networks(tmp_path: Path, graph: Graph) -> None:
    inputs = inputs_of(graph)
    found = kernels(graph, inputs, tmp_path)
    truth = measured(graph, inputs, width=128, seeds=40).of(*found)
    assert truth.deviation(found) < 1, str(graph)


@given(graphs(kinds=("tokens", "sequence")))
@settings(slow, max_examples=8)
def test_kernels_agree_with_plain_evaluation(tmp_path: Path, graph: Graph) -> None:
    inputs = inputs_of(graph)
    found = kernels(graph, inputs, tmp_path)
    truth = evaluate(derive(graph), *inputs)
    for key, kernel in found.items():
        scale = np.sqrt(kernel[0, 0] * kernel[1, 1])
        assert abs(kernel[0, 1] - truth[key]) <= 1e-10 * scale, (str(graph), key)
    parts = [value for key, value in truth.items() if key.startswith("ntk:")]
    assert abs(truth["ntk"] - sum(parts)) <= 1e-10 * max(map(abs, parts))
