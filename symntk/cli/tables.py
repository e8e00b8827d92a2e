"""``symntk list``: the names that options take, read from the package's own tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click


def _models() -> Mapping[str, object]:
    from symntk.zoo import MODELS

    return MODELS


def _activations() -> Mapping[str, object]:
    from symntk.activations import ACTIVATIONS

    return ACTIVATIONS


def _formats() -> Mapping[str, object]:
    from symntk.rendering import FORMATS

    return FORMATS


def _notations() -> Mapping[str, object]:
    from symntk.rendering import NOTATIONS

    return NOTATIONS


TABLES: dict[str, Callable[[], Mapping[str, object]]] = {
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
            formatter.write_dl([(key, _summary(entry)) for key, entry in TABLES[name]().items()])
        click.echo(formatter.getvalue())


def _summary(entry: object) -> str:
    """The first line of what ``entry`` says about itself."""
    return (entry.__doc__ or "").strip().splitlines()[0]
