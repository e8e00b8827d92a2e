"""What the page on n-grams and negation says."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import symntk as sn
from symntk import zoo
from symntk.dynamics import Corpus
from symntk.dynamics.synthetic import negation
from tests.sentiment import corpus as treebank
from tests.sentiment import needed

SCRIPT = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "experiments" / "n_grams.py"))
SUMS = ("token MLP", "linear CNN, window 3", "additive RNN")
SHARES = {
    "MV": (0.667, 0),
    "multiplicative RNN": (0.333, 0.280),
    "ReLU CNN, window 3": (0.155, 0.055),
    "ReLU CNN, window 2": (0.111, 0),
    **dict.fromkeys(SUMS, (0, 0)),
}
"""kappa of "not good" and of "not very good"."""


@pytest.mark.parametrize("name", SHARES)
def test_which_networks_learn_negations(name: str) -> None:
    for gap, expected in enumerate(SHARES[name]):
        corpus = negation(gap=gap)
        theta = SCRIPT["kernel"](SCRIPT["MODELS"][name], corpus)
        found = SCRIPT["share"](theta, corpus.labels)
        assert found == pytest.approx(expected, abs=5e-4 if expected else 1e-14)


def test_a_margin_solves_its_equation() -> None:
    times = np.geomspace(1e-3, 1e5, 20)
    m = SCRIPT["margins"](0.3, times)
    assert m + np.exp(m) - 1 == pytest.approx(0.3 * times)
    assert SCRIPT["margins"](0.0, times) == pytest.approx(np.zeros(20))


@pytest.mark.parametrize(
    ("name", "learnt", "guessed"),
    [
        ("MV", 1, 0),
        ("multiplicative RNN", 1, 0),
        ("ReLU CNN, window 3", 1, -0.585),
        ("ReLU CNN, window 2", 1, -0.75),
        *((name, 0, -1) for name in sorted(SUMS)),
    ],
)
def test_no_network_understands_a_negation(name: str, learnt: float, guessed: float) -> None:
    found = SCRIPT["unseen"](SCRIPT["MODELS"][name], negation(adjectives=4), ("great", "dull"))
    assert found == pytest.approx((learnt, guessed), abs=1e-3)


@needed
def test_negations_of_the_treebank() -> None:
    docs, labels = treebank("train")
    corpus = Corpus(docs, labels.tolist())
    pairs = SCRIPT["contradictions"](corpus)
    assert list(pairs.items())[:3] == [
        (("not", "too"), (8, 3)),
        (("not", "only"), (20, 11)),
        (("never", "fails"), (3, 0)),
    ]
    rows = [list(pair) for pair in pairs][:3]
    for model, scores in ((zoo.bow(), [-1.51, -1.20, -0.96]), (zoo.mv(), [0.61, 0.22, 0.44])):
        flow = sn.flow(model, docs, labels, times=[1000], eta=1 / len(docs), tokens=["good"])
        assert flow.documents(rows)[0, :, 0] == pytest.approx(scores, abs=0.006)
        assert set(flow.terms) == ({"bigram"} if scores[0] > 0 else {"bias", "co-occurrence"})
