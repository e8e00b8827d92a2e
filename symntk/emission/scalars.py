"""The scalar part of lowering: expressions of a program in the variables of a pair and of a sample.

Covariances become variables, expectations their stable forms, and a covariance that an expectation
needs is computed by its two gaps as far as its structure allows.  What a variable is, is left to
the two backends: single vectors, and vectors at positions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping

import sympy as sp
from sympy import Expr, Max, S, Symbol, sqrt

from symntk.derivation import Entry, Quantity, entries, relocate
from symntk.derivation.program import FIRST, SECOND, SWAPPED, Site
from symntk.emission import forms
from symntk.emission import symbols as canonical
from symntk.emission.calls import positive_ratio
from symntk.emission.forms import Form
from symntk.emission.moments import gaps
from symntk.emission.naming import Names, first, second
from symntk.emission.raw import Angle, Law, Root
from symntk.emission.stable_moment import StableMoment
from symntk.gaussian import Expectation


class Scalars(ABC):
    """Lowers expressions.

    values: the numbers of scale symbols.
    pair_moment, single_moment: the stable form of an expectation.
    """

    gapped: frozenset[Quantity]

    def __init__(
        self,
        values: Mapping[Symbol, Expr],
        pair_moment: Callable[[Expectation], StableMoment],
        single_moment: Callable[[Expectation], Expr],
    ) -> None:
        self.names = Names()
        self.constants = {scale: self._constant(scale) for scale in sorted(values, key=str)}
        self.fixed: dict[Symbol, Symbol] = dict(self.constants)
        self.variables: dict[Symbol, Symbol] = {}
        self._pair_moment, self._single_moment = pair_moment, single_moment

    def _constant(self, scale: Symbol) -> Symbol:
        return Symbol(self.names.unique(str(scale).upper(), scale), **scale.assumptions0)

    # -- what the backends decide ----------------------------------------------------------------

    @abstractmethod
    def own(self, entry: Entry) -> Symbol:
        """The sample variable of an entry of one input, at (a, a) or at (b, b)."""

    @abstractmethod
    def between(self, entry: Entry) -> Symbol:
        """The pair variable of an entry of two inputs."""

    @abstractmethod
    def gaps_of(self, entry: Entry) -> tuple[Symbol, Symbol]:
        """The variables g and s of a covariance that is carried by its gaps."""

    @abstractmethod
    def at_one(self, expression: Expr, sites: Mapping[Site, Site] = FIRST) -> Expr:
        """An expression at (a, b) as one at (a, a), or at (b, b) with SECOND."""

    @abstractmethod
    def known_laws(self) -> Iterator[dict[Law, dict[Symbol, Expr]]]:
        """The laws whose variables are defined where the next line will stand, inner ones first."""

    @abstractmethod
    def begin_law(self, law: Law) -> dict[Law, dict[Symbol, Expr]]:
        """Where the variables of a new law are noted down; they are about to be defined."""

    @abstractmethod
    def pair_line(self, target: Symbol, value: Expr, note: str = "") -> None:
        """Appends ``target = value`` to the code of a pair."""

    def others(self, expression: Expr, pair: bool) -> dict[Expr, Expr]:
        """Variables for what is neither an entry nor a constant, of a pair or of a sample."""
        return {}

    def has_gaps(self, entry: Entry) -> bool:
        """Whether an entry is carried by its gaps."""
        return entry.site == "ab" and entry.quantity in self.gapped

    def kernel(self, factor: Expr) -> Form | None:
        """The gaps of a factor that is a kernel by itself and not a covariance."""
        return None

    def fallback(self, expression: Expr) -> Expr:
        """What k(a, a) is, in sample variables, for an expression k(a, b) without structure."""
        return self.sample(self.at_one(expression))

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
        for expectation in sorted(expression.atoms(Expectation), key=str):
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
        found |= self.others(expression, pair=False)
        found |= {entry: self.own(entry) for entry in sorted(entries(expression), key=str)}
        return expression.xreplace(found)

    def pair(self, expression: Expr) -> Expr:
        """An expression in entries at all sites, in pair variables."""
        found: dict[Expr, Expr] = dict(self.fixed)
        for expectation in sorted(expression.atoms(Expectation), key=str):
            if expectation.is_of_pair:
                value = self.pair_moment(expectation).value
                found[expectation] = value.xreplace(self.law(expectation.law))
            else:
                law = self.pair(expectation.law[0])
                found[expectation] = self.single_moment(expectation).xreplace({canonical.q: law})
        found |= self.others(expression, pair=True)
        found |= {entry: self._entry(entry) for entry in sorted(entries(expression), key=str)}
        return expression.xreplace(found)

    def _entry(self, entry: Entry) -> Expr:
        if entry.site == "aa":
            return self.at_first(self.own(entry))
        if entry.site == "bb":
            return self.at_second(self.own(entry))
        return self.between(entry)

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
        for known in self.known_laws():
            if law in known:
                return known[law]
        found = self.begin_law(law)
        found[law] = self._define_law(law)
        return found[law]

    def _define_law(self, law: Law) -> dict[Symbol, Expr]:
        q1, q2, c = law
        v1, v2 = self.pair(q1), self.pair(q2)
        r1, r2 = sqrt(v1), sqrt(v2)
        same = {self.at_one(c), self.at_one(c, SECOND)} == {q1, q2} and not _has_swapped(c)
        if same and isinstance(c, Entry) and c.quantity in self.gapped:
            cosine = self.between(c)
            base = cosine.name.removesuffix("_c")
            g, s = self.gaps_of(c)
        else:
            base = self.names.unique(f"law{len(self.names.taken)}", law)
            g = Symbol(f"{base}_g", nonnegative=True)
            s = Symbol(f"{base}_s", nonnegative=True)
            cosine = Symbol(f"{base}_c", real=True)
            form = self.form(c) if same else self._plain(self.pair(c), r1 * r2)
            self.pair_line(g, form.g)
            self.pair_line(s, form.s)
            self.pair_line(cosine, (s - g) / 2)

        def define(name: str, value: Expr, **assumptions: bool) -> Symbol:
            symbol = Symbol(f"{base}_{name}", **assumptions)
            self.pair_line(symbol, value)
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
        diagonal = self.fallback(expression)
        n = self.at_first(sqrt(diagonal)) * self.at_second(sqrt(diagonal))
        plain = self._plain(self.pair(expression), n)
        return Form(diagonal, plain.g, plain.s)

    def _structured(self, expression: Expr) -> Form | None:
        """By the structure of the expression; None where a part has none."""
        known = self.kernel(expression)
        if known is not None:
            return known
        if isinstance(expression, Entry):
            if not self.has_gaps(expression):
                return None
            return Form(self.sample(self.at_one(expression)), *self.gaps_of(expression))
        if isinstance(expression, Expectation):
            return self._expectation_form(expression)
        if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0:
            return self._product_form([expression.base] * int(expression.exp))
        if isinstance(expression, sp.Add):
            parts = [self._structured(part) for part in expression.args]
            known_parts = [part for part in parts if part is not None]
            if len(known_parts) < len(parts):
                return None
            return forms.add(known_parts, self.at_first, self.at_second)
        return self._product_form(list(sp.Mul.make_args(expression)))

    def _product_form(self, factors: list[Expr]) -> Form | None:
        """A product of kernels, of constants, and of f(a) f(b) with f >= 0."""
        separable = [f for f in factors if self._is_separable(f)]
        scale = sp.Mul(*separable)
        if not scale.is_nonnegative or relocate(scale, SWAPPED) != scale:
            return None
        whole: Form | None = None
        for factor in factors:
            if factor in separable:
                continue
            part = None if [factor] == factors else self._structured(factor)
            if part is None:
                return None
            whole = part if whole is None else forms.product(whole, part)
        ones = forms.constant(S.One) if whole is None else whole
        return ones.scaled(self.pair(scale), self.sample(self.at_one(scale)))

    def _is_separable(self, factor: Expr) -> bool:
        """Whether a factor is of one input alone, or of none."""
        return not factor.atoms(Expectation) and all(
            entry.site in ("aa", "bb") for entry in entries(factor)
        )

    def _expectation_form(self, expectation: Expectation) -> Form | None:
        """E[f(u) f(v)] with u and v the values of one vector at a and at b."""
        if not expectation.is_of_pair:
            return None
        q1, q2, c = expectation.law
        if (self.at_one(c), self.at_one(c, SECOND)) != (q1, q2) or _has_swapped(c):
            return None
        pair = expectation.factors()
        if pair is None or positive_ratio(*pair) is None:
            return None
        moment = self.pair_moment(expectation)
        diagonal = self.sample(self.at_one(expectation))
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
