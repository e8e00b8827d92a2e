"""Command-line options made from the keywords of a function that builds a graph.

The types are those of its annotations, the help is that of its docstring, where each keyword has a
line ``name: text``; so that a new model, or a function of the user's own, needs nothing here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args, get_type_hints

import click

from symntk.cli.values import DEPTH, EXACT, FLOAT

PREFIX = "model_"
"""Of the names under which click keeps these options, apart from those of the command."""


@dataclass(frozen=True)
class Builder:
    """A function that builds a graph, as the command line sees it."""

    name: str
    function: Callable[..., Any]

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Its keywords."""
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        found = inspect.signature(self.function).parameters
        return {name: parameter for name, parameter in found.items() if parameter.kind in kinds}

    @cached_property
    def takes_any(self) -> bool:
        """Whether it passes on keywords that it does not name."""
        kinds = {found.kind for found in inspect.signature(self.function).parameters.values()}
        return inspect.Parameter.VAR_KEYWORD in kinds

    @property
    def options(self) -> list[click.Option]:
        """An option for each keyword of a type that can be written on a command line."""
        hints = _hints(self.function)
        found = (
            _option(parameter, hints.get(name), self.explanations.get(name, ""))
            for name, parameter in self.parameters.items()
        )
        return [option for option in found if option is not None]

    @property
    def usage(self) -> str:
        """Its options, each with the value that it has by default."""
        return "  ".join(map(self._usage, self.options))

    def _usage(self, option: click.Option) -> str:
        default = self.parameters[str(option.name).removeprefix(PREFIX)].default
        if option.is_flag:
            return f"[{option.opts[0]}]"
        if default is None:
            return f"[{option.opts[0]}={option.metavar}]"
        return f"{option.opts[0]}={default}"

    @cached_property
    def definition(self) -> str:
        """Its docstring before the keywords."""
        return "\n".join(_lines_before(_doc(self.function), self.parameters)).strip()

    @property
    def title(self) -> str:
        """The first line of its docstring."""
        return self.definition.partition("\n")[0].removesuffix(".")

    @cached_property
    def explanations(self) -> dict[str, str]:
        """What its docstring says about each keyword."""
        found: dict[str, str] = {}
        keyword = ""
        for line in _doc(self.function).splitlines():
            start = re.match(r"(\w+): (.*)", line)
            if start is not None and start[1] in self.parameters:
                keyword, found[start[1]] = start[1], start[2]
            elif keyword and line.startswith(" "):
                found[keyword] += " " + line.strip()
            else:
                keyword = ""
        return found


def switch(name: str) -> str:
    """The option of a keyword: ``--w-std`` for ``w_std``."""
    return "--" + name.replace("_", "-")


def _option(parameter: inspect.Parameter, hint: object, text: str) -> click.Option | None:
    default = None if parameter.default is parameter.empty else parameter.default
    if hint is None:
        hint = str if default is None else type(default)
    if hint is bool:
        name = switch(f"no_{parameter.name}" if default else parameter.name)
        text = f"Without {_small(text)}" if default else _sentence(text)
        return click.Option(
            [name, PREFIX + parameter.name], flag_value=not default, default=None, help=text
        )
    kind = option_type(hint)
    if kind is None:
        return None
    notes = ["|".join(kind.choices)] if isinstance(kind, click.Choice) else []
    notes += [] if default is None else [f"default: {default}"]
    return click.Option(
        [switch(parameter.name), PREFIX + parameter.name],
        type=kind,
        metavar=_METAVARS[type(kind)],
        required=parameter.default is parameter.empty,
        help="  ".join(filter(None, [_sentence(text), f"[{'; '.join(notes)}]" if notes else ""])),
    )


_METAVARS = {
    click.Choice: "WORD",
    type(DEPTH): "N|L",
    type(click.STRING): "TEXT",
    type(EXACT): "S",
    type(FLOAT): "S",
    type(click.INT): "N",
}
"""How values of each type are written in help."""


def option_type(hint: object) -> click.ParamType[Any] | None:
    """The type of the option of a keyword annotated so; None where no option can give it."""
    from symntk.zoo.keywords import choices

    words = choices(hint)
    if words:
        return click.Choice(words)
    types = {part.__name__ for part in get_args(hint) or (hint,) if isinstance(part, type)}
    if {"int", "str"} <= types:
        return DEPTH
    if "str" in types:
        return click.STRING
    if {"float", "Expr"} <= types:
        return EXACT
    if "float" in types:
        return FLOAT
    if "int" in types:
        return click.INT
    return None


def union(builders: Iterable[Builder]) -> list[click.Option]:
    """Every option of any of them, the first one of each name, with the words of all."""
    found: dict[str, click.Option] = {}
    for option in (option for builder in builders for option in builder.options):
        known = found.setdefault(option.opts[0], option)
        if isinstance(known.type, click.Choice) and isinstance(option.type, click.Choice):
            words = dict.fromkeys([*known.type.choices, *option.type.choices])
            known.type = click.Choice(list(words))
    return list(found.values())


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Its annotations; none where they name what only a type checker imports."""
    try:
        return get_type_hints(function)
    except NameError:
        return {}


def _doc(function: Callable[..., Any]) -> str:
    return inspect.getdoc(function) or ""


def _lines_before(text: str, keywords: Mapping[str, object]) -> Iterator[str]:
    for line in text.splitlines():
        start = re.match(r"(\w+): ", line)
        if start is not None and start[1] in keywords:
            return
        yield line


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
