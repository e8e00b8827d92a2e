"""Generated corpora follow the laws that they state."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest

import symntk as sn
from symntk import zoo
from symntk.dynamics.synthetic import bigram_law, negation, polarity, two_signs, zipf
from symntk.errors import UsageError


@pytest.mark.parametrize("words", [1, 3])
def test_two_signs_is_a_full_design(words: int) -> None:
    corpus = two_signs(words)
    assert len(corpus.docs) == len({tuple(doc) for doc in corpus.docs}) == 4 * words**2
    for (first, second), label in zip(corpus.docs, corpus.labels, strict=True):
        assert (first[0] == second[0]) == (label == 1)
        assert (first[1], second[1]) == ("a", "b")
    assert_no_unigram_signal(corpus.docs, corpus.labels)


@pytest.mark.parametrize("gap", [0, 2])
def test_negation_has_no_signal_in_single_tokens(gap: int) -> None:
    corpus = negation(adjectives=3, subjects=2, gap=gap)
    assert len(corpus.docs) == 2 * 2 * 3 * 2
    assert_no_unigram_signal(corpus.docs, corpus.labels)
    known = {tuple(doc): label for doc, label in zip(corpus.docs, corpus.labels, strict=True)}
    for doc, label in known.items():
        if "not" in doc:
            assert doc.index("not") == len(doc) - gap - 2 == 2
            assert known[(*doc[:2], "so", *doc[3:])] == -label
    assert known[("film", "is", "not", *("very", "all")[:gap], "good")] == -1


def assert_no_unigram_signal(docs: list[list[str]], labels: list[int]) -> None:
    """Tokens at each distance from either end, and lengths, are as frequent with each label."""
    seen: Counter[object] = Counter()
    for doc, label in zip(docs, labels, strict=True):
        seen[len(doc)] += label
        for place, token in enumerate(doc):
            seen[token, place] += label
            seen[token, place - len(doc)] += label
    assert not any(seen.values())


def test_tokens_of_polarity_lean_as_asked() -> None:
    corpus = polarity(documents=4000, words=4, lean=0.4, rng=1)
    tally = {1: Counter[str](), -1: Counter[str]()}
    for doc, label in zip(corpus.docs, corpus.labels, strict=True):
        tally[label].update(doc)
    for word in (f"{kind}{k}" for kind, k in product("+-0", range(1, 5))):
        up, down = tally[1][word], tally[-1][word]
        expected = {"+": 0.4, "-": -0.4, "0": 0.0}[word[0]]
        assert (up - down) / (up + down) == pytest.approx(expected, abs=4 / np.sqrt(up + down))


@pytest.mark.parametrize("extra", [0, 3, -2])
def test_labels_times_lengths_add_up_to_what_is_asked(extra: int) -> None:
    corpus = polarity(documents=60, extra=extra, rng=2)
    total = sum(y * len(doc) for doc, y in zip(corpus.docs, corpus.labels, strict=True))
    assert total == extra * 30
    assert sum(corpus.labels) == 0


def test_shares_of_the_labels() -> None:
    corpus = polarity(documents=50, share=0.8)
    assert Counter(corpus.labels) == {1: 40, -1: 10}
    assert sum(y * len(doc) for doc, y in zip(corpus.docs, corpus.labels, strict=True)) > 0
    assert {4, 16} >= {min(map(len, corpus.docs)), max(map(len, corpus.docs))}


def test_zipf_documents_have_frequent_and_rare_tokens() -> None:
    corpus = zipf(documents=2000, length=10, words=50, exponent=1.0, rng=3)
    counts = Counter(token for doc in corpus.docs for token in doc)
    share = 1 / sum(1 / k for k in range(1, 51))
    for k in (1, 2, 5, 20):
        expected = 20000 * share / k
        assert counts[str(k)] == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert sum(corpus.labels) == 0
    assert sorted(zipf(documents=3, length=1, words=2).labels) == [-1, 1, 1]


def test_labels_of_zipf_documents_are_sums_over_tokens() -> None:
    """A linear network fits them to the end."""
    corpus = zipf(documents=60, length=8, words=30, rng=6)
    flow = sn.flow(zoo.bow(act="linear"), corpus.docs, corpus.labels, times=[1e6], eta=1 / 60)
    assert (flow.predict(corpus.docs)[0] == corpus.labels).all()


def test_texts_follow_the_law_of_their_bigrams() -> None:
    law = bigram_law(words=5, concentration=5, rng=4)
    assert law.start.sum() == pytest.approx(1)
    assert law.transitions.sum(axis=1) == pytest.approx(np.ones(5))
    docs = law.text(documents=4000, length=6, rng=5)
    place = {token: n for n, token in enumerate(law.tokens)}
    pairs = np.zeros((5, 5))
    for doc in docs:
        for one, other in pairwise(doc):
            pairs[place[one], place[other]] += 1
    for row, expected in zip(pairs, law.transitions, strict=True):
        spread = np.sqrt(expected * (1 - expected) / row.sum())
        assert (np.abs(row / row.sum() - expected) <= 4.5 * spread + 1e-12).all()
    first = Counter(doc[0] for doc in docs)
    assert [first[token] / 4000 for token in law.tokens] == pytest.approx(law.start, abs=0.04)


def test_the_same_seed_gives_the_same_corpus() -> None:
    assert polarity(rng=7) == polarity(rng=7) != polarity(rng=8)
    assert zipf(rng=7).docs == zipf(rng=7).docs != zipf(rng=8).docs
    assert bigram_law(rng=7).text(rng=1) == bigram_law(rng=7).text(rng=1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: two_signs(0),
        lambda: two_signs(1.5),  # type: ignore[arg-type]
        lambda: negation(adjectives=99),
        lambda: negation(gap=-1),
        lambda: polarity(documents=1),
        lambda: polarity(lean=1.5),
        lambda: polarity(lengths=(5, 4)),
        lambda: polarity(lengths=(2, 4), extra=-2),
        lambda: polarity(share=float("nan")),
        lambda: zipf(words=1),
        lambda: bigram_law(concentration=0),
        lambda: bigram_law(exponent=-1),
        lambda: bigram_law().text(length=0),
    ],
)
def test_wrong_calls_are_refused(call: object) -> None:
    with pytest.raises(UsageError, match="needed is"):
        call()  # type: ignore[operator]
