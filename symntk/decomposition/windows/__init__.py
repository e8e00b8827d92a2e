"""Kernels that are sums over pairs of windows, and their functions of two windows."""
