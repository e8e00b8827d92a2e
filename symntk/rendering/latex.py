"""LaTeX: a fragment for a paper, or a document of its own."""

from __future__ import annotations

from collections.abc import Callable

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
    Section,
    Table,
)
from symntk.rendering.mathematics.breaking import break_lines
from symntk.rendering.mathematics.latex import latex, words
from symntk.rendering.mathematics.layout import Layout
from symntk.rendering.mathematics.metric import points
from symntk.rendering.works import fields
from symntk.sources import SOURCES

ROOM = 345.0
"""Width of the text in points: ``article`` at 10 pt with its own margins."""

_EMPHASIS = r"\emph{{{}}}"
_TAG = 26.0
_QUAD = 20.0
_LETTER = 5.3
"""The width of a letter of text, on average, in points."""
_GAPS = (12.0, 6.0)
"""Between the columns of a table: usual ones, and small ones."""
_NARROWEST = 60.0
"""A column of text."""


def render_latex(document: Document, standalone: bool = False) -> str:
    """LaTeX that needs amsmath and amssymb: a section, or with ``standalone`` an article.

    The fragment cites by \\cite and its keys; `symntk.rendering.bibliography` is the .bib for it.
    """
    level = "section" if standalone else "subsection"
    body = [_blocks(document.opening)]
    body += [_section(section, level) for section in document.sections]
    if not standalone:
        breaking = r"\begingroup\allowdisplaybreaks"
        section = [rf"\section{{{words(document.heading)}}}"] if document.heading else []
        return "\n\n".join([breaking, *section, *body, r"\endgroup"]) + "\n"
    return "\n\n".join(
        [
            "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\allowdisplaybreaks",
            f"\\title{{{_prose(document.title)}}}\n\\author{{}}\n\\date{{}}",
            "\\begin{document}\n\\maketitle",
            *([_labels(document.cited)] if document.cited else []),
            *body,
            *([_bibliography(document.cited)] if document.cited else []),
            "\\end{document}\n",
        ]
    )


def _labels(cited: tuple[str, ...]) -> str:
    """Numbers for the citations, known before the bibliography is read: one run is enough."""
    lines = [
        rf"\expandafter\gdef\csname b@{key}\endcsname{{{n}}}" for n, key in enumerate(cited, 1)
    ]
    return "\n".join(
        ["% The numbers of the bibliography, so that one run of LaTeX is enough.", *lines]
    )


def _bibliography(cited: tuple[str, ...]) -> str:
    items = [rf"\bibitem{{{key}}} {reference(key, str, _EMPHASIS)}" for key in cited]
    return "\n".join(
        [
            rf"\begin{{thebibliography}}{{{'9' * len(str(len(cited)))}}}",
            *items,
            r"\end{thebibliography}",
        ]
    )


def reference(key: str, words: Callable[[str], str], emphasis: str = "{}") -> str:
    """A work as a bibliography lists it; ``words`` writes the BibTeX text of a field."""
    found = fields(SOURCES[key])
    place = next((found[k] for k in ("journal", "booktitle", "publisher") if k in found), "")
    if "eprint" in found:
        place = f"arXiv:{found['eprint']}"
    authors = [_name(author) for author in found.get("author", "").split(" and ")]
    listed = ", ".join(authors[:-1]) + " and " + authors[-1] if len(authors) > 1 else authors[0]
    parts = [words(part) for part in (listed, found.get("title", ""), place, found.get("year", ""))]
    if parts[2]:
        parts[2] = emphasis.format(parts[2])
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def _name(author: str) -> str:
    """Given names before the family name, which BibTeX puts first."""
    family, _, given = author.partition(", ")
    return f"{given} {family}".strip()


def _section(section: Section, level: str) -> str:
    head = rf"\{level}{{{words(section.title)}}}"
    return "\n\n".join([head, _blocks(section.blocks)])


def _blocks(blocks: tuple[Block, ...]) -> str:
    """Blocks one after another; a display belongs to the sentence around it."""
    text = ""
    for block, following in zip(blocks, (*blocks[1:], None), strict=True):
        if isinstance(block, Display):
            text += "\n" + _display(block, "," if _continues(following) else ".")
        else:
            separator = "\n" if _continues(block) else "\n\n"
            text += (separator if text else "") + _block(block)
    return text.strip()


def _continues(block: Block | None) -> bool:
    """Whether a paragraph goes on with the sentence before it."""
    if not isinstance(block, Paragraph) or not isinstance(block.pieces[0], str):
        return False
    return block.pieces[0][:1].islower()


def _block(block: Block) -> str:
    match block:
        case Paragraph(pieces):
            return _prose(pieces)
        case Display():
            return _display(block, ".")
        case Items(items, label):
            marks = (rf"[\textup{{({label}{n})}}]" if label else "" for n, _ in enumerate(items, 1))
            lines = [
                rf"\item{mark} {_prose(item)}" for mark, item in zip(marks, items, strict=True)
            ]
            return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    """A table that stands where it is mentioned."""
    rows = [[words(head) for head in table.heads]]
    rows += [[_prose(cell) for cell in row] for row in table.rows]
    columns, gap = _columns(table)
    ragged = r"\raggedright " if "p" in columns[0] else ""
    first, *rest = (ragged + " & ".join(row) + r" \tabularnewline" for row in rows)
    lines = [r"\renewcommand{\arraystretch}{1.5}", rf"\setlength{{\tabcolsep}}{{{gap / 2:.0f}pt}}"]
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"\hline", first, r"\hline", *rest]
    lines += [r"\hline", r"\end{tabular}"]
    return "\n".join([r"\begin{center}", *lines, r"\end{center}"])


