"""Functions of `symntk.emission.runtime`, as source text for emitted modules."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

FILES = ("angles", "exponentials", "inputs")
"""The files of `symntk.emission.runtime`, in the order in which they are quoted."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A definition and the other definitions that it needs."""

    name: str
    text: str
    needs: frozenset[str]


@lru_cache(maxsize=1)
def definitions() -> dict[str, Excerpt]:
    """Every function, class and constant of the runtime files, by name, in order."""
    found: dict[str, tuple[str, ast.AST]] = {}
    for file in FILES:
        text = files("symntk.emission.runtime").joinpath(f"{file}.py").read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            name = _defined_name(node)
            if name is not None:
                found[name] = ("\n".join(lines[_first_line(node) - 1 : node.end_lineno]), node)
    return {
        name: Excerpt(name, text, frozenset(_names(node) & found.keys() - {name}))
        for name, (text, node) in found.items()
    }


def quote(names: Iterable[str]) -> list[Excerpt]:
    """The definitions called ``names`` and all that they need, in order."""
    known = definitions()
    wanted: set[str] = set()
    pending = [name for name in names if name in known]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending += known[name].needs
    return [excerpt for name, excerpt in known.items() if name in wanted]


def _defined_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
