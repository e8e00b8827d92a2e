"""Random networks over tokens: what their kernels are taken apart into, summed back, is the kernel.

The kernel is evaluated plainly by `tests.sequence_oracle`, which knows of no window, no kind of
position and no polynomial.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from symntk.decomposition.maps.feature_map import FeatureMap
from symntk.decomposition.maps.statistics import statistics
from symntk.decomposition.polynomials.multilinear import coefficients
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import derive
from symntk.graph import Graph
from tests.random_sequences import attended, graphs, linear_loop, recurrent, token_loop
from tests.sequence_oracle import Oracle

slow = settings(
    phases=(Phase.explicit, Phase.generate),  # too slow to shrink by
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

DOCUMENTS = [[0, 1, 2, 1], [2, 0, 1, 1, 3], [1, 1, 1], [3, 1, 3, 0, 0]]
"""Tokens come twice within a window, and at the edges; unlike in most texts."""

REASONS = (
    "is read alone",
    "real distances",
    "is not linear",
    "is not near t",
    "at a distance",
    "a sequence of length",
)


@given(graphs(kinds=("tokens",), without=(attended, recurrent, linear_loop, token_loop)))
@settings(slow, max_examples=25)
def test_explicit_features_are_the_kernel(graph: Graph) -> None:
    derivation = derive(graph)
    try:
        rows = FeatureMap(statistics(derivation)).fit_transform(DOCUMENTS).toarray()
    except NotWindows as refusal:
        assert any(reason in str(refusal) for reason in REASONS), refusal
        return
    kernel = [[Oracle(derivation, a, b).output("ntk") for b in DOCUMENTS] for a in DOCUMENTS]
    assert rows @ rows.T == pytest.approx(np.array(kernel), rel=1e-10, abs=1e-12), graph


@given(graphs(kinds=("tokens",), max_layers=1))
@settings(slow, max_examples=6)
def test_the_coefficients_of_short_documents_are_the_kernel(graph: Graph) -> None:
    """The sum of c_S over the subsets S of the positions that agree, for tokens that all differ."""
    derivation = derive(graph)
    found = coefficients(derivation, 2)
    for other, shared in (([0, 1], {1, 2}), ([0, 7], {1}), ([7, 8], set())):
        oracle = Oracle(derivation, [0, 1], other)
        terms = (oracle.number(c, {}) for chosen, c in found.items() if shared.issuperset(chosen))
        truth = oracle.output("ntk")
        assert sum(terms) == pytest.approx(truth, rel=1e-9, abs=1e-12), graph
