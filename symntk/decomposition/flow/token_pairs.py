"""Kernels that are sums over pairs of tokens, each by itself, however deep the network is.

    kernel(x, x') = sum_{t, t'} F([x_t = x'_t'])

F has two values, which follow from those of every covariance at a match and without one, as for
orthogonal vectors (`symntk.decomposition.flow.orthogonal`).
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symntk.decomposition.flow.orthogonal import Orthogonal
from symntk.decomposition.polynomials.expectations import Means
from symntk.decomposition.polynomials.summands import NotWindows, summands
from symntk.decomposition.windows.blocks import Pattern
from symntk.decomposition.windows.window_sums import WindowSum, without_lengths
from symntk.derivation import (
    Derivation,
    Equation,
    Loop,
    Quantity,
    Statement,
    entries,
    needed,
    walk,
)
from symntk.graph.positions import Bracket, Length, indices


def token_pairs(
    derivation: Derivation, means: Means | None = None, outputs: tuple[str, ...] = ("ntk",)
) -> tuple[WindowSum, tuple[sp.Eq, ...]]:
    """The coefficients of the sum of outputs in symbols of covariances, and what these are.

    A covariance at a match is that of one position, Sigma(x[t], x[t]), without a match it is that
    of two documents, Sigma(x[t], x'[t']).

    Raises NotWindows where a position of the network sees others.
    """
    targets = [derivation.outputs[name] for name in outputs]
    program = tuple(_at_positions(needed(derivation.program, set(targets))))
    values = {line.target: line.value for line in walk(derivation.program)}
    parts = [part for target in targets for part in summands(values, target)]
    known = {line.target for line in walk(program)} | set(_carried(program))
    for expression in (*(line.value for line in walk(program)), *(part.body for part in parts)):
        _check(expression, known)
    pairs = Orthogonal(derivation, means or Means(), is_open=True)
    pairs.run(program)
    once, shared, matching = sp.S.Zero, sp.S.Zero, sp.S.Zero
    averages = set()
    for part in parts:
        coefficient, is_mean = without_lengths(part.coefficient)
        averages.add(is_mean)
        if part.body is None:
            once += coefficient
            continue
        pair = pairs.pair(part.body)
        shared += coefficient * pair.orthogonal
        matching += coefficient * (pair.equal - pair.orthogonal)
    if len(averages) > 1:
        raise NotWindows("some terms are means over positions, and some are sums")
    coefficients: dict[Pattern | None, sp.Expr] = {
        frozenset(): shared,
        frozenset([(0, 0)]): matching,
    }
    if once != 0:
        coefficients[None] = once
    return WindowSum(coefficients, 1, averages == {True}, False, False), tuple(pairs.equations)


def _at_positions(program: tuple[Statement, ...]) -> Iterator[Statement]:
    """The equations about pairs of positions, blocks of them included."""
    for line in program:
        first = next(iter(walk((line,))))
        if first.target.ranks == (1, 1) and not (
            isinstance(line, Equation) and line.value.has(sp.Sum)
        ):
            yield line


def _carried(program: tuple[Statement, ...]) -> Iterator[Quantity]:
    for line in program:
        if isinstance(line, Loop):
            for carry in line.carries:
                yield from (carry.inner, carry.result)
            yield from _carried(line.body)


def _check(expression: sp.Expr | None, known: set[Quantity]) -> None:
    """NotWindows unless an expression is about the positions t and t' alone."""
    if expression is None:
        return
    own = {*indices(1), *indices(1, True)}
    if expression.atoms(sp.Sum, Bracket, Length):
        raise NotWindows("a position sees others")
    for entry in entries(expression):
        quantity = entry.quantity
        is_own = {*entry.left, *entry.right} <= own
        if not is_own or (quantity.kind != "match" and quantity not in known):
            raise NotWindows(f"{quantity} is about more than a pair of tokens")
