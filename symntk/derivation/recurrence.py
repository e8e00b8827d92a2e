"""Equations that refer to each other across time, found and put in order."""

from __future__ import annotations

from collections.abc import Iterator

from symntk.derivation.assumptions import AroundRepeat
from symntk.derivation.program import Equation, Loop, Quantity, Recurrence, Statement, entries
from symntk.trace import Step


def arrange(program: list[Statement]) -> tuple[Statement, ...]:
    """The program in an order in which everything is defined before it is used.

    Equations that depend on each other in a circle, which goes through earlier (or later)
    positions, become one `Recurrence`; inside it, what is needed at the same position comes first.
    """
    lines = [line for line in program if isinstance(line, Equation)]
    defined = {line.target: line for line in lines}
    if not _has_circle(lines):
        return tuple(program)
    if len(lines) < len(program):
        loop = next(line for line in program if isinstance(line, Loop))
        raise AroundRepeat(
            loop.node,
            "its blocks are repeated an open number of times beside a loop over time",
            "Give the number of blocks as a number instead of a symbol",
        )
    uses = {line.target: _uses(line, defined) for line in lines}
    found: list[Statement] = []
    for group in _components([line.target for line in lines], uses):
        if len(group) == 1 and group[0] not in uses[group[0]]:
            found.append(defined[group[0]])
        else:
            found.append(_recurrence([defined[target] for target in group]))
    return tuple(found)


def _has_circle(lines: list[Equation]) -> bool:
    done: set[Quantity] = set()
    targets = {line.target for line in lines}
    for line in lines:
        used = {entry.quantity for entry in entries(line.value)} & targets
        if not used <= done:
            return True
        done.add(line.target)
    return False


def _uses(line: Equation, defined: dict[Quantity, Equation]) -> list[Quantity]:
    used = sorted({entry.quantity for entry in entries(line.value)}, key=str)
    return [quantity for quantity in used if quantity in defined]


def _recurrence(lines: list[Equation]) -> Recurrence:
    reverse = lines[0].target.kind == "Pi"
    targets = {line.target for line in lines}
    here = {line.target: _used_here(line, targets) for line in lines}
    order = [group[0] for group in _components([line.target for line in lines], here)]
    by_target = {line.target: line for line in lines}
    body = tuple(by_target[target] for target in order)
    direction = (
        "backwards from the last position" if reverse else "forwards from the first position"
    )
    step = Step(
        "recursion over time",
        body[-1].step.before,
        body[-1].value,
        reason=(f"the same weights act at every step, so the equations are solved {direction}",),
        source="yang2019",
        stage=body[-1].step.stage,
        node=body[-1].target.left,
    )
    return Recurrence(reverse, body, step)


def _used_here(line: Equation, targets: set[Quantity]) -> list[Quantity]:
    """What the equation needs of the others at its own pair of positions."""
    own = line.step.before.index_expressions
    used = {
        entry.quantity
        for entry in entries(line.value)
        if entry.quantity in targets and entry.index_expressions == own
    }
    return sorted(used, key=str)


def _components(
    nodes: list[Quantity], uses: dict[Quantity, list[Quantity]]
) -> Iterator[list[Quantity]]:
    """The strongly connected components, what is used first (Tarjan 1972)."""
    number: dict[Quantity, int] = {}
    low: dict[Quantity, int] = {}
    stack: list[Quantity] = []
    held: set[Quantity] = set()
    for root in nodes:
        if root in number:
            continue
        work: list[tuple[Quantity, Iterator[Quantity]]] = []
        pending: list[Quantity] = [root]
        while pending or work:
            if pending:
                node = pending.pop()
                number[node] = low[node] = len(number)
                stack.append(node)
                held.add(node)
                work.append((node, iter(uses[node])))
            node, following = work[-1]
            for child in following:
                if child not in number:
                    pending.append(child)
                    break
                if child in held:
                    low[node] = min(low[node], number[child])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == number[node]:
                    position = stack.index(node)
                    group = stack[position:]
                    del stack[position:]
                    held.difference_update(group)
                    yield group
