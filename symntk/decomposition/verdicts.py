"""What the features of a network say about it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symntk.decomposition.orders import Order
from symntk.decomposition.profile import Profile

PRODUCTS = {1: "single tokens", 2: "pairs", 3: "triples"}


def word(profile: Profile) -> str:
    """One word for it: additive, multiplicative, mixed, or constant."""
    present = _present(profile.orders)
    if not present:
        return "constant"
    if present == [1]:
        return "additive"
    return "mixed" if 1 in present else "multiplicative"


def sentences(profile: Profile) -> Iterator[str]:
    """What the word means here, how much each order counts, and what else matters."""
    yield _meaning(profile)
    if not _present(profile.orders):
        return
    sizes = [f"{counted(o.number)} at {amount(o)}" for o in profile.orders if _is_relative(o)]
    if sizes:
        exact = all(o.exact is not None for o in profile.orders if _is_relative(o))
        scale = "at any standard deviations" if exact else "at these standard deviations"
        base = _base(profile)
        yield f"{listed(sizes).capitalize()} of {base}, {scale}."
    yield from _lengths(profile)
    yield from _places(profile)


def _meaning(profile: Profile) -> str:
    absent = [counted(order.number) for order in profile.orders if order.number and order.is_zero]
    match word(profile):
        case "additive":
            start = "Additive: a sum over single tokens"
        case "multiplicative":
            start = "Multiplicative: products of tokens alone"
        case "mixed":
            start = "Mixed: single tokens and products of tokens"
        case _:
            return "Constant: no token takes part."
    ends = []
    if absent:
        ends.append(f"{listed(absent)} have the coefficient 0 exactly")
    ends += _at_any_length(profile)
    return f"{start}; {', and '.join(ends)}." if ends else f"{start}."


def _at_any_length(profile: Profile) -> list[str]:
    """What holds for longer documents, from the network itself."""
    if profile.features.scope == "window":
        return []
    if profile.words is None:
        return []
    _, most = profile.words
    if most is None:
        return ["longer documents have longer products"]
    return [f"so have products of more than {most} token{'s' * (most > 1)} in longer documents"]


def _lengths(profile: Profile) -> Iterator[str]:
    """How the sizes change with the length of documents."""
    size = profile.features.size
    if not profile.shorter:
        return
    changed = [
        f"{counted(before.number)} at {amount(before)}"
        for before, order in zip(profile.shorter, profile.orders, strict=False)
        if before.number > 1 and amount(before) != amount(order)
    ]
    if changed:
        yield f"In documents of {size - 1} tokens, not {size}: {listed(changed)}."


def _places(profile: Profile) -> Iterator[str]:
    match profile.arrangement.moved:
        case "not at all":
            yield "A token counts only at the same place of both documents."
        case "in part":
            yield "How much a token counts depends on its places in both documents."
    match profile.arrangement.turned:
        case "not at all":
            yield "Pairs count in their order."
        case "all the same":
            yield "Pairs count in any order."
        case "in part":
            yield "Pairs count in both orders, more in one than in the other."


def _present(orders: Sequence[Order]) -> list[int]:
    return [order.number for order in orders if order.number and not order.is_zero]


def _is_relative(order: Order) -> bool:
    return not order.is_zero and order.exact != 1


def _base(profile: Profile) -> str:
    lowest = min(_present(profile.orders))
    one = {1: "a single token", 2: "a pair", 3: "a triple"}.get(lowest, f"{lowest} tokens")
    rows = [row for row in profile.features.rows if row.order == lowest and row.coefficient != 0]
    return one if len({row.coefficient for row in rows}) == 1 else f"the mean of {one}"


def counted(number: int) -> str:
    """What a product of so many matches is called."""
    return "the constant" if number == 0 else PRODUCTS.get(number, f"products of {number} tokens")


def amount(order: Order) -> str:
    """The sizes of the coefficients of an order that are not 0."""
    low, high = f"{order.low:.3g}", f"{order.high:.3g}"
    return high if low == high else f"{low} to {high}"


def listed(parts: Sequence[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
