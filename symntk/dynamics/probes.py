"""The documents of one token each, whose scores are the label scores of these tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Token
from symntk.decomposition.flow.terms import term
from symntk.decomposition.maps.sparse_map import SparseMap
from symntk.dynamics.kernel_map import KernelMap

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Probes:
    """The features of one-token documents, computed when they are first asked for."""

    tokens: tuple[Token, ...]
    feature_map: SparseMap | KernelMap

    @cached_property
    def rows(self) -> sparse.csr_array:
        """Phi, (tokens, features)."""
        return self.feature_map.transform([token] for token in self.tokens)

    @cached_property
    def parts(self) -> Mapping[str, sparse.csr_array]:
        """`rows` by term."""
        return by_term(self.rows, self.feature_map)


def by_term(
    rows: sparse.csr_array, feature_map: SparseMap | KernelMap
) -> Mapping[str, sparse.csr_array]:
    """Features (documents, features) by term: of the same shape each, those of the others 0."""
    import scipy.sparse as sparse

    found = {}
    for name, mask in masks(feature_map).items():
        part = sparse.csr_array(rows @ sparse.diags_array(mask))
        part.eliminate_zeros()
        found[name] = part
    return found


def masks(feature_map: SparseMap | KernelMap) -> Mapping[str, Array]:
    """By term, 1 for its features and 0 for others, (features,)."""
    names, numbers = feature_map.kinds
    return {term(name).name: (numbers == n).astype(float) for n, name in enumerate(names)}
