"""Documents as lists of tokens, checked, and held as numbers."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.integer[Any]]
    Numbers = NDArray[np.int32]

Token: TypeAlias = int | str
Document: TypeAlias = Sequence[Token]

SHOWN = 10
"""Documents that are printed of a corpus."""

PIECE = 2**18
"""Tokens that are looked at together where all of them would take too much memory."""


@dataclass(frozen=True, eq=False, repr=False)
class Documents(Sequence[list[Token]]):
    """Documents in a few bytes a token: read like a list of lists of tokens.

    tokens: the tokens of all documents, one after another, by their number; 32 bits each.
    starts: where each document begins, and the end, (documents + 1,).
    vocabulary: the different tokens, by number, in the order in which they first occur.
    """

    tokens: Numbers
    starts: NDArray[np.int64]
    vocabulary: tuple[Token, ...]

    @classmethod
    def of(cls, docs: Iterable[Document]) -> Documents:
        """Lists of tokens, each taken as it is."""
        import numpy as np

        numbers: defaultdict[Token, int] = defaultdict(count().__next__)
        tokens, starts = array("i"), array("q", [0])
        for document in docs:
            tokens.extend(map(numbers.__getitem__, document))
            starts.append(len(tokens))
        return cls(
            np.frombuffer(tokens, dtype=np.int32) if tokens else np.zeros(0, dtype=np.int32),
            np.frombuffer(starts, dtype=np.int64),
            tuple(numbers),
        )

    @classmethod
    def numbered(
        cls, tokens: Numbers, starts: NDArray[np.int64], names: Sequence[Token]
    ) -> Documents:
        """Documents of numbers of ``names``, of which some need not occur.

        ``tokens`` is written over: numbers become those of the vocabulary.
        """
        import numpy as np

        first = np.full(len(names), len(tokens))
        for piece in reversed(_pieces(len(tokens))):
            first[tokens[piece][::-1]] = np.arange(piece.start, piece.stop)[::-1]
        order = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(tokens))]
        place = np.empty(len(names), dtype=np.int32)
        place[order] = np.arange(len(order))
        for piece in _pieces(len(tokens)):
            tokens[piece] = place[tokens[piece]]
        return cls(tokens, starts, tuple(names[n] for n in order.tolist()))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each document."""
        found: NDArray[np.int64] = self.starts[1:] - self.starts[:-1]
        return found

    def take(self, places: Integers) -> Documents:
        """Some of the documents, by their numbers from 0, in the given order."""
        return self.parts(self.starts[places], self.starts[places + 1])

    def parts(self, begins: Integers, ends: Integers) -> Documents:
        """The documents that stand between places in ``tokens``."""
        import numpy as np

        lengths = ends - begins
        starts = np.concatenate([[0], np.cumsum(lengths)])
        tokens = np.empty(starts[-1], dtype=np.int32)
        for some in _ranges(starts):
            first, last = starts[some.start], starts[some.stop]
            shifts = np.repeat(begins[some] - starts[some], lengths[some])
            tokens[first:last] = self.tokens[np.arange(first, last) + shifts]
        return self.numbered(tokens, starts, self.vocabulary)

    def keep(self, tokens: Collection[Token]) -> Documents:
        """The same without other tokens; a document that has none of them becomes empty."""
        import numpy as np

        chosen = np.array([token in tokens for token in self.vocabulary], dtype=np.bool_)
        kept, ends = [], [np.zeros(1, dtype=np.int64)]
        for some in self.pieces():
            places = self.starts[some.start : some.stop + 1]
            numbers = self.tokens[places[0] : places[-1]]
            is_kept = chosen[numbers]
            before = np.concatenate([[0], np.cumsum(is_kept)])
            kept.append(numbers[is_kept])
            ends.append(ends[-1][-1] + before[places[1:] - places[0]])
        return self.numbered(np.concatenate(kept), np.concatenate(ends), self.vocabulary)

    def pieces(self) -> Iterator[slice]:
        """Documents that have together about `PIECE` tokens, as ranges of their numbers."""
        return _ranges(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, place: int) -> list[Token]: ...
    @overload
    def __getitem__(self, place: slice) -> Documents: ...
    def __getitem__(self, place: int | slice) -> list[Token] | Documents:
        """A document; of a slice these documents."""
        import numpy as np

        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self)} documents, and none has the number {place}")
        begin, end = self.starts[place % len(self)], self.starts[place % len(self) + 1]
        return [self.vocabulary[n] for n in self.tokens[begin:end].tolist()]

    def __iter__(self) -> Iterator[list[Token]]:
        for piece in self.pieces():
            starts = self.starts[piece.start : piece.stop + 1].tolist()
            numbers = self.tokens[starts[0] : starts[-1]].tolist()
            words = [self.vocabulary[n] for n in numbers]
            for begin, end in pairwise(starts):
                yield words[begin - starts[0] : end - starts[0]]

    def __eq__(self, other: object) -> bool:
        """Whether the documents of a sequence are the same."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            document == list(that) for document, that in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = list(islice(self, SHOWN))
        if len(shown) == len(self):
            return repr(shown)
        return f"{repr(shown)[:-1]}, ... {len(self)} documents]"


def _pieces(total: int) -> list[slice]:
    return [slice(begin, min(begin + PIECE, total)) for begin in range(0, total, PIECE)]


def _ranges(starts: NDArray[np.int64]) -> Iterator[slice]:
    """Documents that begin at ``starts``, in ranges of about `PIECE` tokens each."""
    begin, count = 0, len(starts) - 1
    while begin < count:
        end = int(starts.searchsorted(starts[begin] + PIECE))
        end = min(max(end, begin + 1), count)
        yield slice(begin, end)
        begin = end


def read_documents(docs: Iterable[Document]) -> Documents:
    """The documents, checked.

    Raises UsageError, with the number of the document, for a text that is not split into tokens,
    for a document without tokens, for a token that is neither a word nor a whole number, and
    where some tokens are words and some are numbers.
    """
    if isinstance(docs, Documents):
        _check_lengths(docs)
        return docs
    if isinstance(docs, str):
        raise UsageError("documents are needed, each a list of tokens, not one text")
    kinds: set[type] = set()
    found = Documents.of(
        _document(place, document, kinds) for place, document in enumerate(docs, start=1)
    )
    if not len(found):
        raise UsageError("there are no documents")
    if len({issubclass(kind, str) for kind in kinds}) > 1:
        raise UsageError("some tokens are words and some are numbers; use one of them")
    return found


def _check_lengths(docs: Documents) -> None:
    if not len(docs):
        raise UsageError("there are no documents")
    if not docs.lengths.all():
        place = int(docs.lengths.argmin()) + 1
        raise UsageError(f"document {place} has no tokens")


def _document(place: int, document: Any, kinds: set[type]) -> Document:
    """One document; the types of its tokens are added to ``kinds``."""
    if isinstance(document, str):
        raise UsageError(
            f"document {place} is a text; split it into tokens, for example with str.split"
        )
    if not isinstance(document, Iterable):
        raise UsageError(f"document {place} is {document!r}: needed is a list of tokens")
    found: Document = document if isinstance(document, list | tuple) else list(document)
    own = set(map(type, found))
    if own - {str, int}:
        found = [_token(place, token) for token in found]
        own = set(map(type, found))
    kinds |= own
    if not found:
        raise UsageError(f"document {place} has no tokens")
    return found


def _token(place: int, token: Any) -> Token:
    if isinstance(token, str):
        return token
    if isinstance(token, bool) or not hasattr(token, "__index__"):
        raise UsageError(
            f"document {place}: the token {token!r} is neither a word nor a whole number"
        )
    return int(token)
