"""Counts of tokens and n-grams in a document, and what is summed over them, as layouts."""

from __future__ import annotations

from symntk.decomposition.windows.blocks import Pattern
from symntk.rendering.composition.flow_signs import MU, RHO, SUM, of
from symntk.rendering.mathematics.layout import Atom, Layout, Scripts, row, separated
from symntk.rendering.mathematics.marks import primed

TOKEN = Atom("w")
"""A token of the vocabulary."""

LENGTH = Atom("T")
_COUNT, _OFFSET = Atom("ω"), Atom("ν")


def coefficient(matches: Pattern | None) -> Layout:
    """The letter of a coefficient: rho of tokens, beta_12 of bigrams, mu of what all share."""
    if matches is None:
        return _OFFSET
    if not matches:
        return MU
    if len(matches) == 1:
        return RHO
    sides = ["".join(str(place[side] + 1) for place in sorted(matches)) for side in (0, 1)]
    return Scripts(Atom("β"), below=Atom(",".join(dict.fromkeys(sides)), "number"))


def tokens(matches: Pattern, second: bool = False) -> Layout:
    """The tokens that agree, in the order in which they stand: w w', and w · w'' with a gap."""
    numbers = {place: n for n, place in enumerate(sorted(matches))}
    places = sorted(matches, key=lambda place: place[second])
    parts: list[Layout] = []
    for n, place in enumerate(places):
        if n:
            gap = place[second] - places[n - 1][second] - 1
            parts += [Atom("·", "binary")] * gap
        parts.append(_token(numbers[place]))
    return row(*parts)


def _token(number: int) -> Layout:
    return primed(TOKEN, number) if number else TOKEN


def count(matches: Pattern, where: Layout, second: bool = False) -> Layout:
    """How often tokens stand in a document like this."""
    return of(Scripts(_COUNT, below=tokens(matches, second)), where)


def over_tokens(matches: Pattern) -> Layout:
    """The sum over all tokens in the places of ``matches``."""
    return Scripts(SUM, below=separated([_token(n) for n in range(len(matches))]))


def stand(matches: Pattern) -> str:
    """Where tokens stand that are counted, a verb."""
    if len(matches) == 1:
        return "stands"
    is_run = sorted(a for a, _ in matches) == list(range(len(matches)))
    return "stand side by side" if is_run else "stand at this distance"
