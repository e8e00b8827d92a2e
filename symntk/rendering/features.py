"""The table of a kernel's features as a document, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from symntk.decomposition import Feature, Features
from symntk.decomposition.report.orders import orders, unit
from symntk.rendering.coefficients import Coefficients
from symntk.rendering.document import Block, Display, Document, Items, Line, Paragraph, Prose, Table
from symntk.rendering.mathematics.layout import Atom
from symntk.rendering.mathematics.names import printable
from symntk.rendering.tables import render_table

HEADS = ("feature", "value", "ratio", "coefficient")


def render_features(features: Features, format: str = "text", **options: Any) -> str:
    """The table in one of `symntk.rendering.tables.FORMATS`, or as json.

    options: those of the format, such as ``standalone``.  UsageError for an unknown format.
    """
    return render_table(format, lambda: document(features), lambda: trace(features), **options)


def document(features: Features) -> Document:
    """A row for each feature, the formulas that are too long for it, and what follows."""
    coefficients = Coefficients()
    rows = tuple(_cells(row, coefficients) for row in (*features, *features.positional))
    title = printable(features.derivation.graph.title) or "a network"
    blocks: list[Block] = [Paragraph((features.about,)), Table(HEADS, "lrrl", rows)]
    blocks.append(Items(tuple((sentence,) for sentence in features.findings)))
    if coefficients.names:
        blocks += [Paragraph((coefficients.about,)), *coefficients.equations]
    ratios = tuple(_ratios(features, coefficients))
    if ratios:
        blocks += [Paragraph(("The standard deviations cancel in the ratio",)), *ratios]
    return Document((f"Features of the neural tangent kernel: {title}",), "", tuple(blocks), (), ())


def _ratios(features: Features, coefficients: Coefficients) -> Iterator[Display]:
    """The exact ratio of each order whose coefficients are one multiple of that of a unigram."""
    if all(row.order > 1 for row in unit(features)):
        return
    for order in orders(features, max(row.order for row in features)):
        if order.number > 1 and order.exact is not None and order.exact not in (0, 1):
            name = next(row.feature for row in features if row.order == order.number)
            left = Atom(name.split(maxsplit=1)[0] + " / unigram", "words")
            yield Display((Line(left, coefficients.typeset(order.exact)),))


def _cells(row: Feature, coefficients: Coefficients) -> tuple[Prose, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.4g}"
    return (row.feature,), (f"{row.value:.6g}",), (ratio,), (coefficients.cell(row.coefficient),)


def trace(features: Features) -> dict[str, Any]:
    """The table for programs."""
    return {
        "schema": "symntk.features/1",
        "network": printable(features.derivation.graph.title),
        "scope": features.scope,
        "size": features.size,
        "features": [_row(row) for row in features],
        "positional": [_row(row) for row in features.positional],
        "findings": list(features.findings),
    }


def _row(row: Feature) -> dict[str, Any]:
    return {
        "feature": row.feature,
        "matches": sorted(row.matches),
        "coefficient": str(row.coefficient),
        "value": row.value,
        "ratio": row.ratio,
    }
