"""Outcomes as rows of text, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.cases import Unit
from benchmarks.results import Outcome, Report, Row, Verdict

COSTS = {
    "entry": "time per entry",
    "run": "time",
    "result": "peak / result",
    "GB/s": "GB/s",
    "GFLOP/s": "GFLOP/s",
}
"""Heading of the column of costs."""

SMALL = 1e-12
"""Differences up to here are rounding, on the diagonal."""


@dataclass(frozen=True)
class Table:
    """Cells of text under a heading."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def costs(outcomes: Iterable[Outcome]) -> list[Table]:
    """A table for each stretch of outcomes with one unit, a row for each contender."""
    listed: dict[Unit, list[tuple[str, ...]]] = {}
    for outcome in outcomes:
        if outcome.listed:
            listed.setdefault(outcome.unit, []).extend(_rows(outcome))
    return [_table(unit, rows) for unit, rows in listed.items()]


def verdicts(report: Report) -> Table:
    """Every bar, with what was measured."""
    rows = [
        (outcome.name, one.bar.text, _measured(one, outcome.unit), one.word)
        for outcomes in report.sections.values()
        for outcome in outcomes
        for one in outcome.verdicts
    ]
    return Table(("work", "bar", "measured", "verdict"), tuple(rows))


def disagreements(report: Report) -> list[str]:
    """A sentence for each contender whose answer is another one."""
    return [
        f"{outcome.name}: {row.name} differs by {row.difference:.0e}, "
        f"more than {outcome.tolerance:.0e}"
        for outcomes in report.sections.values()
        for outcome in outcomes
        for row in outcome.disagreeing
    ]


def _table(unit: Unit, rows: list[tuple[str, ...]]) -> Table:
    heading = ("work", "program", COSTS[unit], "ratio", "differs by", "memory")
    used = [n for n in range(len(heading)) if any(row[n] for row in rows)]
    return Table(
        tuple(heading[n] for n in used), tuple(tuple(row[n] for n in used) for row in rows)
    )


def _rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """The name of the case stands in its first row."""
    first = outcome.rows[0]
    return [
        (
            outcome.name if row is first else "",
            row.name,
            row.error or cost(row.cost, outcome.unit),
            _ratio(row, first) if "/" not in outcome.unit else "",
            _difference(row),
            _bytes(row.peak) if row.peak else "",
        )
        for row in outcome.rows
        if row.error or row.cost is not None
    ]


def cost(value: float | None, unit: Unit) -> str:
    """Three digits, in a unit that fits."""
    if value is None:
        return ""
    if unit == "result":
        return f"{value:.2f}"
    if unit in ("GB/s", "GFLOP/s"):
        return f"{1 / value:.3g}"
    for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= 0.9995 * scale:
            return f"{_digits(value / scale)} {name}"
    return f"{_digits(value / 1e-9)} ns"


def _digits(value: float) -> str:
    """Three, or all in front of the point; powers of ten from a million on."""
    if value >= 1e6:
        return f"{value:.0e}"
    return f"{value:.0f}" if value >= 99.95 else f"{value:.3g}"


def _ratio(row: Row, first: Row) -> str:
    if row is first or row.cost is None or first.cost is None:
        return ""
    return f"{_digits(row.cost / first.cost)}"


def _difference(row: Row) -> str:
    if row.difference is None:
        return ""
    text = f"{row.difference:.0e}"
    if row.diagonal is not None and row.diagonal > max(SMALL, 2 * row.difference):
        text += f" ({row.diagonal:.0e} on the diagonal)"
    return text


def _measured(verdict: Verdict, unit: Unit) -> str:
    """A ratio, a cost, or a peak of memory."""
    if verdict.value is None:
        return ""
    if verdict.bar.under:
        return _digits(verdict.value)
    return _bytes(verdict.value) if verdict.bar.of == "peak" else cost(verdict.value, unit)


def _bytes(value: float) -> str:
    """In megabytes, or gigabytes."""
    return f"{value / 1e9:.3g} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"
