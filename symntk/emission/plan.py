"""The kernel as a plan: straight-line code for each sample and for each pair, and loops over it.

Everything that depends on one sample only is computed once for each sample (`SampleRepeat`,
`Assign`, and `Store` for what the pairs need of it); what is left is the work for each pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sympy import Expr, Symbol

from symntk.emission.calls import IntegratedFunction, Row


@dataclass(frozen=True, slots=True)
class Assign:
    """``target = value``; ``note`` is the equation that it is part of, in words for the reader."""

    target: Symbol
    value: Expr
    note: str = ""

    @property
    def needs(self) -> set[Symbol]:
        """The variables of ``value``."""
        return {symbol for symbol in self.value.free_symbols if isinstance(symbol, Symbol)}


@dataclass(frozen=True, slots=True)
class Feature:
    """A number of one sample that the pairs of a segment need: ``value`` in sample variables.

    ``first`` and ``second`` are its names for the two samples of a pair; None where not needed.
    """

    value: Expr
    first: Symbol | None
    second: Symbol | None

    @property
    def is_row(self) -> bool:
        """Whether it is a row of coefficients rather than one number."""
        return isinstance(self.value, Row)


@dataclass(frozen=True, slots=True)
class Segment:
    """Straight-line code for one pair.

    loads and stores: variables that cross the segment's border; they live in arrays over a row of
    pairs.  results: ``("nngp", name)``.
    """

    index: int
    lines: tuple[Assign, ...]
    features: tuple[Feature, ...]
    loads: tuple[Symbol, ...]
    stores: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``body`` run ``times`` times."""

    counter: str
    times: int
    body: tuple[PairItem, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """The point of the code for samples where the features of a segment are known."""

    segment: int


@dataclass(frozen=True, slots=True)
class SampleRepeat:
    """``body`` run ``times`` times, for one sample."""

    counter: str
    times: int
    body: tuple[SampleItem, ...]


PairItem: TypeAlias = Segment | Repeat
SampleItem: TypeAlias = Assign | Store | SampleRepeat


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the network.

    dim: the length that the graph demands, None for any; length: the variable that holds it.
    variance: |x|^2/d of a sample.  gaps: g and s of a pair, if they are needed; covariance: x.x'/d
    of a pair, if it is needed by itself.
    """

    name: str
    dim: int | None
    length: Symbol | None
    variance: Symbol
    gaps: tuple[Symbol, Symbol] | None
    covariance: Symbol | None

    @property
    def stem(self) -> str:
        """The identifier that the input's variables begin with."""
        return str(self.variance).removesuffix("_q")


@dataclass(frozen=True, slots=True)
class CrossInput:
    """Two inputs x and z that meet, and what is needed of them.

    at_ab: x.z'/d of a pair (a, b); at_ba: z.x'/d; diagonal: x.z/d of one sample.
    """

    left: str
    right: str
    at_ab: Symbol | None
    at_ba: Symbol | None
    diagonal: Symbol | None


@dataclass(frozen=True, slots=True)
class Profile:
    """That both kernels are functions of one angle, for samples of one variance.

    powers: i of the NNGP and of the NTK where they are (|x| |x'|)^i times a function of the angle,
    whatever the variances; None where they are not.
    tabulated: whether samples of many variances get a table of both variances and the angle.
    """

    powers: tuple[Expr, Expr] | None
    tabulated: bool = False


@dataclass(frozen=True, slots=True)
class KernelPlan:
    """All that the source text says.

    constants: the module's constants with their values; outputs: the variables of the pair and of
    the sample that hold the NNGP and the NTK; profile: None for networks of several inputs and for
    linear ones, which need none.
    """

    title: str
    formula: str
    equations: tuple[str, ...]
    notes: tuple[str, ...]
    constants: tuple[tuple[Symbol, Expr], ...]
    inputs: tuple[Input, ...]
    crosses: tuple[CrossInput, ...]
    pairs: tuple[PairItem, ...]
    samples: tuple[SampleItem, ...]
    nngp: tuple[Symbol, Symbol]
    ntk: tuple[Symbol, Symbol]
    functions: tuple[IntegratedFunction, ...] = ()
    profile: Profile | None = None

    def has_rows(self) -> bool:
        """Whether a segment needs coefficients of samples."""
        return any(feature.is_row for segment, _ in self.segments() for feature in segment.features)

    def segments(self) -> Iterator[tuple[Segment, tuple[Repeat, ...]]]:
        """Every segment with the loops around it, outer ones first."""
        yield from _segments(self.pairs, ())


def _segments(
    items: tuple[PairItem, ...], around: tuple[Repeat, ...]
) -> Iterator[tuple[Segment, tuple[Repeat, ...]]]:
    for item in items:
        if isinstance(item, Segment):
            yield item, around
        else:
            yield from _segments(item.body, (*around, item))
