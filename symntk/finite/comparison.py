"""The check: many finite networks of several widths against the derived kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from symntk.finite.arguments import (
    distinct,
    read_architectures,
    read_seeds,
    read_widths,
    require_finite_ntk,
)
from symntk.finite.kernels import measure
from symntk.finite.reading import read_samples
from symntk.finite.report import Report
from symntk.finite.tally import Expected, Theory
from symntk.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from symntk.emission import Kernel

    Given = ArrayLike | Sequence[ArrayLike] | Sequence[Sequence[int | str]]

Progress = Callable[[int, int], None]


class Compilable(Protocol):
    """What `check` needs of a derivation."""

    def compile(self) -> Kernel: ...


def check(
    graph: Graph,
    widths: Sequence[int] | None = None,
    seeds: int | None = None,
    rng: int | np.random.Generator = 0,
    inputs: Given | Mapping[str, Given] | None = None,
    derivation: Compilable | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compare the derived kernels of ``graph`` with those of finite networks.

    widths: common widths n of the networks, two or more; see `symntk.finite.widths.Widths`.  By
        default 64 to 1024, or 16 to 128 where a layer has many heads, which are then n.
    seeds: independent networks of each width; None for as many, from 24 to 400, as a budget of
        random numbers allows.
    rng: a seed or a generator; the same seed gives the same report.
    inputs: one input, or one for each name; random ones by default.  Vectors: an array (N, d);
        tokens: lists of token ids or of strings; sequences: arrays (T, d); images: (H, W, C).
    derivation: what to compare with; by default the derivation of ``graph``.
    progress: called with the number of networks done and their total.

    The networks share no formula with the derivation: they are the graph, run forwards and
    backwards in NumPy.  One network's kernel is off by order n^-1/2 by chance, and the mean over
    all networks by order 1/n.  So two things are asked of a right derivation:

    - The error of one network falls with n like n^-1/2: the slope on log-log axes, with a standard
      error from the scatter of the draws, must be at most -0.35.  This shows that there is a
      limit and that it is close, but a kernel a few per cent off passes it.
    - The mean kernels, extrapolated to infinite width (which takes the 1/n away: testing the mean
      at any one width would fail every right kernel, given enough draws), agree with the derived
      ones within their standard errors.  NNGP and NTK entries are tested together, because they
      are correlated: see `symntk.finite.statistics.compare`.  A right kernel fails with
      probability 1e-5; with the default draws, 5 % in one weight's part of the NTK are seen.

    Networks that scatter so much that their limit is known to no better than 25 % (kernels of
    fast-growing activations have no small moments) decide nothing, and the check fails, saying so.

    Raises UsageError where the depth is a symbol, or an argument makes no sense; what `derive`
    raises where the theory does not reach.
    """
    checked = widths if widths is None else read_widths(widths)
    generator = np.random.default_rng(rng)
    samples = read_samples(graph, inputs, generator)
    architectures = read_architectures(graph, checked, samples)
    require_finite_ntk(graph)
    expected = Expected.of(_derived(graph, derivation), samples)
    count = read_seeds(seeds, sum(architecture.size for architecture in architectures))
    total = len(architectures) * count
    draws = []
    for done, architecture in enumerate(architectures):
        _report(progress, done * count, total)
        parts = []
        for i, child in enumerate(generator.spawn(count)):
            measured = measure(architecture.sample(child), samples)
            parts.append(expected.relative(measured.nngp, measured.ntk))
            _report(progress, done * count + i + 1, total)
        draws.append(np.array(parts))
    actual = [architecture.widths.common for architecture in architectures]
    return expected.report(graph.title or str(graph), distinct(actual), draws)


def _derived(graph: Graph, derivation: Compilable | None) -> Theory:
    if derivation is None:
        from symntk.derivation import derive

        derivation = derive(graph)
    return derivation.compile()


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
