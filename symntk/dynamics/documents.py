"""Documents and labels as a flow takes them, checked."""

from __future__ import annotations

from collections.abc import Sequence

from symntk.decomposition.documents import Document
from symntk.decomposition.documents import read_documents as read_documents
from symntk.errors import UsageError


def check_lengths(docs: Sequence[Document], labels: Sequence[object]) -> None:
    """UsageError unless there is one label for each document."""
    if len(docs) != len(labels):
        raise UsageError(
            f"there are {len(docs)} documents and {len(labels)} labels; each document needs one"
        )
