"""Activations: a table of known ones, a safe syntax for a user's own, and one resolver.

>>> from symntk.activations import activation
>>> activation("max(0, x)**2").homogeneity
2
"""

from symntk.activations.activation import Activation, Parameter
from symntk.activations.families import (
    FAMILIES,
    hermite,
    monomial,
    polynomial,
    rectified_monomial,
)
from symntk.activations.printer import format_activation
from symntk.activations.resolution import activation, dual
from symntk.activations.syntax import parse_activation
from symntk.activations.table import ACTIVATIONS

__all__ = [
    "ACTIVATIONS",
    "FAMILIES",
    "Activation",
    "Parameter",
    "activation",
    "dual",
    "format_activation",
    "hermite",
    "monomial",
    "parse_activation",
    "polynomial",
    "rectified_monomial",
]
