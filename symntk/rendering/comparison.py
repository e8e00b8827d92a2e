"""Networks side by side as a document, and as data."""

from __future__ import annotations

from typing import Any

from symntk.decomposition.comparison import Comparison
from symntk.decomposition.orders import Order, unit
from symntk.decomposition.verdicts import verdict
from symntk.rendering.document import Block, Document, Items, Paragraph, Prose, Table
from symntk.rendering.mathematics.names import printable
from symntk.rendering.tables import render_table


def render_comparison(comparison: Comparison, format: str = "text", **options: Any) -> str:
    """The comparison in one of `symntk.rendering.tables.FORMATS`, or as json.

    options: those of the format, such as ``standalone``.  UsageError for an unknown format.
    """
    return render_table(format, lambda: document(comparison), lambda: trace(comparison), **options)


def document(comparison: Comparison) -> Document:
    """A row for each network, and what it says."""
    numbers = range(1, comparison.highest + 1)
    heads = ("network", "constant", *(_head(n) for n in numbers), "1 is", "verdict")
    rows = tuple(_cells(comparison, name) for name in comparison.tables)
    about = (
        "By how many tokens must agree: coefficients of the neural tangent kernel at the given "
        "standard deviations, relative to the lowest order that is there (1, by itself in the "
        "column before the last). 0 is exactly 0, proved symbolically."
    )
    blocks: list[Block] = [
        Paragraph((about,)),
        Table(heads, "l" + "r" * (len(numbers) + 2) + "l", rows),
        Items(tuple(_points(comparison))),
    ]
    return Document(("What networks learn from a text",), "", tuple(blocks), (), ())


def _head(number: int) -> str:
    return "1 token" if number == 1 else f"{number} tokens"


def _cells(comparison: Comparison, name: str) -> tuple[Prose, ...]:
    orders = comparison.orders(name)
    units = unit(comparison.tables[name])
    size = sum(row.value for row in units) / len(units) if units else 0.0
    cells = [printable(name), *map(_cell, orders), f"{size:.4g}", verdict(orders).word]
    return tuple((cell,) for cell in cells)


def _cell(order: Order) -> str:
    if order.is_zero:
        return "0"
    low, high = f"{order.low:.3g}", f"{order.high:.3g}"
    return high if low == high else f"{low}-{high}"


def _points(comparison: Comparison) -> list[Prose]:
    return [
        (f"{printable(name)}: " + " ".join(verdict(comparison.orders(name)).sentences),)
        for name in comparison.tables
    ]


def trace(comparison: Comparison) -> dict[str, Any]:
    """The comparison for programs."""
    return {
        "schema": "symntk.comparison/1",
        "networks": [
            {
                "name": name,
                "network": printable(table.derivation.graph.title),
                "scope": table.scope,
                "size": table.size,
                "orders": [
                    {
                        "tokens": order.number,
                        "is zero": order.is_zero,
                        "smallest": order.low,
                        "largest": order.high,
                        "exact": None if order.exact is None else str(order.exact),
                    }
                    for order in comparison.orders(name)
                ],
                "verdict": verdict(comparison.orders(name)).word,
            }
            for name, table in comparison.tables.items()
        ],
    }
