r"""The explicit features of a kernel of documents: sparse counts whose inner product it is.

    kernel(x, x') = sum over (A, P), (B, Q) of  M[(A, P), (B, Q)] sum_w N_AP(x, w) N_BQ(x', w)

N_AP(x, w) is how often the document x has the tokens w = (w_1, ..., w_k) at the offsets
A = (a_1, ..., a_k) around a position of the kind P: with so many tokens around it, of which these
are equal.  M is positive semidefinite, M = C C^T, and the features are
sum_AP C[AP, r] N_AP(x, w).  A term with [t = t'] counts each position on its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, permutations, product
from math import factorial
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.windows.conditions import Conditions, Equal, State, states
from symntk.decomposition.windows.readings import TOLERANCE, Moments, Reading, moments
from symntk.derivation import Derivation
from symntk.derivation.program import walk
from symntk.errors import UsageError
from symntk.graph.positions import Length

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

MOST_READINGS = 3000
"""Of one statistic: their matrix has eigenvectors in a minute."""

ROUNDING = 1e-14
"""Entries of a factor that are smaller, relative to the largest, are 0."""

SIZES = ((997, 1009), (2003, 2011))
"""Lengths of documents, to see how coefficients depend on them."""


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

    @property
    def order(self) -> int:
        """The number of tokens that are counted together."""
        return len(self.readings[0].offsets)

    @property
    def is_aligned(self) -> bool:
        """Whether each position is counted on its own."""
        return self.readings[0].is_aligned


class Mean(NamedTuple):
    """A division by (T + beyond)^power."""

    beyond: int
    power: float


@dataclass(frozen=True)
class Statistics:
    """The statistics that make a kernel, and what they are divided by.

    mean: what features are divided by; None for sums.
    """

    items: tuple[Statistic, ...]
    mean: Mean | None = None


def statistics(derivation: Derivation, output: str = "ntk") -> Statistics:
    """The statistics whose inner product the kernel ``output`` is.

    Raises NotWindows for a kernel that is no sum over pairs of windows.
    """
    found = moments(derivation, output, SIZES[0])
    counts = _mean_counts(derivation)
    others = moments(derivation, output, SIZES[1]) if counts else found
    if _agree(found, others, 1.0):
        return Statistics(tuple(_factored(found)))
    for mean in (Mean(count, power) for count in counts for power in (1.0, 0.5)):
        first, second = (((a + mean.beyond) * (b + mean.beyond)) ** mean.power for a, b in SIZES)
        if _agree(found, others, second / first):
            scaled = {pair: coefficient * first for pair, coefficient in found.items()}
            return Statistics(tuple(_factored(scaled)), mean)
    raise NotWindows("some terms are means over positions, and some are sums or other means")


def _mean_counts(derivation: Derivation) -> list[int]:
    """The k of the reciprocals 1 / (T + k) in the equations."""
    powers = {p for line in walk(derivation.program) for p in line.value.atoms(sp.Pow)}
    rests = {power.base - s for power in powers for s in power.atoms(Length)}
    return sorted(int(rest) for rest in rests if rest.is_Integer)


def _agree(first: Moments, second: Moments, ratio: float) -> bool:
    """Whether ``first`` is ``ratio`` times ``second``."""
    return first.keys() == second.keys() and all(
        abs(coefficient - ratio * second[pair]) <= 1e-9 * abs(coefficient)
        for pair, coefficient in first.items()
    )


def _factored(moments: Moments) -> Iterator[Statistic]:
    """M = C C^T, a block for each set of readings that belong together."""
    groups: dict[tuple[int, bool], dict[tuple[Reading, Reading], float]] = defaultdict(dict)
    for pair, coefficient in moments.items():
        groups[len(pair[0].offsets), pair[0].is_aligned][pair] = coefficient
    for group in sorted(groups):
        for linked in _connected(groups[group]):
            own = _refined(linked)
            if any(list(r.offsets) != sorted(r.offsets) for pair in own for r in pair):
                own = _symmetrised(own, group[0])
            yield from _statistic(own)


class _Seat(NamedTuple):
    """What readings that may count the same tokens have in common."""

    offsets: tuple[int, ...]
    excess: int
    is_document: bool


def _connected(moments: Moments) -> Iterator[Moments]:
    """The entries of M in sets that have no reading in common."""
    readings = {reading for pair in moments for reading in pair}
    first = _first_of_equals(Conditions().union(*(reading.conditions for reading in readings)))

    def seat(reading: Reading) -> _Seat:
        offsets = tuple(sorted(map(first, reading.offsets)))
        return _Seat(offsets, reading.excess, reading.is_document)

    groups: dict[_Seat, set[_Seat]] = {}
    for a, b in moments:
        joined = groups.get(seat(a), {seat(a)}) | groups.get(seat(b), {seat(b)})
        groups |= dict.fromkeys(joined, joined)
    found: dict[int, dict[tuple[Reading, Reading], float]] = defaultdict(dict)
    for pair, coefficient in moments.items():
        found[id(groups[seat(pair[0])])][pair] = coefficient
    yield from found.values()


def _first_of_equals(conditions: State) -> Callable[[int], int]:
    """Offset by offset the first one that the conditions say has the same token."""
    first: dict[int, int] = {}
    for condition in conditions:
        if isinstance(condition, Equal):
            ends = {first.get(spot.offset, spot.offset) for spot in condition.spots}
            same = [offset for offset, start in first.items() if start in ends]
            first |= dict.fromkeys((*same, *(s.offset for s in condition.spots)), min(ends))
    return lambda offset: first.get(offset, offset)


def _refined(moments: Moments) -> Moments:
    """The same sum over kinds of positions that exclude each other, and the first of tokens that
    are equal.
    """
    readings = {reading for pair in moments for reading in pair}
    conditions = Conditions().union(*(reading.conditions for reading in readings))
    kinds = states(conditions)
    finer = {
        reading: [
            finer
            for kind in kinds
            if kind & reading.conditions == reading.kind
            and (finer := replace(reading, conditions=conditions, kind=kind)).occurs
        ]
        for reading in readings
    }
    found: dict[tuple[Reading, Reading], float] = defaultdict(float)
    for (a, b), coefficient in moments.items():
        for here, there in product(finer[a], finer[b]):
            found[_canonical(here), _canonical(there)] += coefficient
    return found


def _canonical(reading: Reading) -> Reading:
    return replace(reading, offsets=tuple(map(_first_of_equals(reading.kind), reading.offsets)))


def _symmetrised(moments: Moments, order: int) -> Moments:
    """The same sum over tuples of tokens, each counted in every order."""
    found: dict[tuple[Reading, Reading], float] = defaultdict(float)
    for (a, b), coefficient in moments.items():
        for turn in permutations(range(order)):
            found[_turned(a, turn), _turned(b, turn)] += coefficient / factorial(order)
    return found


def _turned(reading: Reading, turn: tuple[int, ...]) -> Reading:
    return replace(reading, offsets=tuple(reading.offsets[i] for i in turn))


def _statistic(moments: Moments) -> Iterator[Statistic]:
    import numpy as np

    readings = sorted({reading for pair in moments for reading in pair}, key=_rarity)
    if len(readings) > MOST_READINGS:
        raise NotWindows("a window of so many tokens that it has too many kinds")
    number = {reading: n for n, reading in enumerate(readings)}
    matrix = np.zeros((len(readings), len(readings)))
    for (a, b), coefficient in moments.items():
        matrix[number[a], number[b]] += coefficient
    spectrum, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    size = np.abs(spectrum).max(initial=0.0)
    if size == 0:
        return
    if spectrum[0] < -1e-9 * size:
        raise UsageError("the kernel is not positive semidefinite")
    kept = spectrum > TOLERANCE * size
    factor = _triangular(vectors[:, kept] * np.sqrt(spectrum[kept]))
    used = np.abs(factor).max(axis=1) > TOLERANCE * np.sqrt(size)
    group = tuple(reading for reading, is_used in zip(readings, used, strict=True) if is_used)
    yield Statistic(_called(group), group, factor[used])


def _rarity(reading: Reading) -> tuple[object, ...]:
    """Positions with all tokens around them, all different, come first."""
    equal = sum(isinstance(condition, Equal) for condition in reading.kind)
    met = len(reading.kind) - equal
    return (-met, equal, reading.offsets, sorted(map(repr, reading.kind)))


def _triangular(factor: Matrix) -> Matrix:
    """L with L L^T = C C^T and 0 above the diagonal: the first readings, which are common, have few
    features.
    """
    import numpy as np

    upper = np.linalg.qr(factor.T, mode="r")
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    lower: Matrix = (signs[:, None] * upper).T
    return np.where(np.abs(lower) > ROUNDING * np.abs(lower).max(), lower, 0.0)


def _called(readings: tuple[Reading, ...]) -> str:
    first = sorted(readings[0].offsets)
    if readings[0].is_document:
        return "document"
    gaps = [b - a for a, b in pairwise(first)]
    if any(gap > 1 for gap in gaps):
        name = "skip-gram " + " ".join(str(a - first[0] + 1) for a in first)
    else:
        names = {0: "constant", 1: "unigram", 2: "bigram", 3: "trigram"}
        name = names.get(len(first), f"{len(first)}-gram")
    if readings[0].is_aligned:
        return "position" if not first else f"positional {name}"
    return name
