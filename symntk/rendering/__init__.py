"""Derivations in print: LaTeX, plain text, Markdown, HTML and JSON."""

from __future__ import annotations

from symntk.rendering.formats import FORMATS, NOTATIONS, render

__all__ = ["FORMATS", "NOTATIONS", "render"]
