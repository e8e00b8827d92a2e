"""Positions of sequences and grids: their indices, their lengths, and conditions on them.

A vector may stand at every position of a sequence or a grid; its node's ``positions`` are the
lengths of the axes.  Formulas about a node are written at `indices` (t,) or (i, j), its own
position; formulas about a pair of inputs (x, x') have a second position (t',) or (i', j').
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import sympy as sp

from symntk.errors import GraphError

Positions = tuple[sp.Expr, ...]
"""The lengths of the axes: expressions in `Length` symbols; empty for a single vector."""

Index = tuple[sp.Expr, ...]
"""A position: one whole number for each axis."""

_INDICES: dict[int, tuple[str, ...]] = {0: (), 1: ("t",), 2: ("i", "j")}
_SPARE = "rklmpabde"


class Length(sp.Symbol):
    """The length of one axis of an input, of the first (x) or of the second (x') of a pair."""

    input: str
    axis: int
    rank: int
    second: bool

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Elsewhere too there is one symbol of each length."""
        return length, (self.input, self.axis, self.rank, self.second)


@cache
def length(name: str, axis: int = 0, rank: int = 1, second: bool = False) -> Length:
    """The length of axis ``axis`` of the input ``name``, which has ``rank`` of them."""
    letter = "T" if rank == 1 else "HW"[axis]
    label = letter if (rank, name) == (1, "x") else f"{letter}_{name}"
    symbol: Length = sp.Symbol.__xnew__(Length, label + "'" * second, integer=True, positive=True)
    symbol.input, symbol.axis, symbol.second = name, axis, second
    symbol.rank = rank
    return symbol


@cache
def indices(rank: int, second: bool = False) -> tuple[sp.Symbol, ...]:
    """The position at which formulas are written: (), (t,) or (i, j); (t',) for a second one."""
    names = _INDICES[rank]
    return tuple(sp.Symbol(name + "'" * second, integer=True, nonnegative=True) for name in names)


def bound_indices(rank: int, second: bool = False, level: int = 0) -> tuple[sp.Symbol, ...]:
    """Further indices, for sums: (r,) or (r_1, r_2), then k, l, ... by ``level``."""
    letter = _SPARE[level]
    names = (letter,) if rank == 1 else tuple(f"{letter}_{axis + 1}" for axis in range(rank))
    return tuple(sp.Symbol(name + "'" * second, integer=True, nonnegative=True) for name in names)


@cache
def _exchanges(second: bool | None) -> dict[sp.Symbol, sp.Symbol]:
    pairs: dict[sp.Symbol, sp.Symbol] = {}
    rows = [(indices(rank), indices(rank, True)) for rank in (1, 2)]
    rows += [
        (bound_indices(rank, False, level), bound_indices(rank, True, level))
        for rank in (1, 2)
        for level in range(len(_SPARE))
    ]
    for here, there in rows:
        if second in (None, True):
            pairs |= zip(here, there, strict=True)
        if second in (None, False):
            pairs |= zip(there, here, strict=True)
    return pairs


def exchanged(second: bool | None = None) -> dict[sp.Symbol, sp.Symbol]:
    """The substitution that exchanges the positions of x and x'; with ``second`` True it sends
    those of x to x', with False those of x' to x.
    """
    return dict(_exchanges(second))


def length_at(symbol: Length, second: bool) -> Length:
    """The length of the same axis of x' (``second``) or of x."""
    return length(symbol.input, symbol.axis, symbol.rank, second)


def lengths_at(expression: Any, second: bool) -> Any:
    """``expression`` with the lengths of x' (``second``) or of x."""
    found = [s for s in symbols_in(expression) if isinstance(s, Length) and s.second != second]
    return reindex(expression, {s: length_at(s, second) for s in found})


class Bracket(sp.Function):
    """An Iverson bracket, 1 where its condition holds and 0 where not."""

    nargs = 2

    def _eval_is_real(self) -> bool:
        return True

    def _eval_is_nonnegative(self) -> bool:
        return True

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None


class Inside(Bracket):
    """[0 <= index < length]: 1 inside a sequence and 0 outside."""

    @classmethod
    def eval(cls, index: sp.Expr, length: sp.Expr) -> sp.Expr | None:
        """Decided where the assumptions on the symbols decide it."""
        if index.is_negative or (length - index).is_nonpositive:
            return sp.S.Zero
        if index.is_nonnegative and (length - 1 - index).is_nonnegative:
            return sp.S.One
        return None


class Covered(sp.Function):
    """How many positions of a sequence lie in a window: min(begin + size, length) - max(begin, 0),
    for a window of ``size`` positions from ``begin`` that reaches into the sequence.
    """

    nargs = 3

    @classmethod
    def eval(cls, begin: sp.Expr, size: sp.Expr, length: sp.Expr) -> sp.Expr | None:
        """Counted where all three are numbers."""
        if begin.is_number and length.is_number:
            return sp.Min(begin + size, length) - sp.Max(begin, 0)
        return None

    def _eval_is_positive(self) -> bool:
        return True


class Same(Bracket):
    """[index = other] on two positions, in one order of its arguments."""

    @classmethod
    def eval(cls, index: sp.Expr, other: sp.Expr) -> sp.Expr | None:
        """Decided where the difference is a number; equal shifts on both sides are dropped."""
        difference = sp.expand(index - other)
        if difference.is_number:
            return sp.S.One if difference == 0 else sp.S.Zero
        if (difference.is_nonzero and difference.is_integer) or difference.is_positive:
            return sp.S.Zero
        reduced = _without_common_shift(index, other)
        if reduced != (index, other):
            return cls(*reduced)
        return None


def _without_common_shift(index: sp.Expr, other: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """t + 2 = t' + 3 as t = t' + 1, the side that sorts first bare."""
    first, second = sorted((index, other), key=sp.default_sort_key)
    shift, rest = first.as_coeff_Add()
    return rest, second - shift


class SinusoidCovariance(sp.Function):
    r"""lim (1/n) PE_t . PE_t' of the sinusoidal position encoding, as a function of t - t'.

        (1/n) sum_{k < n/2} cos(w_k (t - t')) -> 1/2 int_0^1 cos((t - t') 10000^-y) dy
            = (Ci(|t - t'|) - Ci(|t - t'| / 10000)) / (2 log 10000),    1/2 for t = t'.

    Source: Vaswani et al. (2017), section 3.5, for the encoding.
    """

    nargs = 1

    @classmethod
    def eval(cls, difference: sp.Expr) -> sp.Expr | None:
        """1/2 at equal positions; an even function."""
        difference = sp.expand(difference)
        if difference.is_zero:
            return sp.Rational(1, 2)
        if difference.could_extract_minus_sign():
            return cls(-difference)
        return None

    def _eval_is_real(self) -> bool:
        return True

    def _eval_evalf(self, precision: int) -> sp.Expr:
        (difference,) = self.args
        if not difference.is_number:
            return self
        size, base = abs(difference), sp.Integer(10000)
        value = (sp.Ci(size) - sp.Ci(size / base)) / (2 * sp.log(base))
        return value._eval_evalf(precision)


def reindex(expression: Any, substitution: Mapping[sp.Symbol, sp.Expr]) -> Any:
    """``expression`` at another position; sums whose own indices would be caught are renamed."""
    if not substitution or not isinstance(expression, sp.Basic):
        return expression
    if isinstance(expression, sp.Sum):
        return _reindex_sum(expression, substitution)
    moved = getattr(expression, "_reindexed", None)
    if moved is not None:
        return moved(substitution)
    if expression in substitution:
        return substitution[expression]
    if not expression.args:
        return expression
    args = [reindex(argument, substitution) for argument in expression.args]
    return expression if args == list(expression.args) else expression.func(*args)


def _reindex_sum(total: sp.Sum, substitution: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    own = set(total.variables)
    inside = symbols_in(total)
    inner = {old: new for old, new in substitution.items() if old in inside and old not in own}
    coming = {s for new in inner.values() for s in new.free_symbols}
    body, limits = total.function, list(total.limits)
    for variable in own & coming:
        fresh = next(s for s in _spare(variable) if s not in coming | own | symbols_in(body))
        body = reindex(body, {variable: fresh})
        limits = [(fresh, *rest) if v == variable else (v, *rest) for v, *rest in limits]
    moved = [(v, *(reindex(end, inner) for end in ends)) for v, *ends in limits]
    return sp.Sum(reindex(body, inner), *moved)


def _spare(variable: sp.Symbol) -> Iterator[sp.Symbol]:
    name = variable.name.rstrip("'")
    marks = variable.name[len(name) :]
    _, _, axis = name.partition("_")
    for letter in _SPARE:
        label = f"{letter}_{axis}" if axis else letter
        yield sp.Symbol(label + marks, integer=True, nonnegative=True)


def symbols_in(expression: sp.Basic) -> set[sp.Symbol]:
    """Every symbol in an expression, those of sums and of indices of entries included."""
    found: set[sp.Symbol] = set()
    for part in sp.preorder_traversal(expression):
        if isinstance(part, sp.Symbol):
            found.add(part)
            found |= {s for e in getattr(part, "index_expressions", ()) for s in symbols_in(e)}
    return found


def require_positions(what: str, rank: int, positions: Positions) -> None:
    """GraphError unless ``positions`` has ``rank`` axes."""
    if len(positions) != rank:
        kinds = {0: "a single vector", 1: "a sequence", 2: "a grid"}
        raise GraphError(f"{what} takes {kinds[rank]}, not {kinds[len(positions)]}")


def describe_positions(positions: Positions) -> str:
    """Axes as an error tells them."""
    return "length " + " x ".join(map(str, positions))
