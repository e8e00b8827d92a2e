"""Loops over a row of positions cut into shorter ones.

A processor has a few hundred instructions under way.  Where a root, a division and a polynomial
wait for one another they fill it with little more than one vector, and so an angle has a loop of
its own between what it needs and all else: that takes a fifth less time, though variables cross
from loop to loop through rows of memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import sympy as sp
from sympy import Symbol

from symntk.emission.plan import Assign
from symntk.emission.raw import Angle
from symntk.emission.roots import AngleByRoot, with_roots
from symntk.emission.sequences.plan import Loop, Parameter, Stage


def cut(stages: Iterable[Stage], are_long: bool) -> tuple[tuple[Stage, ...], int]:
    """The stages, and how many rows of memory they need between their loops.

    are_long: whether rows have several hundred columns, as it takes for loops of angles to pay.
    """
    found = tuple(map(_cut, stages)) if are_long else tuple(map(_with_roots, stages))
    return found, max((_scratch(stage.parameters) for stage in found), default=0)


def _scratch(parameters: Mapping[str, Parameter]) -> int:
    """How many rows of memory parameters stand for."""
    return max((int(p.array) + 1 for p in parameters.values() if p.kind == "scratch"), default=0)


def _with_roots(stage: Stage) -> Stage:
    loops = (replace(loop, lines=tuple(with_roots(loop.lines))) for loop in stage.loops)
    return replace(stage, loops=tuple(loops))


def _cut(stage: Stage) -> Stage:
    parameters = dict(stage.parameters)
    loops = [part for loop in _with_roots(stage).loops for part in _parts(loop, parameters)]
    return replace(stage, parameters=parameters, loops=tuple(loops))


def _parts(loop: Loop, parameters: dict[str, Parameter]) -> Iterator[Loop]:
    """A loop as several; the rows through which variables cross become ``parameters``."""
    parts = list(_around_angles(list(loop.lines)))
    if len(parts) < 2:
        yield loop
        return
    made = [{line.target for line in part} for part in parts]
    terms = {term for _, term in loop.sums}
    needs = [
        set().union(terms & targets, *(line.needs for line in part))
        for part, targets in zip(parts, made, strict=True)
    ]
    rows = dict(loop.writes)
    crossing: dict[Symbol, str] = {}
    for k, targets in enumerate(made):
        for symbol in sorted(targets & set().union(*needs[k + 1 :]), key=str):
            crossing[symbol] = rows.get(symbol, f"{symbol}_row")
            if symbol not in rows:
                parameters[f"{symbol}_row"] = Parameter("scratch", str(_scratch(parameters)))
    elsewhere = (rows.keys() | terms) - set().union(*made)
    for k, (part, targets) in enumerate(zip(parts, made, strict=True)):
        here = targets if k < len(parts) - 1 else targets | elsewhere
        reads = [(s, text) for s, text in loop.reads if s in needs[k] | here]
        reads += [(s, f"{row}[s]") for s, row in crossing.items() if s in needs[k] - targets]
        writes = [(s, row) for s, row in loop.writes if s in here]
        writes += [(s, row) for s, row in crossing.items() if s in targets - rows.keys()]
        sums = [(row, term) for row, term in loop.sums if term in here]
        calls = loop.calls if k == 0 else ()
        yield Loop(tuple(reads), tuple(part), tuple(writes), tuple(sums), calls)


def _around_angles(lines: list[Assign]) -> Iterator[list[Assign]]:
    """What an angle, or an arctangent, needs; the angle; and so on.  What none needs is last."""
    left = lines
    for angle in [line for line in lines if line.value.has(Angle, AngleByRoot, sp.atan)]:
        needed = {angle.target}
        for line in reversed(left):
            if line.target in needed:
                needed |= line.needs
        before = [line for line in left if line.target in needed and line is not angle]
        if before:
            yield before
        yield [angle]
        left = [line for line in left if line.target not in needed]
    if left:
        yield left
