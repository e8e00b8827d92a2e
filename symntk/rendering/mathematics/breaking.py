"""Long formulas, broken into lines no wider than the page.

A formula is broken before the sign of a term; where one term alone is too long, inside its brackets.
The width of a box is measured by the output: columns for text, points for LaTeX.
"""

from __future__ import annotations

from collections.abc import Callable

from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Bracket,
    Fence,
    Fraction,
    Layout,
    Row,
    Sum,
    row,
)

Measure = Callable[[Layout], float]

_TIMES = Atom("×", "binary")


def break_lines(
    layout: Layout, room: float, measure: Measure, first: float | None = None
) -> list[Layout]:
    """``layout`` as lines of at most ``room`` where that is possible; the first has ``first``."""
    start = room if first is None else first
    if measure(layout) <= start:
        return [layout]
    match layout:
        case Sum(terms):
            return _break_sum(terms, room, measure, start)
        case Fence(inside, left, right):
            return _break_fence((), layout, (), room, measure, start)
        case Apply(function, arguments):
            return _break_fence((function,), arguments, (), room, measure, start)
        case Fraction(above, below) if isinstance(above, Sum | Row):
            parts = (Fence(above),) if isinstance(above, Sum) else above.parts
            one = Fraction(Atom("1", "number"), below)
            return _break_row((one, *parts), room, measure, start)
        case Row(parts):
            return _break_row(parts, room, measure, start)
        case _:
            return [layout]


def _break_sum(
    terms: tuple[tuple[str, Layout], ...], room: float, measure: Measure, first: float
) -> list[Layout]:
    lines: list[Layout] = []
    current: tuple[tuple[str, Layout], ...] = ()

    def space() -> float:
        return room if lines else first

    for term in terms:
        if measure(_open_sum((*current, term), bool(lines))) <= space():
            current = (*current, term)
            continue
        if current:
            lines.append(_open_sum(current, bool(lines)))
            current = ()
        whole = _open_sum((term,), bool(lines))
        if measure(whole) <= space():
            current = (term,)
            continue
        sign, inside = term
        parts = break_lines(inside, room, measure, space() - measure(Atom("+", "binary")))
        head, *rest = parts
        lines.append(_open_sum(((sign, head),), bool(lines)))
        lines.extend(rest)
    if current:
        lines.append(_open_sum(current, bool(lines)))
    return lines


def _open_sum(terms: tuple[tuple[str, Layout], ...], continued: bool) -> Layout:
    """A part of a sum; in a later line even a plus sign is written first."""
    if not continued:
        return Sum(terms) if len(terms) > 1 or terms[0][0] == "−" else terms[0][1]
    return row(Atom(terms[0][0], "binary"), Sum((("+", terms[0][1]), *terms[1:])))


def _break_row(
    parts: tuple[Layout, ...], room: float, measure: Measure, first: float
) -> list[Layout]:
    """Before a bracketed factor if all then fits, else inside the widest factor that allows it."""
    for index in range(len(parts) - 1, 0, -1):
        if not isinstance(parts[index], Fence | Apply):
            continue
        head, tail = row(*parts[:index]), row(_TIMES, *parts[index:])
        if room / 3 < measure(head) <= first and measure(tail) <= room:
            return [head, tail]
    by_width = sorted(range(len(parts)), key=lambda index: -measure(parts[index]))
    for index in by_width:
        before, after = parts[:index], parts[index + 1 :]
        match parts[index]:
            case Fence() as fence if _is_breakable(fence):
                return _break_fence(before, fence, after, room, measure, first)
            case Apply(function, arguments) if _is_breakable(arguments):
                return _break_fence((*before, function), arguments, after, room, measure, first)
            case Fraction(Sum() as above, below):
                fraction = Fraction(Atom("1", "number"), below)
                return _break_row((*before, fraction, Fence(above), *after), room, measure, first)
    return [row(*parts)]


def _is_breakable(fence: Fence) -> bool:
    return isinstance(fence.inside, Sum | Row | Fence | Fraction)


def _break_fence(
    before: tuple[Layout, ...],
    fence: Fence,
    after: tuple[Layout, ...],
    room: float,
    measure: Measure,
    first: float,
) -> list[Layout]:
    opening = Bracket(fence.left, "left", fence.inside)
    closing = Bracket(fence.right, "right", fence.inside)
    head = row(*before, opening)
    indent = measure(opening)
    inner = break_lines(
        fence.inside, room - indent - measure(row(closing, *after)), measure, first - measure(head)
    )
    if len(inner) == 1:
        return [row(*before, fence, *after)]
    return [
        row(head, inner[0]),
        *inner[1:-1],
        row(inner[-1], closing, *after),
    ]
