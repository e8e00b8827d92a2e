"""Types of command-line values that several options have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from symntk.errors import SymntkError, UsageError

if TYPE_CHECKING:
    import sympy as sp


class Depth(click.ParamType[Any]):
    """A number of layers, or a letter for any number of them."""

    name = "depth"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """An int, or the name of a symbol."""
        text = str(value)
        if text.isdecimal() and int(text) > 0:
            return int(text)
        if text.isidentifier():
            return text
        self.fail(f"{text!r} is neither a positive whole number nor a letter", param, ctx)


class Exact(click.ParamType[Any]):
    """A number, read exactly: ``1.5``, ``3/2``, ``sqrt(2)``."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> sp.Expr:
        """A SymPy number."""
        from symntk.activations import parse_activation

        try:
            number = parse_activation(str(value))
        except SymntkError as error:
            self.fail(str(error), param, ctx)
        if number.free_symbols:
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Floating(Exact):
    """The same, for a function that asks for a float."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """A float."""
        return float(super().convert(value, param, ctx))


DEPTH, EXACT, FLOAT = Depth(), Exact(), Floating()


def parts(option: str, text: str) -> list[str]:
    """What stands between commas outside of brackets and quotes, each once."""
    found = [" ".join(part.split()) for part in _between_commas(text)]
    if not all(found):
        raise UsageError(f"{option} has nothing between two commas, or at an end")
    for part in found:
        if found.count(part) > 1:
            raise UsageError(f"{option} has {part!r} more than once")
    return found


def _between_commas(text: str) -> Iterator[str]:
    depth = start = 0
    quote = ""
    for place, character in enumerate(text + ","):
        if quote or character in "'\"":
            quote = "" if character == quote else quote or character
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0 and not quote:
            yield text[start:place]
            start = place + 1
    if start <= len(text):
        yield text[start:]
