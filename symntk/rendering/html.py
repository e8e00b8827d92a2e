"""A self-contained HTML page: MathML, an own style sheet, nothing fetched from anywhere."""

from __future__ import annotations

from html import escape

from symntk.rendering.document import (
    Block,
    Cite,
    Display,
    Document,
    Emphasis,
    Items,
    Line,
    Math,
    Paragraph,
    Prose,
    Reference,
    Table,
)
from symntk.rendering.latex import reference
from symntk.rendering.mathematics.layout import Layout
from symntk.rendering.mathematics.mathml import mathml
from symntk.rendering.mathematics.names import printable

_STYLE = """\
.symntk { font: 1.05rem/1.5 "Latin Modern Roman", "STIX Two Text", Georgia, serif;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
.symntk h1 { font-size: 1.6rem; line-height: 1.25; }
.symntk h2 { font-size: 1.2rem; margin-top: 2rem; }
.symntk .display { overflow: auto hidden; margin: 0.6rem 0; }
.symntk table { border-collapse: collapse; margin: 0 auto; width: 100%; }
.symntk td { padding: 0.25rem 0; vertical-align: baseline; }
.symntk td.left { text-align: right; width: 35%; white-space: nowrap; }
.symntk td.remark { padding-left: 1.5rem; white-space: nowrap; }
.symntk td.number { text-align: right; padding-left: 1rem; }
.symntk table.cells { width: auto; margin: 1rem 0; }
.symntk .cells th { text-align: left; border-bottom: 1px solid; padding: 0.25rem 1rem 0.25rem 0; }
.symntk .cells td { padding: 0.25rem 1rem 0.25rem 0; }
.symntk .cells .r { text-align: right; }
.symntk ol.references { padding-left: 1.5rem; }
@media (prefers-color-scheme: dark) { .symntk { color: #ddd; background: #111; } }
"""


def render_html(document: Document, standalone: bool = False) -> str:
    """HTML with MathML that needs no script and no network; with ``standalone`` a whole page."""
    title = _prose(document, document.title)
    parts = [f"<h1>{title}</h1>", *(_block(document, block) for block in document.opening)]
    for section in document.sections:
        parts.append(f"<h2>{_text(section.title)}</h2>")
        parts += [_block(document, block) for block in section.blocks]
    items = [f'<li id="ref-{key}">{reference(key, _plain_tex)}</li>' for key in document.cited]
    if items:
        parts.append("<h2>References</h2>")
        parts.append('<ol class="references">\n' + "\n".join(items) + "\n</ol>")
    body = '<article class="symntk">\n' + "\n".join(parts) + "\n</article>\n"
    if not standalone:
        return f"<style>\n{_STYLE}</style>\n{body}"
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>\n{_STYLE}</style>'
    page = f'<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}</body>\n</html>\n'
    return f"<!DOCTYPE html>\n{page}"


def _plain_tex(text: str) -> str:
    return _text(text.replace("{", "").replace("}", "").replace(r"\'e", "é").replace("--", "–"))


def _text(text: str) -> str:
    return escape(printable(text))


def _math(layout: Layout) -> str:
    return f"<math>{mathml(layout)}</math>"


def _display_math(layout: Layout) -> str:
    return f'<math display="inline" displaystyle="true">{mathml(layout)}</math>'


def _block(document: Document, block: Block) -> str:
    match block:
        case Paragraph(pieces):
            return f"<p>{_prose(document, pieces)}</p>"
        case Display(lines):
            rows = "\n".join(map(_line, lines))
            return f'<div class="display"><table>\n{rows}\n</table></div>'
        case Items(items, label):
            if not label:
                points = (f"<li>{_prose(document, item)}</li>" for item in items)
                return "<ul>\n" + "\n".join(points) + "\n</ul>"
            lines_ = [
                f"<p><b>{label}{n}</b> {_prose(document, item)}</p>"
                for n, item in enumerate(items, 1)
            ]
            return "\n".join(lines_)
        case Table():
            return _table(document, block)


def _table(document: Document, table: Table) -> str:
    head = "".join(
        f'<th class="{side}">{_text(head)}</th>'
        for side, head in zip(table.sides, table.heads, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(
            f'<td class="{side}">{_prose(document, cell)}</td>'
            for side, cell in zip(table.sides, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return f'<table class="cells">\n<tr>{head}</tr>\n{rows}\n</table>'


def _line(line: Line) -> str:
    number = "" if line.number is None else f"({line.number})"
    anchor = "" if line.number is None else f' id="eq-{line.number}"'
    right = f"<mrow>{mathml(line.relation)}{mathml(line.right)}</mrow>"
    remark = "" if line.remark is None else _math(line.remark)
    return (
        f'<tr{anchor}><td class="left">{_display_math(line.left)}</td>'
        f'<td><math displaystyle="true">{right}</math></td>'
        f'<td class="remark">{remark}</td><td class="number">{number}</td></tr>'
    )


def _prose(document: Document, pieces: Prose) -> str:
    text = ""
    for piece in pieces:
        match piece:
            case str():
                text += _text(piece)
            case Math(layout):
                text += _math(layout)
            case Cite(key, place):
                number = list(document.cited).index(key) + 1
                where = f", {_text(place)}" if place else ""
                text += f'[<a href="#ref-{key}">{number}</a>{where}]'
            case Reference(number):
                text += f'<a href="#eq-{number}">({number})</a>'
            case Emphasis(inside):
                text += f"<em>{_text(inside)}</em>"
    return text
