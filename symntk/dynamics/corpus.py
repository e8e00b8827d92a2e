"""Labelled texts in .csv, .tsv and .jsonl files, read row by row and split into tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from symntk.decomposition.documents import Document, Documents, Token, read_documents
from symntk.dynamics.progress import Progress, silent
from symntk.dynamics.rows import Row, read_rows
from symntk.errors import UsageError


@dataclass(frozen=True)
class Corpus:
    """Documents and labels, as `symntk.flow` takes them.

    left_out: the number of rows none of whose tokens was kept.
    """

    docs: Sequence[Document]
    labels: list[Any]
    left_out: int = 0

    def keep(self, tokens: Collection[Token]) -> Corpus:
        """The same without other tokens, and without documents that have none of them."""
        kept = read_documents(self.docs).keep(tokens)
        places = kept.lengths.nonzero()[0]
        return Corpus(
            kept.take(places),
            [self.labels[place] for place in places],
            self.left_out + len(kept) - len(places),
        )


def read_corpus(
    path: str | Path,
    text: str = "text",
    label: str | None = "label",
    pattern: str | None = None,
    lower: bool = False,
    minimum: int = 1,
    numbers: bool = False,
    progress: Progress = silent,
) -> Corpus:
    """The labelled texts of a file.

    .csv, .tsv: the first line names the columns.  .jsonl: an object on each line.

    text, label: the columns; without ``label`` every label is None.
    pattern: a regular expression, whose matches are the tokens; without it they are what white
        space separates.
    lower: whether upper and lower case are one.
    minimum: tokens that occur less often are left out.
    numbers: whether labels are numbers, for squared loss, and not classes.  Classes are whole
        numbers if all of them are, and words if not.
    progress: told now and then how many bytes of the file have been read.

    Raises UsageError with file, row and column for whatever is not well formed; rows count from 1,
    without the line of names.
    """
    if minimum < 1:
        raise UsageError(f"the minimum count of a token is at least 1, not {minimum}")
    split = tokenizer(pattern, lower)
    columns = (text,) if label is None else (text, label)
    labels: list[Any] = []
    classes: dict[Any, Any] = {}

    def texts() -> Iterator[list[str]]:
        for row in read_rows(Path(path), columns, progress):
            tokens = split(_text(row, text))
            if not tokens:
                raise UsageError(f"{row.at(text)}: the text has no tokens")
            yield tokens
            if label is not None:
                name = _number(row, label) if numbers else _class(row, label)
                labels.append(classes.setdefault(name, name))

    docs = Documents.of(texts())
    if not len(docs):
        raise UsageError(f"{path} has no rows")
    if label is None:
        labels = [None] * len(docs)
    elif not numbers and all(isinstance(name, str) and _WHOLE.fullmatch(name) for name in labels):
        labels = [int(name) for name in labels]
    return _frequent(Corpus(docs, labels), minimum)


def tokenizer(pattern: str | None = None, lower: bool = False) -> Callable[[str], list[str]]:
    """What splits a text into tokens; see `read_corpus`."""
    find: Callable[[str], list[str]] = str.split if pattern is None else _finder(pattern)
    return (lambda text: find(text.lower())) if lower else find


def _finder(pattern: str) -> Callable[[str], list[str]]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"the pattern {pattern!r} is no regular expression: {error}") from error
    return lambda text: [match.group() for match in compiled.finditer(text) if match.group()]


_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def _text(row: Row, column: str) -> str:
    cell = row.cells[column]
    if not isinstance(cell, str):
        raise UsageError(f"{row.at(column)}: needed is a text, not {cell!r}")
    return cell


def _class(row: Row, column: str) -> Any:
    """A label that names a class: a word, a whole number, true or false."""
    cell = row.cells[column]
    if not isinstance(cell, str | int):
        raise UsageError(f"{row.at(column)}: a class is a word or a whole number, not {cell!r}")
    if isinstance(cell, str):
        cell = cell.strip()
        if not cell or cell.lower() == "nan":
            raise UsageError(f"{row.at(column)}: the label is {cell or 'empty'}")
    return cell


def _number(row: Row, column: str) -> float:
    cell = row.cells[column]
    try:
        found = float(cell) if not isinstance(cell, bool) else float("nan")
    except (TypeError, ValueError, OverflowError):
        found = float("nan")
    if not isfinite(found):
        raise UsageError(f"{row.at(column)}: the label {cell!r} is no finite number")
    return found


def _frequent(corpus: Corpus, minimum: int) -> Corpus:
    """The corpus of the tokens that occur ``minimum`` times or more."""
    import numpy as np

    if minimum == 1:
        return corpus
    docs = read_documents(corpus.docs)
    counts = np.bincount(docs.tokens).tolist()
    known = zip(docs.vocabulary, counts, strict=True)
    found = corpus.keep({token for token, count in known if count >= minimum})
    if not len(found.docs):
        raise UsageError(f"no token occurs {minimum} times")
    return found
