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
    first, *indices = [part for part in stem.split("_") if part] or ["?"]
    base = _numbered(first)
    below = [base.below] if isinstance(base, Scripts) and base.below is not None else []
    letter = base.base if isinstance(base, Scripts) else base
    below += [_numbered(part) for part in indices]
    above = Atom(primes, "punctuation") if primes else None
    if not below and above is None:
        return letter
    return Scripts(letter, above=above, below=separated(below, COMMA) if below else None)


def _numbered(part: str) -> Layout:
    """A letter or word with the number that it ends in as its index."""
    match = _TRAILING_NUMBER.fullmatch(part)
    if match is None:
        return _letters(part)
    return Scripts(_letters(match[1]), below=_letters(match[2]))


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
