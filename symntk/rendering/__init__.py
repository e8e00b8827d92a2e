"""Derivations in print: LaTeX, plain text, Markdown, HTML, JSON and PDF."""

from symntk.rendering.bibliography import bibliography
from symntk.rendering.formats import FORMATS, render
from symntk.rendering.notation import NOTATIONS, NotationProfile
from symntk.rendering.pdf import LatexError, write_pdf

__all__ = [
    "FORMATS",
    "NOTATIONS",
    "LatexError",
    "NotationProfile",
    "bibliography",
    "render",
    "write_pdf",
]
