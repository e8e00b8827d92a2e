"""What two stages compute at the same pair of positions is computed by the first and kept.

The angle between two vectors is needed on the way there, for the covariance of an activation, and
on the way back, for that of its derivative: one array holds it, often in the place of two gaps.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from sympy import Symbol

from symntk.emission.plan import Assign
from symntk.emission.sequences.plan import Loop, Parameter, Pick, Stage


def shared(
    stages: list[Stage], pairs: list[str], picks: list[Pick], given: tuple[str, ...]
) -> tuple[list[Stage], list[str]]:
    """The stages, with the arrays over pairs of positions that they need."""
    found = list(stages)
    arrays = list(pairs)
    for later, stage in enumerate(found):
        for line in [line for loop in stage.loops for line in loop.lines]:
            if not line.value.atoms(sp.Function):
                continue
            for earlier in range(later):
                if found[earlier].sizes == stage.sizes and line in _lines(found[earlier]):
                    found[earlier] = _written(found[earlier], line.target)
                    found[later] = _read(found[later], line)
                    arrays.append(_array(line.target))
                    break
    needed = {pick.array for pick in picks} | set(given)
    for stage in found:
        written = {row for loop in stage.loops for _, row in loop.writes} - _given(stage)
        needed |= {p.array for name, p in stage.parameters.items() if name not in written}
    kept = [name for name in dict.fromkeys(arrays) if name in needed]
    return [_without(stage, set(arrays) - set(kept)) for stage in found], kept


def _given(stage: Stage) -> set[str]:
    """The names of what calls are given."""
    return {name for loop in stage.loops for call in loop.calls for name in call.names}


def _lines(stage: Stage) -> list[Assign]:
    return [line for loop in stage.loops for line in loop.lines]


def _array(symbol: Symbol) -> str:
    return f"{symbol}_at"


def _row(stage: Stage, symbol: Symbol) -> tuple[str, dict[str, Parameter]]:
    """The name of the row of a variable, and the parameters with it."""
    name = f"{symbol}_row"
    here = (0,) * len(stage.sizes)
    return name, {**stage.parameters, name: Parameter("pair", _array(symbol), here)}


def _written(stage: Stage, symbol: Symbol) -> Stage:
    """A stage that keeps a variable."""
    name, parameters = _row(stage, symbol)
    loops = tuple(
        replace(loop, writes=tuple(dict.fromkeys((*loop.writes, (symbol, name)))))
        if any(line.target == symbol for line in loop.lines)
        else loop
        for loop in stage.loops
    )
    return replace(stage, parameters=parameters, loops=loops)


def _read(stage: Stage, line: Assign) -> Stage:
    """A stage that reads a variable instead of computing it."""
    name, parameters = _row(stage, line.target)
    loops = tuple(_loop_reading(loop, line, name) for loop in stage.loops)
    return _tidied(replace(stage, parameters=parameters, loops=loops))


def _loop_reading(loop: Loop, line: Assign, row: str) -> Loop:
    if line not in loop.lines:
        return loop
    lines = tuple(other for other in loop.lines if other != line)
    writes = tuple(write for write in loop.writes if write[0] != line.target)
    used = {symbol for other in lines for symbol in other.value.free_symbols}
    used |= {symbol for symbol, _ in writes} | {term for _, term in loop.sums}
    reads = tuple((symbol, text) for symbol, text in loop.reads if symbol in used)
    reads = (*reads, (line.target, f"{row}[s]"))
    return replace(loop, reads=reads, lines=lines, writes=writes)


def _tidied(stage: Stage) -> Stage:
    """A stage without the parameters that its loops do not use."""
    texts = " ".join(
        [
            *(text for loop in stage.loops for _, text in loop.reads),
            *(row for loop in stage.loops for _, row in loop.writes),
            *(row for loop in stage.loops for row, _ in loop.sums),
            *(str(symbol) for line in (*stage.before, *_lines(stage)) for symbol in line.needs),
            *(str(symbol) for loop in stage.loops for symbol, _ in loop.writes),
            *(str(term) for loop in stage.loops for _, term in loop.sums),
        ]
    )
    names = set(texts.replace("[", " ").replace("]", " ").replace("(", " ").split())
    names |= {"exists_row"} | _given(stage)
    kept = {name: p for name, p in stage.parameters.items() if name in names}
    return replace(stage, parameters=kept)


def _without(stage: Stage, arrays: set[str]) -> Stage:
    """A stage that does not write arrays that nothing reads."""
    gone = {name for name, p in stage.parameters.items() if p.kind == "pair" and p.array in arrays}
    loops = tuple(
        replace(loop, writes=tuple(write for write in loop.writes if write[1] not in gone))
        for loop in stage.loops
    )
    kept = {name: p for name, p in stage.parameters.items() if name not in gone}
    return replace(stage, parameters=kept, loops=loops)
