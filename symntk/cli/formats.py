"""The options of commands that print a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from symntk.cli.output import OUTPUT

ORDER = click.option(
    "--order",
    metavar="N",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Products of up to N matching tokens.",
)


class TableFormat(click.ParamType[Any]):
    """One of ``rendering.tables.NAMES``."""

    name = "format"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The name itself."""
        from symntk.rendering.tables import NAMES

        return click.Choice(NAMES).convert(value, param, ctx)


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` --format, --standalone and -o."""
    for decorate in reversed(_OPTIONS):
        command = decorate(command)
    return command


_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--format",
        "format_name",
        metavar="F",
        type=TableFormat(),
        default="text",
        show_default=True,
        help="text, markdown, latex, html or json.",
    ),
    click.option("--standalone", is_flag=True, help="A whole document instead of a fragment."),
    click.option("-o", "--output", metavar="FILE", type=OUTPUT, help="Write there, not to stdout."),
)
