"""What every map from documents to explicit features can do: a transformer as in scikit-learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from symntk.decomposition.documents import Document, Token, read_documents
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray


class SparseMap(ABC):
    """Phi(x) with kernel(x, x') = Phi(x) . Phi(x'), exactly.

    `fit` learns which features occur; others are left out of later documents, as they have inner
    product 0 with all that were seen.
    """

    @abstractmethod
    def fit(self, docs: Iterable[Document], y: object = None) -> SparseMap:
        """Learn the columns from documents, lists of tokens."""

    @abstractmethod
    def merge(self, parts: Sequence[SparseMap]) -> SparseMap:
        """Learn the columns from maps like this one that were fitted to shards of a corpus.

        They are those of a fit to the whole, the shards in this order.
        """

    @abstractmethod
    def blocks(self, docs: Iterable[Document]) -> Iterator[sparse.csr_array]:
        """The features of documents, some rows at a time."""

    def transform(self, docs: Iterable[Document]) -> sparse.csr_array:
        """The features of documents, a sparse array (N, K)."""
        import scipy.sparse as sparse

        return sparse.csr_array(sparse.vstack(list(self.blocks(docs)), "csr"))

    def fit_transform(self, docs: Iterable[Document], y: object = None) -> sparse.csr_array:
        """Learn the columns, and give the features."""
        read = read_documents(docs)
        return self.fit(read).transform(read)

    @property
    @abstractmethod
    def width(self) -> int:
        """The number of columns."""

    @property
    @abstractmethod
    def names(self) -> list[tuple[str, tuple[Token, ...]]]:
        """For each column the name of its statistic, and the tokens."""

    @property
    @abstractmethod
    def kinds(self) -> tuple[list[str], NDArray[np.int32]]:
        """The names of the statistics, and the number of that of each column, (K,)."""

    @property
    def groups(self) -> dict[str, list[int]]:
        """The columns of each statistic."""
        names, numbers = self.kinds
        return {name: (numbers == n).nonzero()[0].tolist() for n, name in enumerate(names)}

    @abstractmethod
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What the map was made of."""

    @abstractmethod
    def __sklearn_is_fitted__(self) -> bool:
        """Whether columns are known."""

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn, which alone asks for it, wants to know of a transformer of lists."""
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type="transformer",
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(two_d_array=False),
        )

    def set_params(self, **params: Any) -> SparseMap:
        """Exchange what the map is made of."""
        for name, value in params.items():
            if name not in self.get_params():
                raise UsageError(f"a feature map has no parameter {name!r}")
            setattr(self, name, value)
        return self

    def get_feature_names_out(self, input_features: object = None) -> NDArray[Any]:
        """A text for each column: "bigram not good"; features of one name are numbered from 2."""
        import numpy as np

        counts: dict[str, int] = {}
        found = []
        for name, tokens in self.names:
            text = " ".join([name, *map(str, tokens)])
            counts[text] = counts.get(text, 0) + 1
            found.append(text if counts[text] == 1 else f"{text} ({counts[text]})")
        return np.array(found, dtype=object)

    def require_fitted(self) -> None:
        """UsageError before `fit`."""
        if not self.__sklearn_is_fitted__():
            raise UsageError("the features are not known yet: fit them to documents first")
