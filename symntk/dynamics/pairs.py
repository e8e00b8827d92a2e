"""What two neighbouring tokens say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Token
from symntk.decomposition.flow.terms import BIAS, CO_OCCURRENCE, LENGTH, WHOLE
from symntk.decomposition.maps.feature_map import FeatureMap
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


def known_pairs(flow: Flow) -> list[tuple[Token, ...]]:
    """The bigrams that are features of the network, as they occurred in the flow's documents.

    None for a network whose features are words of its recurrence, not neighbours in a document.
    """
    if not isinstance(flow.feature_map, FeatureMap):
        return []
    named = flow.feature_map.names
    return list(dict.fromkeys(tokens for name, tokens in named if name == "bigram"))


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

    if not pairs:
        return np.zeros((0, len(flow.names))), TOGETHER
    terms = flow.document_terms(pairs)
    own = [values[-1] for name, values in terms.items() if name not in _OF_SINGLES]
    if own:
        return np.sum(own, axis=0), OWN
    return np.sum([values[-1] for values in terms.values()], axis=0), TOGETHER
