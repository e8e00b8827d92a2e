"""The page of the manual: its introduction stays, what is below the marker is written anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import fill

from benchmarks.cases import Section
from benchmarks.results import Report
from benchmarks.tables import Table, costs, disagreements, verdicts

WIDTH = 100
MARKER = ".. What follows is written by python -m benchmarks."


def write(path: Path, report: Report, sections: Mapping[str, Section]) -> None:
    """Replace the results in the page ``path``, or begin one."""
    before = path.read_text() if path.exists() else "Benchmarks\n==========\n\n"
    introduction = before.partition(MARKER)[0].rstrip()
    path.write_text(f"{introduction}\n\n{MARKER}\n\n{render(report, sections)}")


def render(report: Report, sections: Mapping[str, Section]) -> str:
    """The machine, the bars, and the tables of each section."""
    bars = verdicts(report)
    met = sum(row[-1] == "met" for row in bars.rows)
    parts = [_heading("Machine"), *(_item(*line) for line in report.machine.items())]
    if bars.rows:
        parts += [_heading("Bars"), f"{met} of {len(bars.rows)} are met.", _simple_table(bars)]
    parts += [fill(f"**{sentence}.**", WIDTH) for sentence in disagreements(report)]
    for name, outcomes in report.sections.items():
        section = sections[name]
        parts += [_heading(section.title), section.text.strip()]
        parts += [_simple_table(table) for table in costs(outcomes)]
    return "\n\n".join(parts) + "\n"


def _item(name: str, text: str) -> str:
    """An item of a definition list."""
    indent = " " * 4
    return f"{name}\n{fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)}"


def _heading(title: str) -> str:
    return f"{title}\n{'-' * len(title)}"


def _simple_table(table: Table) -> str:
    """A simple table of reStructuredText; a backslash stands where a row has no name."""
    cells = [table.heading, *((row[0] or "\\", *row[1:]) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    lines = [_line(row, widths) for row in cells]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _line(row: Iterable[str], widths: Iterable[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(padded).rstrip()
