"""The emitted kernel against neural-tangents: ReLU networks, the whole N x N NTK in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import symntk as sn
from benchmarks.timing import medians

DIMENSION = 64
AGREEMENT = 1e-6  # neural-tangents itself errs by some 1e-8 next to the diagonal


def compare_kernels(depths: Iterable[int], sizes: Iterable[int], repeats: int) -> None:
    """Print one line for each depth and N, ending in the agreement of the two matrices.

    Raises SystemExit when they disagree: then the times mean nothing.
    """
    print(f"NTK of ReLU networks, d = {DIMENSION}, float64, medians of {repeats} paired runs")
    heading = ("depth", "N", "symntk [ms]", "n.-t. [ms]", "symntk [ns/entry]", "ratio", "differ by")
    print("{:>5} {:>6} {:>12} {:>12} {:>18} {:>7} {:>10}".format(*heading))
    for depth in depths:
        ours = _emitted(depth)
        theirs = _neural_tangents(depth)
        for size in sizes:
            x = np.random.default_rng(size).standard_normal((size, DIMENSION))
            difference = _difference(ours(x), np.asarray(theirs(x)))
            time = medians({"ours": lambda: ours(x), "theirs": lambda: theirs(x)}, repeats)  # noqa: B023
            print(
                f"{depth:5} {size:6} {1e3 * time['ours']:12.1f} {1e3 * time['theirs']:12.1f} "
                f"{1e9 * time['ours'] / size**2:18.1f} {time['theirs'] / time['ours']:7.1f} "
                f"{difference:10.1e}",
                flush=True,
            )
            if difference > AGREEMENT:
                raise SystemExit("the two kernels are not the same")


def _emitted(depth: int) -> Callable[[Any], Any]:
    kernel = sn.derive(sn.zoo.mlp(depth=depth, act="relu")).compile()
    return lambda x: kernel(x).ntk


def _neural_tangents(depth: int) -> Callable[[Any], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    from neural_tangents import stax

    hidden = [layer for _ in range(depth) for layer in (stax.Dense(1), stax.Relu())]
    _, _, kernel = stax.serial(*hidden, stax.Dense(1))
    compiled = jax.jit(lambda x: kernel(x, None, "ntk"))
    return lambda x: compiled(x).block_until_ready()


def _difference(ours: Any, theirs: Any) -> float:
    """Largest difference relative to sqrt(Theta(x, x) Theta(x', x'))."""
    scale = np.sqrt(np.diag(theirs))
    return float(np.max(np.abs(ours - theirs) / np.outer(scale, scale)))
