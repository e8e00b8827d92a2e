"""Layouts as one line of plain text, in Unicode or in ASCII."""

from __future__ import annotations

import unicodedata
from typing import TypeGuard

from symntk.rendering.mathematics.alphabet import GREEK, SUBSCRIPTS, SUPERSCRIPTS
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
)
from symntk.rendering.mathematics.names import printable

_ASCII: dict[str, str] = {
    **{letter: name for name, letter in GREEK.items() if name != "lamda"},
    "ℓ": "l",
    "∂": "d",
    "∞": "oo",
    "−": "-",
    "×": "x",
    "·": ".",
    "∘": "o",
    "⊙": "*",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∼": "~",
    "→": "->",
    "∈": "in",
    "∫": "int",
    "∑": "sum",
    "∏": "prod",
    "⊤": "T",
    "…": "...",
    "⋯": "...",
    "′": "'",
    "‖": "||",
    "⌈": "ceil(",
    "⌉": ")",
    "⌊": "floor(",
    "⌋": ")",
    "≔": ":=",
    "√": "sqrt",
    "–": "-",
    "—": "--",
    "’": "'",
    "“": '"',
    "”": '"',
    "ℝ": "R",
}


def width(text: str) -> int:
    """Columns that ``text`` takes in a terminal; combining marks take none, wide letters two."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def ascii_only(text: str) -> str:
    """``text`` with every sign spelled in ASCII."""
    spelled = "".join(_ASCII.get(char, char) for char in text)
    parts = unicodedata.normalize("NFKD", spelled)
    return "".join(
        char if char.isascii() else f"<U+{ord(char):04X}>"
        for char in parts
        if not unicodedata.combining(char)
    )


def plain(layout: Layout, ascii: bool = False) -> str:
    """``layout`` on one line of text."""
    text = _Writer(ascii).write(layout)
    return ascii_only(text) if ascii else text


_PARTIAL = Atom("∂")
_SUM = Atom("∑", "operator")


class _Writer:
    def __init__(self, ascii: bool) -> None:
        self.ascii = ascii

    def write(self, layout: Layout) -> str:
        match layout:
            case Atom(text, style):
                return self.atom(printable(text), style)
            case Row(parts):
                return self.row(parts)
            case Sum(terms):
                return self.sum(terms)
            case Fraction(above, below):
                over, under = self.over(above), self.factor(below)
                slash = "/" if width(over) + width(under) < 12 else " / "
                return f"{over}{slash}{under}"
            case Root(inside, degree):
                index = "" if degree is None else self.raised(degree)
                if self.ascii:
                    return f"sqrt{index}({self.write(inside)})"
                return f"{index}√{self.factor(inside, scripts=False)}"
            case Scripts(base, above, below):
                return self.scripts(base, above, below)
            case Fence(inside, left, right):
                return f"{left or '['}{self.write(inside)}{right}" + ("]" if not left else "")
            case Apply(function, arguments):
                return self.write(function) + self.write(arguments)
            case Bracket(text):
                return text
            case Dotted(base):
                return f"d{self.write(base)}" if self.ascii else f"{self.write(base)}\u0307"
            case Matrix(rows):
                lines = [", ".join(self.write(cell) for cell in line) for line in rows]
                return "[" + "; ".join(lines) + "]"
            case Cases(rows):
                return "{ " + "; ".join(self.case(*line) for line in rows) + " }"
            case Space():
                return "    "

    def atom(self, text: str, style: str) -> str:
        if style == "blackboard" and text == "R":
            text = "ℝ"
        if self.ascii:
            text = ascii_only(text)
        return {
            "relation": f" {text} ",
            "punctuation": text if text in ("'", "′", "''", "′′") else f"{text} ",
            "binary": text if text in "·." else f" {text} ",
        }.get(style, text)

    def row(self, parts: tuple[Layout, ...]) -> str:
        text = ""
        for index, part in enumerate(parts):
            neighbours = parts[max(index - 1, 0) : index] + parts[index + 1 : index + 2]
            piece = self.write(part)
            if isinstance(part, Fraction) and neighbours and not any(map(_is_sign, neighbours)):
                piece = f"({piece})"
            glued = not text or text[-1] in " ([{·/∂ᵀ" or piece[0] in " ,)]}"
            glued = glued or (index > 0 and parts[index - 1] == _PARTIAL)
            text += piece if glued or piece[0] in "·/" else f" {piece}"
        return text

    def sum(self, terms: tuple[tuple[str, Layout], ...]) -> str:
        text = ""
        for sign, term in terms:
            written = self.write(term)
            if isinstance(term, Sum) and len(term.terms) > 1:
                written = f"({written})"
            mark = self.atom(sign, "italic")
            if text:
                text += f" {mark} {written}"
            else:
                text = written if sign == "+" else f"{mark}{written}"
        return text

    def over(self, layout: Layout) -> str:
        """A numerator: a product needs no brackets."""
        return f"({self.write(layout)})" if isinstance(layout, Sum | Cases) else self.write(layout)

    def factor(self, layout: Layout, scripts: bool = True) -> str:
        """Something that must bind more tightly than a product."""
        text = self.write(layout)
        if isinstance(layout, Row) and layout.parts[0] == _PARTIAL and len(layout.parts) == 2:
            return text
        if isinstance(layout, Atom | Fence | Apply | Dotted | Root | Matrix):
            return text
        if isinstance(layout, Scripts) and scripts:
            return text
        return f"({text})"

    def raised(self, layout: Layout) -> str:
        text = self.write(layout)
        compact = text.replace(" ", "")
        if not self.ascii and all(char in SUPERSCRIPTS for char in compact):
            return "".join(SUPERSCRIPTS[char] for char in compact)
        if isinstance(layout, Fence):
            return f"^{text.replace(' ', '')}"
        return f"^{text}" if len(text) == 1 or text.isalnum() else f"^({text})"

    def scripts(self, base: Layout, above: Layout | None, below: Layout | None) -> str:
        text = self.write(base)
        if isinstance(base, Atom) and base.style == "relation":
            return text
        if isinstance(base, Row | Sum | Fraction):
            text = f"({text})"
        if _is_prime(above) and below is not None and not isinstance(below, Atom):
            text, above = text + self.write(above), None  # x'_{t'}
        if below is not None:
            lowered = self.write(below)
            if not self.ascii and all(char in SUBSCRIPTS for char in lowered) and lowered.isdigit():
                text += "".join(SUBSCRIPTS[char] for char in lowered)
            elif lowered.isdigit() and not isinstance(base, Atom):
                text += f"_{lowered}"
            elif lowered.isdigit() and isinstance(base, Atom) and base.style == "italic":
                text += lowered
            else:
                text += f"_{lowered}" if lowered.isalnum() else f"_{{{lowered}}}"
        if above is not None:
            if _is_prime(above):
                return text + self.write(above)
            text += self.limit(above) if base == _SUM else self.raised(above)
        return text

    def limit(self, layout: Layout) -> str:
        """The upper end of a sum: a raised T would read as a transposition."""
        raised = self.raised(layout)
        return raised if "ᵀ" not in raised else f"^{{{self.write(layout)}}}"

    def case(self, value: Layout, condition: Layout | None) -> str:
        reason = "otherwise" if condition is None else f"if {self.write(condition)}"
        return f"{self.write(value)} {reason}"


def _is_prime(layout: Layout | None) -> TypeGuard[Atom]:
    return isinstance(layout, Atom) and set(layout.text) == {"′"}


def _is_sign(layout: Layout) -> bool:
    return isinstance(layout, Atom) and layout.style in ("relation", "binary", "punctuation")
