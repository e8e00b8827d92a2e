"""Networks side by side as a document, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from symntk.decomposition.flow.sources import Sources
from symntk.decomposition.polynomials.numbers import value
from symntk.decomposition.report.comparison import Comparison
from symntk.decomposition.report.orders import Order
from symntk.decomposition.report.profile import Profile
from symntk.decomposition.report.verdicts import listed, sentences, word
from symntk.rendering.coefficients import Coefficients
from symntk.rendering.document import Block, Document, Items, Math, Paragraph, Prose, Table
from symntk.rendering.mathematics.layout import Apply, Atom, Fence, Layout, Scripts, row
from symntk.rendering.mathematics.names import printable
from symntk.rendering.tables import render_table

TITLE = "What networks learn from a text"


def render_comparison(comparison: Comparison, format: str = "text", **options: Any) -> str:
    """The comparison in one of `symntk.rendering.tables.FORMATS`, or as json.

    options: those of the format, such as ``standalone``.  UsageError for an unknown format.
    """
    return render_table(format, lambda: document(comparison), lambda: trace(comparison), **options)


def document(comparison: Comparison) -> Document:
    """A row for each network, and what it says."""
    if comparison.by == "activation":
        blocks, title = _of_activations(comparison), "Activations in one network side by side"
        network = next(iter(comparison.profiles.values())).features.derivation.graph
        subject = printable(network.title).partition(" (")[0] or "a network"
        title = f"{title}: {subject}"
    else:
        blocks, title = _of_networks(comparison), TITLE
    return Document((title,), "", tuple(blocks), (), ())


def _of_networks(comparison: Comparison) -> Iterator[Block]:
    numbers = range(1, comparison.highest + 1)
    yield Paragraph(
        (
            "Coefficients of products of matching tokens in the neural tangent kernel, by the "
            "number of tokens that must agree. They are relative to the first that is there (1), "
            "whose value is in the column “1 is”. Where 0 is written it is exactly 0, proved "
            "symbolically.",
        )
    )
    heads = ("network", "constant", *(_head(n) for n in numbers), "1 is", "it is")
    rows = tuple(_cells(name, profile) for name, profile in comparison.profiles.items())
    yield Table(heads, "l" + "r" * (len(numbers) + 2) + "l", rows)
    yield Items(tuple(_point(name, profile) for name, profile in comparison.profiles.items()))


def _head(number: int) -> str:
    return "1 token" if number == 1 else f"{number} tokens"


def _cells(name: str, profile: Profile) -> tuple[Prose, ...]:
    cells = [printable(name), *map(_cell, profile.orders), f"{profile.unit:.4g}", word(profile)]
    return tuple((cell,) for cell in cells)


def _cell(order: Order) -> str:
    low, high = f"{order.low:.3g}", f"{order.high:.3g}"
    return high if low == high else f"{low}–{high}"


def _point(name: str, profile: Profile) -> Prose:
    text = " ".join(sentences(profile))
    return (f"{printable(name)}, {_scope(profile)}. {text}",)


def _scope(profile: Profile) -> str:
    features = profile.features
    if features.scope == "document":
        return f"documents of {features.size} tokens"
    return "single tokens" if features.size == 1 else f"windows of {features.size} tokens"


# activations


def _of_activations(comparison: Comparison) -> Iterator[Block]:
    numbers = range(2, comparison.highest + 1)
    profiles = comparison.profiles
    first = next(iter(profiles.values()))
    yield Paragraph(
        (
            f"Coefficients of the neural tangent kernel. {first.features.about} The constant μ is "
            "what all pairs share, whatever the tokens; ρ is that of a single token that agrees. "
            "Those of more tokens are relative to ρ. 0 is exactly 0.",
        )
    )
    heads = ("activation", "E φ(z)", "μ", "ρ", "μ/ρ", *(_head(n) for n in numbers))
    rows = tuple(_cells_of_activation(name, profile) for name, profile in profiles.items())
    yield Table(heads, "l" + "r" * (len(heads) - 1), rows)
    yield Items(tuple(_reason(name, profile) for name, profile in profiles.items()))


def _cells_of_activation(name: str, profile: Profile) -> tuple[Prose, ...]:
    constant, single, *others = profile.orders
    cells = [printable(name), _means(profile), _number(constant.high * profile.unit)]
    cells += [_number(single.high * profile.unit), _number(constant.high), *map(_cell, others)]
    return tuple((cell,) for cell in cells)


def _number(number: float) -> str:
    return f"{number:.4g}"


def _means(profile: Profile) -> str:
    """The values of the means of activations; 0 where there are none."""
    if profile.sources is None:
        return ""
    if not profile.sources.has_means:
        return "0"
    if profile.sources.biases:
        return "≠ 0"
    values = profile.features.derivation.values
    return ", ".join(_number(value(mean, values)) for mean in profile.sources.means.values())


def _reason(name: str, profile: Profile) -> Prose:
    """Why there is a constant, with its formula; or why there is none."""
    sources, start = profile.sources, f"{printable(name)}: "
    if sources is None:
        return (start + " ".join(sentences(profile)),)
    if sources.constant == 0:
        why = "the activation is odd, so that " if sources.is_odd else ""
        return (f"{start}no constant: {why}", Math(_mean()), " = 0.")
    number = _number(value(sources.constant, profile.features.derivation.values))
    formula = Math(Coefficients().formula(sources.constant))
    if sources.biases:
        shared = f"{listed(sources.biases)} {'is' if len(sources.biases) == 1 else 'are'} shared"
        mean: Prose = (", and ", Math(_mean()), " ≠ 0.") if sources.has_means else (".",)
        return (f"{start}μ = ", formula, f" = {number}, as {shared}", *mean)
    square = _squared(sources)
    if square is None:
        return (f"{start}μ = ", formula, f" = {number}, as ", Math(_mean()), " ≠ 0.")
    ((mean_of, known),) = sources.means.items()
    middle: Prose = () if sources.constant == sources.in_means else (" = ", formula)
    closed: Prose = () if known == mean_of else (" = ", Math(Coefficients().formula(known)))
    end = f" = {_means(profile)} ≠ 0."
    return (f"{start}μ = ", square, *middle, f" = {number}, as ", Math(_mean()), *closed, end)


def _squared(sources: Sources) -> Math | None:
    """The constant as (E phi(z))^2 times variances; None where it is not of this form."""
    if len(sources.means) != 1:
        return None
    (mean,) = sources.means
    factor = sp.cancel(sources.in_means / mean**2)
    if factor.has(mean):
        return None
    square = Scripts(Fence(_mean()), above=Atom("2", "number"))
    return Math(square if factor == 1 else row(Coefficients().formula(factor), square))


def _mean() -> Layout:
    return row(Atom("E", "blackboard"), Apply(Atom("φ"), Fence(Atom("z"))))


def trace(comparison: Comparison) -> dict[str, Any]:
    """The comparison for programs."""
    return {
        "schema": "symntk.comparison/1",
        "by": comparison.by,
        "networks": [_trace(name, profile) for name, profile in comparison.profiles.items()],
    }


def _trace(name: str, profile: Profile) -> dict[str, Any]:
    sources, values = profile.sources, profile.features.derivation.values
    return {
        "name": name,
        "network": printable(profile.features.derivation.graph.title),
        "scope": profile.features.scope,
        "size": profile.features.size,
        "verdict": word(profile),
        "unit": profile.unit,
        "orders": [_trace_order(order) for order in profile.orders],
        "moved": profile.arrangement.moved,
        "turned": profile.arrangement.turned,
        "means": None
        if sources is None
        else [
            {"mean": str(mean), "closed": str(known), "value": value(known, values)}
            for mean, known in sources.means.items()
        ],
        "sentences": list(sentences(profile)),
    }


def _trace_order(order: Order) -> dict[str, Any]:
    return {
        "tokens": order.number,
        "is zero": order.is_zero,
        "smallest": order.low,
        "largest": order.high,
        "exact": None if order.exact is None else str(order.exact),
    }
