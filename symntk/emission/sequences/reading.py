"""How what a line of code needs is read: from arrays of pairs, of samples, and from the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import Entry, Quantity
from symntk.emission.naming import Names
from symntk.emission.sequences.indices import conditions, sides, whole
from symntk.emission.sequences.plan import Load, OfPair, SequenceInput
from symntk.graph.positions import (
    Covered,
    Inside,
    Length,
    Positions,
    Same,
    SinusoidCovariance,
    lengths_at,
)

Demand: TypeAlias = tuple[Literal["own", "full"], Quantity]
"""What must be computed for a sample: a quantity at (t, t), or at all pairs of its positions."""


@dataclass(frozen=True)
class Reading:
    """A `Load`, and what the code for a sample must provide for it; ``stored``: for pairs."""

    load: Load
    demand: Demand | None = None
    stored: bool = False


@dataclass(frozen=True)
class Frame:
    """The function that code is written for: of one sample, or of a pair.

    lengths: the variables of lengths, of x and of x'.
    """

    is_sample: bool
    lengths: Mapping[Length, str]

    def of(self, name: str, second: bool) -> str:
        """An array of the sample, or of the first or second sample of the pair."""
        return name if self.is_sample else f"{name}_{'j' if second else 'i'}"


@dataclass
class Reader:
    """shapes: the axes of every vector, by its name; keys: those of the keys of an attention;
    inputs: by the name of the node.
    """

    names: Names
    shapes: Mapping[str, Positions]
    inputs: Mapping[str, SequenceInput]
    gapped: frozenset[Quantity]
    keys: Mapping[str, Positions]

    def own_array(self, quantity: Quantity) -> str:
        """The array of a quantity of one sample at (t, t)."""
        return f"{self.names.sample(quantity)}_at"

    def pair_arrays(self, quantity: Quantity, site: str) -> tuple[str, ...]:
        """The arrays of a quantity over pairs of positions: c, or the gaps g and s."""
        if self.is_gapped(quantity, site):
            base = self.names.base(quantity)
            return f"{base}_g_at", f"{base}_s_at"
        swapped = site == "ba"
        return (f"{self.names.pair(quantity.at('ba' if swapped else 'ab'))}_at",)

    def is_gapped(self, quantity: Quantity, site: str) -> bool:
        """Whether a quantity is carried by its gaps at a site."""
        return site != "ba" and quantity in self.gapped

    def shape(self, name: str, second: bool) -> tuple[Expr, ...]:
        """The lengths of the axes of a vector."""
        return tuple(lengths_at(size, second) for size in self.shapes.get(name, ()))

    def _right_shape(self, quantity: Quantity, second: bool) -> tuple[Expr, ...]:
        if quantity.kind == "weight":
            return tuple(lengths_at(size, second) for size in self.keys[quantity.left])
        return self.shape(quantity.right, second)

    def entry(
        self, entry: Entry, symbol: Symbol, frame: Frame, loops: Mapping[Symbol, Expr]
    ) -> Reading:
        """An entry at any site, as a number."""
        quantity, site = entry.quantity, entry.site
        second = site[0] == "b", site[1] == "b"
        index = [*entry.left, *entry.right]
        sizes = [
            *self.shape(quantity.left, second[0]),
            *self._right_shape(quantity, second[1])[: len(entry.right)],
        ]
        asked = self._conditions(index, sizes, frame, loops)
        at = [whole(part, frame.lengths) for part in index]
        if quantity.kind == "match":
            data = self.inputs[quantity.left].data
            one, two = (frame.of(data, side) for side in second)
            asked.append(f"{one}[{at[0]}] == {two}[{at[1]}]")
            source = self._source(entry, ()) if site == "ab" else None
            return Reading(Load(symbol, "1.0", tuple(asked), "0.0", source))
        default = "1.0" if symbol.is_positive else "0.0"
        if site in ("ab", "ba") and not frame.is_sample:
            load = self._from_pair(entry, site, symbol, at, asked, default, "")
            return Reading(
                replace(load, source=self._source(entry, self.pair_arrays(quantity, site)))
            )
        side = second[0]
        if quantity.is_of_one_input or self.is_own(entry):
            array = frame.of(self.own_array(quantity), side)
            place = (
                at if quantity.is_of_one_input else at[: max(map(len, (entry.left, entry.right)))]
            )
            load = Load(symbol, f"{array}[{', '.join(place) or '0'}]", tuple(asked), default)
            return Reading(load, ("own", quantity), not frame.is_sample)
        suffix = "" if frame.is_sample else f"_{'j' if side else 'i'}"
        load = self._from_pair(entry, "ab", symbol, at, asked, default, suffix)
        return Reading(load, ("full", quantity), not frame.is_sample)

    def _source(self, entry: Entry, arrays: tuple[str, ...]) -> OfPair:
        """What is read of two inputs."""
        swapped = entry.site == "ba"
        places = [entry.left, entry.right]
        sizes = [
            self.shape(entry.quantity.left, swapped),
            self.shape(entry.quantity.right, not swapped),
        ]
        if swapped:
            places, sizes = places[::-1], sizes[::-1]
        return OfPair(arrays, tuple(places[0]), tuple(places[1]), (sizes[0], sizes[1]))

    @staticmethod
    def is_on_its_side(entry: Entry) -> bool:
        """Whether the positions of an entry are those of the inputs that they stand at."""
        return all(
            sides(part) <= {place == "b"}
            for index, place in ((entry.left, entry.site[0]), (entry.right, entry.site[1]))
            for part in index
        )

    @staticmethod
    def is_own(entry: Entry) -> bool:
        """Whether an entry of one sample is at one position."""
        return entry.site in ("aa", "bb") and (
            entry.left == entry.right or not entry.left or not entry.right
        )

    def _from_pair(
        self,
        entry: Entry,
        site: str,
        symbol: Symbol,
        at: list[str],
        asked: list[str],
        default: str,
        suffix: str,
    ) -> Load:
        place = f"[{', '.join(at)}]" if at else ""
        arrays = self.pair_arrays(entry.quantity, site)
        texts = [f"{array if at else array.removesuffix('_at')}{suffix}{place}" for array in arrays]
        if len(texts) == 2:
            return Load(symbol, f"0.5 * ({texts[1]} - {texts[0]})", tuple(asked), default)
        return Load(symbol, texts[0], tuple(asked), default)

    def gap(
        self,
        entry: Entry,
        symbols: tuple[Symbol, Symbol],
        frame: Frame,
        loops: Mapping[Symbol, Expr],
    ) -> tuple[Reading, Reading]:
        """The two gaps of an entry of two inputs (in the code of a sample: of two positions)."""
        sizes = [*self.shape(entry.quantity.left, False), *self.shape(entry.quantity.right, True)]
        index = [*entry.left, *entry.right]
        asked = tuple(self._conditions(index, sizes, frame, loops))
        at = ", ".join(whole(part, frame.lengths) for part in index)
        demand: Demand | None = ("full", entry.quantity) if frame.is_sample else None
        g, s = (
            Reading(
                Load(
                    symbol,
                    f"{array}[{at}]" if at else array.removesuffix("_at"),
                    asked,
                    source=self._source(entry, (array,)),
                ),
                demand,
            )
            for symbol, array in zip(symbols, self.pair_arrays(entry.quantity, "ab"), strict=True)
        )
        return g, s

    def _conditions(
        self, index: list[Expr], sizes: list[Expr], frame: Frame, loops: Mapping[Symbol, Expr]
    ) -> list[str]:
        found = [
            text
            for part, size in zip(index, sizes, strict=True)
            for text in conditions(part, size, loops, frame.lengths)
        ]
        return list(dict.fromkeys(found))

    def other(
        self, expression: Expr, symbol: Symbol, frame: Frame, loops: Mapping[Symbol, Expr]
    ) -> Reading:
        """A bracket, the covariance of a fixed encoding, a count, or a rounded length."""
        if isinstance(expression, sp.ceiling | sp.floor):
            return Reading(Load(symbol, whole(expression, frame.lengths)))
        if isinstance(expression, Inside):
            index, size = expression.args
            place, end = whole(index, frame.lengths), whole(size, frame.lengths)
            asked = conditions(index, size, loops, frame.lengths) or [f"{place} < {end}"]
            return Reading(Load(symbol, "1.0", tuple(asked)))
        texts = [whole(part, frame.lengths) for part in expression.args]
        if isinstance(expression, Covered):
            begin, size, end = texts  # at least 1: where it is 0, it is not needed
            count = f"max(1, min({begin} + {size}, {end}) - max({begin}, 0))"
            return Reading(Load(symbol, count))
        if isinstance(expression, Same):
            return Reading(Load(symbol, "1.0", (f"{texts[0]} == {texts[1]}",)))
        assert isinstance(expression, SinusoidCovariance)
        return Reading(Load(symbol, f"SINUSOID[abs({texts[0]})]"))


def others_in(expression: Expr) -> set[Expr]:
    """Brackets, encodings, counts and rounded lengths in an expression."""
    found: set[Expr] = expression.atoms(
        Inside, Same, SinusoidCovariance, Covered, sp.ceiling, sp.floor
    )
    return found
