"""What a derivation's program says, in the symbols of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symntk.graph import Node
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import Layout
from symntk.trace import Step


@dataclass(frozen=True, slots=True)
class Statement:
    """``left`` = ``right``, as derived by ``steps``; for all layers of ``span`` if there is one.

    ``span`` is (index, first, last): the equation holds for index = first, ..., last.
    """

    left: Kernel
    right: sp.Expr
    steps: tuple[Step, ...]
    span: tuple[sp.Symbol, sp.Expr, sp.Expr] | None = None


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
    """

    vectors: Mapping[Node, Vector]
    forward: tuple[Statement, ...]
    backward: tuple[Statement, ...]
    parts: tuple[Statement, ...]
    total: tuple[Statement, ...]
    outputs: tuple[Kernel, Kernel]
    layered: bool = False
    span: tuple[sp.Symbol, sp.Expr, sp.Expr] | None = None
