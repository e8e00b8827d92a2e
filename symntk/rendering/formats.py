"""The table of output formats, and the function that looks into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.rendering.composition import compose
from symntk.rendering.document import Document
from symntk.rendering.latex import render_latex
from symntk.rendering.notation import NOTATIONS

Renderer = Callable[..., str]

FORMATS: Mapping[str, Renderer] = MappingProxyType({"latex": render_latex})
"""Every format by its name; the first line of each renderer's docstring describes it."""


def render(
    derivation: Derivation,
    format: str = "latex",
    notation: str = "jacot",
    standalone: bool = False,
) -> str:
    """``derivation`` as text."""
    document: Document = compose(derivation, NOTATIONS[_known(notation, NOTATIONS, "notation")])
    renderer = FORMATS[_known(format, FORMATS, "format")]
    return renderer(document, standalone=standalone)


def _known(name: str, table: Mapping[str, object], what: str) -> str:
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}; use one of {', '.join(table)}")
    return name
