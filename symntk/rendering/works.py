"""What a bibliography says of a work, read from its BibTeX."""

from __future__ import annotations

import re

from symntk.trace import Source

_FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?\s*$")


def fields(source: Source) -> dict[str, str]:
    """The fields of a BibTeX entry of `symntk.sources`, which writes each on a line."""
    found = (_FIELD.match(line) for line in source.bibtex.splitlines())
    return {match[1].lower(): match[2] for match in found if match}
