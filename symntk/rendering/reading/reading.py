"""What a derivation's program says, in the symbols of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import sympy as sp

from symntk.derivation.program import Equation, Loop, Recurrence
from symntk.derivation.program import Statement as Line
from symntk.graph import Node
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import Layout
from symntk.trace import Step

Direction: TypeAlias = Literal["", "forwards", "backwards"]

OFFSETS = ("k", "l")
"""What the offsets within a window are called, if no vector is."""


@dataclass(frozen=True, slots=True)
class Statement:
    """``left`` = ``right``, as derived by ``steps``; for all layers of ``span`` if there is one.

    ``span`` is (index, first, last): the equation holds for index = first, ..., last.
    ``direction``: of a recursion over time, which way it is solved; else empty.
    """

    left: Kernel
    right: sp.Expr
    steps: tuple[Step, ...]
    span: tuple[sp.Symbol, sp.Expr, sp.Expr] | None = None
    direction: Direction = ""


def blocks(program: tuple[Line, ...]) -> tuple[Equation | Loop, ...]:
    """A program of equations and repeated blocks; these are never beside a loop over time."""
    found = tuple(line for line in program if not isinstance(line, Recurrence))
    if len(found) < len(program):
        raise NotImplementedError("a loop over time beside a repeated block")
    return found


@dataclass(frozen=True, slots=True)
class Vector:
    """How a vector is written, and the index of its layer or block, if it has one."""

    layout: Layout
    index: sp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The program by part.

    vectors: how each vector that an equation is about is written.
    forward: covariances of the vectors; backward: covariances of the gradients;
    parts: each parameter's part of the NTK; total: the NTK itself.
    layered: whether kernels have the index of a layer, as in a perceptron.
    depth: index of the output's layer, if there are layers.
    outputs: the kernels of the network, NNGP and NTK.
    rank: how many axes the positions have, 0 for vectors alone.
    is_extended: whether covariances are meant to be 0 beyond the ends of a sequence.
    is_circular: whether positions are meant modulo the length.
    ends: the last positions of the sequences that a recursion runs along, T and T'.
    offsets: what the offsets within a window are called.
    """

    vectors: Mapping[Node, Vector]
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    parts: tuple[Statement, ...]
    total: tuple[Statement, ...]
    outputs: tuple[Kernel, Kernel]
    layered: bool = False
    span: tuple[sp.Symbol, sp.Expr, sp.Expr] | None = None
    rank: int = 0
    is_extended: bool = False
    is_circular: bool = False
    offsets: tuple[str, str] = OFFSETS
    ends: tuple[sp.Expr, ...] = ()

    @property
    def has_positions(self) -> bool:
        """Whether vectors stand at positions of a sequence or a grid."""
        return self.rank > 0
