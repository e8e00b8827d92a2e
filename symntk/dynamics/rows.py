"""Rows of .csv, .tsv and .jsonl files, one in memory at a time, with the place of each fault."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from symntk.dynamics.progress import Progress
from symntk.errors import UsageError

LONGEST = 2**24
"""Bytes of the longest line: a longer one is no text with a label."""

OFTEN = 200
"""Rows between two words of progress."""


class Row(NamedTuple):
    """A row, its cells by column."""

    place: str
    cells: dict[str, Any]

    def at(self, column: str) -> str:
        return f"{self.place}, column {column!r}"


def read_rows(path: Path, columns: tuple[str, ...], progress: Progress) -> Iterator[Row]:
    """The rows of a file that has ``columns``.

    .csv, .tsv: the first line names the columns.  .jsonl: an object on each line.
    progress: told now and then how many bytes have been read.
    """
    if path.suffix not in _READERS:
        raise UsageError(f"{path}: a corpus is read from {', '.join(_READERS)} files")
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with file:
        size = path.stat().st_size
        for number, row in enumerate(_READERS[path.suffix](path, file, columns)):
            if number % OFTEN == 0:
                progress(file.tell(), size)
            yield row


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
            raise _NotText(number, error) from error


class _NotText(ValueError):
    """A line that is not UTF-8, with what precedes the fault."""

    def __init__(self, line: int, error: UnicodeDecodeError) -> None:
        super().__init__(f"line {line}, byte {error.start + 1}: this is not UTF-8")
        self.before = error.object[: error.start].decode()


def _read_table(
    separator: str,
) -> Callable[[Path, BinaryIO, tuple[str, ...]], Iterator[Row]]:
    def read(path: Path, file: BinaryIO, columns: tuple[str, ...]) -> Iterator[Row]:
        lines = _RowLines(_lines(path, file))
        rows = csv.reader(lines, delimiter=separator, strict=True)
        names: list[str] = []
        number = 0
        try:
            for cells in rows:
                if not names:
                    if cells:
                        _check_columns(str(path), columns, cells)
                    names = cells
                elif cells:
                    number += 1
                    place = f"{path}: row {number} ({lines.place})"
                    if len(cells) != len(names):
                        raise UsageError(
                            f"{place} has {len(cells)} cells, and there are {len(names)} columns"
                        )
                    yield Row(place, dict(zip(names, cells, strict=True)))
                lines.forget()
        except csv.Error as error:
            place = _place(number + 1, names, lines.text, separator)
            problem = _EXPLAINED.get(str(error), str(error))
            raise UsageError(f"{path}: {place} ({lines.place}): {problem}") from error
        except _NotText as error:
            place = _place(number + 1, names, lines.text + error.before, separator)
            raise UsageError(f"{path}: {place}, {error}") from error
        if not names:
            raise UsageError(f"{path} is empty: the first line names the columns")

    return read


_EXPLAINED = {
    "unexpected end of data": "a quotation mark opens the cell, and none closes it",
    f"field larger than field limit ({csv.field_size_limit()})": "the cell has more than "
    f"{csv.field_size_limit()} characters; is there a quotation mark that is not closed?",
}
"""What is wrong, where csv's own words do not say it."""


class _RowLines:
    """Lines, of which those of the row that is being read are kept."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._kept: list[str] = []
        self._before = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._kept.append(line)
            yield line

    def forget(self) -> None:
        """The row is over."""
        self._before += len(self._kept)
        self._kept.clear()

    @property
    def place(self) -> str:
        """The numbers of the row's lines."""
        first, last = self._before + 1, self._before + len(self._kept)
        return f"line {last}" if first == last else f"lines {first} to {last}"

    @property
    def text(self) -> str:
        """The row's lines."""
        return "".join(self._kept)


def _place(row: int, names: list[str], text: str, separator: str) -> str:
    """The row, and the column in which its ``text`` ends or ceases to be well formed."""
    fault = _count_cells(text, separator)
    if not names:
        return "the names of the columns"
    return f"row {row}" + (f", column {names[fault]!r}" if fault < len(names) else "")


def _count_cells(text: str, separator: str) -> int:
    """How many well-formed cells a row begins with that a separator ends."""
    quoted, plain = r'"(?:[^"]|"")*+"', rf'(?:[^"{separator}\r\n][^{separator}\r\n]*+)?'
    cell = re.compile(rf"(?:{quoted}|{plain}){separator}")
    count = place = 0
    while match := cell.match(text, place):
        count, place = count + 1, match.end()
    return count


def _read_objects(path: Path, file: BinaryIO, columns: tuple[str, ...]) -> Iterator[Row]:
    row = 0
    try:
        for number, line in enumerate(_lines(path, file), start=1):
            if line.strip():
                row += 1
                place = f"{path}: row {row} (line {number})"
                cells = _object(place, line, columns)
                _check_columns(place, columns, list(cells))
                yield Row(place, cells)
    except _NotText as error:
        raise UsageError(f"{path}: row {row + 1}, {error}") from error


def _object(place: str, line: str, columns: tuple[str, ...]) -> dict[str, Any]:
    try:
        cells = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON: {error}") from error
    if not isinstance(cells, dict):
        raise UsageError(f"{place}: needed is an object, such as {{{columns[0]!r}: ...}}")
    return cells


_READERS: dict[str, Callable[[Path, BinaryIO, tuple[str, ...]], Iterator[Row]]] = {
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
