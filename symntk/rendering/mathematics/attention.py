"""Weights of attention and their moments as layouts."""

from __future__ import annotations

import sympy as sp

from symntk.gaussian.softmax import MU, MU2, SoftmaxMoment, SoftmaxTangent
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Fence,
    Layout,
    Scripts,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed
from symntk.rendering.mathematics.positions import PositionTypesetter, with_index

LOGITS = Atom("ℓ")
_PARTIAL = Atom("∂")


class AttentionTypesetter(PositionTypesetter):
    """a_{t,r}, and the moments of softmaxes of Gaussian logits l and l'."""

    def _print_weight(self, expr: Kernel) -> Layout:
        """A weight of attention, a_{t,r}."""
        places = [self.index(side, expr.site == "bb") for side in (expr.left, expr.right)]
        return with_index(self.attention_letter(expr), separated(places))

    def attention_letter(self, expr: Kernel) -> Layout:
        """The letter of an attention's weights or of their moments; of one of several numbered."""
        letter = self.profile.letters[expr.letter]
        number = self.attentions.get(expr.vector)
        return letter if number is None else Scripts(letter, above=Fence(number))

    def _print_attention(self, expr: Kernel) -> Layout:
        """A(t, r; t', r'), the moment of a_{t,r} and a'_{t',r'}."""
        letter = self.attention_letter(expr)
        return Apply(letter, Fence(self._arguments_of(expr))) if expr.site else letter

    _print_tangent = _print_attention

    def _print_SoftmaxMoment(self, expr: SoftmaxMoment) -> Layout:
        first, second = (
            self._softmax(key, second) for key, second in zip(expr.keys, (False, True), strict=True)
        )
        return Apply(Atom("E", "blackboard"), Fence(row(first, second), "[", "]"))

    def _print_SoftmaxTangent(self, expr: SoftmaxTangent) -> Layout:
        slopes = [
            row(Scripts(_PARTIAL, below=self.index((key,), second)), self._softmax(line, second))
            for line, key, second in zip((MU, MU2), expr.keys, (False, True), strict=True)
        ]
        mean = Apply(Atom("E", "blackboard"), Fence(row(*slopes), "[", "]"))
        over = separated([self._print(MU), self._print(MU2)])
        weights = self._factor(expr.weights, False)
        return row(Scripts(Atom("∑", "operator"), below=over), weights, mean)

    def _softmax(self, key: sp.Expr, second: bool) -> Layout:
        sign = Scripts(Atom("softmax", "operator"), below=self.index((key,), second))
        return Apply(sign, Fence(primed(LOGITS) if second else LOGITS))

    def logit(self, key: sp.Expr, second: bool) -> Layout:
        """One of the logits at x, or at x'."""
        return with_index(primed(LOGITS) if second else LOGITS, self.index((key,), second))
