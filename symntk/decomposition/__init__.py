"""Kernels of documents as polynomials in matches of tokens: what features a network learns."""

from symntk.decomposition.features import Feature, Features, features

__all__ = ["Feature", "Features", "features"]
