"""What is found out about a program, and done to it, before its kernel is planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp
from sympy import Expr

from symntk.derivation import Entry, Equation, Quantity, Statement, entries
from symntk.derivation.program import Recurrence, walk
from symntk.emission.sequences.indices import sides
from symntk.emission.sequences.schedule import Work
from symntk.errors import UsageError
from symntk.gaussian import Expectation
from symntk.graph.positions import indices, lengths_at, reindex


def without_constants(program: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The program with gradients that depend on no more than the position of one vector, or on
    nothing, put in where they are used.
    """
    known: dict[Quantity, Expr] = {}
    kept: list[Statement] = []
    for statement in program:
        if isinstance(statement, Equation):
            value = _filled(statement.value, known)
            if statement.target.kind == "Pi" and not _depends(value, statement.target):
                known[statement.target] = value
                continue
            kept.append(replace(statement, value=value))
        elif isinstance(statement, Recurrence):
            body = tuple(replace(line, value=_filled(line.value, known)) for line in statement.body)
            kept.append(replace(statement, body=body))
        else:
            kept.append(statement)
    return tuple(kept)


def _filled(value: Expr, known: dict[Quantity, Expr]) -> Expr:
    found = {e: _moved(known[e.quantity], e) for e in entries(value) if e.quantity in known}
    return value.xreplace(found)


def _moved(value: Expr, entry: Entry) -> Expr:
    """A value that depends on the first position of an entry alone, there."""
    moves = dict(zip(indices(len(entry.left)), entry.left, strict=True))
    moved: Expr = reindex(lengths_at(value, entry.site[0] == "b"), moves)
    return moved


def _depends(value: Expr, target: Quantity) -> bool:
    """Whether a gradient depends on a pair, or on two positions."""
    if entries(value) or value.atoms(Expectation):
        return True
    return sides(value) != set() and (target.ranks[1] > 0 or sides(value) != {False})


def gapped_quantities(program: tuple[Statement, ...]) -> frozenset[Quantity]:
    """The covariances that laws of expectations are made of, and those that these depend on by
    sums and products, which keep their gaps.
    """
    values: dict[Quantity, Expr] = {line.target: line.value for line in walk(program)}
    found: set[Quantity] = set()
    pending = [
        quantity
        for value in values.values()
        for expectation in value.atoms(Expectation)
        if expectation.is_of_pair
        for quantity in _covariances(expectation.law[2])
    ]
    while pending:
        quantity = pending.pop()
        if quantity in found:
            continue
        found.add(quantity)
        value = values.get(quantity)
        if value is not None and not value.has(sp.Sum):
            pending += _covariances(value)
    return frozenset(found)


def _covariances(expression: Expr) -> list[Quantity]:
    return [
        entry.quantity
        for entry in sorted(entries(expression), key=str)
        if entry.site == "ab" and entry.quantity.kind == "Sigma" and entry.quantity.is_variance
    ]


def require_one_loop(works: list[Work]) -> None:
    """Refuses a recurrence that is no loop over pairs of positions of one kind."""
    keys = {work.key for work in works}
    sums = [total for work in works for total in work.value.atoms(sp.Sum)]
    inside = any(keys & {(e.quantity, e.site) for e in entries(total)} for total in sums)
    if inside or len({work.domain for work in works}) > 1:
        name = works[0].key[0]
        raise UsageError(
            f"{name}: a loop over positions whose covariances with other vectors need all of its "
            "steps at once is not compiled"
        )


def equations(program: tuple[Statement, ...], indent: str = "") -> Iterator[str]:
    """The program in plain text, for the module's docstring."""
    for statement in program:
        if isinstance(statement, Recurrence):
            way = (
                "last position to the first" if statement.reverse else "first position to the last"
            )
            yield f"{indent}from the {way}:"
            yield from equations(statement.body, indent + "    ")
        elif isinstance(statement, Equation):
            symbol = statement.step.before
            assert isinstance(symbol, Entry)
            yield f"{indent}{symbol} = {sp.sstr(statement.value)}"
