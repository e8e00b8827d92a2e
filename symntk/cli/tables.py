"""``symntk list``: the names that options take, read from the package's own tables."""

from __future__ import annotations

from collections.abc import Callable

import click

Rows = list[tuple[str, str]]
"""Names, and a line about each."""


def _models() -> Rows:
    """Each model with its options: those with a value have it by default."""
    from symntk.cli.models import zoo

    return [
        row
        for name, builder in zoo().items()
        for row in ((name, builder.title), ("", builder.usage))
    ]


def _activations() -> Rows:
    from symntk.activations import ACTIVATIONS, FAMILIES

    known = [
        (name, "; also ".join([entry.title, *filter(None, [", ".join(entry.aliases)])]))
        for name, entry in ACTIVATIONS.items()
    ]
    return known + [(family.usage, _first_line(family.make)) for family in FAMILIES.values()]


def _formats() -> Rows:
    from symntk.rendering import FORMATS

    rows = [(name, _first_line(render)) for name, render in FORMATS.items()]
    return [*rows, ("pdf", "PDF, made by pdflatex")]


def _notations() -> Rows:
    from symntk.rendering import NOTATIONS
    from symntk.sources import SOURCES

    return [
        (name, f"the letters of {SOURCES[profile.source].short}")
        for name, profile in NOTATIONS.items()
    ]


TABLES: dict[str, Callable[[], Rows]] = {
    "models": _models,
    "activations": _activations,
    "formats": _formats,
    "notations": _notations,
}


@click.command("list")
@click.argument("table", type=click.Choice(list(TABLES)), required=False)
def show_tables(table: str | None) -> None:
    """List the models, activations, formats and notations there are.

    \b
    Examples:
        symntk list
        symntk list activations
    """
    for name in [table] if table else TABLES:
        formatter = click.HelpFormatter(width=79)
        with formatter.section(name):
            formatter.write_dl(TABLES[name]())
        click.echo(formatter.getvalue())


def _first_line(entry: object) -> str:
    """The first line of what ``entry`` says about itself."""
    return (entry.__doc__ or "").strip().partition("\n")[0]
