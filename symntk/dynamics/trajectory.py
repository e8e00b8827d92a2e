"""What a flow found: scores of tokens and documents over time, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symntk.decomposition.documents import Document
from symntk.decomposition.maps.sparse_map import SparseMap
from symntk.dynamics.descent import Descent
from symntk.dynamics.documents import read_documents
from symntk.dynamics.kernel_map import KernelMap
from symntk.dynamics.losses import Label
from symntk.dynamics.probes import Probes, by_term
from symntk.dynamics.trajectories import Trajectories

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Flow(Trajectories):
    """The gradient flow of an infinitely wide network on documents.

    weights: w at each time, (times, features, scores); the score of a document is Phi(x) w.
    errors: bounds on the Euclidean norm of the error of w, (times,), rounding apart: the sum of
        the estimated errors of all steps where the flow is integrated; for squared loss from the
        residual of the closed form.  A score is off by at most sqrt(Theta(x, x)) times it.
    feature_map: Phi.
    probes: the one-token documents.
    """

    weights: Array
    errors: Array
    feature_map: SparseMap | KernelMap
    descent: Descent
    probes: Probes

    @property
    def latest(self) -> Flow:
        """The last of its times alone."""
        last = slice(-1, None)
        return replace(
            self, times=self.times[last], weights=self.weights[last], errors=self.errors[last]
        )

    @cached_property
    def label_scores(self) -> Array:
        """The scores of the one-token documents, (times, tokens, scores)."""
        return self._scores(self.probes.rows, self.weights)

    @cached_property
    def terms(self) -> Mapping[str, Array]:
        """What each statistic has contributed to the label scores, (times, tokens, scores) each.

        The term of a group g of features is the integral of eta Phi_g(x) Phi_g^T r up to each time,
        which is Phi_g(x) w_g: the terms add up to `label_scores`.
        """
        return self._split(self.weights, self.probes.parts)

    @cached_property
    def slopes(self) -> Mapping[str, Array]:
        """The derivative of the label scores in time by statistic, (times, tokens, scores) each."""
        import numpy as np

        slopes = np.array([self.descent.slope(weights) for weights in self.weights])
        return self._split(slopes, self.probes.parts)

    @cached_property
    def initial_slopes(self) -> Array:
        """The derivative of the label scores at time 0, (tokens, scores).

        With logistic loss eta/2 sum_j y_j Theta(e, x_j); of the token perceptron
        eta/2 sum_j y_j (rho omega_e(x_j) + mu T_j), omega_e counting the token, T_j all tokens.
        """
        found: Array = self.probes.rows @ self.first_slope
        return found

    @cached_property
    def first_slope(self) -> Array:
        """The derivative of w in time at time 0, (features, scores)."""
        import numpy as np

        return self.descent.slope(np.zeros(self.weights.shape[1:]))

    def documents(self, docs: Iterable[Document]) -> Array:
        """The scores of any documents, (times, documents, scores)."""
        return self._scores(self.feature_map.transform(read_documents(docs)), self.weights)

    def document_terms(self, docs: Iterable[Document]) -> Mapping[str, Array]:
        """What each statistic has contributed to `documents`, (times, documents, scores) each."""
        rows = self.feature_map.transform(read_documents(docs))
        return self._split(self.weights, by_term(rows, self.feature_map))

    def document_errors(self, docs: Iterable[Document]) -> Array:
        """Bounds on the errors of `documents`, (times, documents)."""
        return self._errors(self.feature_map.transform(read_documents(docs)))

    @cached_property
    def label_errors(self) -> Array:
        """Bounds on the errors of `label_scores`, (times, tokens)."""
        return self._errors(self.probes.rows)

    def predict(self, docs: Iterable[Document]) -> NDArray[Any]:
        """The labels that the scores of documents stand for, (times, documents).

        The scores themselves where the labels are numbers.
        """
        return self.descent.loss.decide(self.documents(docs), self.classes)

    def heat_map(
        self, path: str | Path, sentences: Iterable[Document], name: Label | None = None
    ) -> None:
        """Write a page of HTML: sentences whose tokens are coloured by label score.

        name: the class whose scores are shown; the last without it.
        """
        from symntk.dynamics.heat_map import heat_map

        Path(path).write_bytes(heat_map(self, sentences, name).encode("utf-8"))

    def _split(self, weights: Array, parts: Mapping[str, sparse.csr_array]) -> Mapping[str, Array]:
        return {name: self._scores(part, weights) for name, part in parts.items()}

    def _errors(self, rows: sparse.csr_array) -> Array:
        import numpy as np

        lengths = np.sqrt(rows.power(2).sum(axis=1))
        found: Array = self.errors[:, None] * np.asarray(lengths)
        return found

    @staticmethod
    def _scores(rows: sparse.sparray, weights: Array) -> Array:
        """Phi w at each time, (times, documents, scores)."""
        moments, features, names = weights.shape
        side_by_side = weights.transpose(1, 0, 2).reshape(features, moments * names)
        found: Array = (rows @ side_by_side).reshape(-1, moments, names).transpose(1, 0, 2)
        return found
