"""Which features of a text a network learns, and how strongly: the kernel's coefficients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from symntk.decomposition.blocks import Pattern
from symntk.decomposition.multilinear import coefficients
from symntk.decomposition.numbers import value
from symntk.decomposition.summands import NotWindows
from symntk.decomposition.windows import Windows
from symntk.derivation import Derivation, derive
from symntk.errors import UsageError
from symntk.graph import Graph
from symntk.graph.positions import Length

if TYPE_CHECKING:
    from symntk.decomposition.orders import Order
    from symntk.decomposition.sparse_map import SparseMap


class Feature(NamedTuple):
    """A statistic of two documents that the kernel contains.

    feature: what it is called.
    coefficient: its coefficient, in the symbols of the standard deviations.
    value: the coefficient at the graph's standard deviations.
    ratio: ``value`` over that of the unigrams; None without unigrams.
    matches: the offsets (a, b) with x_(t + a) = x'_(t' + b) whose product it is.
    """

    feature: str
    coefficient: sp.Expr
    value: float
    ratio: float | None
    matches: Pattern

    @property
    def order(self) -> int:
        """The number of tokens that must agree."""
        return len(self.matches)


@dataclass(frozen=True)
class Features:
    """The coefficients of a kernel in products of match indicators, as `Feature` rows.

    scope: "window": the kernel is a sum over all pairs of windows, and the rows are the polynomial
    of one pair; "document": it is not, and the rows are the polynomial of two documents of ``size``
    tokens, all different within each.
    """

    derivation: Derivation
    rows: tuple[Feature, ...]
    scope: str
    size: int
    output: str = "ntk"

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def about(self) -> str:
        """What the rows are coefficients of, in a sentence."""
        if self.scope == "window":
            windows = "tokens" if self.size == 1 else f"windows of {self.size} tokens"
            return f"A sum over all pairs of {windows}; coefficients of one pair."
        return f"Documents of {self.size} tokens, all different within each; places count from 1."

    def render(self, format: str = "text", standalone: bool = False) -> str:
        """The table as text, markdown, latex, html or json.

        standalone: a whole document where the format knows the difference (LaTeX, HTML).
        """
        from symntk.rendering.features import render_features

        return render_features(self, format, standalone=standalone)

    def feature_map(self) -> SparseMap:
        """The kernel's exact features, for lists of tokens: kernel(x, x') = Phi(x) . Phi(x').

        Counts of tokens and n-grams where the kernel is a sum over pairs of windows, else products
        of weights and tokens where the network has no activations.  Raises NotWindows for others.
        """
        from symntk.decomposition.feature_map import FeatureMap
        from symntk.decomposition.statistics import statistics
        from symntk.decomposition.word_map import WordMap

        try:
            return FeatureMap(statistics(self.derivation, self.output))
        except NotWindows as not_windows:
            try:
                return WordMap(self.derivation, self.output)
            except NotWindows as not_linear:
                raise NotWindows(f"{not_windows}; and {not_linear}") from None

    @property
    def findings(self) -> tuple[str, ...]:
        """What the coefficients say, order by order, in sentences."""
        return tuple(self._findings())

    def _findings(self) -> Iterator[str]:
        from symntk.decomposition.orders import orders

        highest = max(row.order for row in self.rows)
        for order in orders(self, highest):
            rows = [row for row in self.rows if row.order == order.number]
            what = _WHAT.get(order.number, f"{order.number} tokens")
            if order.number == 0:
                yield _constant(rows[0], order)
            elif order.is_zero:
                yield f"Order {order.number} ({what}): exactly 0."
            else:
                largest = max(rows, key=lambda row: abs(row.value))
                end = "." if order.number == 1 else _relative(largest.ratio, order)
                yield f"Order {order.number} ({what}): up to {largest.value:.6g}{end}"


_WHAT = {1: "single tokens", 2: "pairs of tokens"}


def _constant(row: Feature, order: Order) -> str:
    if order.is_zero:
        return "No constant: tokens that differ contribute nothing."
    what = "A constant that all pairs share, whatever the tokens (the bias term)"
    return what + _relative(row.ratio, order)


def _relative(ratio: float | None, order: Order) -> str:
    if ratio is None:
        return "."
    any_scale = ", at any standard deviations" if order.exact is not None else ""
    return f", {ratio:.3g} of the unigram term{any_scale}."


def features(
    graph: Graph | Derivation, order: int = 2, output: str = "ntk", length: int | None = None
) -> Features:
    """The coefficients of the kernel of a token model, up to products of ``order`` matches.

    Every match m(t, t') = [x_t = x'_t'] is 0 or 1, so that the kernel is a multilinear polynomial
    in them; its coefficients follow exactly, by Moebius inversion, from the derivation.

    output: "ntk", "nngp", or "ntk:W" for the part of one parameter.
    length: documents of this many tokens are compared where the kernel is no sum over windows;
        ``order`` + 1 without it.

    Raises UsageError for a graph whose input is not a sequence of tokens, or whose depth is open.
    """
    derivation = graph if isinstance(graph, Derivation) else derive(graph)
    inputs = derivation.graph.inputs
    if len(inputs) != 1 or not inputs[0].is_one_hot:
        raise UsageError("features are of token models: their one input is tokens(...)")
    if not all(isinstance(times, sp.Integer) for times in derivation.graph.depths):
        raise UsageError("the depth of the network is open: give it a number to see its features")
    if output not in derivation.outputs:
        raise UsageError(f"no kernel {output!r}: there are {', '.join(derivation.outputs)}")
    if order < 1:
        raise UsageError(f"the order of a product of matches is at least 1, not {order}")
    try:
        if length is not None:
            raise NotWindows("documents of a given length are asked for")
        polynomial: Mapping[Pattern, sp.Expr] = Windows(derivation).polynomial(output)
        scope, size = "window", 1 + max((a for p in polynomial for a, _ in p), default=0)
    except NotWindows:
        scope, size = "document", length or order + 1
        polynomial = {
            frozenset((i - 1, i - 1) for i in chosen): coefficient
            for chosen, coefficient in coefficients(derivation, size, output).items()
        }
        order = size  # a loop over time knows whole documents: their highest order is shown too
    chosen = {pattern: c for pattern, c in polynomial.items() if len(pattern) <= order}
    return Features(derivation, tuple(_rows(derivation, chosen)), scope, size, output)


def _rows(derivation: Derivation, polynomial: Mapping[Pattern, sp.Expr]) -> Iterator[Feature]:
    """Rows in rising order; ratios are to the mean coefficient of a unigram that has one."""
    reciprocals = (p for c in polynomial.values() for p in c.atoms(sp.Pow) if p.atoms(Length))
    lengths = dict.fromkeys(reciprocals, sp.S.One)
    known = {**derivation.values, **lengths}
    _require_values(polynomial.values(), known)
    values = {pattern: value(c, known) for pattern, c in polynomial.items()}
    single = [v for pattern, v in values.items() if len(pattern) == 1 and v != 0]
    unigram = sum(single) / len(single) if single else None
    for pattern in sorted(polynomial, key=lambda p: (len(p), sorted(p))):
        number = values[pattern]
        ratio = None if unigram is None else number / unigram
        yield Feature(called(pattern), polynomial[pattern], number, ratio, pattern)


def _require_values(coefficients: Iterable[sp.Expr], known: Mapping[sp.Expr, sp.Expr]) -> None:
    """UsageError for coefficients with symbols that have no value, such as the width."""
    left = set().union(*(c.xreplace(dict(known)).free_symbols for c in coefficients))
    if left:
        raise UsageError(
            f"the coefficients depend on {', '.join(sorted(map(str, left)))}, which has no value: "
            "in the standard parametrisation the kernel grows with the width; take the "
            'parametrization "ntk"'
        )


def called(pattern: Pattern) -> str:
    """What a product of matches is called, by its places in the window: "bigram 1 2"."""
    places = sorted(pattern)
    if not places:
        return "constant"
    first = [a + 1 for a, _ in places]
    where = " ".join(map(str, first))
    if any(a != b for a, b in places):
        second = " ".join(str(b + 1) for _, b in places)
        return f"{_kind(first)} {where} with {second}"
    return f"{_kind(first)} {where}"


def _kind(places: list[int]) -> str:
    size = len(places)
    if size > 1 and places[-1] - places[0] >= size:
        return "skip-gram"
    return {1: "unigram", 2: "bigram", 3: "trigram"}.get(size, f"{size}-gram")
