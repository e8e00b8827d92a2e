r"""The explicit features of a kernel of documents: sparse counts whose inner product it is.

    kernel(x, x') = sum over (A, P), (B, Q) of  M[(A, P), (B, Q)] sum_w N_AP(x, w) N_BQ(x', w)

N_AP(x, w) is how often the document x has the tokens w = (w_1, ..., w_k) at the offsets
A = (a_1, ..., a_k) around a position of the kind P: in the middle, or so far from an edge.  M is
positive semidefinite, M = C C^T, and the features are sum_AP C[AP, r] N_AP(x, w).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, permutations, product
from math import factorial
from typing import TYPE_CHECKING

import sympy as sp

from symntk.decomposition.blocks import Pattern, patterns
from symntk.decomposition.numbers import value
from symntk.decomposition.places import Place, Reach, excess
from symntk.decomposition.summands import NotWindows, Summand
from symntk.decomposition.windows import Windows
from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.graph.positions import Length

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

TOLERANCE = 1e-13
"""What is smaller, relative to the largest coefficient, is rounding."""


@dataclass(frozen=True)
class Reading:
    """Tokens at ``offsets`` around each position of one kind, in a sum over T + ``excess``.

    place: None for the document itself, which counts once.
    """

    offsets: tuple[int, ...]
    place: Place | None
    excess: int = 0


@dataclass(frozen=True, eq=False)
class Statistic:
    """Readings that are counted together: for each tuple of tokens, features of a number ``rank``.

    factor: C, a row for each reading, (readings, rank).
    """

    name: str
    readings: tuple[Reading, ...]
    factor: Matrix

    @property
    def rank(self) -> int:
        """The number of features for each tuple of tokens."""
        return int(self.factor.shape[1])


@dataclass(frozen=True)
class Statistics:
    """The statistics that make a kernel, and what they are divided by.

    is_mean: whether each document's features are divided by its length.
    reach: the kinds of positions.
    """

    items: tuple[Statistic, ...]
    reach: Reach
    is_mean: bool


Moments = dict[tuple[Reading, Reading], float]


def statistics(derivation: Derivation, output: str = "ntk") -> Statistics:
    """The statistics whose inner product the kernel ``output`` is.

    Raises NotWindows for a kernel that is no sum over pairs of windows, or that depends on tokens
    that come twice within a window.
    """
    reach = Reach()
    windows = Windows(derivation, reach)
    parts = windows.summands(output)
    for part in parts:
        if part.body is not None:
            windows.blocks(part.body)
    if windows.repeats:
        raise NotWindows("the kernel depends on tokens that come twice within a window")
    numbers = _Numbers(derivation)
    moments: Moments = defaultdict(float)
    for part in parts:
        for pair, coefficient in _of_part(numbers, part, reach):
            moments[pair] += coefficient
    return Statistics(tuple(_factored(moments)), reach, numbers.is_mean)


@dataclass
class _Numbers:
    """Coefficients as numbers, 1 / (T T') taken out of each that is not 0."""

    derivation: Derivation
    powers: set[bool] = field(default_factory=set)

    def __call__(self, coefficient: sp.Expr) -> float:
        """NotWindows for a coefficient that depends on the lengths in another way."""
        lengths = coefficient.atoms(Length)
        if coefficient != 0:
            self.powers.add(bool(lengths))
        rest = coefficient * sp.Mul(*lengths)
        if rest.has(*lengths) if lengths else False:
            raise NotWindows(f"{coefficient} depends on the lengths of the documents")
        return value(rest, self.derivation.values)

    @property
    def is_mean(self) -> bool:
        """Whether all of them have 1 / (T T'); NotWindows where only some have."""
        if len(self.powers) > 1:
            raise NotWindows("some terms are means over positions, and some are sums")
        return self.powers == {True}


def _of_part(
    numbers: _Numbers, part: Summand, reach: Reach
) -> Iterator[tuple[tuple[Reading, Reading], float]]:
    """The entries of M that one sum over pairs of positions gives."""
    if part.body is None:
        whole = Reading((), None)
        yield (whole, whole), numbers(part.coefficient)
        return
    first, second = part.counts
    for left, right in product(reach.places([first]), reach.places([second])):
        windows = Windows(numbers.derivation, _Edges(left, right))
        for block in windows.blocks(part.body):
            values = {p: numbers(part.coefficient * v) for p, v in block.values.items()}
            for pattern, coefficient in _polynomial(values).items():
                pairs = sorted(pattern)
                here = Reading(tuple(a for a, _ in pairs), left, excess(first))
                there = Reading(tuple(b for _, b in pairs), right, excess(second))
                yield (here, there), coefficient


@dataclass(frozen=True)
class _Edges:
    """What is inside, around a position of one kind in x and one in x'."""

    first: Place
    second: Place

    def __call__(self, offset: int, length: sp.Expr, second: bool) -> bool:
        return (self.second if second else self.first).has(offset, length)


def _polynomial(values: Mapping[Pattern, float]) -> Mapping[Pattern, float]:
    """The coefficients of a function of matches, by Moebius inversion, rounding left out."""
    size = max(map(abs, values.values()))
    found = {p: sum((-1) ** (len(p) - len(q)) * values[q] for q in patterns(p)) for p in values}
    return {p: c for p, c in found.items() if abs(c) > TOLERANCE * size}


def _factored(moments: Moments) -> Iterator[Statistic]:
    """M = C C^T, a block for each set of readings that belong together."""
    for order in sorted({len(a.offsets) for a, _ in moments}):
        own = {pair: c for pair, c in moments.items() if len(pair[0].offsets) == order}
        if any(list(r.offsets) != sorted(r.offsets) for pair in own for r in pair):
            own = _symmetrised(own, order)
        yield from _blocks(own)


def _symmetrised(moments: Moments, order: int) -> Moments:
    """The same sum over tuples of tokens, each counted in every order."""
    found: Moments = defaultdict(float)
    for (a, b), coefficient in moments.items():
        for turn in permutations(range(order)):
            pair = (_turned(a, turn), _turned(b, turn))
            found[pair] += coefficient / factorial(order)
    return found


def _turned(reading: Reading, turn: tuple[int, ...]) -> Reading:
    offsets = tuple(reading.offsets[i] for i in turn)
    return Reading(offsets, reading.place, reading.excess)


def _blocks(moments: Moments) -> Iterator[Statistic]:
    import numpy as np

    readings = list(dict.fromkeys(reading for pair in moments for reading in pair))
    number = {reading: n for n, reading in enumerate(readings)}
    matrix = np.zeros((len(readings), len(readings)))
    for (a, b), coefficient in moments.items():
        matrix[number[a], number[b]] += coefficient
    size = np.abs(matrix).max(initial=0.0)
    if size == 0:
        return
    for chosen in _connected(np.abs(matrix) > TOLERANCE * size):
        inner = matrix[np.ix_(chosen, chosen)]
        spectrum, vectors = np.linalg.eigh((inner + inner.T) / 2)
        if spectrum[0] < -1e-9 * size:
            raise UsageError("the kernel is not positive semidefinite")
        kept = spectrum > TOLERANCE * size
        group = tuple(readings[n] for n in chosen)
        if kept.any():
            yield Statistic(_called(group), group, vectors[:, kept] * np.sqrt(spectrum[kept]))


def _connected(links: Matrix) -> Iterator[list[int]]:
    """The connected components of a graph, those alone left out if they link to nothing."""
    left = {n for n in range(len(links)) if links[n].any() or links[:, n].any()}
    while left:
        found = [min(left)]
        left.discard(found[0])
        for node in found:
            near = sorted(m for m in left if links[node, m] or links[m, node])
            left.difference_update(near)
            found += near
        yield found


def _called(readings: tuple[Reading, ...]) -> str:
    first = sorted(readings[0].offsets)
    if readings[0].place is None:
        return "document"
    gaps = [b - a for a, b in pairwise(first)]
    if any(gap > 1 for gap in gaps):
        return "skip-gram " + " ".join(str(a - first[0] + 1) for a in first)
    return {0: "constant", 1: "unigram", 2: "bigram", 3: "trigram"}.get(
        len(first), f"{len(first)}-gram"
    )
