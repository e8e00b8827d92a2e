"""Names that a user chose, as mathematics: ``sigma_w`` is σ with the index w, ``z1`` is z₁."""

from __future__ import annotations

import re
import unicodedata

from symntk.rendering.mathematics.alphabet import GREEK
from symntk.rendering.mathematics.layout import COMMA, Atom, Layout, Scripts, separated

_TRAILING_NUMBER = re.compile(r"(.*\D)(\d+)", re.DOTALL)


def name(text: str) -> Layout:
    """A name as a letter with indices; everything that is not a letter or digit stays text.

    Underscores and a trailing number start an index; trailing primes stay primes.
    """
    shown = printable(text)
    stem = shown.rstrip("'′")
    primes = "′" * (len(shown) - len(stem))
    parts = [part for part in stem.split("_") if part] or ["?"]
    match = _TRAILING_NUMBER.fullmatch(parts[0])
    if match:
        parts[0:1] = [match[1], match[2]]
    base = _letters(parts[0])
    if primes:
        base = Scripts(base, above=Atom(primes, "punctuation"))
    if len(parts) == 1:
        return base
    index = separated([_letters(part) for part in parts[1:]], COMMA)
    if isinstance(base, Scripts):
        return Scripts(base.base, above=base.above, below=index)
    return Scripts(base, below=index)


def _letters(part: str) -> Atom:
    if part in GREEK:
        return Atom(GREEK[part])
    if part.isascii() and part.isdigit():
        return Atom(part, "number")
    return Atom(part, "italic" if len(part) == 1 else "upright")


def printable(text: str) -> str:
    """``text`` without control and formatting characters, which could act on a terminal or page."""
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
