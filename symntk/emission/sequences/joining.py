"""Loops over the same positions that do not need each other, as one loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sympy import Expr, Symbol

from symntk.emission.plan import Assign
from symntk.emission.sequences.plan import Allocate, For, Increase, Item, Load, Store


def joined(items: Iterable[Item]) -> Iterator[Item]:
    """Arrays first, and then the loops; what several read or compute is read and computed once."""
    loops: dict[tuple[str, str, bool], list[For]] = {}
    rest: list[Item] = []
    for item in items:
        if isinstance(item, For):
            loops.setdefault((item.index, item.count, item.reverse), []).append(item)
        elif isinstance(item, Allocate):
            yield item
        else:
            rest.append(item)
    yield from _once(rest)
    for found in loops.values():
        body = tuple(joined(part for loop in found for part in loop.body))
        yield replace(found[0], body=body)


def _once(items: list[Item]) -> Iterator[Item]:
    """Straight-line code without what it does twice."""
    read: set[Load] = set()
    known: dict[Expr, Symbol] = {}
    names: dict[Symbol, Symbol] = {}
    for item in items:
        if isinstance(item, Load):
            if item not in read:
                read.add(item)
                yield item
        elif isinstance(item, Assign):
            value = item.value.xreplace(names)
            if value in known and not item.note:
                names[item.target] = known[value]
                continue
            known.setdefault(value, item.target)
            yield replace(item, value=value)
        elif isinstance(item, Store | Increase):
            yield replace(item, value=item.value.xreplace(names))
