"""The cited works as a .bib."""

from __future__ import annotations

from symntk.derivation import Derivation
from symntk.rendering.composition import compose
from symntk.rendering.notation import NOTATIONS
from symntk.sources import SOURCES


def bibliography(derivation: Derivation) -> str:
    """BibTeX of every work that the printed derivation cites, in order of first citation."""
    cited = compose(derivation, NOTATIONS["jacot"]).cited
    return "\n\n".join(SOURCES[key].bibtex for key in cited) + "\n"
