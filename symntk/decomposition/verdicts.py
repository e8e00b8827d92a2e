"""What the orders of a kernel's features say about a network, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from symntk.decomposition.orders import Order

COUNTED = {1: "single tokens", 2: "pairs of tokens", 3: "triples of tokens"}


class Verdict(NamedTuple):
    """A word for what a network learns, and what that means."""

    word: str
    sentences: tuple[str, ...]


def verdict(orders: Sequence[Order]) -> Verdict:
    """Whether features of more than one token take part, from the orders 0, 1, ..., in turn."""
    present = [order.number for order in orders if order.number and not order.is_zero]
    if not present:
        return Verdict("none", ("Nothing but a constant: no token takes part.",))
    if present == [1]:
        word, meaning = "additive", "a sum over single tokens"
    elif 1 not in present:
        word, meaning = "multiplicative", "only products of matching tokens"
    else:
        word, meaning = "mixed", "single tokens and products of matching tokens"
    return Verdict(word, (f"{word.capitalize()}: {meaning}.", *_sentences(orders)))


def _sentences(orders: Sequence[Order]) -> Iterator[str]:
    absent = [counted(order.number) for order in orders if order.number and order.is_zero]
    if absent:
        yield f"Exactly 0: {', '.join(absent)}."
    for order in orders:
        if order.number != 1 and not order.is_zero and not _is_unit(order):
            what = "The constant" if order.number == 0 else counted(order.number).capitalize()
            yield f"{what}: {size(order)}."


def _is_unit(order: Order) -> bool:
    return order.exact == 1


def counted(number: int) -> str:
    """What a product of so many matches is about."""
    return COUNTED.get(number, f"{number} tokens")


def size(order: Order) -> str:
    """How large the coefficients of an order are, relative to the unit."""
    if order.is_zero:
        return "exactly 0"
    low, high = f"{order.low:.3g}", f"{order.high:.3g}"
    text = high if low == high else f"{low} to {high}"
    return f"{text} at any standard deviations" if order.exact is not None else text
