"""From works of a schedule to loops: the scalar lowering with vectors at positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy import Expr, Function, Symbol

from symntk.derivation import Entry, Quantity, entries, relocate
from symntk.derivation.program import FIRST, SECOND, Site
from symntk.emission.calls import Row
from symntk.emission.forms import TINY, Form
from symntk.emission.hoisting import Hoist, live, named_subexpressions
from symntk.emission.plan import Assign
from symntk.emission.raw import Law
from symntk.emission.raw import Line as RawLine
from symntk.emission.scalars import Scalars
from symntk.emission.sequences.indices import at_first, index_name, positions_in, sides
from symntk.emission.sequences.plan import Load, OfSample, SequenceInput
from symntk.emission.sequences.reading import Demand, Frame, Reader, Reading, others_in
from symntk.emission.sequences.sums import Axes, Part
from symntk.emission.stable_moment import StableMoment
from symntk.errors import UsageError
from symntk.gaussian import Expectation
from symntk.graph.positions import Inside, Length, Positions, exchanged, indices, reindex


class PlainGap(Function):
    """n - c, and 0 where that is no more than rounding: a function of the emitted module."""

    nargs = 2


@dataclass(frozen=True)
class Feature:
    """A number of one sample at each position: ``value`` in sample variables, in ``array``.

    axes: the positions; empty for one number.
    """

    array: str
    axes: Axes
    value: Expr

    @property
    def table(self) -> str:
        """The function whose coefficients are meant, for a row."""
        return str(self.value.args[0]) if isinstance(self.value, Row) else ""


class Positioned(Scalars):
    """Expressions at a pair of positions (t, t'), for one loop at a time.

    shapes: the axes of every vector; keys: those of an attention's keys;
    inputs: by the names of their nodes.
    """

    def __init__(
        self,
        values: Mapping[Symbol, Expr],
        gapped: frozenset[Quantity],
        shapes: Mapping[str, Positions],
        keys: Mapping[str, Positions],
        inputs: Mapping[str, SequenceInput],
        pair_moment: Callable[[Expectation], StableMoment],
        single_moment: Callable[[Expectation], Expr],
    ) -> None:
        super().__init__(values, pair_moment, single_moment)
        self.gapped = gapped
        self.read = Reader(self.names, shapes, inputs, gapped, keys)
        self.atoms: dict[Symbol, Expr] = {}
        self.features: dict[tuple[Expr, Axes], Feature] = {}
        self.temporaries = sp.numbered_symbols("w", real=True)
        self.in_rows = False  # whether a loop runs over the positions of many samples x'
        self.lengths: set[Symbol] = set()
        self.tallied: set[str] = set()  # inputs whose tokens are counted
        self.scalars: set[Symbol] = set()  # variables of the function outside of all loops
        self.enter(Frame(True, {}), ((), ()), set())

    # -- one loop --------------------------------------------------------------------------------

    def enter(self, frame: Frame, domain: tuple[Axes, Axes], local: set[object]) -> None:
        """Begins the code at the pair of positions ``domain``; ``local`` is defined in it."""
        self.frame, self.domain, self.local = frame, domain, local
        self.loops = dict((*domain[0], *domain[1]))
        self.lines: list[RawLine] = []
        self.readings: dict[Symbol, tuple[Reading, ...]] = {}
        self.done: set[Symbol] = set()
        self.laws: dict[Law, dict[Symbol, Expr]] = {}
        self.diagonals: dict[Expr, Expr] = {}

    def own(self, entry: Entry) -> Symbol:
        """A variable for the entry at a position of its own sample."""
        here: Entry = at_first(relocate(entry, FIRST)) if entry.site == "bb" else entry
        symbol = self.names.sample(here.quantity)
        place = indices(max(here.quantity.ranks))
        if here.left not in ((), place) or here.right not in ((), place):
            symbol = self._shifted(symbol, here)
        self.atoms[symbol] = here
        return symbol

    def _entry(self, entry: Entry) -> Expr:
        """An entry of one sample at a position of the other is read pair by pair."""
        if entry.site in ("aa", "bb") and not self.read.is_on_its_side(entry):
            symbol = self._shifted(self.names.sample(entry.quantity), entry)
            self.readings[symbol] = (self.read.entry(entry, symbol, self.frame, self.loops),)
            return symbol
        return super()._entry(entry)

    def _shifted(self, symbol: Symbol, entry: Entry) -> Symbol:
        name = self._other_name(symbol.name, entry)
        positive = bool(entry.is_positive)
        return Symbol(name, **({"positive": True} if positive else {"real": True}))

    def _other_name(self, name: str, entry: Entry) -> str:
        """A name for an entry at other positions than those of the loop, whose name is ``name``."""
        self.names.taken.setdefault(name, "an entry where it is computed")
        return self.names.unique(name, (name, entry))

    def _is_here(self, entry: Entry) -> bool:
        place = (entry.left, entry.right) if entry.site == "ab" else (entry.right, entry.left)
        return place == tuple(tuple(symbol for symbol, _ in axes) for axes in self.domain)

    def between(self, entry: Entry) -> Symbol:
        """A variable for the entry at a pair of positions; read where it is not computed here."""
        symbol = self.names.pair(entry)
        here = _is_number(entry) or self._is_here(entry)
        if not here:
            symbol = self._shifted(symbol, entry)
        if (here and (entry.quantity, entry.site) in self.local) or _is_number(entry):
            return symbol
        if symbol in self.done:
            return symbol
        self.done.add(symbol)
        if self.read.is_gapped(entry.quantity, entry.site):
            g, s = self.gaps_of(entry)
            self.pair_line(symbol, (s - g) / 2)
        else:
            self.readings[symbol] = (self.read.entry(entry, symbol, self.frame, self.loops),)
        return symbol

    def gaps_of(self, entry: Entry) -> tuple[Symbol, Symbol]:
        """The variables g and s of the entry."""
        base = self.names.base(entry.quantity)
        g, s = (Symbol(f"{base}_{part}", nonnegative=True) for part in "gs")
        here = _is_number(entry) or self._is_here(entry)
        if not here:
            g, s = (Symbol(self._other_name(part.name, entry), nonnegative=True) for part in (g, s))
        if (here and (entry.quantity, entry.site) in self.local) or _is_number(entry):
            return g, s
        for symbol, reading in zip(
            (g, s), self.read.gap(entry, (g, s), self.frame, self.loops), strict=True
        ):
            self.readings[symbol] = (reading,)
        return g, s

    def at_one(self, expression: Expr, sites: Mapping[Site, Site] = FIRST) -> Expr:
        """Inputs and positions made equal."""
        moved = relocate(expression, dict(sites))
        return reindex(moved, exchanged(sites == SECOND))

    def known_laws(self) -> Iterator[dict[Law, dict[Symbol, Expr]]]:
        """Those of this loop."""
        yield self.laws

    def begin_law(self, law: Law) -> dict[Law, dict[Symbol, Expr]]:
        """In the same loop."""
        self.diagonals[law[2]] = law[0]
        return self.laws

    def pair_line(self, target: Symbol, value: Expr, note: str = "") -> None:
        """Appends to the loop's lines."""
        self.lines.append((target, value, note))

    def others(self, expression: Expr, pair: bool) -> dict[Expr, Expr]:
        """Brackets, lengths, encodings and sums."""
        found: dict[Expr, Expr] = {}
        for length in sorted(expression.atoms(Length), key=str):
            found[length] = self._length(length, pair)
        for other in sorted(others_in(expression), key=str):
            found[other] = self._other(other, pair)
        for part in sorted(expression.atoms(Part), key=str):
            if not pair:
                raise UsageError(f"the program needs the sum {part} for one input: not compiled")
            found[part] = self.part(part)
        return found

    def _length(self, length: Length, pair: bool) -> Symbol:
        symbol = Symbol(self.sample_frame.lengths[length], positive=True)
        self.lengths.add(symbol)
        if not pair:
            return symbol
        return (self.at_second if length.second else self.at_first)(symbol)

    def _other(self, other: Expr, pair: bool) -> Symbol:
        found = sides(other)
        if len(found) < 2:
            here = at_first(other) if found == {True} else other
            symbol = self._named("inside" if isinstance(here, Inside) else "own", here)
            self.atoms[symbol] = here
            if not pair:
                return symbol
            side = self.at_second if found == {True} else self.at_first
            return side(symbol)
        symbol = self._named("bracket", other)
        self.readings[symbol] = (self.read.other(other, symbol, self.frame, self.loops),)
        return symbol

    def bracket_feature(self, brackets: list[Inside]) -> str:
        """The array of the product of some brackets, at each position of a sample."""
        value = sp.Mul(*(self._other(bracket, False) for bracket in brackets))
        return self._feature(value, False).array

    def atom_reading(self, symbol: Symbol) -> Reading | None:
        """How a variable of a sample is read; None where it is none."""
        atom = self.atoms.get(symbol)
        if atom is None:
            return None
        if isinstance(atom, Entry):
            return self.read.entry(atom, symbol, self.frame, self.loops)
        return self.read.other(atom, symbol, self.frame, self.loops)

    def _named(self, stem: str, owner: Expr) -> Symbol:
        return Symbol(self.names.unique(stem, owner), nonnegative=True)

    def part(self, part: Part) -> Symbol:
        """The variable of a sum, read from its array where it is not computed here."""
        symbol = Symbol(part.array, real=True)
        own = tuple(s for axes in self.domain for s, _ in axes)
        if not part.index or (part.array in self.local and part.index == own):
            return symbol
        symbol = self._named(part.array, part)
        at = ", ".join(map(index_name, part.index))
        self.readings[symbol] = (Reading(Load(symbol, f"{part.array}_at[{at}]")),)
        return symbol

    # -- gaps ------------------------------------------------------------------------------------

    def has_gaps(self, entry: Entry) -> bool:
        """Whether an entry is carried by its gaps, and pairs a vector with itself where the inputs
        and the positions agree.
        """
        return super().has_gaps(entry) and self.read.is_own(self.at_one(entry))

    def kernel(self, factor: Expr) -> Form | None:
        """Matches of tokens and of positions, and the fixed encoding."""
        is_match = isinstance(factor, Entry) and factor.quantity.kind == "match"
        if not is_match and (others_in(factor) != {factor} or len(sides(factor)) < 2):
            return None
        diagonal = self.at_one(factor)
        if not diagonal.is_number or diagonal == 0:
            return None
        value = self.pair(factor)
        return Form(diagonal, diagonal - value, diagonal + value)

    def _is_separable(self, factor: Expr) -> bool:
        return super()._is_separable(factor) and not factor.has(Part) and len(sides(factor)) < 2

    def _plain(self, covariance: Expr, n: Expr) -> Form:
        """Differences, exactly 0 where they are no more than rounding."""
        return Form(n, PlainGap(n, covariance), PlainGap(n, -covariance))

    def fallback(self, expression: Expr) -> Expr:
        """The variance that is known under a name, where there is one."""
        return self.sample(self.diagonals.get(expression) or self.at_one(expression))

    # -- the loop's code -------------------------------------------------------------------------

    def finished(self, wanted: list[Symbol]) -> tuple[list[Assign | Load], list[Demand], set[str]]:
        """The loop's code for the wanted variables, what it demands of a sample, and the arrays of
        samples that it reads.
        """
        alive = live(self.lines, wanted)
        constants = {*self.fixed.values(), TINY}
        hoist = Hoist(self.variables, frozenset(constants))
        kept = [line for line in self.lines if line[0] in alive]
        lines = [Assign(target, hoist(value), note) for target, value, note in kept]
        lines = self._with_lengths(lines, hoist)
        named = named_subexpressions(lines, self.temporaries)
        used = {s for line in named for s in line.value.free_symbols} | set(wanted)
        code: list[Assign | Load] = []
        demands: list[Demand] = []
        for symbol, readings in self.readings.items():
            if symbol in used:
                code += [reading.load for reading in readings]
                demands += [reading.demand for reading in readings if reading.demand]
        arrays = set()
        for value, names in hoist.features.items():
            if self._is_written_out(value):
                continue
            for name, is_second in zip(names, (False, True), strict=True):
                if name is not None and name in used:
                    feature = self._feature(value, is_second)
                    arrays.add(feature.array)
                    code.append(self._load_feature(feature, name, is_second))
        known = {line.target for line in named} | {i.symbol for i in code if isinstance(i, Load)}
        known |= constants | {Symbol(n, positive=True) for n in self.frame.lengths.values()}
        self._require_known(used - known - self.scalars)
        return [*code, *named], demands, arrays

    sample_frame: Frame

    def _require_known(self, unknown: set[Symbol]) -> None:
        for symbol in sorted(unknown, key=str):
            if str(symbol) == "n":
                raise UsageError(
                    "the kernel depends on the width n: in the standard parametrisation give "
                    "every hidden weight a width, as in weights('W', width=512)"
                )
            raise UsageError(f"the kernel depends on {symbol}: give it a number to compile")

    def _is_written_out(self, value: Expr) -> bool:
        """Whether a feature is made of lengths alone, which are known where it is needed."""
        in_row = self.in_rows and self.domain[0] and not self.frame.is_sample
        return value.free_symbols <= self.lengths and not in_row

    def _with_lengths(self, lines: list[Assign], hoist: Hoist) -> list[Assign]:
        """Features made of lengths alone are written out where they are used."""
        found: dict[Symbol, Expr] = {}
        for value, names in hoist.features.items():
            if self._is_written_out(value):
                for name, mark in zip(names, ("_i", "_j"), strict=True):
                    if name is not None:
                        mark = "" if self.frame.is_sample else mark
                        moved = {s: Symbol(s.name + mark, positive=True) for s in self.lengths}
                        found[name] = value.xreplace(moved)
        return [Assign(line.target, line.value.xreplace(found), line.note) for line in lines]

    def _feature(self, value: Expr, is_second: bool) -> Feature:
        axes = self.domain[is_second]
        if is_second:
            axes = tuple((at_first(s), at_first(size)) for s, size in axes)
        if not any(positions_in(self.atoms[s]) for s in value.free_symbols if s in self.atoms):
            axes = ()
        if (value, axes) not in self.features:
            roots = sorted(s.name for s in value.free_symbols if s in self.atoms)
            stem = roots[0].removesuffix("_q") if roots else "part"
            kind = "_row" if isinstance(value, Row) else "_f"
            if isinstance(value, sp.Pow) and value.exp == sp.S.Half and value.base.is_Symbol:
                kind = "_r"
            name = self.names.unique(f"{stem}{kind}", ("feature", value, axes))
            self.features[value, axes] = Feature(f"{name}_at", axes, value)
        return self.features[value, axes]

    def _load_feature(self, feature: Feature, name: Symbol, is_second: bool) -> Load:
        axes = self.domain[is_second] if feature.axes else ()
        at = ", ".join(index_name(symbol) for symbol, _ in axes) or "0"
        array = self.frame.of(feature.array, is_second)
        source = OfSample(feature.array, is_second, bool(feature.table))
        if not feature.table:
            return Load(name, f"{array}[{at}]", source=source)
        if self.frame.is_sample:
            return Load(name, f"{array}_table[{at}]")
        table = f"{feature.array}_table_{'j' if is_second else 'i'}"
        return Load(name, f"{table}[int({array}[{at}])]", source=source)

    def plain(self, expression: Expr) -> tuple[Expr, list[Reading]]:
        """An expression without expectations where it stands, and how its symbols are read."""
        if expression.atoms(Expectation):
            raise UsageError("an expectation inside a sum over positions is not compiled")
        readings: list[Reading] = []
        found: dict[Expr, Expr] = dict(self.fixed)
        for entry in sorted(entries(expression), key=str):
            if _is_number(entry) and entry.site in ("ab", "ba"):
                found[entry] = self.names.pair(entry)
                continue
            symbol = self._shifted(self.names.pair(entry), entry)
            readings.append(self.read.entry(entry, symbol, self.frame, self.loops))
            found[entry] = symbol
        for other in sorted(others_in(expression), key=str):
            symbol = self._named("bracket", other)
            readings.append(self.read.other(other, symbol, self.frame, self.loops))
            found[other] = symbol
        for length in sorted(expression.atoms(Length), key=str):
            found[length] = Symbol(self.frame.lengths[length], positive=True)
        for part in sorted(expression.atoms(Part), key=str):
            symbol = self.part(part)
            readings += self.readings.get(symbol, ())
            found[part] = symbol
        return expression.xreplace(found), readings


def _is_number(entry: Entry) -> bool:
    """Whether an entry is one number for a pair of samples."""
    return not entry.left and not entry.right
