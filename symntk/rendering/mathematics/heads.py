"""Moments of the weights of many heads at numbered positions, as layouts."""

from __future__ import annotations

import sympy as sp

from symntk.decomposition.polynomials.heads import HeadMoment, HeadTangent, common_factor
from symntk.rendering.mathematics.attention import AttentionTypesetter
from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Fence,
    Layout,
    Matrix,
    Scripts,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed

_WEIGHT, _PARTIAL = Atom("a"), Atom("∂")


class HeadTypesetter(AttentionTypesetter):
    """E[a_j a'_j'; q (L, L', C)], the covariances of the logits behind the semicolon."""

    def _print_HeadMoment(self, expr: HeadMoment) -> Layout:
        j, other, *laws = expr.args
        first = Scripts(_WEIGHT, below=_number(j, False))
        second = Scripts(primed(_WEIGHT), below=_number(other, True))
        return self._of_heads(row(first, second), laws)

    def _print_HeadTangent(self, expr: HeadTangent) -> Layout:
        """E[(d_j a)^T W d_j' a'; q (L, L', C)]."""
        j, other, *laws, weights = expr.args
        first = row(Scripts(_PARTIAL, below=_number(j, False)), _WEIGHT)
        second = row(Scripts(_PARTIAL, below=_number(other, True)), primed(_WEIGHT))
        turned = Scripts(Fence(first), above=Atom("⊤"))
        return self._of_heads(row(turned, self._bare(weights), second), laws)

    def _of_heads(self, inside: Layout, laws: list[sp.Basic]) -> Layout:
        factors, parts = zip(*map(common_factor, laws), strict=True)
        if len(set(factors)) == 1:
            law = row(
                self._factor(factors[0], False), Fence(separated(list(map(self._bare, parts))))
            )
        else:
            law = separated([self._bare(part) for part in laws])
        mean = Fence(row(inside, Atom(";", "punctuation"), law), "[", "]")
        return Apply(Atom("E", "blackboard"), mean)

    def _bare(self, matrix: sp.MatrixBase) -> Layout:
        """A matrix; I and diag where it is one of these."""
        if matrix == sp.eye(matrix.rows):
            return Atom("I", "upright")
        if matrix.is_diagonal():
            diagonal = [self._print(matrix[n, n]) for n in range(matrix.rows)]
            return Apply(Atom("diag", "operator"), Fence(separated(diagonal)))
        return Matrix(tuple(tuple(self._print(e) for e in line) for line in matrix.tolist()))


def _number(place: sp.Expr, second: bool) -> Layout:
    """A position, counted from 1."""
    number = Atom(str(int(place) + 1), "number")
    return primed(number) if second else number
