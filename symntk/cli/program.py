"""The program itself: its commands, and what it makes of an error."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from symntk.errors import SymntkError

COMMANDS = {
    "derive": "derive:derive",
    "emit": "emit:emit",
    "check": "check:check",
    "kernel": "kernel:kernel",
    "features": "features:features",
    "compare": "compare:compare",
    "flow": "flow:flow",
    "list": "tables:show_tables",
}
"""Each command's module in this folder and its function there, in the order of the help."""

GARBAGE = 100_000
"""New containers between two looks for cyclic garbage, of which SymPy makes little: Python's own
choice, 700, is a quarter of the time of a derivation."""


class WrongCall(click.ClickException):
    """Something that the caller can mend; only its message is shown."""

    exit_code = 2


class Defect(click.ClickException):
    """An error that symntk did not foresee."""

    exit_code = 3

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"{type(error).__name__}: {error}\n"
            "symntk did not foresee this; `symntk --debug ...` shows where it happened."
        )


class Program(click.Group):
    """A group of commands whose foreseen errors end in one message, without a traceback."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """The whole life of a process: few searches for garbage, and none when it ends."""
        gc.set_threshold(GARBAGE)
        try:
            return super().__call__(*args, **options)
        finally:
            gc.freeze()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, whose module is loaded now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"symntk.cli.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` name; a model in its place gets a hint."""
        if args[0] not in COMMANDS:
            from symntk.cli.models import zoo

            if args[0] in zoo():
                ctx.fail(
                    f"{args[0]} is a model: say what to do with it, as in symntk derive {args[0]}"
                )
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the command line; help is written here."""
        with _stopped_from_outside():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command of ``ctx``; the one place where errors become exit codes."""
        with _stopped_from_outside():
            return self._run(ctx)

    def _run(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except (SymntkError, OSError, MemoryError) as error:
            if ctx.params["debug"]:
                raise
            raise WrongCall(_message(error)) from error
        except Exception as error:
            if ctx.params["debug"]:
                raise
            raise Defect(error) from error


@contextmanager
def _stopped_from_outside() -> Iterator[None]:
    """Ctrl-C and a reader that went away end the program as they end others: 128 plus the signal.

    Without this, click would exit with 1, which here means a check that failed.
    """
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        raise click.exceptions.Exit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        raise click.exceptions.Exit(141) from None


def _message(error: SymntkError | OSError | MemoryError) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or "there is not enough memory"


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="symntk")
def main(debug: bool) -> None:
    """Derive, explain and compile neural tangent kernels.

    \b
    Start with
        symntk list models                            the networks there are
        symntk derive mlp --act relu --format text    a derivation, step by step
        symntk check mlp --act relu                   against finite networks
        symntk features bow --act relu                what is learnt from a text
        symntk flow bow --act relu --data FILE.csv    how it is learnt
    `symntk COMMAND --help` explains a command, `symntk COMMAND MODEL --help` a
    model and its options.

    Exit codes: 0 done, 1 a check that failed, 2 a wrong call, 3 a defect of
    symntk itself, 130 interrupted.
    """
