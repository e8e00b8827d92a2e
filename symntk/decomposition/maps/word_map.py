"""The explicit features of a network without activations: its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

from symntk.decomposition.documents import Document, Token, read_documents
from symntk.decomposition.maps.sparse_map import SparseMap
from symntk.decomposition.words.expansion import Expander
from symntk.decomposition.words.linear import Linear
from symntk.decomposition.words.words import Vector, Vocabulary
from symntk.derivation import Derivation

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sparse
    from numpy.typing import NDArray


@dataclass
class WordMap(SparseMap):
    """A feature for each word, see `symntk.decomposition.words.words`; exact at every length.

    output: "ntk", "nngp", or "ntk:W" for the part of one parameter.
    """

    derivation: Derivation
    output: str = "ntk"
    _expander: Expander = field(init=False, repr=False)
    _columns: dict[int, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        trained = frozenset(self.derivation.trained)
        if self.output.startswith("ntk:"):
            trained &= {self.output.removeprefix("ntk:")}
        self._expander = Expander(Linear.of(self.derivation), Vocabulary(), trained)

    def fit(self, docs: Iterable[Document], y: object = None) -> WordMap:
        """Learn the columns from documents, lists of tokens."""
        self._learn(self._expander(document) for document in read_documents(docs))
        return self

    def merge(self, parts: Sequence[SparseMap]) -> WordMap:
        """Learn the columns from maps like this one that were fitted to shards of a corpus."""
        found: dict[int, int] = {}
        for part in parts:
            assert isinstance(part, WordMap)
            numbers = self._expander.vocabulary.merge(part._expander.vocabulary)
            for word in part._columns:
                found.setdefault(numbers[word], len(found))
        self._columns = found
        return self

    def blocks(self, docs: Iterable[Document]) -> Iterator[sparse.csr_array]:
        """The features of documents, some rows at a time."""
        self.require_fitted()
        read = read_documents(docs)
        for some in read.pieces():
            yield self._rows(self._expander(document) for document in read[some])

    def __reduce__(self) -> tuple[Callable[..., WordMap], tuple[Any, ...]]:
        """What it was made of and what it learnt, without what it keeps for speed."""
        return _restored, (self.derivation, self.output, self._expander.vocabulary, self._columns)

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self._columns)

    @property
    def names(self) -> list[tuple[str, tuple[Token, ...]]]:
        """For each column what it is called, and the tokens of its word."""
        vocabulary = self._expander.vocabulary
        return [(self._called(word), vocabulary.tokens(word)) for word in self._columns]

    @property
    def kinds(self) -> tuple[list[str], NDArray[np.int32]]:
        """Words with none, one, two, three tokens, and longer ones, as the columns have them."""
        import numpy as np

        called = [self._called(word) for word in self._columns]
        names = {name: n for n, name in enumerate(dict.fromkeys(called))}
        return list(names), np.array([names[name] for name in called], dtype=np.int32)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What the map was made of."""
        return {"derivation": self.derivation, "output": self.output}

    def __sklearn_is_fitted__(self) -> bool:
        """Whether columns are known."""
        return bool(self._columns)

    def _called(self, word: int) -> str:
        order = self._expander.vocabulary.orders[word]
        return NAMES.get(order, LONG)

    def _amount(self, word: int) -> float:
        """What a word's coefficient is multiplied by."""
        return 1.0 if self.output == "nngp" else sqrt(self._expander.vocabulary.uses[word])

    def _learn(self, read: Iterable[Vector]) -> None:
        words = dict.fromkeys(word for vector in read for word in vector)
        kept = (w for w in words if isinstance(w, int) and self._amount(w))
        self._columns = {word: column for column, word in enumerate(kept)}

    def _rows(self, read: Iterable[Vector]) -> sparse.csr_array:
        import numpy as np
        import scipy.sparse as sparse

        data, places, starts = [], [], [0]
        for vector in read:
            for word, coefficient in self._known(vector):
                data.append(coefficient * self._amount(word))
                places.append(self._columns[word])
            starts.append(len(places))
        shape = (len(starts) - 1, len(self._columns))
        index = sparse.get_index_dtype(maxval=max(*shape, len(data)))
        parts = np.array(data, dtype=float), np.array(places, index), np.array(starts, index)
        return sparse.csr_array(parts, shape=shape)

    def _known(self, vector: Vector) -> Iterator[tuple[int, float]]:
        for word, coefficient in vector.items():
            if isinstance(word, int) and word in self._columns:
                yield word, coefficient


def _restored(
    derivation: Derivation, output: str, vocabulary: Vocabulary, columns: dict[int, int]
) -> WordMap:
    found = WordMap(derivation, output)
    found._expander.vocabulary = vocabulary
    found._columns = columns
    return found


NAMES = {0: "constant", 1: "unigram", 2: "bigram", 3: "trigram"}
"""What words of so many tokens are called."""

LONG = "long n-gram"
"""What words of more tokens are called."""
