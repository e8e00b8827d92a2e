"""The table of output formats, and the function that looks into it.

Each loads its module when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.rendering.composition import compose
from symntk.rendering.composition.page import Page
from symntk.rendering.notation import NOTATIONS, NotationProfile


def latex_format(derivation: Derivation, profile: NotationProfile, **options: Any) -> str:
    """LaTeX: a section for a paper (amsmath, amssymb), or with standalone a document"""
    from symntk.rendering.latex import render_latex

    return render_latex(compose(derivation, profile), **options)


def text_format(derivation: Derivation, profile: NotationProfile, **options: Any) -> str:
    """Plain text for a terminal of 80 columns"""
    from symntk.rendering.text import render_text

    return render_text(compose(derivation, profile), **options)


def markdown_format(derivation: Derivation, profile: NotationProfile, **options: Any) -> str:
    """Markdown with formulas that GitHub and Jupyter show"""
    from symntk.rendering.markdown import render_markdown

    return render_markdown(compose(derivation, profile), **options)


def html_format(derivation: Derivation, profile: NotationProfile, **options: Any) -> str:
    """HTML with MathML, self-contained"""
    from symntk.rendering.html import render_html

    return render_html(compose(derivation, profile), **options)


def json_format(derivation: Derivation, profile: NotationProfile, **options: Any) -> str:
    """JSON: every step of the trace, for programs"""
    from symntk.rendering.json import dumps, trace

    return dumps(trace(derivation, Page.of(derivation, profile).typeset))


Format = Callable[..., str]

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "latex": latex_format,
        "text": text_format,
        "markdown": markdown_format,
        "html": html_format,
        "json": json_format,
    }
)
"""Every format by its name; a docstring's first line describes it in lists."""


def render(
    derivation: Derivation,
    format: str = "latex",
    notation: str = "jacot",
    standalone: bool = False,
    **options: Any,
) -> str:
    """``derivation`` as text.

    format: a key of `FORMATS`.  notation: a key of `NOTATIONS`.
    standalone: a whole document where the format knows the difference (LaTeX, HTML).
    options: those of the format's own renderer, such as ``ascii=True`` for text.
    """
    profile = NOTATIONS[_known(notation, NOTATIONS, "notation")]
    renderer = FORMATS[_known(format, FORMATS, "format")]
    return renderer(derivation, profile, standalone=standalone, **options)


def _known(name: str, table: Mapping[str, object], what: str) -> str:
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}; use one of {', '.join(table)}")
    return name
