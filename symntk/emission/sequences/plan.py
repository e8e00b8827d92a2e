"""The kernel of sequences as a plan: two functions made of loops, loads, assignments and stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sympy import Expr, Symbol

from symntk.emission.calls import IntegratedFunction
from symntk.emission.plan import Assign


@dataclass(frozen=True, slots=True)
class OfSample:
    """A number of one sample at the position of the loop; of x' if ``second``.

    table: whether the number is that of a row of coefficients, which is what is meant.
    """

    array: str
    second: bool
    table: bool = False


@dataclass(frozen=True, slots=True)
class OfPair:
    """An entry of arrays over pairs of positions, c or the gaps g and s, at ``left`` and ``right``.

    sizes: the lengths of the axes of x and of x'.  No arrays: whether the tokens are the same.
    """

    arrays: tuple[str, ...]
    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    sizes: tuple[tuple[Expr, ...], tuple[Expr, ...]]


@dataclass(frozen=True, slots=True)
class Load:
    """``symbol = text``, or ``default`` unless all ``conditions`` hold: nothing outside of an array
    is read.

    source: the same in parts, for code that reads a whole row of positions; None where none does.
    """

    symbol: Symbol
    text: str
    conditions: tuple[str, ...] = ()
    default: str = "0.0"
    source: OfSample | OfPair | None = None


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
    """An array of the given shape; or ``text``, which makes one, or without a name fills one."""

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


Kind: TypeAlias = Literal[
    "own",
    "other",
    "own table",
    "table",
    "pair",
    "total",
    "scratch",
    "exists",
    "own along",
    "columns",
    "column",
]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a stage is told: ``kind`` says how the code around it finds it in ``array``.

    own: the number of x at its position; other: the row of numbers of x'; own table, table: the
    row of coefficients of x, and the table of those of x'; pair: the row of an array over pairs of
    positions, ``shift`` positions away; total: the row of a sum; scratch: a row of memory; exists:
    the row that tells which samples of x' have such a position; own along, columns, column: what
    `Along` has for x, for positions of x', and the first of these that is meant.
    """

    kind: Kind
    array: str
    shift: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Along:
    """An expectation that is computed along a table.

    name: of what pairs need, which ``routine`` makes from the deviations in ``array``.
    """

    name: str
    routine: str
    array: str


@dataclass(frozen=True, slots=True)
class Call:
    """``routine`` fills in the row ``target``, along a table or by quadrature.

    along: the name of what it needs; arguments: g and s, the deviations, the numbers of their rows,
    and what else it takes.
    """

    routine: str
    along: str
    arguments: tuple[str, ...]
    target: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that it is given."""
        return (
            *self.arguments,
            self.target,
            f"{self.along}_own",
            f"{self.along}_columns",
            "column",
        )


@dataclass(frozen=True, slots=True)
class Loop:
    """Straight-line code for each position of a row.

    reads: variables and the text that they are read by; writes: variables and the rows that get
    them; sums: the rows of sums and the terms that are added to them; calls: what is done before.
    """

    reads: tuple[tuple[Symbol, str], ...]
    lines: tuple[Assign, ...]
    writes: tuple[tuple[Symbol, str], ...]
    sums: tuple[tuple[str, Symbol], ...]
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One position of x with a row of positions of x'.

    titles: the quantities that it computes; sizes: how far the positions of x run, backwards if
    ``reverse``; before: lines of x alone.
    """

    titles: tuple[str, ...]
    sizes: tuple[str, ...]
    reverse: bool
    parameters: Mapping[str, Parameter]
    before: tuple[Assign, ...]
    loops: tuple[Loop, ...]

    @property
    def title(self) -> str:
        """What it computes, in words; sums have no more than a name."""
        named = [title for title in self.titles if not title.startswith("sum")]
        return ", ".join(named) or "Sums"


@dataclass(frozen=True, slots=True)
class Pick:
    """An entry that is needed at one pair of positions."""

    name: str
    array: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over all pairs of positions; sizes: how far those of x' run."""

    name: str
    sizes: tuple[str, ...]


Alignment: TypeAlias = Literal["", "first", "last"]


@dataclass(frozen=True, slots=True)
class LanePlan:
    """The pairs of positions in rows, stage after stage.

    given: the arrays that the covariances of vectors go into, c or the gaps g and s; pairs: all
    arrays over pairs of positions; reach: how far from its own position an entry is
    read, along each axis; scratch: rows of memory; results: lines for each pair of samples;
    aligned: whether only pairs of positions as far from the first, or from the last ones of x and
    x' matter; along: expectations along tables.
    """

    given: tuple[str, ...]
    stages: tuple[Stage, ...]
    pairs: tuple[str, ...]
    totals: tuple[Total, ...]
    picks: tuple[Pick, ...]
    reach: tuple[int, ...]
    scratch: int
    results: tuple[Assign | Load, ...]
    aligned: Alignment = ""
    along: tuple[Along, ...] = ()


@dataclass(frozen=True, slots=True)
class SequencePlan:
    """All that the source text says.

    constants: the module's constants with their values; mixture: the body of the function that
    puts other rows in the place of those of a sample, if there is one; stored: what a sample hands
    to its pairs; sample, pair: the bodies of the two functions; nngp, ntk: the results of a pair.
    lanes: instead of ``pair``, the plan of many pairs at a time.
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
    lanes: LanePlan | None = None

    @property
    def tables(self) -> tuple[Stored, ...]:
        """The arrays that hold rows of tables."""
        return tuple(array for array in self.stored if array.table)
