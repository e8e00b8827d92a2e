"""Statements by the law that their expectations are under."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import sympy as sp

from symntk.gaussian import Expectation
from symntk.rendering.reading.reading import Statement

Law: TypeAlias = tuple[sp.Expr, ...]


def laws(statements: Iterable[Statement]) -> list[Law]:
    """Every law of an expectation in ``statements``, each once."""
    found = (e.law for s in statements for e in s.right.atoms(Expectation))
    return list(dict.fromkeys(found))


def by_law(statements: Iterable[Statement]) -> dict[Law, list[Statement]]:
    """For every law the statements that are under it alone; those without expectations under ()."""
    groups: dict[Law, list[Statement]] = {}
    for statement in statements:
        found = laws((statement,)) or [()]
        for law in found:
            groups.setdefault(law, [])
        if len(found) == 1:
            groups[found[0]].append(statement)
    return groups
