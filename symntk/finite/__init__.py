"""Finite networks: what they say about a derived kernel, and how they learn."""

from symntk.finite.agreement import Agreement
from symntk.finite.comparison import check
from symntk.finite.kernels import Empirical, measure
from symntk.finite.network import Architecture, Network
from symntk.finite.report import Report
from symntk.finite.training import Training, train

__all__ = [
    "Agreement",
    "Architecture",
    "Empirical",
    "Network",
    "Report",
    "Training",
    "check",
    "measure",
    "train",
]
