"""A network before labelled documents: all that a flow needs, and its start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Document, Token
from symntk.decomposition.flow.terms import term
from symntk.decomposition.maps.explicit import explicit_map, require_tokens
from symntk.decomposition.maps.sparse_map import SparseMap
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import Derivation, derive
from symntk.dynamics.descent import Descent
from symntk.dynamics.documents import check_lengths, count, merge, read_documents
from symntk.dynamics.kernel_map import KernelMap
from symntk.dynamics.losses import LOSSES, Label, Loss
from symntk.dynamics.probes import Probes
from symntk.dynamics.progress import Progress, silent
from symntk.dynamics.shards import local_shards
from symntk.dynamics.trajectory import Flow
from symntk.errors import UsageError
from symntk.graph import Graph

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

USUAL = 60
"""Times that are looked at if none are given, besides 0."""

MOST = 4e9
"""Bytes of the largest flow."""

ENTRY = 12
"""Bytes of a feature that is not 0: its value and its column."""

STATES, RESIDUALS = 8, 4
"""Arrays like w, and like the scores of the documents, that a step needs at once."""


@dataclass(frozen=True, eq=False)
class Problem:
    """An infinitely wide network and the documents that it learns.

    tokens, counts, names, classes: as in `Trajectories`.
    """

    tokens: tuple[Token, ...]
    counts: NDArray[np.int64]
    names: tuple[Label, ...]
    classes: tuple[Label, ...]
    feature_map: SparseMap | KernelMap
    descent: Descent

    @property
    def terms(self) -> tuple[str, ...]:
        """The names that the terms of its flow will have."""
        return tuple(term(name).name for name in self.feature_map.kinds[0])

    def usual_times(self, end: float | None = None) -> Array:
        """0, and times at equal ratios from a tenth of the shortest time scale to ``end``.

        Without ``end`` to 10000 of these scales, each the reciprocal of the fastest rate.
        """
        import numpy as np

        scale = 1 / (self.descent.rate or 1.0)
        last = 1e4 * scale if end is None else end
        return np.concatenate([[0.0], np.geomspace(min(0.1 * scale, 1e-3 * last), last, USUAL)])

    def trace(
        self,
        times: Sequence[float] | Array,
        tolerance: float = 1e-5,
        progress: Progress = silent,
    ) -> Iterator[Flow]:
        """The flow so far, each time that another of ``times`` is reached; the last is the whole.

        All of them read the same memory, which is filled as time goes on.
        """
        import numpy as np

        check_positive("tolerance", tolerance)
        moments, shards = rising(times), self.descent.shards
        check_memory(shards.width, shards.count, shards.scores, len(moments))
        weights = np.empty((len(moments), shards.width, shards.scores))
        errors = np.empty(len(moments))
        solution = self.descent.solve(moments.tolist(), tolerance, progress)
        for n, reached in enumerate(solution, start=1):
            weights[n - 1], errors[n - 1] = reached.weights, reached.error
            yield Flow(
                self.tokens, self.counts, self.names, self.classes, moments[:n],
                weights[:n], errors[:n], self.feature_map, self.descent, self._probes,
            )  # fmt: skip

    @cached_property
    def _probes(self) -> Probes:
        return Probes(self.tokens, self.feature_map)


def pose(
    graph: Graph | Derivation,
    docs: Iterable[Document],
    labels: Iterable[Label],
    loss: str = "logistic",
    eta: float = 1.0,
    tokens: Iterable[Token] | None = None,
) -> Problem:
    """Put the network ``graph`` before labelled documents; see `symntk.flow` for the arguments."""
    import numpy as np
    import scipy.sparse as sparse

    chosen = read_loss(loss)
    documents = read_documents(docs)
    answers = list(labels)
    check_lengths(documents, answers)
    code = chosen.code(answers)
    check_positive("eta", eta)
    followed = (documents if tokens is None else read_documents([list(tokens)])).vocabulary
    counts = count(followed, documents, answers, code.classes)
    different, number = merge(documents)
    copies = np.bincount(number).astype(np.float64)
    feature_map = _feature_map(graph).fit(different)
    check_memory(feature_map.width, len(different), len(code.names), 1)
    means = sparse.csr_array((1 / copies[number], (number, np.arange(len(number)))))
    targets = code.targets(means)
    blocks = _within_memory(feature_map.blocks(different), len(different))
    shards = local_shards(blocks, copies, targets.values)
    descent = Descent(shards, chosen, float(eta))
    return Problem(followed, counts, targets.names, targets.classes, feature_map, descent)


def check_memory(features: int, documents: int, scores: int, times: int) -> None:
    """UsageError where w does not fit into memory, for each of ``scores`` and of ``times``."""
    need = 8 * scores * (features * (times + STATES) + documents * RESIDUALS)
    if need > MOST:
        raise UsageError(
            f"the flow of {features} features of {documents} different documents for {scores} "
            f"scores at {times} time{'s' * (times > 1)} needs {need / 1e9:.3g} GB, and "
            f"{MOST / 1e9:.3g} GB are the most: follow fewer times, or leave out rare tokens"
        )


def _within_memory(
    blocks: Iterable[sparse.csr_array], documents: int
) -> Iterator[sparse.csr_array]:
    """The blocks of features; UsageError once it is seen that all would not fit into memory."""
    rows = entries = 0
    for block in blocks:
        rows, entries = rows + block.shape[0], entries + block.nnz
        expected = entries * documents / rows
        if expected * ENTRY > MOST:
            raise UsageError(
                f"the features of {documents} different documents have about {expected:.2g} "
                f"entries that are not 0, which take {expected * ENTRY / 1e9:.3g} GB, and "
                f"{MOST / 1e9:.3g} GB are the most: leave out rare tokens, take a smaller window, "
                "or follow the documents in shards on a cluster"
            )
        yield block


def _feature_map(graph: Graph | Derivation) -> SparseMap | KernelMap:
    """The sparse features of the kernel, or those of its matrix where it has none."""
    derivation = graph if isinstance(graph, Derivation) else derive(graph)
    require_tokens(derivation)
    try:
        return explicit_map(derivation)
    except NotWindows:
        return KernelMap(derivation)


def read_loss(name: str) -> Loss:
    """The loss of that name."""
    if name not in LOSSES:
        raise UsageError(f"no loss {name!r}: there are {', '.join(LOSSES)}")
    return LOSSES[name]


def check_positive(name: str, value: float) -> None:
    """UsageError unless ``value`` is a positive number."""
    if not (isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}: needed is a positive number")


def rising(times: Sequence[float] | Array) -> Array:
    """The times as an array; UsageError unless they are numbers that rise, from 0 on."""
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
