"""Finite networks, and what they say about a derived kernel."""

from symntk.finite.kernels import Empirical, measure
from symntk.finite.network import Architecture, Network

__all__ = ["Architecture", "Empirical", "Network", "measure"]
