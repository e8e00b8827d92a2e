"""The derivation pass: from a graph to its infinite-width limit, as a trace of steps."""

from symntk.derivation.derivation import Derivation, derive
from symntk.derivation.program import (
    Carry,
    Entry,
    Equation,
    Loop,
    Quantity,
    Statement,
    entries,
    needed,
    relocate,
    walk,
)
from symntk.derivation.result import Recursion

__all__ = [
    "Carry",
    "Derivation",
    "Entry",
    "Equation",
    "Loop",
    "Quantity",
    "Recursion",
    "Statement",
    "derive",
    "entries",
    "needed",
    "relocate",
    "walk",
]
