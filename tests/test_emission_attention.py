"""Attention whose weights are numbers: one document's share is done once, with the same results."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symntk import zoo
from symntk.activations import activation
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import derive
from symntk.emission import emit
from symntk.emission.counts.weighted import weighted_sum
from symntk.graph import Graph, attention, conv, sequence, weights
from tests.interpreted import load
from tests.sequence_oracle import evaluate

Q, V, W, U, v = weights("Q V W U v")
x = sequence("x")
y = attention(Q @ x, Q @ x, V @ x, "1/d")
relu, erf = activation("relu"), activation("erf")

VECTORS = {
    "perceptron behind attention": Graph(v @ relu(U @ y).sum()),
    "convolution behind attention": Graph(v @ erf(conv(U, y, 3)).mean()),
    "two layers behind attention": Graph(v @ relu(W @ relu(U @ y)).sum()),
}
UNMIXED = {
    "the vectors beside their attention": Graph(v @ relu(U @ (V @ x + y)).sum()),
    "attention behind an activation": Graph(
        v @ relu(attention(Q @ relu(W @ x), Q @ relu(W @ x), V @ relu(W @ x), "1/d")).sum()
    ),
}


def check(module: ModuleType, graph: Graph, data: list[Any], others: list[Any]) -> None:
    """All entries against the oracle, and the three ways to ask for them against each other."""
    derivation = derive(graph)
    square, found, own = module.kernel(data), module.kernel(data, others), module.diag(data)
    for name, pairs, all_pairs, diagonal in zip(("nngp", "ntk"), found, square, own, strict=True):
        expected = np.array([[evaluate(derivation, a, b)[name] for b in others] for a in data])
        assert pairs == pytest.approx(expected, rel=1e-11, abs=1e-12)
        assert np.array_equal(all_pairs, all_pairs.T)
        assert np.diag(all_pairs) == pytest.approx(diagonal, rel=1e-13)
        together = module.kernel(data, data)[0 if name == "nngp" else 1]
        assert all_pairs == pytest.approx(together, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("name", [*VECTORS, *UNMIXED])
def test_attention_over_vectors(name: str, tmp_path: Path) -> None:
    """Rows are mixed once where nothing else needs them; one vector alone, equal documents."""
    graph = (VECTORS | UNMIXED)[name]
    module = load(emit(derive(graph)), tmp_path)
    assert hasattr(module, "_mixtures") == (name in VECTORS)
    random = np.random.default_rng(0)
    data = [random.standard_normal((length, 3)) for length in (1, 4, 2)]
    check(module, graph, [*data, data[1].copy()], [data[1], random.standard_normal((3, 3))])


@pytest.mark.parametrize(
    "graph",
    [zoo.transformer(), zoo.transformer(depth=2, act="erf", pool="sum")],
    ids=["a block", "two blocks"],
)
def test_pairs_of_tokens_match_or_not(graph: Graph, tmp_path: Path) -> None:
    """No loop over positions of both documents: one code for m = 1, and one for m = 0."""
    source = emit(derive(graph))
    pair = source[source.index("def _pair(") : source.index("def _samples(")]
    assert "for " not in pair and "_same" in pair and "_apart" in pair
    check(load(source, tmp_path), graph, [[1], [1, 2, 1], [3, 4]], [[1, 1], [2, 5]])


LINEAR = {
    "tied": zoo.sa(),
    "encoded keys": zoo.sa(position_in_keys=True, position_scale=0.7),
    "trained positions, a mean": zoo.sa(p_std=0.5, pool="mean", v_std=1.3),
    "the first output": zoo.sa(pool="first"),
    "equal weights": zoo.sa(separate=True),
}


@pytest.mark.parametrize("name", LINEAR)
def test_attention_that_is_linear_in_matches(name: str, tmp_path: Path) -> None:
    """Weights of positions, summed by token: no pair of positions of two documents is looked at."""
    source = emit(derive(LINEAR[name]))
    assert "_pair(" not in source and "inner_counts" in source
    module = load(source, tmp_path)
    check(module, LINEAR[name], [[1], [1, 2, 1], [3, 4]], [[1, 1], [2, 5, 1, 2], [7]])


def test_what_is_not_linear_in_matches() -> None:
    for graph in (zoo.transformer(), zoo.rnn(), zoo.bow(pool="first")):
        with pytest.raises(NotWindows):
            weighted_sum(derive(graph))
