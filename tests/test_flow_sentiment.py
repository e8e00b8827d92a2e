"""Gradient flow on the Stanford sentiment treebank, against sst.json."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.sparse.linalg import lsqr

import symntk as sn
from symntk import zoo
from symntk.dynamics import Flow
from symntk.dynamics.polarity import polarity
from tests import shared
from tests.sentiment import corpus, needed

REFERENCE = shared.read("sst.json")
RHO_T = 3600
"""The time up to which the reference integrates, in units of the reciprocal unigram coefficient."""

pytestmark = [
    pytest.mark.skipif(not REFERENCE, reason="the reference files are not beside the project"),
    needed,
]


@cache
def followed(act: str) -> Flow:
    """The flow of the mean logistic loss on the train split, to rho t = 3600."""
    docs, labels = corpus("train")
    model = zoo.bow(act=act)
    rho = next(row.value for row in sn.features(model) if row.feature == "unigram 1")
    times = np.concatenate([[0.0], np.geomspace(0.1, RHO_T, 60) / rho])
    return sn.flow(model, docs, labels, times=times, eta=1 / len(docs))


def lists_of(flow: Flow) -> dict[str, list[int]]:
    """The numbers of the positive, negative and neutral tokens."""
    return {name: flow.places(tokens) for name, tokens in polarity(flow).items()}


def test_statistics_of_the_corpus() -> None:
    docs, labels = corpus("train")
    expected = REFERENCE["corpus"]
    flow = followed("tanh")
    assert len(docs) == expected["documents"]
    assert sum(map(len, docs)) == flow.counts.sum() == expected["tokens"]
    assert len(flow.tokens) == expected["vocabulary"]
    assert labels.sum() == expected["sum_y"]
    assert labels @ [len(document) for document in docs] == expected["sum_y_T"]
    assert {name: len(tokens) for name, tokens in polarity(flow).items()} == (
        REFERENCE["polarity_lists"]
    )


@pytest.mark.parametrize("act", ["relu", "linear", "tanh", "gelu"])
def test_initial_slopes(act: str) -> None:
    docs, labels = corpus("train")
    flow = sn.flow(zoo.bow(act=act), docs, labels, times=[0], eta=1 / len(docs))
    place = {token: n for n, token in enumerate(flow.tokens)}
    for token, entry in REFERENCE["tokens"].items():
        negative, positive = flow.counts[place[token]]
        assert (positive, negative) == (entry["count_pos"], entry["count_neg"])
        slope = flow.initial_slopes[place[token], 0]
        assert slope == pytest.approx(entry["slope"][act], abs=1e-10)
    lists = lists_of(flow)
    for name, sign in (("positive", 1), ("negative", -1)):
        agreement = np.mean(np.sign(flow.initial_slopes[lists[name], 0]) == sign)
        assert agreement == REFERENCE["initial_sign_agreement"][act][name]


def best(flow: Flow) -> dict[str, float]:
    """The accuracies of both splits where the dev split is predicted best."""
    right = {}
    for split in ("dev", "test"):
        docs, labels = corpus(split)
        right[split] = np.mean(flow.predict(docs) == labels, axis=1)
    chosen = right["dev"].argmax()
    return {split: accuracies[chosen] for split, accuracies in right.items()}


@pytest.mark.parametrize("act", ["linear", "relu", "tanh"])
def test_accuracy_of_the_flow(act: str) -> None:
    """Stopped where the dev split is predicted best."""
    assert best(followed(act)) == pytest.approx(REFERENCE["flow"][f"bow {act}"], abs=0.01)


def test_accuracy_of_the_flow_of_the_matrix_vector_model() -> None:
    docs, labels = corpus("train")
    times = np.concatenate([[0.0], np.geomspace(0.05, RHO_T / 2, 30)])
    flow = sn.flow(zoo.mv(residual=True), docs, labels, times=times, eta=1 / len(docs))
    assert best(flow) == pytest.approx(REFERENCE["flow"]["MV residual"], abs=0.01)


MODELS = {
    "bow linear": zoo.bow(act="linear"),
    "bow relu": zoo.bow(),
    "MV bigram": zoo.mv(),
    "MV residual": zoo.mv(residual=True),
}


@pytest.mark.parametrize("name", MODELS)
def test_accuracy_of_ridge_regression(name: str) -> None:
    """Kernel ridge regression is ridge regression on the features.

    Documents without a feature of the train split count as positive.
    """
    expected = REFERENCE["ridge"][name]
    feature_map = sn.features(MODELS[name]).feature_map()
    train = feature_map.fit_transform(corpus("train").docs)
    strength = expected["lambda"] * train.power(2).sum() / train.shape[0]
    weights = lsqr(train, corpus("train").labels, damp=np.sqrt(strength), atol=1e-8, btol=1e-8)[0]
    for split in ("dev", "test"):
        docs, labels = corpus(split)
        found = np.where(feature_map.transform(docs) @ weights >= 0, 1, -1)
        assert np.mean(found == labels) == pytest.approx(expected[split], abs=0.01), split


def test_the_bias_of_relu_moves_all_tokens_and_fades() -> None:
    """The common term leads at first, is overtaken, and swings to the other side."""
    flow = followed("relu")
    lists = lists_of(flow)
    bias = flow.terms["bias"][:, :, 0]
    assert np.ptp(bias, axis=1).max() < 1e-12  # the same for every token
    negative = flow.label_scores[:, lists["negative"], 0]
    assert (negative[1] > 0).all()
    assert (negative[-1] < 0).all()
    own = np.abs(flow.terms["co-occurrence"][1:, lists["negative"], 0]).mean(axis=1)
    share = bias[1:, 0] / own
    assert share[0] > 5
    assert share.min() < -0.3
    assert abs(share[-1]) < 0.05
    assert "bias" not in followed("tanh").terms


@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_the_error_is_small_and_stated(act: str) -> None:
    """Against the same flow with a hundredth of the tolerance, at the end."""
    flow = followed(act)
    docs, labels = corpus("train")
    exact = sn.flow(
        zoo.bow(act=act), docs, labels, times=flow.times[-1:], eta=1 / len(docs), tolerance=1e-7
    )
    missed = np.abs(flow.label_scores[-1] - exact.label_scores[-1]).max(axis=1)
    assert missed.max() < 1e-3
    assert (missed <= flow.label_errors[-1] + exact.label_errors[-1]).all()
    assert flow.label_errors.max() < 0.02
