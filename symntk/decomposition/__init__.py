"""Kernels of documents as polynomials in matches of tokens: what features a network learns."""

from symntk.decomposition.multilinear import coefficients

__all__ = ["coefficients"]
