"""The terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.results import Outcome, Report
from benchmarks.tables import Table, costs, disagreements, verdicts

COLOURS = {"met": "green", "missed": "red", "not measured": "yellow"}


def show_section(console: Console, title: str, outcomes: Iterable[Outcome]) -> None:
    """Print the tables of one section."""
    for table in costs(outcomes):
        _show(console, title, table)


def show_verdicts(console: Console, report: Report) -> None:
    """Print every bar, and what disagrees."""
    _show(console, "Bars", verdicts(report))
    for sentence in disagreements(report):
        console.print(f"[red]{sentence}[/]")


def _show(console: Console, title: str, table: Table) -> None:
    shown = RichTable(title=title, title_justify="left", header_style="")
    for name in table.heading:
        shown.add_column(name)
    for row in table.rows:
        shown.add_row(*row, style=COLOURS.get(row[-1], ""))
    console.print(shown)
