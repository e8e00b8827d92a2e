"""Kernels of sequences and grids: the backend beside the one for single vectors.

Derivation -> works (equations and sums) -> groups (loops over pairs of positions) -> functions
for one sample and for one pair of samples -> source text.
"""

from __future__ import annotations

from symntk.emission.sequences.module import module_text
from symntk.emission.sequences.planning import plan_kernel

__all__ = ["module_text", "plan_kernel"]
