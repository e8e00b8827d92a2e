"""From the equations of a derivation to straight-line code for samples and pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sympy as sp
from sympy import Expr, Symbol

from symntk.derivation import Carry, Entry, Loop, Quantity, Statement, relocate
from symntk.derivation.program import FIRST, SWAPPED, Recurrence, Site
from symntk.emission.checks import check_symbols
from symntk.emission.forms import Form
from symntk.emission.gapped import gapped_quantities
from symntk.emission.raw import LAWS_IN_SEGMENT, Law, RawRepeat, Scope
from symntk.emission.scalars import Scalars
from symntk.emission.stable_moment import StableMoment
from symntk.errors import UsageError
from symntk.gaussian import Expectation


class Lowering(Scalars):
    """Lowers a program.

    values: the numbers of scale symbols; lengths: the input whose length a symbol is.
    pair_moment, single_moment: the stable form of an expectation.
    """

    def __init__(
        self,
        program: tuple[Statement, ...],
        values: Mapping[Symbol, Expr],
        lengths: Mapping[Symbol, str],
        pair_moment: Callable[[Expectation], StableMoment],
        single_moment: Callable[[Expectation], Expr],
    ) -> None:
        super().__init__(values, pair_moment, single_moment)
        self.lengths = {
            symbol: Symbol(self.names.unique(f"{name}_dim", symbol), positive=True)
            for symbol, name in lengths.items()
        }
        self.fixed |= self.lengths
        check_symbols(program, {*self.fixed})
        self.gapped = gapped_quantities(program)
        self.scopes = [Scope()]
        self.depth = 0
        self._run(program)
        self.scopes[0].close()

    # -- statements ------------------------------------------------------------------------------

    def _run(self, program: tuple[Statement, ...]) -> None:
        for statement in program:
            if isinstance(statement, Loop):
                self._loop(statement)
            elif isinstance(statement, Recurrence):
                raise TypeError("a recurrence over positions belongs to the backend for sequences")
            else:
                self._equation(statement.target, statement.value, str(statement.target))

    def _equation(self, target: Quantity, value: Expr, note: str) -> None:
        if target.kind in ("mean", "scale"):
            self._sample_line(self.names.sample(target), self.sample(value), note)
            return
        self._sample_line(self.names.sample(target), self.sample(relocate(value, FIRST)), note)
        if target in self.gapped:
            form = self.form(value)
            self._gap_lines(target, form, note)
            return
        self.pair_line(self.names.pair(target.at("ab")), self.pair(value), note)
        if target.kind != "Theta" and target.left != target.right:
            swapped = relocate(value, SWAPPED)
            self.pair_line(self.names.pair(target.at("ba")), self.pair(swapped), note)

    def _gap_lines(self, target: Quantity, form: Form, note: str) -> None:
        g, s = self.gap_symbols(target)
        self.pair_line(g, form.g, note)
        self.pair_line(s, form.s)
        self.pair_line(self.names.pair(target.at("ab")), (s - g) / 2)

    def gap_symbols(self, quantity: Quantity) -> tuple[Symbol, Symbol]:
        """The variables g and s of a covariance that is carried by its gaps."""
        base = self.names.base(quantity)
        return Symbol(f"{base}_g", nonnegative=True), Symbol(f"{base}_s", nonnegative=True)

    def _loop(self, loop: Loop) -> None:
        if not isinstance(loop.times, sp.Integer):
            raise UsageError(
                f"{loop.node} is repeated {loop.times} times: give the depth a number to compile"
            )
        for carry in loop.carries:
            self._equation(carry.inner, carry.start, f"{carry.inner} before the first block")
        outer = self.scopes[-1]
        outer.close()
        self.scopes.append(Scope())
        self.depth += 1
        self._refresh(loop.carries)
        self._run(loop.body)
        self._advance(loop.carries)
        self.depth -= 1
        body = self.scopes.pop()
        body.close()
        counter = "layer" if self.depth == 0 else f"layer{self.depth + 1}"
        repeat = RawRepeat(counter, int(loop.times), body.pairs, body.samples)
        outer.pairs.append(repeat)
        outer.samples.append(repeat)
        for carry in loop.carries:
            self._rename(carry.inner, carry.result)

    def _refresh(self, carries: tuple[Carry, ...]) -> None:
        """c from the carried gaps, at the head of the body."""
        for carry in carries:
            if carry.inner in self.gapped:
                g, s = self.gap_symbols(carry.inner)
                self.pair_line(self.names.pair(carry.inner.at("ab")), (s - g) / 2)

    def _advance(self, carries: tuple[Carry, ...]) -> None:
        """The carried variables of the next block, all computed before any is overwritten."""
        updates: list[tuple[Symbol, Symbol]] = []
        sample_updates: list[tuple[Symbol, Symbol]] = []

        def pair_update(old: Symbol, value: Expr, note: str = "") -> None:
            new = Symbol(f"{old.name}_next", **old.assumptions0)
            self.pair_line(new, value, note)
            updates.append((old, new))

        for carry in carries:
            note = f"{carry.inner} for the next block"
            old = self.names.sample(carry.inner)
            new = Symbol(f"{old.name}_next", **old.assumptions0)
            self._sample_line(new, self.sample(relocate(carry.next, FIRST)), note)
            sample_updates.append((old, new))
            if carry.inner in self.gapped:
                form = self.form(carry.next)
                g, s = self.gap_symbols(carry.inner)
                pair_update(g, form.g, note)
                pair_update(s, form.s)
            else:
                pair_update(self.names.pair(carry.inner.at("ab")), self.pair(carry.next), note)
        scope = self.scopes[-1]
        scope.segment.lines += [(old, new, "") for old, new in updates]
        scope.close()
        scope.samples += [(old, new, "") for old, new in sample_updates]

    def _rename(self, inner: Quantity, result: Quantity) -> None:
        note = f"{result} after the last block"
        self._sample_line(self.names.sample(result), self.names.sample(inner), note)
        if inner in self.gapped:
            for new, old in zip(self.gap_symbols(result), self.gap_symbols(inner), strict=True):
                self.pair_line(new, old, note)
            g, s = self.gap_symbols(result)
            self.pair_line(self.names.pair(result.at("ab")), (s - g) / 2)
        else:
            target = self.names.pair(result.at("ab"))
            self.pair_line(target, self.names.pair(inner.at("ab")), note)

    def pair_line(self, target: Symbol, value: Expr, note: str = "") -> None:
        """Appends to the current segment."""
        self.scopes[-1].segment.lines.append((target, value, note))

    def _sample_line(self, target: Symbol, value: Expr, note: str = "") -> None:
        self.scopes[-1].samples.append((target, value, note))

    # -- variables -------------------------------------------------------------------------------

    def own(self, entry: Entry) -> Symbol:
        """One variable for each quantity."""
        return self.names.sample(entry.quantity)

    def between(self, entry: Entry) -> Symbol:
        """One variable for each quantity and site."""
        return self.names.pair(entry)

    def gaps_of(self, entry: Entry) -> tuple[Symbol, Symbol]:
        """The gaps of the quantity."""
        return self.gap_symbols(entry.quantity)

    def at_one(self, expression: Expr, sites: Mapping[Site, Site] = FIRST) -> Expr:
        """The inputs made equal; an expectation keeps its two variables."""
        return relocate(expression, dict(sites))

    def known_laws(self) -> Iterator[dict[Law, dict[Symbol, Expr]]]:
        """Those of the block and of the blocks around it."""
        return (scope.laws for scope in reversed(self.scopes))

    def begin_law(self, law: Law) -> dict[Law, dict[Symbol, Expr]]:
        """In a segment of its own, where the current one has its share of laws."""
        scope = self.scopes[-1]
        if scope.laws_in_segment == LAWS_IN_SEGMENT:
            scope.close()
        scope.laws_in_segment += 1
        return scope.laws
