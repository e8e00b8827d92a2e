"""Documents held as numbers: they read like lists, and pieces and shards make no difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pytest

import symntk as sn
from symntk import zoo
from symntk.decomposition.documents import Documents, read_documents
from symntk.decomposition.maps.threads import AHEAD, cores, in_threads
from symntk.dynamics import next_tokens
from symntk.dynamics.documents import count, merge
from symntk.dynamics.pairs import neighbours
from symntk.dynamics.synthetic import zipf
from symntk.errors import UsageError

LISTS = [["so", "good"], ["not", "good", "so"], ["bad"], ["so", "good"], ["bad", "bad", "so"]]


@pytest.fixture(params=[1, 3, 2**18])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of so many tokens."""
    monkeypatch.setattr("symntk.decomposition.documents.PIECE", request.param)


@pytest.mark.usefixtures("piece")
def test_documents_read_like_lists() -> None:
    docs = read_documents(tuple(document) for document in LISTS)
    assert docs.vocabulary == ("so", "good", "not", "bad")
    assert docs.tokens.tolist() == [0, 1, 2, 1, 0, 3, 0, 1, 3, 3, 0]
    assert docs == LISTS == list(docs) and docs != LISTS[::-1]
    assert (docs[2], docs[-1], docs[1:3]) == (LISTS[2], LISTS[-1], LISTS[1:3])
    assert docs[::-1] == LISTS[::-1] and docs[::-1].vocabulary == ("bad", "so", "good", "not")
    assert repr(docs) == repr(LISTS) and repr(read_documents(LISTS * 3)).endswith(" 15 documents]")
    assert read_documents(docs) is docs
    with pytest.raises(IndexError, match="5 documents"):
        docs[5]
    with pytest.raises(TypeError):
        hash(docs)


@pytest.mark.usefixtures("piece")
def test_other_tokens_are_left_out() -> None:
    kept = read_documents(LISTS).keep({"bad", "not", "never"})
    assert list(kept) == [[], ["not"], ["bad"], [], ["bad", "bad"]]
    assert kept.vocabulary == ("not", "bad")
    with pytest.raises(UsageError, match="document 1 has no tokens"):
        read_documents(kept)


def test_numbers_are_written_in_the_order_of_occurrence() -> None:
    tokens = np.array([3, 1, 3, 0], dtype=np.int32)
    docs = Documents.numbered(tokens, np.array([0, 1, 4]), ["a", "b", "c", "d"])
    assert docs == [["d"], ["b", "d", "a"]]
    assert docs.vocabulary == ("d", "b", "a")


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("collide", [False, True])
def test_equal_documents_are_merged(collide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the hashes of all documents are equal."""
    if collide:
        monkeypatch.setattr("symntk.dynamics.documents.hash", lambda content: 7, raising=False)
    different, number = merge(read_documents(LISTS))
    assert different == [LISTS[0], LISTS[1], LISTS[2], LISTS[4]]
    assert number.tolist() == [0, 1, 2, 0, 3]


@pytest.mark.usefixtures("piece")
def test_tokens_are_counted_by_class() -> None:
    labels = ["up", "up", "down", "up", "down"]
    found = count(["bad", "so", "unseen"], read_documents(LISTS), labels, ["down", "up"])
    assert found.tolist() == [[3, 0], [1, 3], [0, 0]]
    assert count(["so"], LISTS, labels, []).tolist() == [[4]]


@pytest.mark.usefixtures("piece")
def test_neighbours_do_not_reach_across_documents() -> None:
    pairs = {(a, b) for document in LISTS for a, b in pairwise(document)}
    found = list(map(tuple, neighbours(read_documents(LISTS))))
    assert set(found) == pairs and len(found) == len(pairs)


@pytest.mark.usefixtures("piece")
def test_contexts_end_at_each_token_but_the_first() -> None:
    corpus = next_tokens(LISTS, 2)
    expected = [
        (document[max(0, n - 2) : n], document[n])
        for document in LISTS
        for n in range(1, len(document))
    ]
    assert list(zip(corpus.docs, corpus.labels, strict=True)) == expected


def test_a_generated_corpus_has_the_tokens_of_its_law() -> None:
    """P(k) proportional to 1 / k: each frequency within four standard deviations."""
    corpus = zipf(documents=500, length=40, words=20, rng=5)
    counts, total = Counter(t for document in corpus.docs for t in document), 500 * 40
    law = 1 / np.arange(1, 21)
    law /= law.sum()
    seen = np.array([counts[str(k)] for k in range(1, 21)])
    assert np.all(np.abs(seen - total * law) < 4 * np.sqrt(total * law * (1 - law)))


@pytest.mark.parametrize("loss", ["logistic", "softmax", "squared"])
@pytest.mark.parametrize(("words", "size"), [(4, 30), (200, 60)])
def test_shards_make_no_difference(
    loss: str, words: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same flow from many small pieces and shards as from one, in either of two spaces."""
    corpus = zipf(documents=size, length=6, words=words, rng=3)
    call = zoo.cnn(window=2), corpus.docs, corpus.labels, loss
    options = {"times": [0, 0.1, 1], "eta": 0.02, "tolerance": 1e-6}
    whole = sn.flow(*call, **options)
    monkeypatch.setattr("symntk.decomposition.documents.PIECE", 40)
    monkeypatch.setattr("symntk.dynamics.shards.WORK", 50)
    monkeypatch.setattr("symntk.dynamics.shards.SHARE", 0)
    parts = sn.flow(*call, **options)
    assert len(whole.descent.shards.items) == 1 and len(parts.descent.shards.items) > 5
    assert parts.descent.rate == pytest.approx(whole.descent.rate, rel=1e-6)
    assert parts.label_scores == pytest.approx(whole.label_scores, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 50])
def test_threads_keep_the_order(number: int) -> None:
    """Of results; and they take items as these are needed."""
    taken = []

    def items() -> Iterator[int]:
        for n in range(number):
            taken.append(n)
            yield n

    found = in_threads(lambda n: n**2, items())
    assert list(islice(found, 1)) == [0][:number]
    assert len(taken) <= 3 + AHEAD * cores()
    assert list(found) == [n**2 for n in range(1, number)]
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda n: 1 // (n - 7), range(20)))
