"""From the equations of a derivation to straight-line code for samples and pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sympy as sp
from sympy import Expr, Max, S, Symbol, sqrt

from symntk.derivation import Carry, Entry, Loop, Quantity, Statement, entries, relocate
from symntk.derivation.program import FIRST, SECOND, SWAPPED
from symntk.emission import forms
from symntk.emission import symbols as canonical
from symntk.emission.calls import positive_ratio
from symntk.emission.checks import check_symbols
from symntk.emission.forms import Form
from symntk.emission.gapped import gapped_quantities
from symntk.emission.moments import gaps
from symntk.emission.naming import Names, first, second
from symntk.emission.raw import (
    LAWS_IN_SEGMENT,
    Angle,
    Law,
    RawRepeat,
    Root,
    Scope,
)
from symntk.emission.stable_moment import StableMoment
from symntk.errors import UsageError
from symntk.gaussian import Expectation


class Lowering:
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
        self.names = Names()
        self.constants = {scale: self._constant(scale) for scale in sorted(values, key=str)}
        self.lengths = {
            symbol: Symbol(self.names.unique(f"{name}_dim", symbol), positive=True)
            for symbol, name in lengths.items()
        }
        self.fixed = {**self.constants, **self.lengths}
        check_symbols(program, {*self.fixed})
        self.values = values
        self._pair_moment, self._single_moment = pair_moment, single_moment
        self.gapped = gapped_quantities(program)
        self.variables: dict[Symbol, Symbol] = {}
        self.scopes = [Scope()]
        self.depth = 0
        self._run(program)
        self.scopes[0].close()

    def _constant(self, scale: Symbol) -> Symbol:
        return Symbol(self.names.unique(str(scale).upper(), scale), **scale.assumptions0)

    # -- statements ------------------------------------------------------------------------------

    def _run(self, program: tuple[Statement, ...]) -> None:
        for statement in program:
            if isinstance(statement, Loop):
                self._loop(statement)
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
        self._pair_line(self.names.pair(target.at("ab")), self.pair(value), note)
        if target.kind != "Theta" and target.left != target.right:
            swapped = relocate(value, SWAPPED)
            self._pair_line(self.names.pair(target.at("ba")), self.pair(swapped), note)

    def _gap_lines(self, target: Quantity, form: Form, note: str) -> None:
        g, s = self.gap_symbols(target)
        self._pair_line(g, form.g, note)
        self._pair_line(s, form.s)
        self._pair_line(self.names.pair(target.at("ab")), (s - g) / 2)

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
                self._pair_line(self.names.pair(carry.inner.at("ab")), (s - g) / 2)

    def _advance(self, carries: tuple[Carry, ...]) -> None:
        """The carried variables of the next block, all computed before any is overwritten."""
        updates: list[tuple[Symbol, Symbol]] = []
        sample_updates: list[tuple[Symbol, Symbol]] = []

        def pair_update(old: Symbol, value: Expr, note: str = "") -> None:
            new = Symbol(f"{old.name}_next", **old.assumptions0)
            self._pair_line(new, value, note)
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
                self._pair_line(new, old, note)
            g, s = self.gap_symbols(result)
            self._pair_line(self.names.pair(result.at("ab")), (s - g) / 2)
        else:
            target = self.names.pair(result.at("ab"))
            self._pair_line(target, self.names.pair(inner.at("ab")), note)

    def _pair_line(self, target: Symbol, value: Expr, note: str = "") -> None:
        self.scopes[-1].segment.lines.append((target, value, note))

    def _sample_line(self, target: Symbol, value: Expr, note: str = "") -> None:
        self.scopes[-1].samples.append((target, value, note))

    # -- expressions -----------------------------------------------------------------------------

    def pair_moment(self, expectation: Expectation) -> StableMoment:
        """The stable form, with the module's constants in it."""
        return self._pair_moment(expectation).with_constants(self.fixed)

    def single_moment(self, expectation: Expectation) -> Expr:
        """E[f(u)] as a function of q, with the module's constants in it."""
        return self._single_moment(expectation).xreplace(self.fixed)

    def sample(self, expression: Expr) -> Expr:
        """An expression in entries at (a, a), in sample variables."""
        found: dict[Expr, Expr] = dict(self.fixed)
        for expectation in expression.atoms(Expectation):
            if not expectation.is_of_pair:
                law = self.sample(expectation.law[0])
                found[expectation] = self.single_moment(expectation).xreplace({canonical.q: law})
            elif len(set(expectation.law)) == 1:
                law = self.sample(expectation.law[0])
                diagonal = self.pair_moment(expectation).diagonal
                found[expectation] = diagonal.subs(canonical.q, law)
            else:
                law3 = [self.sample(part) for part in expectation.law]
                found[expectation] = self.pair_moment(expectation).value.xreplace(_naive_law(*law3))
        found |= {entry: self.names.sample(entry.quantity) for entry in entries(expression)}
        return expression.xreplace(found)

    def pair(self, expression: Expr) -> Expr:
        """An expression in entries at all sites, in pair variables."""
        found: dict[Expr, Expr] = dict(self.fixed)
        for expectation in expression.atoms(Expectation):
            if expectation.is_of_pair:
                value = self.pair_moment(expectation).value
                found[expectation] = value.xreplace(self.law(expectation.law))
            else:
                law = self.pair(expectation.law[0])
                found[expectation] = self.single_moment(expectation).xreplace({canonical.q: law})
        found |= {entry: self._entry(entry) for entry in entries(expression)}
        return expression.xreplace(found)

    def _entry(self, entry: Entry) -> Symbol:
        if entry.site == "aa":
            return self.at_first(self.names.sample(entry.quantity))
        if entry.site == "bb":
            return self.at_second(self.names.sample(entry.quantity))
        return self.names.pair(entry)

    def at_first(self, expression: Expr) -> Expr:
        """An expression in sample variables, for the first sample of the pair."""
        return expression.xreplace({symbol: first(symbol) for symbol in self._samples(expression)})

    def at_second(self, expression: Expr) -> Expr:
        """An expression in sample variables, for the second sample of the pair."""
        return expression.xreplace({symbol: second(symbol) for symbol in self._samples(expression)})

    def _samples(self, expression: Expr) -> Iterator[Symbol]:
        constants = {*self.fixed.values(), forms.TINY}
        for symbol in expression.free_symbols - constants:
            self.variables[first(symbol)] = symbol
            self.variables[second(symbol)] = symbol
            yield symbol

    # -- laws ------------------------------------------------------------------------------------

    def law(self, law: Law) -> dict[Symbol, Expr]:
        """The variables of a pair of Gaussians, by their canonical symbols."""
        for scope in reversed(self.scopes):
            if law in scope.laws:
                return scope.laws[law]
        scope = self.scopes[-1]
        if scope.laws_in_segment == LAWS_IN_SEGMENT:
            scope.close()
        scope.laws_in_segment += 1
        found = self._define_law(law)
        scope.laws[law] = found
        return found

    def _define_law(self, law: Law) -> dict[Symbol, Expr]:
        q1, q2, c = law
        v1, v2 = self.pair(q1), self.pair(q2)
        r1, r2 = sqrt(v1), sqrt(v2)
        same = {relocate(c, FIRST), relocate(c, SECOND)} == {q1, q2} and not _has_swapped(c)
        if same and isinstance(c, Entry) and c.quantity in self.gapped:
            base = self.names.base(c.quantity)
            g, s = self.gap_symbols(c.quantity)
            cosine = self.names.pair(c)
        else:
            base = self.names.unique(f"law{len(self.names.taken)}", law)
            g = Symbol(f"{base}_g", nonnegative=True)
            s = Symbol(f"{base}_s", nonnegative=True)
            cosine = Symbol(f"{base}_c", real=True)
            form = self.form(c) if same else self._plain(self.pair(c), r1 * r2)
            self._pair_line(g, form.g)
            self._pair_line(s, form.s)
            self._pair_line(cosine, (s - g) / 2)

        def define(name: str, value: Expr, **assumptions: bool) -> Symbol:
            symbol = Symbol(f"{base}_{name}", **assumptions)
            self._pair_line(symbol, value)
            return symbol

        low = define("low", sp.Min(g, s), nonnegative=True)
        return {
            canonical.q1: v1,
            canonical.q2: v2,
            canonical.r1: r1,
            canonical.r2: r2,
            canonical.g: g,
            canonical.s: s,
            canonical.c: cosine,
            canonical.n: define("n", r1 * r2, positive=True),
            canonical.root: define("root", Root(g, s), nonnegative=True),
            canonical.angle: define("angle", Angle(g, s), nonnegative=True),
            canonical.low: low,
            canonical.size: define("size", (Max(g, s) - low) / 2, nonnegative=True),
            canonical.small: define("small", Angle(low, Max(g, s)), nonnegative=True),
        }

    def _plain(self, covariance: Expr, n: Expr) -> Form:
        """The gaps as plain differences, where the structure offers nothing better."""
        return Form(n, Max(S.Zero, n - covariance), Max(S.Zero, n + covariance))

    # -- gaps ------------------------------------------------------------------------------------

    def form(self, expression: Expr) -> Form:
        """The gaps of a covariance of a vector with itself, at (a, b)."""
        structured = self._structured(expression)
        if structured is not None:
            return structured
        diagonal = self.sample(relocate(expression, FIRST))
        n = self.at_first(sqrt(diagonal)) * self.at_second(sqrt(diagonal))
        plain = self._plain(self.pair(expression), n)
        return Form(diagonal, plain.g, plain.s)

    def _structured(self, expression: Expr) -> Form | None:
        """By the structure of the expression; None where a part has none."""
        if not expression.atoms(Entry, Expectation):
            return forms.constant(self.pair(expression)) if expression.is_positive else None
        if isinstance(expression, Entry):
            if expression.site != "ab" or expression.quantity not in self.gapped:
                return None
            return Form(
                self.names.sample(expression.quantity), *self.gap_symbols(expression.quantity)
            )
        if isinstance(expression, Expectation):
            return self._expectation_form(expression)
        if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0:
            return self._product_form([expression.base] * int(expression.exp))
        if isinstance(expression, sp.Mul):
            return self._product_form(list(expression.args))
        if isinstance(expression, sp.Add):
            parts = [self._structured(part) for part in expression.args]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return forms.add(known, self.at_first, self.at_second)
        return None

    def _product_form(self, factors: list[Expr]) -> Form | None:
        """A product of kernels, of constants, and of f(a) f(b) with positive f."""
        separable = [
            f
            for f in factors
            if not f.atoms(Expectation) and all(e.site in ("aa", "bb") for e in entries(f))
        ]
        scale = sp.Mul(*separable)
        if not scale.is_positive or relocate(scale, SWAPPED) != scale:
            return None
        parts = [self._structured(f) for f in factors if f not in separable]
        if None in parts:
            return None
        whole: Form | None = None
        for part in parts:
            assert part is not None
            whole = part if whole is None else forms.product(whole, part)
        if whole is None:
            return None
        return whole.scaled(self.pair(scale), self.sample(relocate(scale, FIRST)))

    def _expectation_form(self, expectation: Expectation) -> Form | None:
        """E[f(u) f(v)] with u and v the values of one vector at a and at b."""
        if not expectation.is_of_pair:
            return None
        q1, q2, c = expectation.law
        if (relocate(c, FIRST), relocate(c, SECOND)) != (q1, q2) or _has_swapped(c):
            return None
        pair = expectation.factors()
        if pair is None or positive_ratio(*pair) is None:
            return None
        moment = self.pair_moment(expectation)
        diagonal = self.sample(relocate(expectation, FIRST))
        near, far = gaps(moment, self.at_first(sqrt(diagonal)), self.at_second(sqrt(diagonal)))
        law = self.law(expectation.law)
        return Form(diagonal, near.xreplace(law), far.xreplace(law))


def _has_swapped(expression: Expr) -> bool:
    """Whether an expression pairs two different vectors, so that (a, b) and (b, a) differ."""
    return any(e.quantity.left != e.quantity.right for e in entries(expression))


def _naive_law(q1: Expr, q2: Expr, c: Expr) -> dict[Symbol, Expr]:
    """The canonical symbols for two Gaussians of one sample."""
    n = sqrt(q1) * sqrt(q2)
    g, s = Max(S.Zero, n - c), Max(S.Zero, n + c)
    low, high = sp.Min(g, s), Max(g, s)
    return {
        canonical.q1: q1,
        canonical.q2: q2,
        canonical.r1: sqrt(q1),
        canonical.r2: sqrt(q2),
        canonical.n: n,
        canonical.c: c,
        canonical.g: g,
        canonical.s: s,
        canonical.root: Root(g, s),
        canonical.angle: Angle(g, s),
        canonical.low: low,
        canonical.size: (high - low) / 2,
        canonical.small: Angle(low, high),
    }
