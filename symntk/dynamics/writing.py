"""Label scores over time as a long table in a .csv or .parquet file, written while they come.

A run that is interrupted leaves what it wrote readable, even if it is killed.  Until the table is
whole it stands beside its place: for ``scores.csv`` in ``scores.part.csv``, a file of whole lines,
and for ``scores.parquet`` in ``scores.part.parquet``, a folder of small files that readers of
Parquet take for one table, since a file in this format cannot be read before its end is written.
At the end it takes the place of an older file of its name at once.
"""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from symntk.decomposition.flow.terms import WHOLE
from symntk.dynamics.losses import Label
from symntk.dynamics.trajectory import Flow
from symntk.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = (".csv", ".parquet")
"""How the name of a table may end."""

MANY = 20
"""More classes than these have no column of counts each."""

GROUP = 2**20
"""Rows of a row group of a Parquet file."""

Columns = Mapping[str, "NDArray[Any]"]
"""Columns of one length, by name."""


def long_table(flow: Flow, activation: str, terms: Sequence[str]) -> Columns:
    """A row for each time, token and score, the times varying slowest and the scores fastest.

    token, class: whose label score, and for which class.
    count C: how often the token stands in documents of the class C, a column for each class; of
        more than 20 classes ``count``, for the class of the row, and ``count of all``.
    activation: as given.
    time, score, error: the label score at a time, and a bound on its error.
    Then a column for each of ``terms``: what it has contributed to the score, 0 where the network
    does not have it, and NaN where its kernel is not taken apart.  They add up to the score.
    """
    import numpy as np

    shape = flow.label_scores.shape

    def spread(values: NDArray[Any], axis: int) -> NDArray[Any]:
        widened = np.expand_dims(values, tuple(n for n in range(3) if n != axis))
        return np.broadcast_to(widened, shape).ravel()

    return {
        "token": spread(_texts(flow.tokens), 1),
        "class": spread(_texts(flow.names), 2),
        **{name: np.tile(v.ravel(), len(flow.times)) for name, v in _counts(flow).items()},
        "activation": np.full(flow.label_scores.size, activation, dtype=object),
        "time": spread(flow.times, 0),
        "score": flow.label_scores.ravel(),
        "error": np.repeat(flow.label_errors.ravel(), len(flow.names)),
        **{name: _term(flow, name).ravel() for name in terms},
    }


def _term(flow: Flow, name: str) -> NDArray[Any]:
    import numpy as np

    if name in flow.terms:
        return flow.terms[name]
    unknown = name == WHOLE.name or WHOLE.name in flow.terms
    return np.full(flow.label_scores.shape, np.nan if unknown else 0.0)


def _counts(flow: Flow) -> dict[str, NDArray[Any]]:
    """Columns of counts, (tokens, scores) each."""
    import numpy as np

    shape = (len(flow.tokens), len(flow.names))
    total = np.broadcast_to(flow.counts.sum(axis=1, keepdims=True), shape)
    if not flow.classes:
        return {"count": total}
    if len(flow.classes) <= MANY:
        return {
            f"count {name}": np.broadcast_to(column[:, None], shape)
            for name, column in zip(flow.classes, flow.counts.T, strict=True)
        }
    own = [flow.classes.index(name) for name in flow.names]
    return {"count": flow.counts[:, own], "count of all": total}


def _texts(values: Sequence[Label]) -> NDArray[Any]:
    import numpy as np

    found = np.empty(len(values), dtype=object)
    found[:] = [str(value) for value in values]
    return found


class Table(ABC):
    """A table that is being written.

    path: where it will be.
    part: where it is until it is whole.
    count: the rows written so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f"{path.stem}.part{path.suffix}")
        self.count = 0

    def write(self, rows: Columns) -> None:
        """Write rows; they can be read as soon as this returns."""
        self._write(rows)
        self.count += len(next(iter(rows.values())))

    @abstractmethod
    def _write(self, rows: Columns) -> None: ...

    @abstractmethod
    def finish(self) -> None:
        """Put the whole table in its place."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files; what was written stays."""


class _CsvTable(Table):
    """A file of lines.  Numbers are written with all their digits, NaN as nothing."""

    _file: BinaryIO | None = None

    def _write(self, rows: Columns) -> None:
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self._file is None:
            self._file = self.part.open("wb")
            writer.writerow(rows)
        writer.writerows(zip(*map(_cells, rows.values()), strict=True))
        self._file.write(text.getvalue().encode())
        self._file.flush()

    def finish(self) -> None:
        self.close()
        self.part.replace(self.path)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _cells(column: NDArray[Any]) -> list[Any]:
    import numpy as np

    if column.dtype.kind != "f":
        found: list[Any] = column.tolist()
        return found
    return [
        "" if missing else value
        for value, missing in zip(column.tolist(), np.isnan(column), strict=True)
    ]


class _ParquetTable(Table):
    """A folder of files with a piece each; at the end one file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._pieces: list[Path] = []

    def _write(self, rows: Columns) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._pieces:
            self.part.mkdir(exist_ok=True)
            for old in self.part.glob("*.parquet"):
                old.unlink()
        table = pa.table({name: pa.array(v, from_pandas=True) for name, v in rows.items()})
        unfinished = self.part / ".unfinished"  # readers of folders pass over such names
        pq.write_table(table, unfinished)
        self._pieces.append(unfinished.rename(self.part / f"{len(self._pieces):05}.parquet"))

    def finish(self) -> None:
        import pyarrow.parquet as pq

        whole = self.part / ".unfinished"
        with pq.ParquetWriter(whole, pq.read_schema(self._pieces[0])) as writer:
            for table in self._groups():
                writer.write_table(table)
        whole.replace(self.path)
        for piece in self._pieces:
            piece.unlink()
        self.part.rmdir()

    def _groups(self) -> Iterator[Any]:
        """The pieces as tables of some million rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        waiting, rows = list[Any](), 0
        for piece in self._pieces:
            waiting.append(pq.read_table(piece))
            rows += waiting[-1].num_rows
            if rows >= GROUP:
                yield pa.concat_tables(waiting)
                waiting, rows = [], 0
        if waiting:
            yield pa.concat_tables(waiting)

    def close(self) -> None:
        pass


_TABLES: Mapping[str, type[Table]] = {".csv": _CsvTable, ".parquet": _ParquetTable}


def check_table(path: Path) -> None:
    """UsageError or MissingExtra for a table that could not be written."""
    if path.suffix not in FORMATS:
        raise UsageError(f"{path}: the name of a table must end in {' or '.join(FORMATS)}")
    if path.suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise MissingExtra("pyarrow", "parquet", f"writing {path}") from None


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """A table to be written to ``path``, which is touched only when the table is whole."""
    check_table(path)
    table = _TABLES[path.suffix](path)
    try:
        yield table
        table.finish()
    finally:
        table.close()
