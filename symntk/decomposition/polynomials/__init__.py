"""Kernels of two documents as polynomials in matches of tokens."""
