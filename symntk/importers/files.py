"""Model files: a graph as a small YAML or JSON document, for people to read and to write.

Nothing in a file is ever run: YAML goes through a safe loader, formulas through a grammar.
`symntk.importers.reading` shows the format.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from symntk.errors import UsageError
from symntk.graph import Graph
from symntk.importers.json_text import read_json, write_json
from symntk.importers.reading import read_document
from symntk.importers.writing import write_document
from symntk.importers.yaml_text import read_yaml, write_yaml

Format: TypeAlias = tuple[Callable[[str], object], Callable[[object], str]]

FORMATS: Mapping[str, Format] = {
    ".yaml": (read_yaml, write_yaml),
    ".yml": (read_yaml, write_yaml),
    ".json": (read_json, write_json),
}
"""How each kind of file is read and written; the formats of model files are these."""

MAX_BYTES = 1_000_000
"""Largest file that is read."""


def load(path: str | os.PathLike[str]) -> Graph:
    """The graph in the model file ``path``, which ends in .yaml, .yml or .json.

    Raises UsageError for a file that cannot be read, SyntaxProblem for a formula that cannot,
    GraphError for a network that is not well formed; each names the file and the entry.
    MissingExtra for YAML where PyYAML is not installed.
    """
    file = Path(path)
    read, _ = _format(file)
    text = _text(file)
    try:
        document = read(text)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from error
    return read_document(document, str(file))


def save(graph: Graph, path: str | os.PathLike[str]) -> None:
    """Write ``graph`` to the model file ``path``; `load` gives an equal graph back.

    The file is replaced at once or not at all.  Raises UsageError where it cannot be written, or
    where the graph holds something that no file can express.
    """
    file = Path(path)
    _, write = _format(file)
    text = write(write_document(graph))
    _replace(file, text)


def _format(file: Path) -> Format:
    try:
        return FORMATS[file.suffix.lower()]
    except KeyError:
        raise UsageError(f"{file}: a model file ends in {', '.join(FORMATS)}") from None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no file {file}") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{file}: a model file has at most {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: this is no UTF-8 text (byte {error.start})") from error


def _replace(file: Path, text: str) -> None:
    target = file.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        try:
            draft.write_text(text, encoding="utf-8", newline="\n")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
