"""A corpus in shards gives the features and the flow of the whole, here and on Dask."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client
from distributed.protocol import deserialize, serialize

import symntk as sn
from symntk.dynamics import synthetic
from symntk.errors import UsageError

CORPUS = synthetic.polarity(documents=40, lengths=(2, 7), lean=0.7, rng=3)
DOCS = [list(document) for document in CORPUS.docs] * 2
"""Each document twice: as in `sn.flow`, equal ones are computed once, and here in each shard."""

LABELS = [-label if n % 7 == 0 else label for n, label in enumerate(CORPUS.labels * 2)]
CUTS = [0, 3, 31, 70, 80]
SHARDS = [(DOCS[a:b], LABELS[a:b]) for a, b in pairwise(CUTS)]
NETWORKS = {
    "windows": lambda: sn.zoo.cnn(window=2),
    "words": lambda: sn.zoo.lrnn(kind="multiplicative"),
}


@pytest.fixture(scope="module")
def dask() -> Iterator[Client]:
    with Client(
        processes=False, n_workers=2, threads_per_worker=2, dashboard_address=None
    ) as found:
        yield found


@pytest.fixture(params=["here", "dask"])
def scheduler(request: pytest.FixtureRequest) -> Client | None:
    return request.getfixturevalue("dask") if request.param == "dask" else None


@pytest.mark.parametrize("name", NETWORKS)
def test_features_of_shards_are_those_of_the_whole(name: str, scheduler: Client | None) -> None:
    graph = NETWORKS[name]()
    whole = sn.features(graph).feature_map()
    rows = whole.fit_transform(DOCS)
    with sn.open_shards(SHARDS, scheduler=scheduler) as corpus:
        found = corpus.fit(sn.features(graph).feature_map())
        parts = [part.toarray() for part in corpus.transform(found)]
    assert found.names == whole.names and found.groups == whole.groups
    assert [len(part) for part in parts] == [3, 28, 39, 10]
    np.testing.assert_allclose(np.concatenate(parts), rows.toarray(), rtol=1e-14)


@pytest.mark.parametrize(
    ("loss", "scheduler"),
    [("logistic", "here"), ("softmax", "here"), ("squared", "here"), ("softmax", "dask")],
    indirect=["scheduler"],
)
def test_the_flow_on_shards_is_that_on_the_whole(loss: str, scheduler: Client | None) -> None:
    options: dict[str, Any] = {"loss": loss, "times": [0, 0.1], "eta": 0.02, "tolerance": 1e-2}
    if loss == "squared":  # Lanczos stops by it, in another space where equal documents are merged
        options["tolerance"] = 1e-12
    whole = sn.flow(NETWORKS["windows"](), DOCS, LABELS, **options)
    with sn.open_shards(SHARDS, scheduler=scheduler) as corpus:
        found = corpus.flow(NETWORKS["windows"](), **options)
        slopes = found.slopes
    assert found.tokens == whole.tokens and found.names == whole.names
    assert np.array_equal(found.counts, whole.counts)
    scale = np.abs(whole.label_scores).max()
    np.testing.assert_allclose(found.label_scores, whole.label_scores, rtol=0, atol=1e-12 * scale)
    for term, scores in whole.terms.items():
        np.testing.assert_allclose(found.terms[term], scores, rtol=0, atol=1e-12 * scale)
    for term, expected in whole.slopes.items():
        bound = 1e-11 * np.abs(expected).max()
        np.testing.assert_allclose(slopes[term], expected, rtol=0, atol=bound)


def write(path: Path, docs: Any, labels: Any) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["stars", "review"])
        rows.writerows([label, " ".join(doc)] for doc, label in zip(docs, labels, strict=True))
    return path


def test_files_are_read_where_the_work_is_done(tmp_path: Path, dask: Client) -> None:
    paths = [write(tmp_path / f"{n}.csv", *shard) for n, shard in enumerate(SHARDS)]
    options: dict[str, Any] = {"times": [0.01], "tolerance": 1e-2}
    whole = sn.flow(sn.zoo.bow(), DOCS, LABELS, **options)
    with sn.open_shards(paths, text="review", label="stars", scheduler=dask) as corpus:
        found = corpus.flow(sn.zoo.bow(), tokens=["+1", "-1"], **options)
    places = [whole.tokens.index(token) for token in ("+1", "-1")]
    np.testing.assert_allclose(
        found.label_scores, whole.label_scores[:, places], rtol=1e-10, atol=1e-12
    )
    with (
        pytest.raises(UsageError, match="no column 'text'"),
        sn.open_shards(paths, scheduler=dask) as corpus,
    ):
        corpus.flow(sn.zoo.bow())


def test_what_has_no_flow_in_shards_is_refused() -> None:
    with pytest.raises(UsageError, match="no shards"), sn.open_shards([]):
        pass
    with pytest.raises(UsageError, match="labels"), sn.open_shards([(DOCS, LABELS[:2])]):
        pass
    with sn.open_shards(SHARDS) as corpus:
        with pytest.raises(UsageError, match="explicit features"):
            corpus.flow(sn.zoo.rnn())
        with pytest.raises(UsageError, match="fit"):
            corpus.transform(sn.features(sn.zoo.bow()).feature_map())


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_travel(name: str) -> None:
    """What Dask sends are copies that know and do the same."""
    fitted = sn.features(NETWORKS[name]()).feature_map().fit(DOCS)
    header, frames = serialize(fitted)
    copy = deserialize(header, list(map(bytes, frames)))
    assert copy is not fitted
    assert copy.names == fitted.names
    np.testing.assert_array_equal(copy.transform(DOCS).toarray(), fitted.transform(DOCS).toarray())
