"""Model files: YAML or JSON documents that say what `symntk.importers.document` reads.

Neither format runs anything: YAML is read with its safe loader, and formulas by a grammar of
their own.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from types import ModuleType
from typing import Any

from symntk.errors import MissingExtra, UsageError
from symntk.graph import Graph
from symntk.importers.document import read_document
from symntk.importers.writing import write_document

YAML, JSON = (".yaml", ".yml"), (".json",)


def load(path: str | Path) -> Graph:
    """The graph in the model file ``path``, which ends in .yaml, .yml or .json.

    Raises UsageError, naming the file, for a file that is none, SyntaxProblem for a formula that
    cannot be read, GraphError for a network that is not well formed.
    """
    path = Path(path)
    if path.suffix not in YAML + JSON:
        raise UsageError(f"{path}: a model file ends in .yaml, .yml or .json")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text file: {error}") from error
    try:
        content = _read_json(text) if path.suffix in JSON else _read_yaml(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from error
    return read_document(content, str(path))


def save(graph: Graph, path: str | Path) -> None:
    """Write ``graph`` to the model file ``path``; `load` gives an equal graph back."""
    path = Path(path)
    document = write_document(graph)
    if path.suffix in JSON:
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    elif path.suffix in YAML:
        text = _yaml().safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    else:
        raise UsageError(f"{path}: a model file ends in .yaml, .yml or .json")
    path.write_text(text, encoding="utf-8")


def _read_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unrepeated)


def _unrepeated(pairs: list[tuple[Hashable, Any]]) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is given twice")
        found[key] = value
    return found


def _read_yaml(text: str) -> Any:
    yaml = _yaml()

    class Loader(yaml.SafeLoader):  # type: ignore[name-defined]
        """PyYAML's safe loader, which would let the last of two equal keys win."""

    def mapping(loader: Any, node: Any) -> dict[Hashable, Any]:
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise ValueError("merge keys (<<) are not supported")
        return _unrepeated(loader.construct_pairs(node, deep=True))

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        raise MissingExtra("PyYAML", "yaml", "a model in YAML (JSON works without)") from None
    return yaml
