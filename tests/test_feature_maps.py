"""Explicit features, whose inner product is the kernel: exactly, edges included."""

from __future__ import annotations

import numpy as np
import pytest

from symntk import zoo
from symntk.activations import activation
from symntk.decomposition import features
from symntk.decomposition.maps.feature_map import FeatureMap
from symntk.decomposition.maps.statistics import Statistics, statistics
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import derive
from symntk.errors import UsageError
from symntk.graph import (
    Graph,
    average_pool,
    conv,
    flatten,
    layer_norm,
    positions,
    sinusoid,
    tokens,
    weights,
)
from tests.sequence_oracle import evaluate

DOCUMENTS = [[0, 1, 2], [4], [1, 2, 0, 0, 6, 1], [3, 3], [1, 1, 1, 0, 1]]
"""Short and long ones; tokens come twice within a window, and at the edges."""

relu = activation("relu")
x = tokens("x")
E, W, V, P, v = weights("E W V P v")
e = E @ x

MODELS = {
    "bow": zoo.bow(b_std=0.5, e_std=1.3),
    "bow, mean": zoo.bow(act="tanh", pool="mean"),
    "cnn, valid": zoo.cnn(window=2, padding="valid", w_std=0.7),
    "cnn, same": zoo.cnn(window=2),
    "cnn, full": zoo.cnn(window=2, padding="full", act="erf"),
    "cnn, two layers": zoo.cnn(depth=2, window=2),
    "mv": zoo.mv(),
    "mv, linear, residual": zoo.mv(residual=True),
    "mv, residual": zoo.mv(act="relu", residual=True),
    "mv, recursive": zoo.mv(kind="recursive", act="relu"),
    "mv, tied": zoo.mv(kind="diagonal", tied=True, e_std=0.8),
    "one matrix at every offset": Graph(v @ relu(W @ (e + e.shift(1))).sum()),
    "means of windows": Graph(v @ relu(W @ average_pool(e, 2, 1, "valid")).sum()),
    "far windows": Graph(v @ relu(e.taps(5, "valid")[1] + e.taps(5, "valid")[4]).sum()),
    "a weight for each position": Graph(v @ flatten(relu(e))),
    "a matrix of the token": Graph(v @ (W[x] @ (e + e.shift(1))).sum()),
    "norm": Graph(v @ layer_norm(relu(conv(V, e, 2, "same")), eps=0.1).sum()),
    "positions": Graph(v @ relu(e + P @ positions(x)).sum()),
    "positions in windows": Graph(v @ relu(conv(W, e + P @ positions(x), 2, "same")).sum()),
    "linear positions": Graph(v @ (e + P @ positions(x)).sum()),
}


@pytest.mark.parametrize("output", ["nngp", "ntk"])
@pytest.mark.parametrize("name", MODELS)
def test_the_inner_product_is_the_kernel(name: str, output: str) -> None:
    rows = features(MODELS[name], output=output).feature_map().fit_transform(DOCUMENTS).toarray()
    derivation = derive(MODELS[name])
    kernel = [[evaluate(derivation, a, b)[output] for b in DOCUMENTS] for a in DOCUMENTS]
    assert rows @ rows.T == pytest.approx(np.array(kernel), rel=1e-11, abs=1e-12)


def test_a_mean_over_pairs() -> None:
    """It is divided by T - 1, and a document of one token has none."""
    model = Graph(v @ relu(W @ e.shift(-1, "valid") + V @ e.shift(1, "valid")).mean())
    documents = [document for document in DOCUMENTS if len(document) > 1]
    made = features(model).feature_map()
    rows = made.fit_transform(documents).toarray()
    derivation = derive(model)
    kernel = [[evaluate(derivation, a, b)["ntk"] for b in documents] for a in documents]
    assert rows @ rows.T == pytest.approx(np.array(kernel), rel=1e-11)
    with pytest.raises(UsageError, match="document 2 has no window"):
        made.transform([[0, 1], [4]])


def test_columns_have_names_and_groups() -> None:
    made = features(zoo.bow()).feature_map().fit([["a", "b"], ["b"]])
    assert made.names == [("constant", ()), ("unigram", ("a",)), ("unigram", ("b",))]
    assert made.groups == {"constant": [0], "unigram": [1, 2]}
    (row,) = made.transform([["b", "b", "c"]]).toarray()
    assert row[1] == 0
    assert row[2] / row[0] == pytest.approx(2 / 3 * np.sqrt(1.5 * 2 * np.pi - 1), rel=1e-12)


def test_a_kernel_that_is_zero_has_no_features() -> None:
    made = FeatureMap(Statistics(()))
    assert made.fit_transform([["a"], ["b", "c"]]).shape == (2, 0)
    assert made.names == []


def test_documents_that_are_none() -> None:
    made = features(zoo.bow()).feature_map()
    with pytest.raises(UsageError, match="split it into tokens"):
        made.fit(["a text"])
    with pytest.raises(UsageError, match="document 2 has no tokens"):
        made.fit([["a"], []])


@pytest.mark.parametrize(
    "model",
    [
        zoo.rnn(),
        zoo.transformer(),
        Graph(v @ relu(W @ (e + sinusoid(x))).sum()),
        Graph(v @ relu(W @ average_pool(e, 2, 1, "inside")).sum()),
        Graph(v @ (e.mean() + e.sum())),
    ],
)
def test_kernels_that_are_no_sum_over_windows_are_refused_with_a_reason(model) -> None:
    with pytest.raises(NotWindows, match=r"\w+ \w+ \w+"):
        statistics(derive(model))