def _columns(table: Table) -> tuple[str, float]:
    """The columns of a tabular, and the gaps between them.

    Where all do not fit the page, gaps are small, and the first column is a paragraph.
    """
    heads: tuple[Prose, ...] = tuple((head,) for head in table.heads)
    widths = [max(map(_width, column)) for column in zip(heads, *table.rows, strict=True)]
    for gap in _GAPS:
        spare = ROOM - sum(widths) - gap * len(widths)
        if spare >= 0:
            return table.sides, gap
    columns = list(table.sides)
    columns[0] = f"p{{{max(widths[0] + spare, _NARROWEST):.0f}pt}}"
    return "".join(columns), gap


def _width(cell: Prose) -> float:
    parts = (points(p.layout) if isinstance(p, Math) else _LETTER * len(str(p)) for p in cell)
    return sum(parts)


def _prose(pieces: Prose) -> str:
    text = ""
    for piece in pieces:
        match piece:
            case str():
                text += words(piece)
            case Math(layout):
                text += f"${latex(layout)}$"
            case Cite(key, place):
                where = f"[{words(place)}]" if place else ""
                text = text.rstrip() + rf"~\cite{where}{{{key}}}"
            case Reference(number):
                text += f"({number})"
            case Emphasis(inside):
                text += rf"\emph{{{words(inside)}}}"
    return text


def display_body(display: Display) -> str:
    """A display for MathJax, which knows the same environments."""
    return _display(display, ".")


def _display(display: Display, end: str) -> str:
    """Aligned at the relations if that takes no more lines than each equation by itself."""
    ends = [","] * (len(display.lines) - 1) + [end]
    pairs = list(zip(display.lines, ends, strict=True))
    apart = [_single(line, mark) for line, mark in pairs]
    widest = max(points(line.left) + points(line.relation) for line in display.lines)
    if widest <= ROOM * 0.6:
        rows = [r for line, mark in pairs for r in _rows(line, ROOM - widest - _tag(line), mark)]
        if len(rows) <= sum(map(len, apart)):
            return _environment(rows)
    return "\n".join(map(_environment, apart))


def _single(line: Line, end: str) -> list[str]:
    """One equation: on a line, or broken, in whichever way takes fewer lines."""
    left = points(line.left) + points(line.relation)
    inline = _rows(line, ROOM - left - _tag(line), end) if left <= ROOM * 0.6 or _fits(line) else []
    if len(inline) == 1:
        return inline
    below = _below(line, end)
    return below if not inline or _cost(below) < _cost(inline) else inline


def _cost(rows: list[str]) -> int:
    """Lines, and again those that end in an opening bracket."""
    return len(rows) + sum(row.rstrip().endswith("(") for row in rows)


def _environment(rows: list[str]) -> str:
    if len(rows) == 1:
        only = rows[0].replace("&", "", 1)
        return f"\\begin{{equation*}}\n  {only}\n\\end{{equation*}}"
    return "\\begin{align*}\n  " + " \\\\\n  ".join(rows) + "\n\\end{align*}"


def _fits(line: Line) -> bool:
    parts = (line.left, line.relation, line.right)
    return sum(map(points, parts)) + _tag(line) <= ROOM


def _tag(line: Line) -> float:
    return _TAG if line.number is not None else 0.0


def _rows(line: Line, room: float, end: str) -> list[str]:
    left = f"{latex(line.left)} &{latex(line.relation)} "
    parts = break_lines(line.right, room - _QUAD, points, first=room)
    texts = [latex(part) for part in parts]
    if line.remark is not None:
        remark = latex(line.remark)
        before = points(parts[-1]) + (_QUAD if len(parts) > 1 else 0)
        texts[-1] += ","
        if before + points(line.remark) + 2 * _QUAD <= room:
            texts[-1] += rf" \qquad {remark}"
        else:
            texts.append(remark)
    first, *rest = texts
    rows = [left + first, *(rf"&\quad {text}" for text in rest)]
    rows[-1] += end
    if line.number is not None:
        rows[-1] += rf" \tag{{{line.number}}}"
    return rows


def _below(line: Line, end: str) -> list[str]:
    """An equation whose right side starts on a line of its own."""
    left = break_lines(line.left, ROOM - _tag(line), points)
    right = break_lines(line.right, ROOM - 3 * _QUAD - _tag(line), points)
    texts = [f"&{latex(left[0])}", *(rf"&\quad {latex(part)}" for part in left[1:])]
    texts.append(rf"&\qquad {latex(line.relation)} {latex(right[0])}")
    texts += [rf"&\qquad\quad {latex(part)}" for part in right[1:]]
    if line.remark is not None:
        texts[-1] += rf", \qquad {latex(line.remark)}"
    texts[-1] += end
    if line.number is not None:
        texts[-1] += rf" \tag{{{line.number}}}"
    return texts


def inline(layout: Layout) -> str:
    """A formula within a sentence."""
    return f"${latex(layout)}$"
