"""Long formulas, broken into lines no wider than the page.

A formula is broken before the sign of a term; where one term alone is too long, inside its
brackets.
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
    Scripts,
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
        case Fence() | Apply():
            return _break_row((layout,), room, measure, start)
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
        if not lines and first < room and measure(_open_sum((term,), True)) <= room:
            lines.append(Row(()))
            current = (term,)
            continue
        sign, inside = term
        parts = break_lines(inside, room, measure, space() - measure(Atom("+", "binary")))
        head, *rest = parts
        lines.append(_open_sum(((sign, head),), bool(lines)))
        lines.extend(rest)
    if current:
        lines.append(_open_sum(current, bool(lines)))
    return lines if lines[0] != Row(()) else _without_sign(lines)


def _without_sign(lines: list[Layout]) -> list[Layout]:
    """Lines after an empty one: what comes first in the sum has no plus sign."""
    second = lines[1]
    if isinstance(second, Row) and second.parts[0] == Atom("+", "binary"):
        lines[1] = row(*second.parts[1:])
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
        start = _sign_before(parts, index)
        if start == 0:
            continue
        head, tail = row(*parts[:start]), row(_TIMES, *parts[start:])
        if room / 3 < measure(head) <= first and measure(tail) <= room:
            return [head, tail]
    for index in sorted(range(len(parts)), key=lambda index: -measure(parts[index])):
        lines = _break_inside(parts, index, room, measure, first)
        if lines is not None:
            return lines
    return _break_anywhere(parts, room, measure, first)


def _sign_before(parts: tuple[Layout, ...], index: int) -> int:
    """Where a factor begins, the signs of sums over it included."""
    while index > 0 and isinstance(parts[index - 1], Scripts) and _is_sign(parts[index - 1]):
        index -= 1
    return index


def _break_inside(
    parts: tuple[Layout, ...], index: int, room: float, measure: Measure, first: float
) -> list[Layout] | None:
    """Inside the brackets of one factor; None where that is not possible."""
    before, after = parts[:index], parts[index + 1 :]
    match parts[index]:
        case Fence() as fence:
            return _break_fence(before, None, fence, after, room, measure, first)
        case Apply(function, Fence() as fence):
            return _break_fence(before, function, fence, after, room, measure, first)
        case Fraction(Sum() as above, below):
            fraction = Fraction(Atom("1", "number"), below)
            return _break_row((*before, fraction, Fence(above), *after), room, measure, first)
        case _:
            return None


def _break_anywhere(
    parts: tuple[Layout, ...], room: float, measure: Measure, first: float
) -> list[Layout]:
    """Between any two factors: the last resort."""
    for index in range(len(parts) - 1, 0, -1):
        if _is_sign(parts[index - 1]) or _is_sign(parts[index]):
            continue
        head = row(*parts[:index])
        if measure(head) <= first:
            rest = break_lines(row(_TIMES, *parts[index:]), room, measure)
            return [head, *rest]
    return [row(*parts)]


def _is_sign(layout: Layout) -> bool:
    if isinstance(layout, Scripts):
        return _is_sign(layout.base)
    return isinstance(layout, Atom) and (
        layout.style in ("binary", "relation", "punctuation") or layout.text in "∑∏∫lim∂d"
    )


def _break_fence(
    before: tuple[Layout, ...],
    function: Layout | None,
    fence: Fence,
    after: tuple[Layout, ...],
    room: float,
    measure: Measure,
    first: float,
) -> list[Layout] | None:
    """Lines with the opening bracket in the first and the closing one in the last."""
    if not isinstance(fence.inside, Sum | Row | Fence | Fraction):
        return None
    opening = Bracket(fence.left, "left", fence.inside)
    closing = Bracket(fence.right, "right", fence.inside)
    start = opening if function is None else Apply(function, opening)
    head, tail = row(*before, start), row(closing, *after)
    inner = break_lines(
        fence.inside, room - measure(opening) - measure(tail), measure, first - measure(head)
    )
    if len(inner) == 1:
        return None
    if inner[0] == Row(()) and before and not _is_sign(before[-1]):
        # nothing fits beside the opening bracket, which then goes to the next line
        tail_lines = _break_fence((_TIMES,), function, fence, after, room, measure, room)
        if tail_lines is not None:
            return [row(*before), *tail_lines]
    return [row(head, inner[0]), *inner[1:-1], row(inner[-1], tail)]
