"""Names that a user chose cannot act on the page, the terminal or the browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sympy as sp

import symntk as sn
from symntk.activations import activation
from symntk.graph import Graph, Node, biases, elementwise, vector, weights
from symntk.rendering import FORMATS, write_pdf

U, V = sp.symbols("U V", real=True)

HOSTILE = [
    r"\input{/etc/passwd}",
    r"$\write18{touch hacked}$",
    "}}\\end{document}",
    "a_b^c%d#e&f~g",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "`code` *bold* [link](http://example.org) | cell",
    "\x1b[2J\x07bell",
    "line\nbreak\ttab",
    "字符 é ß 𝒦",
    "\u202eright to left",
]


def hostile_graph(name: str) -> Graph:
    """A network whose title, hidden vector and activations are called ``name``.

    The language itself takes only identifiers as names of vectors; the node is made without it.
    """
    x = vector("x")
    w, v = weights("W v")
    (b,) = biases("b")
    z = w @ x + b
    hidden = Node(z.op, z.inputs, None, z.settings, z.width, name)
    one = elementwise(sp.tanh(U), (U,), (hidden,), name)
    two = elementwise(U * V, (U, V), (hidden, one), name)
    return Graph(v @ (one + two), title=name)


def international_graph() -> Graph:
    """Names of letters that are not Latin, which the language takes."""
    x = vector("вход")
    w, v = weights("Größe λ")
    hidden = (w @ x).named("字符")
    return Graph(v @ (activation("relu")(hidden) + hidden), title="Schöne Namen")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format", FORMATS)
def test_a_name_stays_a_name(name: str, format: str) -> None:
    text = sn.derive(hostile_graph(name)).render(format, standalone=True)
    assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    if format == "latex":
        assert text.isascii()
        for command in (r"\input", r"\write", r"$\write"):
            assert command not in text
        assert text.count(r"\end{document}") == 1
    if format == "html":
        assert tags(text) <= KNOWN_TAGS
    if format == "json":
        json.loads(text)


KNOWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "article", "h1", "h2", "p", "em", "b"),
    *("a", "ol", "li", "div", "table", "tr", "td", "math", "mrow", "mi", "mn", "mo", "mtext"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "mover", "munder", "munderover"),
    *("mtable", "mtr", "mtd", "mspace"),
}


def tags(text: str) -> set[str]:
    found: set[str] = set()

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.add(tag)
            assert not any(name.startswith("on") for name, _ in attrs)

    Collector().feed(text)
    return found


def test_html_fetches_nothing() -> None:
    text = sn.derive(sn.zoo.mlp()).render("html", standalone=True)
    assert "http" not in text and "url(" not in text and "<script" not in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", HOSTILE)
def test_latex_compiles_whatever_the_names_are(name: str, tmp_path: Path) -> None:
    text = sn.derive(hostile_graph(name)).render("latex", standalone=True)
    (tmp_path / "a.tex").write_text(text)
    command = [
        "pdflatex",
        "-no-shell-escape",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "a.tex",
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout.decode("latin-1")[-2000:]
    assert not (tmp_path / "hacked").exists()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_with_letters_of_any_script(tmp_path: Path) -> None:
    write_pdf(sn.derive(international_graph()), tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_text_keeps_letters_of_any_script() -> None:
    text = sn.derive(international_graph()).render("text")
    assert all(name in text for name in ("вход", "Größe", "λ"))
