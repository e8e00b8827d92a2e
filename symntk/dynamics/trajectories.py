"""Scores over time, of a theory or of a trained network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symntk.decomposition.feature_map import Token
from symntk.dynamics.losses import Label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trajectories(ABC):
    """How the label scores of tokens move while a network learns labelled documents.

    tokens: those whose label scores are followed; the label score of a token is the score of the
        document that it alone makes.
    counts: how often each token stands in documents of each class, (tokens, classes); of all
        documents, (tokens, 1), where the labels are numbers.
    names: what each score is a score of: a class, the upper one of two for logistic loss, or ""
        where the labels are numbers.
    classes: the classes, in rising order; none where the labels are numbers.
    times: (times,), rising.
    """

    tokens: tuple[Token, ...]
    counts: NDArray[np.int64]
    names: tuple[Label, ...]
    classes: tuple[Label, ...]
    times: Array

    @property
    @abstractmethod
    def label_scores(self) -> Array:
        """The scores of the one-token documents, (times, tokens, scores)."""

    @cached_property
    def scores(self) -> Mapping[str, NDArray[Any]]:
        """The label scores as a long table, by column: token, class, time, score.

        Tokens vary slowest and times fastest.
        """
        import numpy as np

        moments, tokens, names = self.label_scores.shape
        return {
            "token": np.repeat(_objects(self.tokens), names * moments),
            "class": np.tile(np.repeat(_objects(self.names), moments), tokens),
            "time": np.tile(self.times, tokens * names),
            "score": self.label_scores.transpose(1, 2, 0).ravel(),
        }


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    """An array that holds the values as they are, so that long words are not copied."""
    import numpy as np

    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
