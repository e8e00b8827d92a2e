"""The table of a kernel's features, in the formats that a table can have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from symntk.decomposition import Feature, Features
from symntk.errors import UsageError
from symntk.rendering.mathematics.latex import latex, words
from symntk.rendering.mathematics.names import printable
from symntk.rendering.mathematics.plain import plain
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.notation import NOTATIONS

HEADS = ("feature", "value", "ratio", "coefficient")

LONGEST = 60
"""Characters of a coefficient that a table in a terminal shows; longer ones end in dots."""


def render_features(features: Features, format: str = "text") -> str:
    """The table as text; UsageError for an unknown format."""
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r} of a table; use {', '.join(FORMATS)}")
    return FORMATS[format](features)


def _text(features: Features) -> str:
    rows = [HEADS, *_rows(features, _in_text)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * min(79, max(map(len, lines))))
    findings = [f"- {sentence}" for sentence in features.findings]
    return "\n".join([*_title(features), "", *lines, "", *findings]) + "\n"


def _markdown(features: Features) -> str:
    rows = [
        HEADS,
        ("---", "---:", "---:", "---"),
        *_rows(features, lambda row: f"${_in_latex(row)}$"),
    ]
    table = ["| " + " | ".join(row) + " |" for row in rows]
    findings = [f"- {sentence}" for sentence in features.findings]
    return "\n".join([*_title(features), "", *table, "", *findings]) + "\n"


def _latex(features: Features) -> str:
    rows = _rows(features, lambda row: f"${_in_latex(row)}$")
    lines = [r"\begin{tabular}{lrrl}", r"\hline", " & ".join(HEADS) + r" \\", r"\hline"]
    lines += [" & ".join((words(row[0]), *row[1:])) + r" \\" for row in rows]
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def _json(features: Features) -> str:
    rows: list[dict[str, Any]] = [
        {
            "feature": row.feature,
            "matches": sorted(row.matches),
            "coefficient": str(row.coefficient),
            "value": row.value,
            "ratio": row.ratio,
        }
        for row in features
    ]
    data = {
        "schema": "symntk.features/1",
        "network": printable(features.derivation.graph.title),
        "scope": features.scope,
        "size": features.size,
        "features": rows,
        "findings": list(features.findings),
    }
    return json.dumps(data, indent=1) + "\n"


def side_by_side(columns: Mapping[str, Features]) -> str:
    """Tables of one model with several activations as one: values, and ratios in brackets."""
    cells = {
        name: {row.feature: _cell(row) for row in features} for name, features in columns.items()
    }
    labels = list(dict.fromkeys(label for column in cells.values() for label in column))
    rows = [("feature", *cells)]
    rows += [(label, *(column.get(label, "0") for column in cells.values())) for label in labels]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    first = next(iter(columns.values()))
    head = ["Coefficients of the neural tangent kernel (in brackets: relative to unigrams)"]
    return "\n".join([*head, first.about, "", *lines]) + "\n"


def _cell(row: Feature) -> str:
    if row.coefficient == 0:
        return "0"
    return f"{row.value:.4g}" + ("" if row.ratio is None else f" ({row.ratio:.3g})")


FORMATS: dict[str, Callable[[Features], str]] = {
    "text": _text,
    "markdown": _markdown,
    "latex": _latex,
    "json": _json,
}


def _title(features: Features) -> Sequence[str]:
    title = printable(features.derivation.graph.title) or "a network"
    return (f"Features of the neural tangent kernel: {title}", features.about)


def _rows(
    features: Features, write: Callable[[Feature], str]
) -> Iterator[tuple[str, str, str, str]]:
    for row in features:
        ratio = "" if row.ratio is None else f"{row.ratio:.4g}"
        yield row.feature, f"{row.value:.6g}", ratio, write(row)


_TYPESET = Typesetter(NOTATIONS["jacot"], {})


def _in_text(row: Feature) -> str:
    text = plain(_TYPESET(row.coefficient))
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _in_latex(row: Feature) -> str:
    return latex(_TYPESET(row.coefficient))
