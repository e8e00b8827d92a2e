"""Documents as lists of tokens, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from symntk.errors import UsageError

Token: TypeAlias = int | str
Document: TypeAlias = Sequence[Token]


def read_documents(docs: Iterable[Document]) -> list[list[Token]]:
    """The documents as lists of tokens.

    Raises UsageError, with the number of the document, for a text that is not split into tokens,
    for a document without tokens, for a token that is neither a word nor a whole number, and
    where some tokens are words and some are numbers.
    """
    if isinstance(docs, str):
        raise UsageError("documents are needed, each a list of tokens, not one text")
    kinds: set[type] = set()
    found = [_document(place, document, kinds) for place, document in enumerate(docs, start=1)]
    if not found:
        raise UsageError("there are no documents")
    if len({issubclass(kind, str) for kind in kinds}) > 1:
        raise UsageError("some tokens are words and some are numbers; use one of them")
    return found


def _document(place: int, document: Any, kinds: set[type]) -> list[Token]:
    """One document; the types of its tokens are added to ``kinds``."""
    if isinstance(document, str):
        raise UsageError(
            f"document {place} is a text; split it into tokens, for example with str.split"
        )
    if not isinstance(document, Iterable):
        raise UsageError(f"document {place} is {document!r}: needed is a list of tokens")
    found: list[Token] = document if isinstance(document, list) else list(document)
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
