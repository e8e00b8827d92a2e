"""Layouts as LaTeX, within what amsmath and amssymb (or MathJax) provide."""

from __future__ import annotations

from symntk.rendering.mathematics.alphabet import LATEX, OPERATORS, SPACED_OPERATORS
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

_ALPHABETS = {"bold": "mathbf", "script": "mathcal", "blackboard": "mathbb"}
_ESCAPES = {
    "\\": r"\backslash ",
    "{": r"\lbrace ",
    "}": r"\rbrace ",
    "#": r"\#",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "^": r"\hat{}",
    "~": r"\sim ",
}
_WORD_ESCAPES = {
    **_ESCAPES,
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': "''",
}
_BRACKETS = {"‖": r"\Vert", "|": r"\vert", "{": r"\lbrace", "}": r"\rbrace", "": "."} | {
    bracket: LATEX[bracket] for bracket in "⌈⌉⌊⌋"
}
_SPACED = {"operator", "italic", "upright"}


def latex(layout: Layout) -> str:
    """``layout`` as LaTeX for math mode."""
    match layout:
        case Atom():
            return _atom(layout)
        case Row(parts):
            return _join([_in_row(part) for part in parts])
        case Sum(terms):
            return _sum(terms)
        case Fraction(above, below):
            plain = all(
                isinstance(part, Atom) and part.style == "number" for part in (above, below)
            )
            return rf"\{'tfrac' if plain else 'frac'}{{{latex(above)}}}{{{latex(below)}}}"
        case Root(inside, degree):
            index = f"[{latex(degree)}]" if degree is not None else ""
            return rf"\sqrt{index}{{{latex(inside)}}}"
        case Scripts():
            return _scripts(layout)
        case Fence(inside, left, right):
            opening, closing = _BRACKETS.get(left, left), _BRACKETS.get(right, right)
            if is_tall(inside) or not left:
                return rf"\left{opening} {latex(inside)} \right{closing}"
            return _join([opening, latex(inside), closing])
        case Apply(function, arguments):
            close = r"\!" if is_tall(arguments) else ""
            return latex(function) + close + latex(arguments)
        case Bracket(text, side, partner):
            size = (
                (r"\Bigl" if side == "left" else r"\Bigr")
                if is_tall(partner)
                else (r"\bigl" if side == "left" else r"\bigr")
            )
            return size + _BRACKETS.get(text, text)
        case Dotted(base):
            return rf"\dot{{{latex(base)}}}"
        case Matrix(rows, large):
            body = r" \\ ".join(" & ".join(latex(cell) for cell in line) for line in rows)
            if large:
                return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"
            return rf"\bigl(\begin{{smallmatrix}} {body} \end{{smallmatrix}}\bigr)"
        case Cases(rows):
            lines = [
                rf"{latex(value)} & \text{{{'otherwise' if condition is None else 'if '}}}"
                + ("" if condition is None else latex(condition))
                for value, condition in rows
            ]
            return rf"\begin{{cases}} {(chr(92) * 2 + ' ').join(lines)} \end{{cases}}"
        case Space():
            return r"\qquad "


def words(text: str) -> str:
    """Plain text, escaped for LaTeX's text mode, in ASCII; two hyphens make no dash."""
    shown = printable(text)
    pairs = zip(shown, shown[1:] + " ", strict=True)
    return "".join(
        _word_character(char) + "{}" * (char == following == "-") for char, following in pairs
    )


def _word_character(char: str) -> str:
    if char in _WORD_ESCAPES:
        return _WORD_ESCAPES[char]
    if char.isascii():
        return char
    if char in LATEX:
        return rf"\ensuremath{{{LATEX[char]}}}"
    return _TEXT.get(char) or rf"\texttt{{U+{ord(char):04X}}}"


_TEXT = {
    "–": "--",
    "—": "---",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "\u00a0": "~",
    "é": r"\'e",
    "è": r"\`e",
    "ä": r"\"a",
    "ö": r"\"o",
    "ü": r"\"u",
    "ß": r"\ss{}",
}


def _atom(atom: Atom) -> str:
    text, style = atom.text, atom.style
    if style == "words":
        return rf"\text{{{words(text)}}}"
    if style in _ALPHABETS:
        return rf"\{_ALPHABETS[style]}{{{_signs(text)}}}"
    if style == "operator":
        if text in LATEX:
            return LATEX[text]
        if text in SPACED_OPERATORS:
            return rf"\operatorname{{{text}}}"
        return f"\\{text}" if text in OPERATORS else rf"\mathrm{{{_signs(text)}}}"
    if style == "upright" and text != "/":
        return rf"\mathrm{{{_signs(text)}}}"
    return _signs(text)


def _signs(text: str) -> str:
    """Letters and signs of mathematics, each escaped."""
    shown = printable(text)
    pieces = [_ESCAPES.get(c) or _sign(c) for c in shown]
    return _join(pieces, glue="")


def _sign(char: str) -> str:
    if char.isascii():
        return char
    return LATEX.get(char) or rf"\text{{{words(char)}}}"


def _join(pieces: list[str], glue: str = " ") -> str:
    """``pieces`` one after another, with a space where a command would run into a letter."""
    text = ""
    for piece in pieces:
        if text and piece:
            command = text.rsplit("\\", 1)[-1].isalpha() and "\\" in text
            text += (" " if command and piece[0].isalpha() else "") or glue * _separates(
                text, piece
            )
        text += piece
    return text


def _separates(before: str, after: str) -> bool:
    """Whether a space makes the source easier to read (TeX itself ignores it)."""
    return after[0] not in "(),[]'^_" and before[-1] not in "(["


def _in_row(part: Layout) -> str:
    if part == Atom("d", "upright"):
        return r"\,\mathrm{d}"
    return latex(part)


def _sum(terms: tuple[tuple[str, Layout], ...]) -> str:
    pieces: list[str] = []
    for sign, term in terms:
        if pieces or sign == "−":
            pieces.append("-" if sign == "−" else "+")
        text = latex(term)
        if isinstance(term, Fraction):
            text = text.replace(r"\tfrac", r"\frac", 1)
        pieces.append(rf"({text})" if isinstance(term, Sum) and len(term.terms) > 1 else text)
    first = pieces[0]
    return first + (" " if first != "-" else "") + " ".join(pieces[1:])


def _scripts(layout: Scripts) -> str:
    base = latex(layout.base)
    if isinstance(layout.base, Row | Sum | Scripts | Fraction):
        base = f"{{{base}}}"
    if isinstance(layout.base, Atom) and layout.base.style == "relation":
        return rf"\overset{{{latex(layout.above)}}}{{{base}}}" if layout.above else base
    below = f"_{_grouped(latex(layout.below))}" if layout.below is not None else ""
    if layout.above is None:
        return base + below
    if isinstance(layout.above, Atom) and set(layout.above.text) == {"′"}:
        return base + below + "'" * len(layout.above.text)
    return base + below + f"^{_grouped(latex(layout.above))}"


def _grouped(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"
