"""Which features of a text a network learns, and how strongly: the kernel's coefficients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from symntk.decomposition.maps.explicit import explicit_map, require_tokens
from symntk.decomposition.polynomials.multilinear import coefficients
from symntk.decomposition.polynomials.numbers import require_no_symbols, value
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.windows.blocks import Pattern
from symntk.decomposition.windows.windows import Windows
from symntk.derivation import Derivation, derive
from symntk.errors import UsageError
from symntk.graph import Graph
from symntk.graph.positions import Length

if TYPE_CHECKING:
    from symntk.decomposition.maps.sparse_map import SparseMap
    from symntk.decomposition.report.orders import Order


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

    def beside(self, unigram: float | None) -> Feature:
        """The same row with its ratio to a unigram's coefficient."""
        return self._replace(ratio=None if unigram is None else self.value / unigram)


@dataclass(frozen=True)
class Features:
    """The coefficients of a kernel in products of match indicators, as `Feature` rows.

    scope: "window": the kernel is a sum over all pairs of windows, and the rows are the polynomial
    of one pair; "document": it is not, and the rows are the polynomial of two documents of ``size``
    tokens, all different within each.
    positional: rows of products that two windows at one position t = t' have besides.
    exceptions: which windows have other coefficients, in sentences.
    """

    derivation: Derivation
    rows: tuple[Feature, ...]
    scope: str
    size: int
    output: str = "ntk"
    positional: tuple[Feature, ...] = ()
    exceptions: tuple[str, ...] = ()

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
        return explicit_map(self.derivation, self.output)

    @property
    def findings(self) -> tuple[str, ...]:
        """What the coefficients say, order by order, in sentences."""
        return tuple(self._findings())

    def _findings(self) -> Iterator[str]:
        from symntk.decomposition.report.orders import orders

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
        if self.positional:
            yield "Where a token stands matters: two windows at one position share more."
        yield from self.exceptions


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
    require_tokens(derivation)
    if not all(isinstance(times, sp.Integer) for times in derivation.graph.depths):
        raise UsageError("the depth of the network is open: give it a number to see its features")
    if output not in derivation.outputs:
        raise UsageError(f"no kernel {output!r}: there are {', '.join(derivation.outputs)}")
    if order < 1:
        raise UsageError(f"the order of a product of matches is at least 1, not {order}")
    try:
        if length is not None:
            raise NotWindows("documents of a given length are asked for")
        polynomial, aligned = Windows(derivation).polynomials(output)
        scope, size = "window", 1 + max((a for p in polynomial for a, _ in p), default=0)
        exceptions = tuple(_exceptions(derivation, output, bool(aligned)))
    except NotWindows:
        aligned, exceptions = {}, ()
        scope, size = "document", length or order + 1
        polynomial = {
            frozenset((i - 1, i - 1) for i in chosen): coefficient
            for chosen, coefficient in coefficients(derivation, size, output).items()
        }
        order = size  # a loop over time knows whole documents: their highest order is shown too
    rows, positional = (
        tuple(_rows(derivation, {p: c for p, c in found.items() if len(p) <= order}))
        for found in (polynomial, aligned)
    )
    unigram = _unigram(rows)
    return Features(
        derivation,
        tuple(row.beside(unigram) for row in rows),
        scope,
        size,
        output,
        tuple(row.beside(unigram)._replace(feature=positioned(row.feature)) for row in positional),
        exceptions,
    )


def _rows(derivation: Derivation, polynomial: Mapping[Pattern, sp.Expr]) -> Iterator[Feature]:
    """Rows in rising order, without ratios."""
    reciprocals = (p for c in polynomial.values() for p in c.atoms(sp.Pow) if p.atoms(Length))
    lengths = dict.fromkeys(reciprocals, sp.S.One)
    known = {**derivation.values, **lengths}
    require_no_symbols(c.xreplace(known) for c in polynomial.values())
    for pattern in sorted(polynomial, key=lambda p: (len(p), sorted(p))):
        number = value(polynomial[pattern], known)
        yield Feature(called(pattern), polynomial[pattern], number, None, pattern)


def _unigram(rows: Sequence[Feature]) -> float | None:
    """The mean coefficient of the unigrams that have one; None without them."""
    single = [row.value for row in rows if row.order == 1 and row.value != 0]
    return sum(single) / len(single) if single else None


def _exceptions(derivation: Derivation, output: str, has_positions: bool) -> Iterator[str]:
    """Which windows have coefficients of their own: those in which the network's vectors have."""
    forward = Windows(derivation)
    forward.polynomials("nngp")
    if forward.has_edges:
        cut = "A window that an edge cuts has fewer tokens, and coefficients of its own"
        if has_positions:  # which two documents of one token share
            yield f"{cut}."
        else:
            rows = _rows(derivation, _of_one(derivation, output))
            constant, unigram = (f"{row.value:.6g}" for row in rows)
            yield (
                f"{cut}: two documents of one token have the constant {constant} and the unigram "
                f"{unigram}."
            )
    if forward.has_repeats:
        yield "A window that has a token twice has coefficients of its own."


def _of_one(derivation: Derivation, output: str) -> Mapping[Pattern, sp.Expr]:
    """The polynomial of two documents of one token."""
    found = coefficients(derivation, 1, output)
    return {frozenset((i - 1, i - 1) for i in chosen): c for chosen, c in found.items()}


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


def positioned(name: str) -> str:
    """What a product is called that only windows at one position have: "positional unigram 1"."""
    return "position" if name == "constant" else f"positional {name}"


def _kind(places: list[int]) -> str:
    size = len(places)
    if size > 1 and places[-1] - places[0] >= size:
        return "skip-gram"
    return {1: "unigram", 2: "bigram", 3: "trigram"}.get(size, f"{size}-gram")
