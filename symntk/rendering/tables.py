"""The formats of a document that is a table and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from symntk.errors import UsageError
from symntk.rendering.document import Document
from symntk.rendering.html import render_html
from symntk.rendering.latex import render_latex
from symntk.rendering.markdown import render_markdown
from symntk.rendering.text import render_text

FORMATS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "text": render_text,
        "markdown": render_markdown,
        "latex": render_latex,
        "html": render_html,
    }
)
"""Of a document; json, which is one more, is of data."""

NAMES = (*FORMATS, "json")


def render_table(
    format: str, document: Callable[[], Document], data: Callable[[], Any], **options: Any
) -> str:
    """``document`` in a format of `FORMATS`, or ``data`` as JSON.  UsageError for any other."""
    if format == "json":
        return json.dumps(data(), indent=1) + "\n"
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r} of a table; use {', '.join(NAMES)}")
    return FORMATS[format](document(), **options)
