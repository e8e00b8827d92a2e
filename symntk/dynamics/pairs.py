"""What two neighbouring tokens say together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Documents, Token, read_documents
from symntk.decomposition.flow.terms import BIAS, CO_OCCURRENCE, LENGTH, WHOLE
from symntk.decomposition.maps.feature_map import FeatureMap
from symntk.decomposition.maps.tallies import merged
from symntk.dynamics.probes import masks
from symntk.dynamics.trajectory import Flow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

OWN = "beyond their tokens"
"""What the n-gram terms of a score contribute to it."""

TOGETHER = "score of the two tokens"
"""The score of a document of two tokens, where it is not taken apart."""

_OF_SINGLES = {term.name for term in (BIAS, CO_OCCURRENCE, LENGTH, WHOLE)}


def known_pairs(flow: Flow) -> Documents:
    """The bigrams that are features of the network, as they occurred in the flow's documents.

    None for a network whose features are words of its recurrence, not neighbours in a document.
    """
    if not isinstance(flow.feature_map, FeatureMap):
        return Documents.of([])
    return flow.feature_map.tuples("bigram")


def neighbours(docs: Documents) -> Documents:
    """The different pairs of tokens that stand beside each other in documents."""
    import numpy as np

    size = len(docs.vocabulary)

    def codes() -> Iterator[NDArray[np.int64]]:
        for some in docs.pieces():
            starts = docs.starts[some.start : some.stop + 1]
            own = docs.tokens[starts[0] : starts[-1]].astype(np.int64)
            is_last = np.zeros(len(own), dtype=np.bool_)
            is_last[starts[1:] - starts[0] - 1] = True
            yield (own[:-1] * size + own[1:])[~is_last[:-1]]

    tokens = np.stack(np.divmod(merged(codes()), size), axis=1).astype(np.int32).ravel()
    return Documents.numbered(tokens, np.arange(0, len(tokens) + 1, 2), docs.vocabulary)


def has_pairs(flow: Flow) -> bool:
    """Whether two neighbours can say more than each by itself, or it is not known."""
    terms = set(flow.terms)
    return WHOLE.name in terms or bool(terms - _OF_SINGLES)


def pair_scores(flow: Flow, pairs: Sequence[Sequence[Token]]) -> tuple[Array, str]:
    """The scores of pairs of tokens at the end of the flow, (pairs, scores), and what they are.

    `OWN`: the sum of the n-gram terms of the document that the two tokens make, if the network has
    such terms; `TOGETHER`: the score of that document, if not.
    """
    import numpy as np

    own = [mask for name, mask in masks(flow.feature_map).items() if name not in _OF_SINGLES]
    if not len(pairs):
        return np.zeros((0, len(flow.names))), TOGETHER
    weights = np.sum(own, axis=0)[:, None] * flow.weights[-1] if own else flow.weights[-1]
    blocks = flow.feature_map.blocks(read_documents(pairs))
    return np.concatenate([rows @ weights for rows in blocks]), OWN if own else TOGETHER
