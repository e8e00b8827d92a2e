"""What a program needs so that it can be compiled."""

from __future__ import annotations

from sympy import Symbol

from symntk.derivation import Entry, Statement, walk
from symntk.errors import UsageError


def check_symbols(program: tuple[Statement, ...], known: set[Symbol]) -> None:
    """Refuses a program with symbols that have no number."""
    for line in walk(program):
        for symbol in line.value.free_symbols - known:
            if isinstance(symbol, Entry):
                continue
            if str(symbol) == "n":
                raise UsageError(
                    f"{line.target} depends on the width n: in the standard parametrisation give "
                    "every hidden weight a width, as in weights('W', width=512)"
                )
            raise UsageError(f"{line.target} depends on {symbol}: give it a number to compile")
