"""Kernels of tokens in closed form: polynomials in the brackets [x_t = x'_t'].

A bracket m is 0 or 1, so that a function of it is affine, g(m) = g(0) + (g(1) - g(0)) m.  Where the
law of every expectation has constant variances and a covariance that is affine in one product of
brackets, the kernels are sums over positions of such products: inner products of counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symntk.derivation.program import Site
from symntk.gaussian import Expectation
from symntk.gaussian.symbols import c, q1, q2
from symntk.graph.positions import Length, indices, length_at, reindex, symbols_in
from symntk.rendering.composition.collecting import collected
from symntk.rendering.composition.page import Page
from symntk.rendering.composition.token_counts import Count, recognised
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Dual, Iverson, Kernel
from symntk.rendering.mathematics.layout import EQUALS, row
from symntk.rendering.reading.reading import Statement

_TWO_VALUES = "A bracket is 0 or 1, so that a function of one has two values. The expectations are"
_SHORT = 12
"""Operations in a constant that is written out in the kernels."""
_MANY = 12
"""Expectations in kernels that are written out: their product has 3 terms to this power."""


class _NoPolynomial(Exception):
    """A kernel is no polynomial in brackets."""


def token_kernels(page: Page) -> list[Block]:
    """The section; empty where some kernel is no polynomial in brackets."""
    reading = page.reading
    stated = (*reading.forward, *reading.backward, *reading.parts, *reading.total)
    if reading.is_circular or any(line.direction or line.span for line in stated):
        return []
    evaluation = Evaluation(page, stated)
    try:
        polynomials = [evaluation.polynomial(kernel) for kernel in reading.outputs]
        if len(evaluation.affine) > _MANY:
            return list(evaluation.told())
        values = [evaluation.total(value) for value in polynomials]
    except _NoPolynomial:
        return []
    told = list(evaluation.told())
    lines = tuple(
        page.line(page.typeset(left), page.typeset(value))
        for left, value in zip(reading.outputs, values, strict=True)
    )
    return [*told, Paragraph(("The kernels are",)), Display(lines)]


class Evaluation:
    """Writes the statements of a page into one another.

    levels: the constants K(0) and K(1), values of expectations without a match and with one.
    affine: each expectation as an affine function of brackets.
    counts: the sums of brackets that occurred.
    """

    def __init__(self, page: Page, stated: tuple[Statement, ...]) -> None:
        self.page = page
        self.defined = {statement.left.bare(): statement for statement in stated}
        self.levels: dict[sp.Expr, sp.Expr] = {}
        self.affine: dict[Expectation, sp.Expr] = {}
        self.counts: dict[sp.Symbol, Count] = {}
        self.moments = {
            page.functions.in_expectations(moment.expectation): moment
            for moment in page.derivation.moments.values()
            if moment.g is not None and page.functions.names(moment)
        }
        self.known: dict[Kernel, sp.Expr] = {}
        self.several = len({e.law for s in stated for e in s.right.atoms(Expectation)}) > 1

    def polynomial(self, output: Kernel) -> sp.Expr:
        """A kernel of the network as a polynomial in brackets, not multiplied out."""
        for layer in self._layers_below(output):
            self.value(layer)
        return self.value(output)

    def total(self, polynomial: sp.Expr) -> sp.Expr:
        """The polynomial in counts and constants; short constants written out."""
        value = _spread(polynomial)
        units: dict[sp.Expr, sp.Expr] = {}
        for total in value.atoms(sp.Sum):
            count = recognised(total)
            if count is not None:
                self.counts[count.symbol] = count
                units[total] = count.symbol
        value = value.xreplace(units)
        if not isinstance(value, sp.Expr) or value.atoms(Kernel):
            raise _NoPolynomial
        short = all(
            level.count_ops() <= _SHORT and not level.has(Dual) for level in self.levels.values()
        )
        return _collected(value.xreplace(self.levels) if short else value, set(units.values()))

    def value(self, kernel: Kernel) -> sp.Expr:
        """A kernel at its inputs and positions, as a polynomial in brackets."""
        if kernel.letter == "match":
            same = kernel.site in ("aa", "bb") and kernel.left == kernel.right
            return sp.S.One if same else kernel
        statement = self.defined.get(kernel.bare())
        if statement is None or kernel.letter in ("weight", "attention", "tangent", "scale"):
            raise _NoPolynomial
        if kernel not in self.known:
            self.known[kernel] = self.expression(_at(statement, kernel))
        return self.known[kernel]

    def _layers_below(self, output: Kernel) -> list[Kernel]:
        """The covariances of layers that ``output`` depends on, in order.

        Above one that is no polynomial none is, so that nothing is written into another in vain.
        """
        found = {output.bare()}
        pending = [output.bare()]
        while pending:
            statement = self.defined.get(pending.pop())
            inner = (
                set() if statement is None else {k.bare() for k in statement.right.atoms(Kernel)}
            )
            pending += inner - found
            found |= inner
        layers = [bare for bare in self.defined if bare in found and bare.letter == "Sigma"]
        return [self.defined[layer].left for layer in layers]

    def expression(self, value: sp.Expr) -> sp.Expr:
        """``value`` with its kernels and expectations replaced."""
        match value:
            case Kernel():
                return self.value(value)
            case Expectation():
                return self._expectation(value)
            case Iverson():
                raise _NoPolynomial
            case _ if not value.args:
                return value
            case _:
                return value.func(*map(self.expression, value.args))

    def _expectation(self, expectation: Expectation) -> sp.Expr:
        moment = self.moments.get(Expectation(expectation.integrand, q1, q2, c))
        cross = expectation.law[-1]
        if moment is None or moment.value is None or not isinstance(cross, Kernel):
            raise _NoPolynomial
        first, second, law = (sp.expand(self.expression(part)) for part in expectation.law)
        if first != second or _varies(first):
            raise _NoPolynomial
        bracket = sp.Mul(*sorted(law.atoms(Kernel), key=str))
        constant = law.xreplace(dict.fromkeys(law.atoms(Kernel), sp.S.Zero))
        slope = sp.S.Zero if bracket == 1 else sp.expand((law - constant) / bracket)
        if _varies(slope) or _varies(constant):
            raise _NoPolynomial
        names = self.page.functions.names(moment)
        assert names is not None
        whose = (sp.Symbol(cross.vector),) if self.several else ()
        on, off = Dual(*names, *whose, sp.S.One), Dual(*names, *whose, sp.S.Zero)
        levels = [(on, constant + slope), (off, constant)]
        if bracket == 1:
            levels = [(on if constant == first else off, constant)]
        for level, covariance in levels:
            value = moment.value.xreplace({q1: first, q2: first, c: covariance})
            if value.has(sp.nan, sp.zoo, sp.oo):
                raise _NoPolynomial
            self.levels[level] = _collected(value, set())
        if bracket == 1:
            return levels[0][0]
        result = off + (on - off) * bracket
        if cross.site == "ab":
            self.affine.setdefault(expectation, result)
        return result

    # What is said about it.

    def told(self) -> Iterator[Block]:
        """What the constants and the counts are."""
        page = self.page
        if self.affine:
            yield Paragraph((_TWO_VALUES,))
            yield Display(
                tuple(
                    page.line(page.typeset(left), page.typeset(right))
                    for left, right in self.affine.items()
                )
            )
            yield Paragraph(("where, at a match and without one,",))
            levels = sorted(self.levels.items(), key=lambda item: str(item[0]))
            yield Display(tuple(Line(page.typeset(k), page.typeset(v)) for k, v in levels))
        pieces = [piece for count in self.counts.values() for piece in (" ", *self._count(count))]
        if pieces:
            yield Paragraph(tuple(pieces[1:]))

    def _count(self, count: Count) -> Iterator[Piece]:
        typeset = self.page.typeset
        yield "The sum "
        yield Math(row(typeset(count.symbol), EQUALS, typeset(count.total)))
        yield " is the inner product of the counts of "
        yield f"{count.counted} in the two inputs."


def _varies(value: sp.Expr) -> bool:
    """Whether an expression depends on positions."""
    return bool(value.atoms(Kernel, sp.Sum))


def _at(statement: Statement, kernel: Kernel) -> sp.Expr:
    """A statement's value at a kernel's inputs and positions."""
    value = statement.right
    own = (*indices(len(kernel.left)), *indices(len(kernel.right), True))
    moves: dict[str, dict[str, Site]] = {
        "aa": {"ab": "aa", "ba": "aa", "bb": "aa"},
        "bb": {"ab": "bb", "ba": "bb", "aa": "bb"},
        "ba": {"ab": "ba", "ba": "ab", "aa": "bb", "bb": "aa"},
    }
    sites = moves.get(kernel.site, {})
    if sites:
        value = value.xreplace({k: _moved(k, sites) for k in value.atoms(Kernel) if k.site})
        lengths = {s for s in symbols_in(value) if isinstance(s, Length)}
        second = {"aa": False, "bb": True}
        value = reindex(
            value, {s: length_at(s, second.get(kernel.site, not s.second)) for s in lengths}
        )
    places = dict(zip(own, (*kernel.left, *kernel.right), strict=True))
    return reindex(value, places)


def _moved(kernel: Kernel, sites: dict[str, Site]) -> Kernel:
    site = sites.get(kernel.site, kernel.site)
    return Kernel(kernel.letter, kernel.layer, kernel.vector, site, kernel.left, kernel.right)


def _spread(value: sp.Expr) -> sp.Expr:
    """Sums taken apart into those of single products of brackets; m^2 = m."""
    if isinstance(value, sp.Sum):
        function = sp.expand(_spread(value.function))
        return sp.Add(*(_one_sum(term, value.limits) for term in sp.Add.make_args(function)))
    if not value.args or isinstance(value, Dual):
        return value
    return sp.expand(value.func(*map(_spread, value.args)))


def _one_sum(term: sp.Expr, limits: tuple[sp.Tuple, ...]) -> sp.Expr:
    """The sum of one product of brackets; positions that do not occur in it are counted."""
    factors = [
        factor.base if factor.is_Pow and isinstance(factor.base, Kernel) else factor
        for factor in sp.Mul.make_args(term)
    ]
    variables = {symbol for symbol, *_ in limits}
    sums = [factor for factor in factors if isinstance(factor, sp.Sum)]
    if any((symbols_in(total) - set(total.variables)) & variables for total in sums):
        raise _NoPolynomial
    factors = [factor for factor in factors if factor not in sums]
    left = []
    for symbol, low, high in limits:
        if any(symbol in symbols_in(factor) for factor in factors):
            left.append((symbol, low, high))
        else:
            factors.append(high - low + 1)
    brackets = [factor for factor in factors if symbols_in(factor) & {s for s, *_ in left}]
    rest = sp.Mul(*sums, *(factor for factor in factors if factor not in brackets))
    return rest * sp.Sum(sp.Mul(*brackets), *left) if left else rest


def _collected(value: sp.Expr, counts: set[sp.Expr]) -> sp.Expr:
    """Terms in the same counts and lengths together, common factors in front."""
    lengths = {symbol for symbol in value.free_symbols if isinstance(symbol, Length)}
    units = {level: sp.Dummy(positive=True) for level in value.atoms(Dual)}
    opaque = value.xreplace(units)
    if counts:
        by_count = sp.collect(sp.expand(opaque), [*counts, *lengths], evaluate=False)
        terms = (sp.factor_terms(coefficient) * unit for unit, coefficient in by_count.items())
        opaque = sp.factor_terms(sp.Add(*terms))
    else:
        opaque = collected(opaque)
    return opaque.xreplace({dummy: level for level, dummy in units.items()})
