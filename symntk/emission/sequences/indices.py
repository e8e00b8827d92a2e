"""Positions and lengths as Python expressions between whole numbers."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy import Expr, Symbol
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from symntk.errors import UsageError
from symntk.graph.positions import Length, exchanged, lengths_at, reindex, symbols_in


def index_name(symbol: Symbol) -> str:
    """The variable of a position: t for t, t_2 for t'."""
    name = str(symbol.name).replace("'", "")
    return f"{name}_2" if symbol.name.endswith("'") else name


class WholePrinter(StrPrinter):
    """Prints arithmetic of whole numbers."""

    def __init__(self, lengths: Mapping[Length, str]) -> None:
        super().__init__({"order": "lex"})
        self.lengths = lengths

    def _print_Symbol(self, expr: Symbol) -> str:
        if isinstance(expr, Length):
            return self.lengths[expr]
        return index_name(expr)

    _print_Length = _print_Symbol

    def _print_Mod(self, expr: Expr) -> str:
        value, size = (self.parenthesize(part, PRECEDENCE["Mul"] + 1) for part in expr.args)
        return f"({value} % {size})"

    def _print_ceiling(self, expr: Expr) -> str:
        above, below = sp.fraction(sp.together(expr.args[0]))
        return f"-((-({self._print(above)})) // {self._print(below)})"

    def _print_floor(self, expr: Expr) -> str:
        above, below = sp.fraction(sp.together(expr.args[0]))
        return f"(({self._print(above)}) // {self._print(below)})"


def whole(expression: Expr, lengths: Mapping[Length, str]) -> str:
    """A position or a length as Python source."""
    text = str(WholePrinter(lengths).doprint(expression))
    if "/" in text.replace("//", ""):
        raise UsageError(f"cannot compile the position {expression}")
    return text


def extent(size: Expr, lengths: Mapping[Length, str]) -> str:
    """The size of an array: no less than 0."""
    text = whole(size, lengths)
    return text if size.is_nonnegative else f"max(0, {text})"


def conditions(
    index: Expr, size: Expr, loops: Mapping[Symbol, Expr], lengths: Mapping[Length, str]
) -> list[str]:
    """What must be asked before position ``index`` of an axis of length ``size`` is read.

    loops: how far the positions run at which code is written.
    """
    if loops.get(index) == size:
        return []
    if isinstance(index, sp.Mod) and index.args[1] == size:
        return []
    found = []
    place, end = whole(index, lengths), whole(size, lengths)
    if not index.is_nonnegative:
        found.append(f"{place} >= 0")
    if not (size - 1 - index).is_nonnegative:
        found.append(f"{place} < {end}")
    return found


def is_position(symbol: Symbol) -> bool:
    """Whether a symbol is an index of a position: a whole number that may be 0."""
    return bool(symbol.is_integer and symbol.is_positive is None and not isinstance(symbol, Length))


def positions_in(expression: sp.Basic) -> set[Symbol]:
    """The indices in an expression, those of entries included."""
    return {symbol for symbol in symbols_in(expression) if is_position(symbol)}


def sides(expression: sp.Basic) -> set[bool]:
    """Of which inputs an expression has positions or lengths: x (False), x' (True)."""
    return {
        s.second if isinstance(s, Length) else s.name.endswith("'")
        for s in symbols_in(expression)
        if isinstance(s, Length) or is_position(s)
    }


def at_first(expression: Expr) -> Expr:
    """An expression in positions and lengths of x', as one in those of x."""
    moved: Expr = reindex(lengths_at(expression, False), exchanged(False))
    return moved
