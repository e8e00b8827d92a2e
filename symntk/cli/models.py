"""The MODEL argument and the options that shape it, shared by every command.

MODEL is the name of a model of the zoo, a YAML or JSON file, or ``module:function`` for a function
of the user's own that returns a graph.  The user's module is imported only when MODEL is written
in that form.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symntk.errors import SymntkError, UsageError

if TYPE_CHECKING:
    import sympy as sp

    from symntk.derivation import Derivation
    from symntk.graph import Graph, Parametrization

FILE_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What the command line says about the model; None where it says nothing."""

    model: str
    act: str | None
    depth: int | str | None
    w_std: sp.Expr | None
    b_std: sp.Expr | None
    v_std: sp.Expr | None
    parametrization: Parametrization | None
    freeze: tuple[str, ...]

    @property
    def arguments(self) -> dict[str, object]:
        """Keyword arguments for the function that builds the graph: those that were given."""
        given = {name: getattr(self, name) for name in ("act", "depth", "w_std", "b_std", "v_std")}
        return {name: value for name, value in given.items() if value is not None}

    def graph(self) -> Graph:
        """The graph that MODEL stands for."""
        if self.model.endswith(FILE_SUFFIXES):
            return _read(self.model, self.arguments)
        if ":" in self.model:
            return _call(self.model, self.arguments)
        return _build(self.model, self.arguments)

    def derivation(self) -> Derivation:
        """The derivation of its kernel."""
        from symntk.derivation import derive

        return derive(self.graph(), parametrization=self.parametrization, frozen=self.freeze)


class Depth(click.ParamType[Any]):
    """A number of hidden layers, or a letter for any number of them."""

    name = "depth"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """An int, or the name of a symbol."""
        text = str(value)
        if text.isdecimal() and int(text) > 0:
            return int(text)
        if text.isidentifier():
            return text
        self.fail(f"{text!r} is neither a positive whole number nor a letter", param, ctx)


class Exact(click.ParamType[Any]):
    """A number, read exactly: ``1.5``, ``3/2``, ``sqrt(2)``."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> sp.Expr:
        """A SymPy number."""
        from symntk.activations import parse_activation

        try:
            number = parse_activation(str(value))
        except SymntkError as error:
            self.fail(str(error), param, ctx)
        if number.free_symbols:
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` MODEL and its options, as one `ModelChoice` in its first argument."""
    names = [field.name for field in fields(ModelChoice)]

    @wraps(command)
    def gathered(**options: Any) -> Any:
        return command(ModelChoice(**{name: options.pop(name) for name in names}), **options)

    for decorate in reversed(_OPTIONS):
        gathered = decorate(gathered)
    return gathered


_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.argument("model"),
    click.option(
        "--act",
        metavar="A",
        help="Activation: a name of `symntk list activations`, or a formula in x such as "
        "'x*tanh(x)' or 'max(0,x)**2'.",
    ),
    click.option(
        "--depth", metavar="N|L", type=Depth(), help="Hidden layers; a letter leaves it open."
    ),
    click.option("--w-std", metavar="S", type=Exact(), help="Standard deviation of the weights."),
    click.option("--b-std", metavar="S", type=Exact(), help="Standard deviation of the biases."),
    click.option("--v-std", metavar="S", type=Exact(), help="Standard deviation of the readout."),
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


def _read(name: str, arguments: Mapping[str, object]) -> Graph:
    from symntk.importers import load

    if arguments:
        options = ", ".join(map(_option, arguments))
        raise UsageError(f"{name} already says what the model is: change the file, leave {options}")
    return load(name)


def _call(name: str, arguments: Mapping[str, object]) -> Graph:
    from symntk.graph import Graph

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
    function = getattr(module, function_name, None)
    if not callable(function):
        raise UsageError(f"{name}: {module_name} has no function {function_name!r}")
    graph: object = _apply(name, function, arguments)
    if not isinstance(graph, Graph):
        raise UsageError(f"{name} must return a symntk graph, not a {type(graph).__name__}")
    return graph


def _build(name: str, arguments: Mapping[str, object]) -> Graph:
    from symntk.zoo import MODELS

    if name not in MODELS:
        close = get_close_matches(name, MODELS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(MODELS)},"
        raise UsageError(
            f"there is no model {name!r}: {hint} or give a .yaml or .json file, or module:function"
        )
    graph: Graph = _apply(name, MODELS[name], arguments)
    return graph


def _apply(name: str, function: Callable[..., Any], arguments: Mapping[str, object]) -> Any:
    parameters = inspect.signature(function).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        for unknown in arguments.keys() - parameters.keys():
            known = ", ".join(map(_option, parameters)) or "no options"
            raise UsageError(f"{name} does not take {_option(unknown)}: it takes {known}")
    return function(**arguments)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
