"""What commands write: results to stdout or a file, word of long work to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import click

from symntk.errors import UsageError

OUTPUT = click.Path(dir_okay=False, path_type=Path)


def check_writable(path: Path, *suffixes: str) -> None:
    """Refuse early, before long work, a file name that the result could not be written under."""
    if suffixes and path.suffix not in suffixes:
        raise UsageError(f"{path}: the name must end in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


def check_apart(*paths: Path) -> None:
    """UsageError where two of the files that are read and written are one."""
    seen = set[Path]()
    for path in paths:
        place = path.resolve()
        if place in seen:
            raise UsageError(f"{path}: one file cannot be read or written as two things")
        seen.add(place)


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
def working(message: str, loud: bool = True) -> Iterator[None]:
    """Say on stderr what long work is going on; animated on a terminal, one line elsewhere.

    loud: whether to say so where it is no terminal.
    """
    if not sys.stderr.isatty():
        if loud:
            click.echo(f"{message} ...", err=True)
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(message):
        yield


@contextmanager
def progress_bar(message: str, after: float = 0.0) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, total) that draws a bar on stderr; one line where it is no terminal.

    Nothing is said before it is called, since a call may be refused before its work begins.

    after: seconds of work before anything is said; with them nothing is where it is no terminal.
    """
    if not sys.stderr.isatty():
        loud = not after
        yield (
            lambda done, total: (
                click.echo(f"{message} ...", err=True) if loud and not done else None
            )
        )
        return
    from rich.console import Console
    from rich.progress import Progress

    start = monotonic()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(message, total=None, visible=False)

        def advance(done: int, total: int) -> None:
            shown = monotonic() - start >= after
            bar.update(task, completed=done, total=total, visible=shown)

        yield advance
