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
    import scipy.sparse as sparse


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
    import numpy as np
    import scipy.sparse as sparse

    found = {}
    for name, columns in feature_map.groups.items():
        chosen = np.zeros(rows.shape[1])
        chosen[columns] = 1
        part = sparse.csr_array(rows @ sparse.diags_array(chosen))
        part.eliminate_zeros()
        found[term(name).name] = part
    return found
