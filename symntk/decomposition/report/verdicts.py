"""What the features of a network say about it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symntk.decomposition.report.orders import Order
from symntk.decomposition.report.profile import Profile

SINGLE = {1: "a single token", 2: "a pair", 3: "a triple"}
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
    present = _present(profile.orders)
    if not present:
        yield "Constant: no token takes part."
        return
    yield f"{_meaning(profile, present)}."
    base, *others = (order for order in profile.orders if order.number >= present[0])
    several = amount(base) != "1"
    if several:
        yield f"{counted(base.number).capitalize()} at {amount(base)} of their mean."
    relative = [order for order in (profile.orders[0], *others) if not order.is_zero]
    if relative:
        sizes = listed([f"{counted(order.number)} at {amount(order)}" for order in relative])
        unit = SINGLE.get(base.number, f"a product of {base.number} tokens")
        scale = "any" if all(order.exact is not None for order in relative) else "these"
        of = "the mean of " * several
        yield f"{sizes[0].upper()}{sizes[1:]} of {of}{unit}, at {scale} standard deviations."
    yield from _lengths(profile)
    yield from _places(profile)


def _meaning(profile: Profile, present: Sequence[int]) -> str:
    """What takes part, and what not: as far as documents were compared, or at every length."""
    features = profile.features
    highest = features.size if features.scope == "window" else _most(profile)
    if highest is not None and highest <= profile.highest and present == [max(present)]:
        (only,) = present
        start = "Additive: a sum over" if only == 1 else "Multiplicative:"
        alone = "" if only == 1 else " alone"
        return (
            f"{start} {counted(only)}{alone}; all other products of tokens have the coefficient 0 "
            "exactly, in documents of every length"
        )
    start = {
        "additive": "Additive: a sum over single tokens",
        "multiplicative": "Multiplicative: products of tokens alone",
        "mixed": "Mixed: single tokens and products of tokens",
    }[word(profile)]
    absent = [counted(order.number) for order in profile.orders if order.number and order.is_zero]
    if absent:
        start += f"; {listed(absent)} have the coefficient 0 exactly"
    if features.scope == "document" and absent:
        start += f" in documents of {features.size} tokens"
    if profile.words is not None and profile.words[1] is None:
        start += "; longer documents have longer products"
    return start


def _most(profile: Profile) -> int | None:
    """The largest number of tokens in a product at any length, where it is known and bounded."""
    return None if profile.words is None else profile.words[1]


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
