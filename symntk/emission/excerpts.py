"""Functions of `symntk.emission.runtime`, as source text for emitted modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

FILES = (
    *("threads", "angles", "exponentials", "inputs", "tiles", "profiles", "table_fits", "tables"),
    *("gap_fits", "quadrature"),
    *("token_lists", "positions", "lanes", "lane_tables"),
    *("count_rows", "counts", "shared_counts", "count_products"),
    *("softmax_factors", "softmax_grids", "softmax_laplace", "softmax_pairs", "softmax_lattice"),
    *("softmax", "heads"),
)
"""The files of `symntk.emission.runtime`, in the order in which they are quoted."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A definition and the other definitions that it needs."""

    name: str
    text: str
    needs: frozenset[str]
    is_function: bool
    is_number: bool = False


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
        name: Excerpt(
            name,
            text,
            frozenset(_names(node) & found.keys() - {name}),
            isinstance(node, ast.FunctionDef),
            isinstance(node, ast.Assign),
        )
        for name, (text, node) in found.items()
    }


def quote(names: Iterable[str]) -> list[Excerpt]:
    """The definitions called ``names`` and all that they need, in order.

    A routine for one function phi or for two, phi and psi, is a template: ``mean_phi3`` and
    ``expectation_phi1_phi2`` are asked for by their full names.
    """
    wanted: dict[str, Excerpt] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        excerpt = None if name in wanted else _find(name)
        if excerpt is not None:
            wanted[name] = excerpt
            pending += excerpt.needs
    order = list(definitions())
    return sorted(wanted.values(), key=lambda e: (order.index(_template(e.name)[0]), e.name))


_CALL = re.compile(r"([a-z_]+?|EDGES|KINKS)_(phi\d+)(?:_(phi\d+))?")


def _template(name: str) -> tuple[str, dict[str, str]]:
    """The name of the template that ``name`` is made of, and what replaces what in it."""
    match = _CALL.fullmatch(name)
    if match is None:
        return name, {}
    kind, phi, psi = match.groups()
    if psi is None:
        return f"{kind}_phi", {"phi": phi}
    return f"{kind}_phi_psi", {"phi": phi, "psi": psi}


def _find(name: str) -> Excerpt | None:
    template, replaced = _template(name)
    excerpt = definitions().get(template)
    if excerpt is None or not replaced:
        return excerpt if excerpt is not None and not _is_placeholder(template) else None
    if not excerpt.is_function:
        return None

    def new(match: re.Match[str]) -> str:
        return replaced.get(match.group(), match.group())

    text = re.sub(r"(?<![A-Za-z])(phi|psi)(?![A-Za-z0-9])", new, excerpt.text)
    return Excerpt(name, text, frozenset(names_in(text) - {name}), True)


def _is_placeholder(name: str) -> bool:
    """Whether a definition only stands for what an emitted module puts in its place."""
    return bool(re.search(r"(^|_)(phi|psi)(_|$)", name))


def _defined_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign):
        return str(ast.unparse(node.targets[0]))
    return None


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def names_in(code: str) -> set[str]:
    """The names that source text uses; those of docstrings and comments are words."""
    return _names(ast.parse(code))


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def without_types(function: str) -> str:
    """The source of a function without the annotations that only a type checker needs."""
    lines = function.encode().splitlines()
    for first, last in sorted(_annotations(ast.parse(function)), reverse=True):
        lines[first[0]] = lines[first[0]][: first[1]] + lines[last[0]][last[1] :]
        emptied = not lines[first[0]].strip()
        del lines[first[0] + (not emptied) : last[0] + 1]
    return b"\n".join(lines).decode()


_Place = tuple[int, int]


def _annotations(tree: ast.AST) -> Iterator[tuple[_Place, _Place]]:
    """Where an annotation begins, with the mark before it, and ends: lines and bytes from 0."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation:
            yield (node.lineno - 1, node.col_offset + len(node.arg)), _end(node.annotation)
        elif isinstance(node, ast.AnnAssign):
            start = _end(node.target) if node.value else (node.lineno - 1, 0)
            yield start, _end(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            yield _before(node.returns), _end(node.returns)


def _end(node: ast.expr) -> _Place:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return node.end_lineno - 1, node.end_col_offset


def _before(returned: ast.expr) -> _Place:
    """Where `` -> `` begins, which stands in the line of the annotation."""
    return returned.lineno - 1, returned.col_offset - len(" -> ")
