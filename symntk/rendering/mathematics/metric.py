"""How wide a layout is on a page, in points of 10 pt Computer Modern, slightly overestimated."""

from __future__ import annotations

from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Bracket,
    Cases,
    Dotted,
    Fence,
    Fraction,
    Layout,
    Matrix,
    Root,
    Row,
    Scripts,
    Space,
    Sum,
    is_tall,
)

_NARROW = dict.fromkeys("ijltrιℓ′'|.,:;", 4.3)
_WIDE = dict.fromkeys("mwMWΣΘΛΦΨΞΩ", 8.8)
_CAPITALS = dict.fromkeys("ABCDEFGHIJKLNOPQRSTUVXYZΠΔΓΥ", 8.7)
_CHARACTERS = {**_NARROW, **_WIDE, **_CAPITALS, "∼": 7.8, "∫": 10.0, "∑": 14.5, "∏": 13.0}
_SPACING = {"binary": 12.3, "relation": 13.4, "punctuation": 4.5}
_SMALL = 0.72


def points(layout: Layout) -> float:
    """The width of ``layout`` in display style."""
    match layout:
        case Atom(text, style):
            return _atom(text, style)
        case Row(parts):
            return sum(map(points, parts)) + 1.7 * sum(isinstance(p, Apply) for p in parts)
        case Sum(terms):
            signs = 12.3 * len(terms) - (12.3 if terms[0][0] == "+" else 4.0)
            return signs + sum(points(term) for _, term in terms)
        case Fraction(above, below):
            numeric = all(isinstance(p, Atom) and p.style == "number" for p in (above, below))
            return (_SMALL if numeric else 1.0) * max(points(above), points(below)) + 2.4
        case Root(inside):
            return points(inside) + (10.0 if is_tall(inside) else 8.5)
        case Scripts(Atom("∑" | "∏" | "lim" | "=", _) as base, above, below):
            return max(points(base), *(_SMALL * points(p) for p in (above, below) if p is not None))
        case Scripts(base, above, below):
            scripts = [points(part) * _SMALL for part in (above, below) if part is not None]
            return points(base) + max(scripts) + 0.5
        case Fence(inside, left):
            brackets = 15.0 if is_tall(inside) else 10.4 if left in "{‖" else 8.2
            return points(inside) + brackets
        case Apply(function, arguments):
            return points(function) + points(arguments)
        case Bracket(_, _, partner):
            return 6.0 if is_tall(partner) else 4.6
        case Dotted(base):
            return points(base)
        case Matrix(rows, large):
            columns = [max(map(points, column)) for column in zip(*rows, strict=True)]
            return (
                (1 if large else _SMALL) * sum(columns)
                + (10.0 if large else 4.0) * len(columns)
                + 10.0
            )
        case Cases(rows):
            values = max(points(value) for value, _ in rows)
            reasons = max(16.0 + (points(c) if c is not None else 26.0) for _, c in rows)
            return values + reasons + 22.0
        case Space():
            return 20.0


def _atom(text: str, style: str) -> float:
    if text == ":":
        return 8.4
    if style in _SPACING and text not in ("′", "′′"):
        return _SPACING[style]
    if style in ("number", "bold"):
        return (5.1 if style == "number" else 5.9) * len(text)
    if style == "words":
        return 5.2 * len(text)
    if style == "script":
        return 8.6 * len(text)
    if style == "blackboard":
        return 7.3 * len(text)
    width = sum(_CHARACTERS.get(char, 6.0) for char in text)
    return width + (1.7 if style == "operator" else 0.0)
