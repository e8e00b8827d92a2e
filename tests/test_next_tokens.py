"""Language modelling as classification, and equal documents, of which it has many."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import expit, log_softmax, rel_entr, softmax

import symntk as sn
from symntk import zoo
from symntk.dynamics import LOSSES, next_tokens
from symntk.dynamics.synthetic import bigram_law
from symntk.errors import UsageError
from tests.test_flow import MU, RHO, TIMES, classes, gram, integrated, texts


def test_each_token_is_the_label_of_those_before_it() -> None:
    corpus = next_tokens([["a", "b", "c", "d"], ["e"], ["c", "a"]], context=2)
    assert corpus.docs == [["a"], ["a", "b"], ["b", "c"], ["c"]]
    assert corpus.labels == ["b", "c", "d", "a"]
    assert next_tokens([[1, 2]]).labels == [2]


@pytest.mark.parametrize("context", [1, 3])
def test_initial_slopes_by_counts(context: int) -> None:
    """eta (rho (n_ev - n_e / V) + mu sum_j T_j ([y_j = v] - 1/V)), counted by hand."""
    docs = bigram_law(words=6, rng=1).text(documents=8, length=9, rng=2)
    corpus = next_tokens(docs, context)
    flow = sn.flow(zoo.bow(), corpus.docs, corpus.labels, "softmax", times=[0], eta=0.3)
    follows, lengths = Counter[tuple[str, str]](), Counter[str]()
    for doc in docs:
        for place in range(1, len(doc)):
            before = doc[max(0, place - context) : place]
            lengths[doc[place]] += len(before)
            follows.update((token, doc[place]) for token in before)
    number = len(flow.classes)
    for row, e in enumerate(flow.tokens):
        every = sum(follows[e, v] for v in flow.classes)
        for column, v in enumerate(flow.classes):
            learnt = RHO * (follows[e, v] - every / number)
            shared = MU * (lengths[v] - sum(lengths.values()) / number)
            assert flow.initial_slopes[row, column] == pytest.approx(0.3 * (learnt + shared))
            assert flow.slopes["co-occurrence"][0, row, column] == pytest.approx(0.3 * learnt)
            assert flow.slopes["bias"][0, row, column] == pytest.approx(0.3 * shared)


def test_a_model_of_bigrams_ends_in_their_frequencies() -> None:
    """One token of context, one-hot: softmax of the scores tends to n_ev / n_e."""
    docs = [["a", "b"]] * 3 + [["a", "c"]] + [["b", "c"]] * 2 + [["b", "a"]] * 2
    corpus = next_tokens(docs)
    flow = sn.flow(zoo.bow(act="tanh"), corpus.docs, corpus.labels, "softmax", times=[0, 300])
    chances = softmax(flow.documents([["a"], ["b"]])[-1], axis=1)
    assert flow.classes == ("a", "b", "c")
    assert chances[0] == pytest.approx([0, 0.75, 0.25], abs=2e-3)
    assert chances[1] == pytest.approx([0.5, 0, 0.5], abs=2e-3)


def test_frequencies_of_tokens_come_before_those_of_bigrams() -> None:
    """The mean divergence from the first falls and rises again, lower with the bias of ReLU."""
    docs = bigram_law(words=8, concentration=4, rng=0).text(documents=60, length=12, rng=1)
    corpus, nearest = next_tokens(docs), {}
    for act in ("relu", "tanh"):
        times, eta = np.geomspace(0.1, 1e5, 40), 1 / len(corpus.docs)
        flow = sn.flow(zoo.bow(act=act), corpus.docs, corpus.labels, "softmax", times, eta)
        logs = log_softmax(flow.label_scores, axis=2)
        counts = flow.counts.astype(float)
        chances = counts.sum(axis=0) / counts.sum(), counts / counts.sum(axis=1, keepdims=True)
        share = counts.sum(axis=1)[:, None] / counts.sum()
        tokens, bigrams = ((share * rel_entr(p, np.exp(logs))).sum(axis=(1, 2)) for p in chances)
        nearest[act] = tokens.min()
        assert 5 < tokens.argmin() < 35
        assert tokens[-1] > 3 * tokens.min()
        assert (np.diff(bigrams) < 0).all()
        assert bigrams[-1] < 1e-3
    assert nearest["relu"] < 0.8 * nearest["tanh"]


@pytest.mark.parametrize("loss", LOSSES)
def test_equal_documents_are_computed_once_and_exactly(loss: str) -> None:
    """Against the dense kernel of all of them, whose labels differ."""
    different = texts(9)
    docs = [different[place] for place in np.random.default_rng(0).integers(0, 9, 40)]
    theta, eta = gram(docs, docs), 0.05
    number = 3 if loss == "softmax" else 2
    labels = classes(40, number)
    flow = sn.flow(zoo.bow(), docs, labels, loss, TIMES, eta=eta, tolerance=1e-8)
    assert flow.descent.shards.count == len({tuple(doc) for doc in docs}) < 10
    if loss == "squared":
        y = np.array(labels, dtype=float)
        moved = [np.eye(40) - expm(-eta * theta * t) for t in TIMES]
        expected = (np.array(moved) @ y)[:, :, None]
    elif loss == "logistic":
        signs = 2.0 * np.array(labels)[:, None] - 1
        expected = integrated(theta, lambda s: signs * expit(-signs * s), TIMES, 1, eta)
    else:
        chosen = np.eye(number)[labels]
        expected = integrated(theta, lambda s: chosen - softmax(s, axis=1), TIMES, number, eta)
    assert flow.documents(docs) == pytest.approx(expected, abs=2e-5)
    assert flow.counts.sum() == sum(map(len, docs))


def test_as_many_classes_as_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = [[f"w{n}", f"w{n + 1}"] for n in range(200)]
    corpus = next_tokens(docs)
    call = zoo.bow(), corpus.docs, corpus.labels, "softmax"
    monkeypatch.setattr("symntk.dynamics.problem.MOST", 2e7)
    with pytest.raises(UsageError, match=r"201 features .* 200 scores at 61 times needs 0.0235 GB"):
        sn.flow(*call)
    assert sn.flow(*call, times=[0, 1]).label_scores.shape == (2, 200, 200)
    monkeypatch.setattr("symntk.dynamics.problem.MOST", 1e6)
    with pytest.raises(UsageError, match="follow fewer times, or leave out rare tokens"):
        sn.flow(*call, times=[0, 1])


def test_features_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = [[f"w{n % 7}", f"w{n % 5}", f"w{n % 3}"] for n in range(100)]
    call = zoo.cnn(window=2), docs, [n % 2 for n in range(100)]
    entries = sn.flow(*call, times=[0]).feature_map.transform(docs).nnz
    monkeypatch.setattr("symntk.dynamics.problem.ENTRY", 4e9 / entries)
    assert sn.flow(*call, times=[0]).label_scores.shape == (1, 7, 1)
    monkeypatch.setattr("symntk.dynamics.problem.ENTRY", 4.01e9 / entries)
    with pytest.raises(UsageError, match=r"of 100 .* take 4.01 GB, and 4 GB are the most: leave"):
        sn.flow(*call, times=[0])


@pytest.mark.parametrize(
    ("docs", "context", "message"),
    [
        ([["a"], ["b"]], 1, "no next token"),
        ([["a", "b"]], 0, "at least 1, not 0"),
        ([["a", "b"]], 1.5, "at least 1, not 1.5"),
        (["a b"], 1, "document 1 is a text"),
    ],
)
def test_wrong_calls_are_refused(docs: list[list[str]], context: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        next_tokens(docs, context)
