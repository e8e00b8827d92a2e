"""Markdown with LaTeX mathematics, as GitHub and Jupyter show it."""

from __future__ import annotations

import re

from symntk.rendering.document import (
    Block,
    Cite,
    Display,
    Document,
    Emphasis,
    Items,
    Math,
    Paragraph,
    Prose,
    Reference,
    Table,
)
from symntk.rendering.latex import display_body, reference
from symntk.rendering.mathematics.latex import latex
from symntk.rendering.mathematics.names import printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~&])")


def render_markdown(document: Document, standalone: bool = False) -> str:
    """Markdown that GitHub renders, formulas between dollar signs.

    Displayed formulas stand in ``math`` blocks, whose content Markdown leaves alone.
    ``standalone`` changes nothing.
    """
    parts = [f"# {_prose(document, document.title)}"]
    parts += [_block(document, block) for block in document.opening]
    for section in document.sections:
        parts.append(f"## {_escaped(section.title)}")
        parts += [_block(document, block) for block in section.blocks]
    works = [f"{n}. {reference(key, _plain_tex)}" for n, key in enumerate(document.cited, 1)]
    if works:
        parts += ["## References", "\n".join(works)]
    return "\n\n".join(parts) + "\n"


def _plain_tex(text: str) -> str:
    return _escaped(text.replace("{", "").replace("}", "").replace(r"\'e", "é"))


def _block(document: Document, block: Block) -> str:
    match block:
        case Paragraph(pieces):
            return _prose(document, pieces)
        case Display():
            return f"```math\n{display_body(block)}\n```"
        case Items(items, label):
            return "\n".join(
                f"- **{label}{n}** {text}" if label else f"- {text}"
                for n, text in enumerate((_prose(document, item) for item in items), 1)
            )
        case Table(heads, sides, rows):
            rules = [{"l": "---", "r": "---:"}[side] for side in sides]
            cells = [[_prose(document, cell) for cell in row] for row in rows]
            lines = [[_escaped(head) for head in heads], rules, *cells]
            return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _prose(document: Document, pieces: Prose) -> str:
    text = ""
    for piece in pieces:
        match piece:
            case str():
                text += _escaped(piece)
            case Math(layout):
                formula = latex(layout).replace("*", r"\ast ").replace(r"\!", "")
                text += f"${formula}$"
            case Cite(key, place):
                number = list(document.cited).index(key) + 1
                text += rf"\[{number}{', ' + _escaped(place) if place else ''}\]"
            case Reference(number):
                text += f"({number})"
            case Emphasis(inside):
                text += f"*{_escaped(inside)}*"
    return text


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable(text))
