"""Primes, powers and signs put on a box."""

from __future__ import annotations

from typing import Any

from symntk.rendering.mathematics.layout import Atom, Fence, Layout, Scripts, Sum, row


def primed(base: Layout, count: int = 1) -> Layout:
    """``base`` with primes: x', phi''."""
    mark = Atom("′" * count, "punctuation")
    if isinstance(base, Scripts) and base.above is None:
        return Scripts(base.base, above=mark, below=base.below)
    return Scripts(base, above=mark)


def raised_by(base: Layout, mark: Layout) -> Layout:
    """``base`` with ``mark`` raised, after what is raised there already."""
    if isinstance(base, Scripts):
        above = mark if base.above is None else row(base.above, mark)
        return Scripts(base.base, above=above, below=base.below)
    return Scripts(base, above=mark)


def raised(base: Layout, power: Any) -> Layout:
    """``base`` to a whole power; to the first it is itself."""
    if power == 1:
        return base
    mark = Atom(str(power), "number")
    return (
        Scripts(base, above=mark) if not isinstance(base, Scripts) else Scripts(Fence(base), mark)
    )


def signed_number(text: str) -> Layout:
    """A number with its sign."""
    number = Atom(text.lstrip("-"), "number")
    return Sum((("−", number),)) if text.startswith("-") else number
