"""Finite networks, and what they say about a derived kernel."""

from symntk.finite.comparison import check
from symntk.finite.kernels import Empirical, measure
from symntk.finite.network import Architecture, Network
from symntk.finite.report import Report

__all__ = ["Architecture", "Empirical", "Network", "Report", "check", "measure"]
