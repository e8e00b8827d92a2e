"""Kernels of documents as polynomials in matches of tokens: what features a network learns."""

from symntk.decomposition.report.comparison import Comparison, compare
from symntk.decomposition.report.features import Feature, Features, features

__all__ = ["Comparison", "Feature", "Features", "compare", "features"]
