"""What commands write: results to stdout or a file, word of long work to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from symntk.errors import UsageError

OUTPUT = click.Path(dir_okay=False, path_type=Path)


def check_writable(path: Path, *suffixes: str) -> None:
    """Refuse early, before long work, a file name that the result could not be written under."""
    if suffixes and path.suffix not in suffixes:
        raise UsageError(f"{path}: the name must end in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


def write_text(text: str, path: Path | None) -> None:
    """Write ``text``, ending in one newline, to ``path``, or to stdout where it is None."""
    text = text.rstrip("\n") + "\n"
    if path is None:
        try:
            click.echo(text, nl=False)
        except UnicodeEncodeError as error:
            raise UsageError(
                f"the terminal's encoding, {error.encoding}, lacks {text[error.start]!r}: "
                "set PYTHONUTF8=1, or write to a file with -o"
            ) from None
    else:
        path.write_text(text, encoding="utf-8")


@contextmanager
def working(message: str) -> Iterator[None]:
    """Say on stderr what long work is going on; animated on a terminal, one line elsewhere."""
    if not sys.stderr.isatty():
        click.echo(f"{message} ...", err=True)
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(message):
        yield


@contextmanager
def progress_bar(message: str) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, total) that draws a bar on stderr; one line where it is no terminal.

    Nothing is said before it is called, since a call may be refused before its work begins.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None if done else click.echo(f"{message} ...", err=True)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(message, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
