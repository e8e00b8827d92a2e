"""Documents and labels as a flow takes them: checked, counted, and those that are equal merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from symntk.decomposition.documents import Document, Documents, Token
from symntk.decomposition.documents import read_documents as read_documents
from symntk.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def check_lengths(docs: Sequence[Document], labels: Sequence[object]) -> None:
    """UsageError unless there is one label for each document."""
    if len(docs) != len(labels):
        raise UsageError(
            f"there are {len(docs)} documents and {len(labels)} labels; each document needs one"
        )


def merge(documents: Documents) -> tuple[Documents, NDArray[np.int64]]:
    """The different documents, in the order in which they first occur, and the number of each.

    Only documents whose hashes are equal are compared.
    """
    import numpy as np

    number = len(documents)
    starts = documents.starts.tolist()

    def content(place: int) -> bytes:
        return documents.tokens[starts[place] : starts[place + 1]].tobytes()

    hashes = np.fromiter((hash(content(n)) for n in range(number)), np.int64, number)
    _, kind, copies = np.unique(hashes, return_inverse=True, return_counts=True)
    first, known = np.arange(number), dict[bytes, int]()
    for place in np.flatnonzero(copies[kind] > 1).tolist():
        first[place] = known.setdefault(content(place), place)
    kept = np.flatnonzero(first == np.arange(number))
    if len(kept) == number:
        return documents, first
    return documents.take(kept), np.searchsorted(kept, first)


def count(
    tokens: Sequence[Token],
    documents: Iterable[Document],
    labels: Sequence[object],
    classes: Sequence[object],
) -> NDArray[np.int64]:
    """How often each token stands in documents of each class; of all, without classes."""
    import numpy as np

    docs = documents if isinstance(documents, Documents) else Documents.of(documents)
    place = {token: n for n, token in enumerate(tokens)}
    column = {label: n for n, label in enumerate(classes)}
    width = max(1, len(column))
    rows = np.array([place.get(token, len(place)) for token in docs.vocabulary], dtype=np.int64)
    columns = np.fromiter((column.get(label, 0) for label in labels), np.int64, len(docs))
    found = np.zeros((len(place) + 1) * width, dtype=np.int64)
    for some in docs.pieces():
        own = docs.tokens[docs.starts[some.start] : docs.starts[some.stop]]
        kinds = np.repeat(columns[some], docs.lengths[some])
        found += np.bincount(rows[own] * width + kinds, minlength=len(found))
    return found.reshape(-1, width)[:-1]
