r"""Kernels of vectors that are equal or orthogonal, all of one norm, as one-hot features are.

A kernel of such vectors has two values, Theta(x, x) and Theta(x, x') for x != x', and is

    Theta(x, x') = mu + rho [x = x'],    mu = Theta(x, x') for x != x',  rho = Theta(x, x) - mu.

Every covariance of the derivation has two values likewise; those of the input are |x|^2 / d and 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import sympy as sp

from symntk.decomposition.polynomials.expectations import Means, TooLong
from symntk.derivation import Derivation, Entry, Equation, Loop, Quantity, Statement, entries
from symntk.derivation.program import diagonal, needed
from symntk.gaussian import Expectation


class Pair(NamedTuple):
    """The values of a covariance at two equal inputs, and at two orthogonal ones."""

    equal: sp.Expr
    orthogonal: sp.Expr


@dataclass
class Orthogonal:
    """Evaluates a derivation's equations at orthogonal inputs of one norm.

    means: how expectations at covariance 0 are evaluated.
    is_open: whether covariances stay symbols, Sigma(x, x) and Sigma(x, x'), wherever they are used,
        and are not written out; those that are 0 are 0 all the same.
    equations: what the symbols are, in order.
    """

    derivation: Derivation
    means: Means = field(default_factory=Means)
    is_open: bool = False
    equations: list[sp.Eq] = field(default_factory=list)
    _known: dict[Quantity, Pair] = field(default_factory=dict)

    def output(self, name: str = "ntk") -> Pair:
        """The two values of an output: ``nngp``, ``ntk`` or ``ntk:W``.

        Raises TooLong where they are not open and have no reasonable size written out.
        """
        return self.evaluate((name,))[0]

    def evaluate(self, names: tuple[str, ...]) -> list[Pair]:
        """The two values of several outputs, see `output`; what they share is evaluated once."""
        targets = [self.derivation.outputs[name] for name in names]
        self.run(needed(self.derivation.program, set(targets)))
        return [self._known[target] for target in targets]

    def run(self, program: Iterable[Statement]) -> None:
        """Evaluate the equations of a program, which are in the order of dependence."""
        for line in program:
            if isinstance(line, Equation):
                self._state(line.target, line.value)
            elif self.is_open:
                assert isinstance(line, Loop)
                self._repeat(line)
            else:
                assert isinstance(line, Loop)
                self._unroll(line)

    def _state(self, target: Quantity, value: sp.Expr) -> None:
        """``target`` is ``value``, from here on."""
        pair = self.pair(value)
        if self.is_open:
            shown = self._symbols(target, pair)
            self.equations += [
                sp.Eq(left, right, evaluate=False)
                for left, right in zip(shown, pair, strict=True)
                if left != 0
            ]
            pair = shown
        self._known[target] = pair

    @staticmethod
    def _symbols(target: Quantity, pair: Pair) -> Pair:
        return Pair(target.at("aa"), sp.S.Zero if pair.orthogonal == 0 else target.at("ab"))

    def _unroll(self, loop: Loop) -> None:
        if not isinstance(loop.times, sp.Integer):
            raise TooLong
        self._hand_over({carry.inner: carry.start for carry in loop.carries})
        for _ in range(int(loop.times)):
            self.run(loop.body)
            self._hand_over({carry.inner: carry.next for carry in loop.carries})
        self._known |= {carry.result: self._known[carry.inner] for carry in loop.carries}

    def _hand_over(self, values: dict[Quantity, sp.Expr]) -> None:
        """All at once: each value is one of the block before."""
        self._known |= {inner: self.pair(value) for inner, value in values.items()}

    def _repeat(self, loop: Loop) -> None:
        """The block once, in terms of what it is handed.

        What is 0 before the first block, and 0 behind a block before which it was, is 0 in all.
        """
        equations = len(self.equations)
        starts = {carry.inner: self.pair(carry.start) for carry in loop.carries}
        inner = {target: self._symbols(target, pair) for target, pair in starts.items()}
        while True:
            self._known |= inner
            del self.equations[equations:]
            self._state_all({carry.inner: starts[carry.inner] for carry in loop.carries})
            self.run(loop.body)
            after = {carry.inner: self.pair(carry.next) for carry in loop.carries}
            grown = {
                target: self._symbols(target, pair)
                for target, pair in after.items()
                if pair.orthogonal != 0 == inner[target].orthogonal
            }
            if not grown:
                break
            inner |= grown
        for carry in loop.carries:
            pair = Pair(after[carry.inner].equal, inner[carry.inner].orthogonal)
            self._known[carry.result] = self._symbols(carry.result, pair)
        self._state_all({carry.result: after[carry.inner] for carry in loop.carries})

    def _state_all(self, values: dict[Quantity, Pair]) -> None:
        for target, pair in values.items():
            for left, right in zip(self._known[target], pair, strict=True):
                if left != 0:
                    self.equations.append(sp.Eq(left, right, evaluate=False))

    def pair(self, value: sp.Expr) -> Pair:
        """The two values of an expression in what was evaluated before."""
        return Pair(self._value(diagonal(value)), self._value(value))

    def _value(self, expression: sp.Expr) -> sp.Expr:
        known = {entry: self._entry(entry) for entry in entries(expression)}
        for expectation in expression.atoms(Expectation):
            law = (part.xreplace(known) for part in expectation.law)
            closed = Expectation(expectation.integrand, *law)
            known[expectation] = self.means(closed, self.derivation.moments)
        return expression.xreplace(known)

    def _entry(self, entry: Entry) -> sp.Expr:
        """A covariance's value; (x', x') is as (x, x), and (x', x) as (x, x')."""
        is_equal = entry.site in ("aa", "bb")
        pair = self._known.get(entry.quantity)
        if pair is None:
            return entry.quantity.at("aa") if is_equal else sp.S.Zero
        return pair.equal if is_equal else pair.orthogonal
