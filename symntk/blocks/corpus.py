"""A corpus in shards: features and flows of more documents than one process reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from symntk.blocks.remote import RemoteShards
from symntk.blocks.workers import OnDask, Workers, workers
from symntk.decomposition.documents import Document, Documents, Token, read_documents
from symntk.decomposition.maps.explicit import explicit_map, require_tokens
from symntk.decomposition.maps.sparse_map import SparseMap
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import Derivation, derive
from symntk.dynamics.corpus import Corpus, read_corpus
from symntk.dynamics.descent import Descent
from symntk.dynamics.documents import check_lengths, count, merge
from symntk.dynamics.losses import Code, Label, Loss
from symntk.dynamics.problem import Problem, check_memory, check_positive, read_loss, rising
from symntk.dynamics.shards import LocalShards, Shard
from symntk.dynamics.trajectory import Flow
from symntk.errors import UsageError
from symntk.graph import Graph

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from distributed import Client
    from numpy.typing import NDArray

Part: TypeAlias = str | Path | Corpus | tuple[Iterable[Document], Iterable[Label]]
"""A shard as it is given: a file, or documents with their labels."""


@contextmanager
def open_shards(
    parts: Sequence[Part],
    *,
    text: str = "text",
    label: str | None = "label",
    pattern: str | None = None,
    lower: bool = False,
    numbers: bool = False,
    scheduler: str | Client | None = None,
) -> Iterator[ShardedCorpus]:
    """A corpus in shards, each of which is read, held and worked on where ``scheduler`` says.

    parts: paths of .csv, .tsv or .jsonl files, which the workers can read; or documents with their
        labels, in pairs.
    text, label, pattern, lower, numbers: as `symntk.dynamics.read_corpus` takes them.
    scheduler: None for this process, "local" for a Dask cluster on this machine, the address of a
        Dask scheduler, or a `distributed.Client`.
    """
    if not parts:
        raise UsageError("there are no shards")
    read = partial(
        read_corpus, text=text, label=label, pattern=pattern, lower=lower, numbers=numbers
    )
    with workers(scheduler) as those:
        yield ShardedCorpus(those, [_started(those, part, read) for part in parts])


def _started(those: Workers, part: Part, read: Callable[[str | Path], Corpus]) -> Any:
    """A corpus, as a value of the workers."""
    if isinstance(part, str | Path):
        return those.start(read, str(part))
    docs, labels = (part.docs, part.labels) if isinstance(part, Corpus) else part
    read_docs, answers = read_documents(docs), list(labels)
    check_lengths(read_docs, answers)
    return those.send(Corpus(read_docs, answers))


class ShardedCorpus:
    """Documents and labels in shards that stay with their workers."""

    def __init__(self, those: Workers, parts: Sequence[Any]) -> None:
        self._workers = those
        self._parts = parts

    def fit(self, feature_map: SparseMap) -> SparseMap:
        """A map like it with the columns that its ``fit`` would learn from the whole."""
        found: SparseMap = self._brought(self._fitted(feature_map))
        return found

    def transform(self, feature_map: SparseMap) -> Iterator[sparse.csr_array]:
        """The features of each shard in turn, sparse arrays (documents, features)."""
        feature_map.require_fitted()
        return self._results(_features, self._workers.send(feature_map))

    def _fitted(self, feature_map: SparseMap) -> Any:
        """`fit`, as a value of the workers, who can do it again."""
        parts = [self._workers.start(_fitted, part, feature_map) for part in self._parts]
        return self._workers.start(_merged, feature_map, *parts)

    def flow(
        self,
        graph: Graph | Derivation,
        loss: str = "logistic",
        times: Sequence[float] | None = None,
        eta: float = 1.0,
        tokens: Iterable[Token] | None = None,
        tolerance: float = 1e-5,
    ) -> Flow:
        """The gradient flow on all shards: `symntk.flow` of their whole, where features exist.

        The steps are made in this process, which sends w to the workers and adds up what each
        shard contributes to its derivative, Phi^T C r(Phi w).
        """
        check_positive("tolerance", tolerance)
        given = None if times is None else rising(times)
        problem = self._pose(graph, read_loss(loss), eta, tokens)
        *_, whole = problem.trace(problem.usual_times() if given is None else given, tolerance)
        return whole

    def _pose(
        self,
        graph: Graph | Derivation,
        loss: Loss,
        eta: float,
        tokens: Iterable[Token] | None,
    ) -> Problem:
        check_positive("eta", eta)
        there = self._fitted(_explicit(graph))
        feature_map: SparseMap = self._brought(there)
        surveys = list(self._results(_survey))
        known = dict.fromkeys(token for survey in surveys for token in survey.vocabulary)
        followed = tuple(known) if tokens is None else read_documents([list(tokens)]).vocabulary
        answers = dict.fromkeys(label for survey in surveys for label in survey.labels)
        code = loss.code(list(answers))
        documents = sum(survey.size for survey in surveys)
        check_memory(feature_map.width, documents, len(code.names), 1)
        counts = sum(self._results(_counted, followed, code.classes))
        place = {label: number for number, label in enumerate(answers)}
        items = [self._workers.start(_shard, part, there, code, place) for part in self._parts]
        descent = Descent(self._shards(items, feature_map.width, len(code.names)), loss, float(eta))
        return Problem(followed, counts, code.names, code.classes, feature_map, descent)

    def _shards(self, items: list[Any], width: int, scores: int) -> LocalShards | RemoteShards:
        if isinstance(self._workers, OnDask):
            return RemoteShards(self._workers, items, (width, scores))
        return LocalShards(tuple(items))

    def _brought(self, there: Any) -> Any:
        """A value of the workers, in this process."""
        return next(self._workers.results(_itself, [(there,)]))

    def _results(self, function: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
        """A function of each shard."""
        return self._workers.results(function, ((part, *arguments) for part in self._parts))


class _Survey(NamedTuple):
    """What a shard adds to what all of them have in common."""

    vocabulary: tuple[Token, ...]
    labels: tuple[Label, ...]
    size: int


def _explicit(graph: Graph | Derivation) -> SparseMap:
    derivation = graph if isinstance(graph, Derivation) else derive(graph)
    require_tokens(derivation)
    try:
        return explicit_map(derivation)
    except NotWindows as error:
        raise UsageError(f"a flow in shards needs explicit features: {error}") from error


# -- what workers do with a shard -----------------------------------------------------------------


def _docs(corpus: Corpus) -> Documents:
    return read_documents(corpus.docs)


def _new(feature_map: SparseMap) -> SparseMap:
    """A map like it, fitted to nothing: threads of one worker share what they are given."""
    return type(feature_map)(**feature_map.get_params())


def _fitted(corpus: Corpus, feature_map: SparseMap) -> SparseMap:
    return _new(feature_map).fit(_docs(corpus))


def _merged(feature_map: SparseMap, *parts: SparseMap) -> SparseMap:
    return _new(feature_map).merge(parts)


def _itself(value: Any) -> Any:
    return value


def _features(corpus: Corpus, feature_map: SparseMap) -> sparse.csr_array:
    return _new(feature_map).merge([feature_map]).transform(_docs(corpus))


def _survey(corpus: Corpus) -> _Survey:
    labels = tuple(dict.fromkeys(corpus.labels))
    return _Survey(_docs(corpus).vocabulary, labels, len(corpus.labels))


def _counted(
    corpus: Corpus, followed: tuple[Token, ...], classes: tuple[Label, ...]
) -> NDArray[np.int64]:
    return count(followed, _docs(corpus), corpus.labels, classes)


def _shard(corpus: Corpus, feature_map: SparseMap, code: Code, place: dict[Label, int]) -> Shard:
    """Features of the different documents of a shard, how often each is there, and targets."""
    import numpy as np
    import scipy.sparse as sparse

    different, number = merge(_docs(corpus))
    copies = np.bincount(number).astype(np.float64)
    answers = np.array([place[label] for label in corpus.labels])
    shape = (len(copies), code.values.shape[0])
    means = sparse.csr_array((1 / copies[number], (number, answers)), shape=shape)
    features = _new(feature_map).merge([feature_map]).transform(different)
    return Shard(features, copies, code.targets(means).values)
