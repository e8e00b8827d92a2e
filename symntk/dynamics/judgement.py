"""How well a flow predicts labelled documents, and what their scores are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symntk.dynamics.corpus import Corpus
from symntk.dynamics.documents import read_documents
from symntk.dynamics.probes import masks
from symntk.dynamics.trajectory import Flow

if TYPE_CHECKING:
    import numpy as np
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
    right, missed, begin = np.zeros(len(flow.times)), 0.0, 0
    chosen = masks(flow.feature_map)
    sizes = {name: np.zeros(2) for name in chosen}
    for rows in flow.feature_map.blocks(read_documents(corpus.docs)):
        labels = known[begin : begin + rows.shape[0]]
        begin += rows.shape[0]
        if flow.classes:
            for n, weights in enumerate(flow.weights):
                predicted = flow.descent.loss.decide(rows @ weights, flow.classes)
                right[n] += np.count_nonzero(predicted == labels)
        else:
            missed += float(np.sum(((rows @ flow.weights[-1])[:, 0] - labels) ** 2))
        for name, mask in chosen.items():
            for n, weights in enumerate((flow.first_slope, flow.weights[-1])):
                sizes[name][n] += np.abs(rows @ (mask[:, None] * weights)).sum()
    scores = begin * len(flow.names)
    return Judgement(
        right / begin,
        missed / begin,
        0.0 if flow.classes else float(np.var(known)),
        {name: first / scores for name, (first, _) in sizes.items()},
        {name: last / scores for name, (_, last) in sizes.items()},
    )
