"""What an activation is: its function written once, and everything that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sympy import Expr, Symbol

from symntk.activations.printer import format_activation
from symntk.activations.properties import homogeneity, kinks
from symntk.errors import UsageError
from symntk.gaussian.exact import Exact
from symntk.gaussian.exact import exact as exact_number
from symntk.gaussian.parity import is_even, is_odd
from symntk.gaussian.symbols import x
from symntk.graph import Node, elementwise, is_call

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that an activation depends on.

    name: its keyword; symbol: how it stands in the function; default: its usual value, exact.
    shown: whether derivations keep the symbol while no value is given (the slope of a leaky ReLU)
    or put the default in at once (the scale of erf).
    """

    name: str
    symbol: Symbol
    default: Expr
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Activation:
    r"""A function phi of one variable, with its names.

    name: how the syntax calls it; template: phi in ``x`` and the parameters' symbols, exact;
    title: for readers; latex: the operator's name in LaTeX; values: parameters that were given.
    source: key of the work that introduced it, in ``symntk.sources``.
    """

    name: str
    template: Expr
    title: str
    latex: str = r"\phi"
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    source: str = ""
    values: tuple[tuple[str, Expr], ...] = field(default=())

    def configure(self, **values: Exact) -> Activation:
        """This activation with some parameters fixed: ``leaky_relu.configure(slope=alpha)``.

        A value is a number or a SymPy expression free of ``x``; a float means its shortest decimal.
        """
        known = {parameter.name for parameter in self.parameters}
        given = dict(self.values)
        for name, value in values.items():
            if name not in known:
                have = ", ".join(sorted(known)) or "none"
                raise UsageError(f"{self.name} has no parameter '{name}' (its parameters: {have})")
            given[name] = exact(value)
        return replace(self, values=tuple(sorted(given.items())))

    def __call__(self, node: Node) -> Node:
        """The function applied to each coordinate of a vector of a graph: ``relu(W @ x)``."""
        definition = "" if is_call(self.spec) else self.spec
        values = tuple(self.defaults.items())
        return elementwise(self.phi, (x,), (node,), self.spec, values, definition)

    @property
    def phi(self) -> Expr:
        """The function in ``x``; parameters that are shown and not given stay symbols."""
        return self._substituted(show=True)

    @property
    def concrete(self) -> Expr:
        """The function in ``x`` with every parameter at its given or default value."""
        return self._substituted(show=False)

    @property
    def defaults(self) -> dict[Symbol, Expr]:
        """Values of the parameters that are still symbols in ``phi``."""
        given = dict(self.values)
        return {
            parameter.symbol: parameter.default
            for parameter in self.parameters
            if parameter.shown and parameter.name not in given
        }

    @property
    def spec(self) -> str:
        """Text that ``activation`` reads back as this activation."""
        if not self.values:
            return self.name
        values = ", ".join(f"{name}={format_activation(value)}" for name, value in self.values)
        return f"{self.name}({values})"

    # what the parser asks for

    @property
    def is_family(self) -> bool:
        """An activation is one function: its unnamed argument is the variable."""
        return False

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Keywords that ``configure`` takes."""
        return tuple(parameter.name for parameter in self.parameters)

    def expression(self, positional: tuple[Expr, ...], keywords: Mapping[str, Expr]) -> Expr:
        """The function with the given parameters and the others at their defaults."""
        return self.configure(**keywords).concrete

    # what follows from the function, its parameters at their given or default values

    @property
    def is_odd(self) -> bool:
        """phi(-x) = -phi(x)."""
        return is_odd(self.concrete)

    @property
    def is_even(self) -> bool:
        """phi(-x) = phi(x)."""
        return is_even(self.concrete)

    @property
    def kinks(self) -> tuple[tuple[Expr, int], ...]:
        """Pairs (location, order): the derivative of that order is the first to jump there."""
        return kinks(self.concrete)

    @property
    def has_jump(self) -> bool:
        """Whether phi itself jumps, so that E[phi'(u) phi'(v)] is infinite at rho = +-1."""
        return any(order == 0 for _, order in self.kinks)

    @property
    def smoothness(self) -> int | None:
        """Number of continuous derivatives, -1 for a jump; None when there are no kinks."""
        return min((order - 1 for _, order in self.kinks), default=None)

    @property
    def homogeneity(self) -> int | None:
        """The degree k where phi(s x) = s^k phi(x) for every s > 0, or None."""
        return homogeneity(self.concrete)

    def _substituted(self, show: bool) -> Expr:
        given = dict(self.values)
        substitution = {
            parameter.symbol: given.get(parameter.name, parameter.default)
            for parameter in self.parameters
            if parameter.name in given or not (show and parameter.shown)
        }
        return self.template.subs(substitution, simultaneous=True)


def exact(value: Exact) -> Expr:
    """A SymPy number or expression; a float is the shortest decimal that prints as it."""
    if isinstance(value, Expr) and value.free_symbols:
        return value
    return exact_number(value)


def names(activations: Iterable[Activation]) -> dict[str, Activation]:
    """Every name and alias of the activations."""
    table: dict[str, Activation] = {}
    for entry in activations:
        for name in (entry.name, *entry.aliases):
            assert name not in table, f"two activations are called {name}"
            table[name] = entry
    return table
