"""Layouts as presentation MathML, which browsers show without any script."""

from __future__ import annotations

from html import escape

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
from symntk.rendering.mathematics.names import printable

_SIGNS = ("binary", "relation", "punctuation")
_SCRIPT = {"K": "𝒦", "N": "𝒩"}
_BLACKBOARD = {"E": "𝔼", "R": "ℝ", "P": "ℙ"}
_BOLD = {"1": "𝟏"}


def mathml(layout: Layout) -> str:
    """``layout`` as MathML, without the surrounding ``math`` element."""
    match layout:
        case Atom():
            return _atom(layout)
        case Row(parts):
            return _row("".join(map(mathml, parts)))
        case Sum(terms):
            return _sum(terms)
        case Fraction(above, below):
            return f"<mfrac>{_one(above)}{_one(below)}</mfrac>"
        case Root(inside, None):
            return f"<msqrt>{mathml(inside)}</msqrt>"
        case Root(inside, degree):
            assert degree is not None
            return f"<mroot>{_one(inside)}{_one(degree)}</mroot>"
        case Scripts():
            return _scripts(layout)
        case Fence(inside, left, right):
            tall = is_tall(inside)
            return _row(_bracket(left, tall) + mathml(inside) + _bracket(right, tall))
        case Apply(function, arguments):
            return _row(mathml(function) + "<mo>&#x2061;</mo>" + mathml(arguments))
        case Bracket(text):
            return f'<mo stretchy="false">{escape(text)}</mo>'
        case Dotted(base):
            return f'<mover accent="true">{_one(base)}<mo>˙</mo></mover>'
        case Matrix(rows):
            lines = "".join(
                "<mtr>" + "".join(f"<mtd>{mathml(cell)}</mtd>" for cell in line) + "</mtr>"
                for line in rows
            )
            return _row(f"<mo>(</mo><mtable>{lines}</mtable><mo>)</mo>")
        case Cases(rows):
            lines = "".join(f"<mtr>{_case(*line)}</mtr>" for line in rows)
            return _row(f'<mo>{{</mo><mtable columnalign="left">{lines}</mtable>')
        case Space():
            return '<mspace width="2em"/>'


def _atom(atom: Atom) -> str:
    text = escape(printable(atom.text))
    match atom.style:
        case "number":
            return f"<mn>{text}</mn>"
        case "words":
            return f"<mtext>{text}</mtext>"
        case "operator" if atom.text in "∫∑∏":
            return f"<mo>{text}</mo>"
        case "upright" | "operator":
            return f'<mi mathvariant="normal">{text}</mi>'
        case "bold":
            return f"<mi>{_BOLD.get(atom.text, text)}</mi>"
        case "script":
            return f"<mi>{_SCRIPT.get(atom.text, text)}</mi>"
        case "blackboard":
            return f"<mi>{_BLACKBOARD.get(atom.text, text)}</mi>"
        case "relation":
            return f'<mo form="infix">{text}</mo>'  # with its space even where a cell begins
        case style if style in _SIGNS:
            return f"<mo>{text}</mo>"
        case _:
            return f"<mi>{text}</mi>"


def _row(inside: str) -> str:
    return f"<mrow>{inside}</mrow>"


def _one(layout: Layout) -> str:
    """``layout`` as exactly one element."""
    return mathml(layout)


def _bracket(text: str, tall: bool) -> str:
    """A bracket; one that does not stretch stands as close as in running text."""
    stretchy = "" if tall else ' stretchy="false"'
    return f"<mo{stretchy}>{escape(text)}</mo>" if text else ""


def _sum(terms: tuple[tuple[str, Layout], ...]) -> str:
    pieces: list[str] = []
    for sign, term in terms:
        if pieces or sign == "−":
            pieces.append(f"<mo>{sign}</mo>")
        nested = isinstance(term, Sum) and len(term.terms) > 1
        pieces.append(mathml(Fence(term) if nested else term))
    return _row("".join(pieces))


def _scripts(layout: Scripts) -> str:
    base, above, below = layout.base, layout.above, layout.below
    if isinstance(base, Atom) and base.style in ("relation", "operator") and base.text not in "∫":
        return _limits(base, above, below)
    if above is not None and below is not None:
        return f"<msubsup>{_one(base)}{_one(below)}{_one(above)}</msubsup>"
    if above is not None:
        return f"<msup>{_one(base)}{_one(above)}</msup>"
    assert below is not None
    return f"<msub>{_one(base)}{_one(below)}</msub>"


def _limits(base: Atom, above: Layout | None, below: Layout | None) -> str:
    """Scripts over and under a sign: sums, limits, a rule over an equality sign."""
    if above is not None and below is not None:
        return f"<munderover>{_one(base)}{_one(below)}{_one(above)}</munderover>"
    if above is not None:
        tag = "mover" if base.style == "relation" or base.text in "∑∏" else "msup"
        return f"<{tag}>{_one(base)}{_one(above)}</{tag}>"
    assert below is not None
    return f"<munder>{_one(base)}{_one(below)}</munder>"


def _case(value: Layout, condition: Layout | None) -> str:
    reason = "<mtext>otherwise</mtext>"
    if condition is not None:
        reason = f"<mtext>if&#xA0;</mtext>{mathml(condition)}"
    return f"<mtd>{mathml(value)}</mtd><mtd>{reason}</mtd>"
