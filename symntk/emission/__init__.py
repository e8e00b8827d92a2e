"""From a derivation to a compiled kernel, by way of source text that can be read and kept.

Derivation -> Lowering -> KernelPlan -> source text -> file -> Kernel
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.derivation import Derivation
    from symntk.emission.kernel import Kernel

DTYPES = ("float64", "float32")
"""The types that a kernel's results can have."""


def emit(derivation: Derivation, dtype: str = "float64") -> str:
    """The kernel of ``derivation`` as the text of a module that needs NumPy and Numba alone."""
    from symntk.decomposition.polynomials.summands import NotWindows
    from symntk.emission import counts, module, planning, sequences

    if dtype not in DTYPES:
        raise UsageError(f"a kernel's dtype is one of {', '.join(DTYPES)}, not {dtype!r}")
    if any(node.positions for node in derivation.graph.nodes):
        if [node.is_one_hot for node in derivation.graph.inputs] == [True]:
            with suppress(NotWindows):
                return counts.module_text(counts.plan_kernel(derivation), dtype)
            with suppress(NotWindows):
                return counts.weighted_text(counts.plan_weighted(derivation), dtype)
        return sequences.module_text(sequences.plan_kernel(derivation), dtype)
    return module.module_text(planning.plan_kernel(derivation.folded), dtype)


def compile_kernel(derivation: Derivation, dtype: str = "float64") -> Kernel:
    """The kernel of ``derivation``, written to the cache folder and ready to be called.

    dtype: the type of the results; the arithmetic is float64.
    """
    from symntk.emission.kernel import Kernel

    return Kernel.load(emit(derivation, dtype))


def __getattr__(name: str) -> object:
    if name == "Kernel":
        from symntk.emission.kernel import Kernel

        return Kernel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["DTYPES", "Kernel", "compile_kernel", "emit"]
