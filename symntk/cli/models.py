"""The MODEL argument and the options that shape it, shared by every command.

MODEL is the name of a model of the zoo, a YAML or JSON file, or ``module:function`` for a function
of the user's own that returns a graph.  The user's module is imported only when MODEL is written
in that form.  What options there are depends on MODEL: they are its function's keywords.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import wraps
from importlib import import_module
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from symntk.cli.keywords import PREFIX, Builder, switch, union
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.derivation import Derivation
    from symntk.graph import Graph, Parametrization

FILE_SUFFIXES = (".yaml", ".yml", ".json")
_BUILDER = "symntk.model"
"""Where the context of a call keeps the function that MODEL stands for."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What the command line says about the model."""

    model: str
    builder: Builder | None
    arguments: Mapping[str, object]
    parametrization: Parametrization | None
    freeze: tuple[str, ...]

    @property
    def act(self) -> str:
        """The activation; "" where MODEL is a file, or has none."""
        parameter = None if self.builder is None else self.builder.parameters.get("act")
        default = "" if parameter is None else parameter.default
        return str(self.arguments.get("act", default))

    def with_act(self, act: str) -> ModelChoice:
        """The same with another activation."""
        return replace(self, arguments={**self.arguments, "act": act})

    def graph(self) -> Graph:
        """The graph that MODEL stands for."""
        from symntk.graph import Graph

        if self.builder is None:
            from symntk.importers import load

            if self.arguments:
                raise UsageError(_fixed(self.model, ", ".join(map(switch, self.arguments))))
            return load(self.model)
        graph: object = self.builder.function(**self.arguments)
        if not isinstance(graph, Graph):
            raise UsageError(
                f"{self.model} must return a symntk graph, not a {type(graph).__name__}"
            )
        return graph

    def derivation(self, graph: Graph | None = None) -> Derivation:
        """The derivation of its kernel, ``graph`` being the graph if it is there already."""
        from symntk.derivation import derive

        chosen = self.graph() if graph is None else graph
        return derive(chosen, parametrization=self.parametrization, frozen=self.freeze)


class ModelCommand(click.Command):
    """A command whose first argument is a MODEL, with the options that this MODEL has."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find MODEL, then read ``args`` with its options."""
        name = self._model(ctx, args)
        ctx.meta[_BUILDER] = builder = None if name is None else find_builder(name)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if name is None:
                raise
            raise click.UsageError(_unknown(name, builder, error), ctx) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, and the options of MODEL once it is known."""
        own = super().get_params(ctx)
        taken = {option for parameter in own for option in parameter.opts}
        options = _options_of(ctx.meta.get(_BUILDER))
        return [*own, *(option for option in options if not taken & set(option.opts))]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of MODEL, or how to see them, and those of the command."""
        builder: Builder | None = ctx.meta.get(_BUILDER)
        if builder is not None:
            with formatter.section(f"Options of {builder.name}"):
                formatter.write_dl(_records(_options_of(builder), ctx))
        for title, parameters in self.sections(super().get_params(ctx)):
            with formatter.section(title):
                formatter.write_dl(_records(parameters, ctx))
        if builder is not None:
            return
        with formatter.section("Options of the model"):
            formatter.write_text(
                "Each model has its own, such as --act, --depth and --w-std; "
                f"`symntk {self.name} cnn --help` explains those of cnn. Models are "
                f"{', '.join(zoo())}."
            )

    def sections(
        self, own: Sequence[click.Parameter]
    ) -> Iterable[tuple[str, Sequence[click.Parameter]]]:
        """The command's own parameters under the headings that they have in its help."""
        return [(f"Options of {self.name}", own)]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the command does; with MODEL, its definition instead."""
        builder: Builder | None = ctx.meta.get(_BUILDER)
        if builder is None or not builder.definition:
            super().format_help_text(ctx, formatter)
            return
        for block in builder.definition.split("\n\n"):
            lines = block.splitlines()
            if not block.startswith(" "):
                lines = wrap(" ".join(lines), 76, break_long_words=False)
            formatter.write_paragraph()
            formatter.write("".join(f"  {line}\n" for line in lines))
        formatter.write_paragraph()
        formatter.write(f"  `symntk {self.name} --help` explains the command itself.\n")

    def _model(self, ctx: click.Context, args: list[str]) -> str | None:
        """MODEL, wherever it stands among options that may be those of any model."""
        finder = click.Context(
            self, parent=ctx.parent, info_name=ctx.info_name, resilient_parsing=True
        )
        parser = self.make_parser(finder)
        parser.ignore_unknown_options = True
        for option in union(zoo().values()):
            option.add_to_parser(parser, finder)
        found, _, _ = parser.parse_args([*args, ""])  # in case that a last option lacks its value
        name = found.get("model")
        return name if isinstance(name, str) and name and not name.startswith("-") else None


def zoo() -> dict[str, Builder]:
    """The models that are known by a name."""
    from symntk.zoo import MODELS

    return {name: Builder(name, function) for name, function in MODELS.items()}


def find_builder(name: str) -> Builder | None:
    """The function that MODEL stands for; None for a file.  UsageError where there is none."""
    if name.endswith(FILE_SUFFIXES):
        return None
    if ":" in name:
        return Builder(name, _own_function(name))
    known = zoo()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)},"
        raise UsageError(
            f"there is no model {name!r}: {hint} or give a .yaml or .json file, or module:function"
        )
    return known[name]


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` MODEL and its options, as one `ModelChoice` in its first argument."""
    return _with_model(command, required=True)


