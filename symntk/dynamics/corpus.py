"""Labelled texts in .csv, .tsv and .jsonl files, read row by row and split into tokens."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from symntk.errors import UsageError

LONGEST = 2**24
"""Bytes of the longest line: a longer one is no text with a label."""


@dataclass(frozen=True)
class Corpus:
    """Documents and labels, as `symntk.flow` takes them.

    left_out: the number of rows none of whose tokens was frequent enough.
    """

    docs: list[list[str]]
    labels: list[Any]
    left_out: int = 0


def read_corpus(
    path: str | Path,
    text: str = "text",
    label: str = "label",
    pattern: str | None = None,
    lower: bool = False,
    minimum: int = 1,
    numbers: bool = False,
) -> Corpus:
    """The labelled texts of a file.

    .csv, .tsv: the first line names the columns.  .jsonl: an object on each line.

    text, label: the columns.
    pattern: a regular expression, whose matches are the tokens; without it they are what white
        space separates.
    lower: whether upper and lower case are one.
    minimum: tokens that occur less often are left out.
    numbers: whether labels are numbers, for squared loss, and not classes.  Classes are whole
        numbers if all of them are, and words if not.

    Raises UsageError with file, row and column for whatever is not well formed; rows count from 1,
    without the line of names.
    """
    path = Path(path)
    if path.suffix not in _READERS:
        raise UsageError(f"{path}: a corpus is read from {', '.join(_READERS)} files")
    if minimum < 1:
        raise UsageError(f"the minimum count of a token is at least 1, not {minimum}")
    split = _splitter(pattern)
    docs: list[list[str]] = []
    labels: list[Any] = []
    shared: dict[str, str] = {}
    with _opened(path) as file:
        for row in _READERS[path.suffix](path, file, (text, label)):
            tokens = split(_text(row, text).lower() if lower else _text(row, text))
            if not tokens:
                raise UsageError(f"{row.at(text)}: the text has no tokens")
            docs.append([shared.setdefault(token, token) for token in tokens])
            labels.append(_number(row, label) if numbers else _class(row, label))
    if not docs:
        raise UsageError(f"{path} has no rows")
    if not numbers and all(isinstance(name, str) and _WHOLE.fullmatch(name) for name in labels):
        labels = [int(name) for name in labels]
    return _frequent(docs, labels, minimum)


class _Row(NamedTuple):
    """A row, its cells by column."""

    place: str
    cells: dict[str, Any]

    def at(self, column: str) -> str:
        return f"{self.place}, column {column!r}"


_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    """The lines as text, with their ends, one in memory at a time."""
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise UsageError(f"{path}: line {number} is longer than {LONGEST} bytes")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{path}: line {number} is not UTF-8 at its byte {error.start + 1}"
            ) from error


def _read_table(
    separator: str,
) -> Callable[[Path, BinaryIO, tuple[str, ...]], Iterator[_Row]]:
    def read(path: Path, file: BinaryIO, columns: tuple[str, ...]) -> Iterator[_Row]:
        rows = csv.reader(_lines(path, file), delimiter=separator, strict=True)
        try:
            names = next(rows, [])
            _check_columns(str(path), columns, names)
            for number, cells in enumerate(filter(None, rows), start=1):
                place = f"{path}: row {number} (up to line {rows.line_num})"
                if len(cells) != len(names):
                    raise UsageError(
                        f"{place} has {len(cells)} cells, and there are {len(names)} columns"
                    )
                yield _Row(place, dict(zip(names, cells, strict=True)))
        except csv.Error as error:
            raise UsageError(f"{path}: line {rows.line_num}: {error}") from error

    return read


def _read_objects(path: Path, file: BinaryIO, columns: tuple[str, ...]) -> Iterator[_Row]:
    lines = ((n, line) for n, line in enumerate(_lines(path, file), start=1) if line.strip())
    for row, (number, line) in enumerate(lines, start=1):
        place = f"{path}: row {row} (line {number})"
        try:
            cells = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise UsageError(f"{place} is not JSON: {error}") from error
        if not isinstance(cells, dict):
            raise UsageError(f"{place}: needed is an object, such as {{{columns[0]!r}: ...}}")
        _check_columns(place, columns, list(cells))
        yield _Row(place, cells)


_READERS: dict[str, Callable[[Path, BinaryIO, tuple[str, ...]], Iterator[_Row]]] = {
    ".csv": _read_table(","),
    ".tsv": _read_table("\t"),
    ".jsonl": _read_objects,
}


def _check_columns(place: str, columns: tuple[str, ...], names: list[str]) -> None:
    for column in columns:
        if names.count(column) != 1:
            problem = "no column" if column not in names else "more than one column"
            listed = ", ".join(map(repr, names)) or "none"
            raise UsageError(f"{place}: there is {problem} {column!r}; the columns are {listed}")


def _splitter(pattern: str | None) -> Callable[[str], list[str]]:
    if pattern is None:
        return str.split
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"the pattern {pattern!r} is no regular expression: {error}") from error
    return lambda text: [match.group() for match in compiled.finditer(text) if match.group()]


def _text(row: _Row, column: str) -> str:
    cell = row.cells[column]
    if not isinstance(cell, str):
        raise UsageError(f"{row.at(column)}: needed is a text, not {cell!r}")
    return cell


def _class(row: _Row, column: str) -> Any:
    """A label that names a class: a word, a whole number, true or false."""
    cell = row.cells[column]
    if not isinstance(cell, str | int):
        raise UsageError(f"{row.at(column)}: a class is a word or a whole number, not {cell!r}")
    if isinstance(cell, str):
        cell = cell.strip()
        if not cell or cell.lower() == "nan":
            raise UsageError(f"{row.at(column)}: the label is {cell or 'empty'}")
    return cell


def _number(row: _Row, column: str) -> float:
    cell = row.cells[column]
    try:
        found = float(cell) if not isinstance(cell, bool) else float("nan")
    except (TypeError, ValueError, OverflowError):
        found = float("nan")
    if not isfinite(found):
        raise UsageError(f"{row.at(column)}: the label {cell!r} is no finite number")
    return found


def _frequent(docs: list[list[str]], labels: list[Any], minimum: int) -> Corpus:
    """The corpus of the tokens that occur ``minimum`` times or more."""
    if minimum == 1:
        return Corpus(docs, labels)
    counts = Counter(token for document in docs for token in document)
    kept = [[token for token in document if counts[token] >= minimum] for document in docs]
    if not any(kept):
        raise UsageError(f"no token occurs {minimum} times")
    return Corpus(
        list(filter(None, kept)),
        [name for document, name in zip(kept, labels, strict=True) if document],
        sum(not document for document in kept),
    )
