"""Explicit features, whose inner product is the kernel: exactly, edges included."""

from __future__ import annotations

import numpy as np
import pytest

from symntk import zoo
from symntk.decomposition import features
from symntk.decomposition.summands import NotWindows
from symntk.derivation import derive
from symntk.errors import UsageError
from tests.sequence_oracle import evaluate

DOCUMENTS = [[0, 1, 2], [2, 0, 1, 3], [4], [1, 2, 0, 5, 6, 1], [3, 1]]

MODELS = {
    "bow": zoo.bow(b_std=0.5, e_std=1.3),
    "bow, mean": zoo.bow(act="tanh", pool="mean"),
    "cnn, valid": zoo.cnn(window=2, padding="valid", w_std=0.7),
    "cnn, same": zoo.cnn(window=2),
    "cnn, full": zoo.cnn(window=2, padding="full", act="erf"),
    "mv": zoo.mv(),
    "mv, linear, residual": zoo.mv(residual=True),
    "mv, residual": zoo.mv(act="relu", residual=True),
    "mv, recursive": zoo.mv(kind="recursive", act="relu"),
}


@pytest.mark.parametrize("output", ["nngp", "ntk"])
@pytest.mark.parametrize("name", MODELS)
def test_the_inner_product_is_the_kernel(name: str, output: str) -> None:
    rows = features(MODELS[name], output=output).feature_map().fit_transform(DOCUMENTS).toarray()
    derivation = derive(MODELS[name])
    kernel = [[evaluate(derivation, a, b)[output] for b in DOCUMENTS] for a in DOCUMENTS]
    assert rows @ rows.T == pytest.approx(np.array(kernel), rel=1e-11, abs=1e-12)


def test_columns_have_names_and_groups() -> None:
    made = features(zoo.bow()).feature_map().fit([["a", "b"], ["b"]])
    assert made.names == [("constant", ()), ("unigram", ("a",)), ("unigram", ("b",))]
    assert made.groups == {"constant": [0], "unigram": [1, 2]}
    (row,) = made.transform([["b", "b", "c"]]).toarray()
    assert row[1] == 0
    assert row[2] / row[0] == pytest.approx(2 / 3 * np.sqrt(1.5 * 2 * np.pi - 1), rel=1e-12)


def test_documents_that_are_none() -> None:
    made = features(zoo.bow()).feature_map()
    with pytest.raises(UsageError, match="split it into tokens"):
        made.fit(["a text"])
    with pytest.raises(UsageError, match="document 1 is empty"):
        made.fit([["a"], []])


@pytest.mark.parametrize(
    "model", [zoo.rnn(), zoo.transformer(), zoo.mv(kind="diagonal", tied=True)]
)
def test_kernels_of_whole_documents_have_no_finite_map(model) -> None:
    with pytest.raises(NotWindows):
        features(model).feature_map()