def optional_model(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that may do without; its first argument is then None."""
    return _with_model(command, required=False)


def _with_model(command: Callable[..., Any], required: bool) -> Callable[..., Any]:
    @wraps(command)
    def gathered(**options: Any) -> Any:
        keywords = {name: options.pop(name) for name in list(options) if name.startswith(PREFIX)}
        model = options.pop("model")
        if model is None:
            if options.pop("parametrization") is not None or options.pop("freeze"):
                raise UsageError("--parametrization and --freeze stand behind a model")
            return command(None, **options)
        choice = ModelChoice(
            model,
            click.get_current_context().meta[_BUILDER],
            {k.removeprefix(PREFIX): value for k, value in keywords.items() if value is not None},
            options.pop("parametrization"),
            options.pop("freeze"),
        )
        return command(choice, **options)

    for decorate in reversed((click.argument("model", required=required), *_OPTIONS)):
        gathered = decorate(gathered)
    return gathered


_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option(
        "--parametrization",
        metavar="P",
        type=click.Choice(["ntk", "standard"]),
        help="Of every weight, ntk or standard; without it each keeps its own.",
    ),
    click.option(
        "--freeze", metavar="W", multiple=True, help="Do not train weight W; may be repeated."
    ),
)


def _options_of(builder: Builder | None) -> list[click.Option]:
    if builder is None:
        return []
    more = union(zoo().values()) if builder.takes_any else []
    known = {option.name for option in builder.options}
    return [*builder.options, *(option for option in more if option.name not in known)]


def _records(parameters: Iterable[click.Parameter], ctx: click.Context) -> list[tuple[str, str]]:
    options = (found for found in parameters if isinstance(found, click.Option))
    records = (option.get_help_record(ctx) for option in options)
    return [record for record in records if record is not None]


def _fixed(name: str, options: str) -> str:
    return f"{name} already says what the model is: change the file, leave {options}"


def _unknown(name: str, builder: Builder | None, error: click.NoSuchOption) -> str:
    if builder is None:
        return _fixed(name, error.option_name)
    known = ", ".join(option.opts[0] for option in _options_of(builder)) or "no options"
    close = f" (did you mean {error.possibilities[0]}?)" if error.possibilities else ""
    return f"{name} does not take {error.option_name}{close}: it takes {known}"


def _own_function(name: str) -> Callable[..., Any]:
    module_name, _, function_name = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if not f"{module_name}.".startswith(f"{error.name}."):  # one that the module itself needs
            raise
        raise UsageError(
            f"{name}: there is no module {module_name!r} here or on Python's path"
        ) from None
    function: Any = getattr(module, function_name, None)
    if not callable(function):
        raise UsageError(f"{name}: {module_name} has no function {function_name!r}")
    found: Callable[..., Any] = function
    return found
