"""How well a flow predicts labelled documents, and what their scores are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symntk.decomposition.maps.threads import in_threads
from symntk.dynamics.corpus import Corpus
from symntk.dynamics.documents import read_documents
from symntk.dynamics.probes import masks
from symntk.dynamics.trajectory import Flow

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the scores of labelled documents say.

    right: which share of the documents has the label that is predicted, (times,); 0 for numbers.
    missed: the mean square of the difference of score and label at the end; 0 for classes.
    spread: the variance of the labels; 0 for classes.
    first, last: the mean size of what each term adds to the derivative of a score at time 0, and
        to a score at the end.
    """

    right: Array
    missed: float
    spread: float
    first: Mapping[str, float]
    last: Mapping[str, float]


def judge(flow: Flow, corpus: Corpus) -> Judgement:
    """Compare a flow with the labels of ``corpus``, some documents at a time."""
    import numpy as np

    known = np.array(corpus.labels)
    ends = flow.first_slope, flow.weights[-1]
    terms = {
        name: [mask[:, None] * weights for weights in ends]
        for name, mask in masks(flow.feature_map).items()
    }

    def compare(block: tuple[sparse.csr_array, NDArray[Any]]) -> tuple[Array, float, Array]:
        """The number of right predictions, the squares of misses, and sizes (terms, 2), summed."""
        rows, labels = block
        right, missed = np.zeros(len(flow.times)), 0.0
        if flow.classes:
            for n, weights in enumerate(flow.weights):
                predicted = flow.descent.loss.decide(rows @ weights, flow.classes)
                right[n] = np.count_nonzero(predicted == labels)
        else:
            missed = float(np.sum(((rows @ flow.weights[-1])[:, 0] - labels) ** 2))
        sizes = [[np.abs(rows @ part).sum() for part in parts] for parts in terms.values()]
        return right, missed, np.array(sizes).reshape(-1, 2)

    blocks = flow.feature_map.blocks(read_documents(corpus.docs))
    found = in_threads(compare, _labelled(blocks, known))
    right, missed, sizes = (sum(parts) / len(known) for parts in zip(*found, strict=True))
    first, last = (sizes / len(flow.names)).T.tolist()
    return Judgement(
        right,
        missed,
        0.0 if flow.classes else float(np.var(known)),
        dict(zip(terms, first, strict=True)),
        dict(zip(terms, last, strict=True)),
    )


def _labelled(
    blocks: Iterable[sparse.csr_array], labels: NDArray[Any]
) -> Iterator[tuple[sparse.csr_array, NDArray[Any]]]:
    begin = 0
    for rows in blocks:
        yield rows, labels[begin : begin + rows.shape[0]]
        begin += rows.shape[0]
