"""Gradient flow on a text: from a graph, documents and labels to trajectories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from symntk.decomposition import features
from symntk.decomposition.feature_map import Document, FeatureMap, Token
from symntk.decomposition.summands import NotWindows
from symntk.derivation import Derivation
from symntk.dynamics.descent import Descent
from symntk.dynamics.documents import check_lengths, read_documents
from symntk.dynamics.kernel_map import KernelMap
from symntk.dynamics.losses import LOSSES, Label, Loss, Targets
from symntk.dynamics.trajectory import Flow
from symntk.errors import UsageError
from symntk.graph import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def flow(
    graph: Graph | Derivation,
    docs: Iterable[Document],
    labels: Iterable[Label],
    loss: str = "logistic",
    times: Sequence[float] | None = None,
    eta: float = 1.0,
    tokens: Iterable[Token] | None = None,
    tolerance: float = 1e-5,
) -> Flow:
    """The gradient flow of the infinitely wide network ``graph`` on labelled documents.

        ds(x)/dt = eta sum_j Theta(x, x_j) r_j,   s = 0 at t = 0,

    r_j = -dl/ds_j the residual of document j.  A kernel that is a sum over pairs of windows is
    taken apart into its explicit sparse features, so that time and memory go with the number of
    tokens.  That of other networks (attention, recurrence) is computed for all pairs of documents.

    docs: lists of tokens, words or numbers.
    labels: one for each document: classes, or numbers for squared loss.
    loss: "logistic" (two classes, the upper is 1, the lower -1), "softmax" (several classes) or
        "squared" (numbers; in closed form).
    times: rising, from 0 on; without them 0, and 60 from 0.1 to 10000 over the fastest rate.
    eta: the learning rate of the sum of the losses; 1 / documents for that of their mean.
    tokens: whose label scores to follow; all of ``docs`` without it.
    tolerance: the error of one step, relative to the norm of w; for squared loss of the result.

    Raises UsageError for data that is not well formed, and for more than a few thousand documents
    where the kernel is needed for all pairs.
    """
    chosen = _one_of(loss)
    documents = read_documents(docs)
    answers = list(labels)
    check_lengths(documents, answers)
    targets = chosen.targets(answers)
    _check_number("eta", eta)
    _check_number("tolerance", tolerance)
    given = None if times is None else _rising(times)
    followed = _vocabulary(documents if tokens is None else read_documents([list(tokens)]))
    feature_map = _feature_map(graph).fit(documents)
    descent = Descent(feature_map.transform(documents), targets, chosen, float(eta))
    moments = _usual(descent.rate) if given is None else given
    solution = descent.solve(moments.tolist(), tolerance)
    return Flow(
        tuple(followed),
        _counts(followed, documents, answers, targets),
        targets.names,
        targets.classes,
        moments,
        solution.weights,
        solution.errors,
        feature_map,
        descent,
    )


def _feature_map(graph: Graph | Derivation) -> FeatureMap | KernelMap:
    """The sparse features of the kernel, or those of its matrix where it has none."""
    table = features(graph)
    try:
        return table.feature_map()
    except NotWindows:
        return KernelMap(table.derivation)


def _one_of(name: str) -> Loss:
    if name not in LOSSES:
        raise UsageError(f"no loss {name!r}: there are {', '.join(LOSSES)}")
    return LOSSES[name]


def _check_number(name: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}: needed is a positive number")


def _rising(times: Sequence[float]) -> NDArray[np.float64]:
    import numpy as np

    try:
        found = np.array(times, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"times: needed is a list of numbers ({error})") from error
    if found.ndim != 1 or not len(found):
        raise UsageError("times: needed is a list of numbers, one at least")
    wrong = ~np.isfinite(found) | (found < 0)
    if wrong.any():
        raise UsageError(f"times: {found[wrong][0]} is no time; needed are numbers from 0 on")
    if (np.diff(found) <= 0).any():
        raise UsageError("times: each must be later than the one before it")
    return found


def _usual(rate: float) -> NDArray[np.float64]:
    """0, and 60 times from a tenth of the shortest time scale to 10000 of them."""
    import numpy as np

    return np.concatenate([[0.0], np.geomspace(0.1, 1e4, 60) / (rate or 1.0)])


def _vocabulary(documents: Sequence[Document]) -> list[Token]:
    """The tokens in the order in which they first occur."""
    return list(dict.fromkeys(token for document in documents for token in document))


def _counts(
    tokens: Sequence[Token],
    documents: Sequence[Document],
    labels: Sequence[Label],
    targets: Targets,
) -> NDArray[np.int64]:
    """How often each token stands in documents of each class; of all, without classes."""
    import numpy as np

    place = {token: n for n, token in enumerate(tokens)}
    column = {label: n for n, label in enumerate(targets.classes)}
    found = np.zeros((len(tokens), max(1, len(column))), dtype=np.int64)
    for document, label in zip(documents, labels, strict=True):
        for token in document:
            if token in place:
                found[place[token], column.get(label, 0)] += 1
    return found
