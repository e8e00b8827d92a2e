"""Documents in files, as lists of tokens: .txt, .csv, .tsv, .jsonl and .json."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from symntk.errors import UsageError

Document = list[str] | list[int]


def read_documents(path: Path, column: str | None) -> list[Document]:
    """The documents in ``path``, each with a token at least; text is split at white space.

    .txt: one on each line.  .csv, .tsv (the first line names the columns) and .jsonl (an object on
    each line): in the column ``column``.  .json: a list of texts or of lists of token ids.
    """
    if path.suffix not in DOCUMENT_SUFFIXES:
        raise UsageError(f"{path}: documents are read from {', '.join(DOCUMENT_SUFFIXES)} files")
    if path.suffix in (".txt", ".json"):
        if column is not None:
            raise UsageError(f"{path}: --text names a column, and a {path.suffix} file has none")
        found = list(_LISTS[path.suffix](path))
    else:
        found = list(_TABLES[path.suffix](path, column))
    if not found:
        raise UsageError(f"{path} holds no documents")
    kinds = {type(token) for _, document in found for token in document}
    if len(kinds) > 1:
        raise UsageError(f"{path}: some tokens are words and some are numbers; use one of them")
    for place, document in found:
        if not document:
            raise UsageError(f"{path}: {place} is a document without tokens")
    return [document for _, document in found]


Places = Iterator[tuple[str, Document]]
"""Documents, each with the words for where it stands."""


def _read_lines(path: Path) -> Places:
    for number, line in enumerate(_text(path).split("\n"), start=1):
        yield f"line {number}", line.split()


def _read_list(path: Path) -> Places:
    documents = _json(path, _text(path), "")
    if not isinstance(documents, list):
        raise UsageError(f"{path}: needed is a list of documents, not {_kind(documents)}")
    for number, document in enumerate(documents, start=1):
        place = f"document {number}"
        if isinstance(document, str):
            yield place, document.split()
        elif isinstance(document, list):
            for token in document:
                if isinstance(token, bool) or not isinstance(token, str | int):
                    raise UsageError(
                        f"{path}: {place}: a token is a word or a whole number, not {_kind(token)}"
                    )
            yield place, document
        else:
            raise UsageError(
                f"{path}: {place} is {_kind(document)}: a document is a text, or a list of tokens"
            )


def _read_table(separator: str) -> Callable[[Path, str | None], Places]:
    def read(path: Path, column: str | None) -> Places:
        try:
            rows = list(csv.reader(StringIO(_text(path), newline=""), delimiter=separator))
        except csv.Error as error:
            raise UsageError(f"{path}: {error}") from error
        heading, *lines = rows or [[]]
        index = _column(path, column, heading)
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            if len(line) != len(heading):
                raise UsageError(
                    f"{path}: row {number} has {len(line)} columns, the first line "
                    f"names {len(heading)}"
                )
            yield f"row {number}", line[index].split()

    return read


def _read_objects(path: Path, column: str | None) -> Places:
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        entry = _json(path, line, f"{place}: ")
        if not isinstance(entry, dict):
            raise UsageError(f"{path}: {place}: needed is an object, not {_kind(entry)}")
        text = entry[list(entry)[_column(path, column, list(entry))]]
        if not isinstance(text, str):
            raise UsageError(f"{path}: {place}: {column} is {_kind(text)}, not a text")
        yield place, text.split()


_LISTS: dict[str, Callable[[Path], Places]] = {".txt": _read_lines, ".json": _read_list}
_TABLES: dict[str, Callable[[Path, str | None], Places]] = {
    ".csv": _read_table(","),
    ".tsv": _read_table("\t"),
    ".jsonl": _read_objects,
}
DOCUMENT_SUFFIXES = (*_LISTS, *_TABLES)
"""Files that documents are read from."""


def _column(path: Path, column: str | None, names: list[str]) -> int:
    listed = ", ".join(names) or "none"
    if column is None:
        raise UsageError(f"{path}: say with --text which column holds the text: {listed}")
    if column not in names:
        raise UsageError(f"{path}: there is no column {column!r}; the columns are {listed}")
    return names.index(column)


def _text(path: Path) -> str:
    """What is in the file, without empty lines at its end."""
    try:
        return path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text in UTF-8: {error}") from error


def _json(path: Path, text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: {place}not JSON: {error}") from error


def _kind(value: object) -> str:
    """What JSON calls a value."""
    names = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return names.get(type(value), json.dumps(value))
