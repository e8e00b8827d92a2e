"""The kernel of sequences as a plan: two functions made of loops, loads, assignments and stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sympy import Expr, Symbol

from symntk.emission.calls import IntegratedFunction
from symntk.emission.plan import Assign


@dataclass(frozen=True, slots=True)
class Load:
    """``symbol = text``, or ``default`` unless all ``conditions`` hold: nothing outside of an array
    is read.
    """

    symbol: Symbol
    text: str
    conditions: tuple[str, ...] = ()
    default: str = "0.0"


@dataclass(frozen=True, slots=True)
class Store:
    """``place = value``, a place in an array."""

    place: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Increase:
    """``target += value``."""

    target: Symbol
    value: Expr


@dataclass(frozen=True, slots=True)
class Allocate:
    """An array of zeros, of the given shape; or ``text``, which makes one."""

    name: str
    shape: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class For:
    """``body`` for ``index`` from 0 to ``count`` - 1, or backwards."""

    index: str
    count: str
    body: tuple[Item, ...]
    reverse: bool = False


Item: TypeAlias = Assign | Load | Store | Increase | Allocate | For


@dataclass(frozen=True, slots=True)
class Stored:
    """An array of one sample that its pairs need, with the lengths of its axes.

    table: the function whose Hermite coefficients stand in a table, one row for each distinct
    standard deviation; the array holds first the deviation, then the number of its row.
    """

    name: str
    shape: tuple[str, ...]
    table: str = ""


@dataclass(frozen=True, slots=True)
class SequenceInput:
    """An input: tokens, or vectors at ``rank`` axes of positions.

    name: the user's; stem: the identifier that its variables begin with.  lengths: names of the
    lengths of its axes; fixed: the lengths that the graph demands; dim: the width, None for any.
    """

    name: str
    stem: str
    is_tokens: bool
    lengths: tuple[str, ...]
    fixed: tuple[int | None, ...]
    dim: int | None

    @property
    def data(self) -> str:
        """The variable of the data: numbers of tokens, or rows of vectors."""
        return f"{self.stem}_{'ids' if self.is_tokens else 'rows'}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the lengths of a sample must satisfy: ``length`` positive."""

    length: str


@dataclass(frozen=True, slots=True)
class SequencePlan:
    """All that the source text says.

    constants: the module's constants with their values; mixture: the body of the function that
    puts other rows in the place of those of a sample, if there is one; stored: what a sample hands
    to its pairs; sample, pair: the bodies of the two functions; nngp, ntk: the results of a pair.
    """

    title: str
    formula: str
    equations: tuple[str, ...]
    notes: tuple[str, ...]
    constants: tuple[tuple[Symbol, Expr], ...]
    inputs: tuple[SequenceInput, ...]
    requirements: tuple[Requirement, ...]
    mixture: tuple[Item, ...]
    stored: tuple[Stored, ...]
    sample: tuple[Item, ...]
    pair: tuple[Item, ...]
    nngp: Expr
    ntk: Expr
    functions: tuple[IntegratedFunction, ...] = ()

    @property
    def tables(self) -> tuple[Stored, ...]:
        """The arrays that hold rows of tables."""
        return tuple(array for array in self.stored if array.table)
