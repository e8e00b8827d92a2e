"""Scores over time, of a theory or of a trained network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symntk.decomposition.documents import Token
from symntk.dynamics.losses import Label
from symntk.errors import UsageError

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

    @abstractmethod
    def documents(self, docs: Any) -> Array:
        """The scores of documents, (times, documents, scores)."""

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

    def score_of(self, name: Label | None = None) -> int:
        """The number of the score of a class; of the last without ``name``."""
        if name is None:
            return len(self.names) - 1
        if name not in self.names:
            listed = ", ".join(map(repr, self.names))
            raise UsageError(f"there is no score of {name!r}; there are those of {listed}")
        return self.names.index(name)

    def places(self, tokens: Iterable[Token]) -> list[int]:
        """The numbers of tokens; UsageError for one whose label score is not followed."""
        number = {token: n for n, token in enumerate(self.tokens)}
        chosen = list(tokens)
        for token in chosen:
            if token not in number:
                raise UsageError(f"the label score of the token {token!r} is not followed")
        return [number[token] for token in chosen]

    def plot(
        self,
        path: str | Path,
        groups: Mapping[str, Sequence[Token]] | None = None,
        trained: Trajectories | None = None,
    ) -> None:
        """Write the figure of label scores over time to a .png, .svg or .pdf file.

        groups: tokens that are drawn in one colour; without them those of `polarity`.
        trained: a network of finite width, drawn as dots.
        """
        from symntk.dynamics.plots import trajectories
        from symntk.dynamics.polarity import usual_groups

        beside = {} if trained is None else {"": trained}
        trajectories(path, {"": self}, groups or usual_groups(self), beside)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    """An array that holds the values as they are, so that long words are not copied."""
    import numpy as np

    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
