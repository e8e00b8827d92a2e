r"""Features of a kernel that is no sum over windows, from its matrix on the documents of a fit.

With Theta(X, X) = U diag(lambda) U^T, Phi(x) = Theta(x, X) U lambda^(-1/2) has the inner products
Phi(x) . Phi(x_j) = Theta(x, x_j) with every x_j of X, which is all that a flow on X needs.  It
takes the whole matrix, N^2 numbers: for a few thousand documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Document, Token
from symntk.derivation import Derivation
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray

    from symntk.emission import Kernel

MOST = 3000
"""Documents: their matrix is 72 MB, and its eigenvectors take half a minute."""

SMALLEST = 1e-12
"""An eigenvalue this small, relative to the largest, is rounding."""


@dataclass
class KernelMap:
    """Phi(x) with Theta(x, x_j) = Phi(x) . Phi(x_j) for the documents x_j of `fit`."""

    derivation: Derivation
    _kernel: Kernel | None = None
    _documents: list[list[int]] = field(default_factory=list)
    _numbers: dict[Token, int] = field(default_factory=dict)
    _factor: NDArray[np.float64] | None = None

    def fit(self, docs: Sequence[Document]) -> KernelMap:
        """Compute the kernel of the documents, and its eigenvectors."""
        import numpy as np

        if len(docs) > MOST:
            raise UsageError(
                f"the kernel of this network is no inner product of counts of tokens and n-grams, "
                f"and the matrix of {len(docs)} different documents would be too large: at most "
                f"{MOST}"
            )
        self._kernel = self.derivation.compile()
        tokens = dict.fromkeys(token for document in docs for token in document)
        self._numbers = {token: n for n, token in enumerate(tokens)}
        self._documents = self._as_numbers(docs)
        spectrum, vectors = np.linalg.eigh(self._kernel(self._documents).ntk)
        kept = spectrum > SMALLEST * spectrum[-1]
        self._factor = vectors[:, kept] / np.sqrt(spectrum[kept])
        return self

    def transform(self, docs: Iterable[Document]) -> sparse.csr_array:
        """The features of documents, (N, K)."""
        import scipy.sparse as sparse

        assert self._kernel is not None and self._factor is not None
        theta = self._kernel(self._as_numbers(docs), self._documents).ntk
        return sparse.csr_array(theta @ self._factor)

    def blocks(self, docs: Iterable[Document]) -> Iterator[sparse.csr_array]:
        """The features of documents, all of them at once."""
        yield self.transform(docs)

    @property
    def width(self) -> int:
        """The number of features."""
        assert self._factor is not None
        found: int = self._factor.shape[1]
        return found

    @property
    def kinds(self) -> tuple[list[str], NDArray[np.int32]]:
        """One kind: such features do not tell statistics apart."""
        import numpy as np

        return ["kernel"], np.zeros(self.width, dtype=np.int32)

    def _as_numbers(self, docs: Iterable[Document]) -> list[list[int]]:
        """Tokens as numbers; those that were not in the documents of `fit` have higher ones."""
        numbers = dict(self._numbers)
        return [[numbers.setdefault(t, len(numbers)) for t in document] for document in docs]
