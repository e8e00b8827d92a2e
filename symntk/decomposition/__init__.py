"""Kernels of documents as polynomials in matches of tokens: what features a network learns.

Each name loads its module on first use: a derivation in print needs none of the tables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symntk.decomposition.report.comparison import Comparison as Comparison
    from symntk.decomposition.report.comparison import compare as compare
    from symntk.decomposition.report.features import Feature as Feature
    from symntk.decomposition.report.features import Features as Features
    from symntk.decomposition.report.features import features as features

_HOMES = {
    "Comparison": "comparison",
    "Feature": "features",
    "Features": "features",
    "compare": "comparison",
    "features": "features",
}

__all__ = ["Comparison", "Feature", "Features", "compare", "features"]

if not TYPE_CHECKING:  # a type checker reads the imports above, and knows no other name

    def __getattr__(name: str) -> object:
        if name in _HOMES:
            return getattr(import_module(f"symntk.decomposition.report.{_HOMES[name]}"), name)
        raise AttributeError(f"module 'symntk.decomposition' has no attribute {name!r}")
