"""A document multiplied out: the words of a network without activations, with their numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import exp, prod, sqrt
from typing import TypeAlias

import sympy as sp

from symntk.decomposition.documents import Token
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.words.linear import Linear
from symntk.decomposition.words.words import Fixed, Vector, Vocabulary, Word, added
from symntk.errors import UsageError
from symntk.graph import Node
from symntk.graph.positions import Length, SinusoidCovariance, indices, reindex, symbols_in
from symntk.ops.links import Link

Place: TypeAlias = tuple[int, ...]
Source: TypeAlias = tuple[Node, Place, float]
"""A vector at a position, and how much of it is taken."""


@dataclass
class Expander:
    """Multiplies out the documents of one network; what depends on lengths alone is kept.

    trained: the names of the parameters whose places in a word are counted.
    """

    network: Linear
    vocabulary: Vocabulary
    trained: frozenset[str]
    _links: dict[tuple[Node, Place, int], tuple[Source, ...]] = field(default_factory=dict)
    _sizes: dict[tuple[Node, int], tuple[int, ...]] = field(default_factory=dict)
    _letters: dict[Node, tuple[Hashable, int, bool]] = field(default_factory=dict)

    def __call__(self, document: Sequence[Token]) -> Vector:
        """The words of the output for one document, and their coefficients."""
        return _Expansion(self, document).output()

    def sources(self, node: Node, place: Place, size: int) -> tuple[Source, ...]:
        """What a linear map takes from where, in a document of ``size`` tokens."""
        key = (node, place, size)
        if key not in self._links:
            links = self.network.links(node) or ()
            found = tuple(s for link in links for s in _sources(link, place, size))
            if not all(self._exists(*source[:2], size) for source in found):
                raise _too_short(size)
            self._links[key] = found
        return self._links[key]

    def _exists(self, node: Node, place: Place, size: int) -> bool:
        sizes = self.lengths(node, size)
        return all(0 <= here < count for here, count in zip(place, sizes, strict=True))

    def letter(self, node: Node) -> tuple[Hashable, int, bool]:
        """The letter of a weight or a bias, whether it is counted, and whether the token that
        chooses the matrix is read after those that it is applied to.
        """
        if node not in self._letters:
            assert node.parameter is not None
            name = node.parameter.name
            letter = (name, dict(node.settings).get("tap"))
            offsets = [self.network.offsets[part] for part in node.inputs]
            is_turned = len(offsets) > 1 and offsets[0] < offsets[1]
            self._letters[node] = letter, name in self.trained, is_turned
        return self._letters[node]

    def lengths(self, node: Node, size: int) -> tuple[int, ...]:
        """How many positions a vector has, in a document of ``size`` tokens."""
        key = (node, size)
        if key not in self._sizes:
            found = (_whole(length, {}, size) for length in node.positions)
            self._sizes[key] = tuple(max(count, 0) for count in found)
        return self._sizes[key]


@dataclass
class _Expansion:
    """The vectors of one document, each computed once."""

    expander: Expander
    document: Sequence[Token]
    _known: dict[tuple[Node, Place], Vector] = field(default_factory=dict)
    _attended: dict[tuple[Node, tuple[float, ...]], Vector] = field(default_factory=dict)

    def output(self) -> Vector:
        """The words of the network's output."""
        network = self.expander.network
        for scan in network.scans.values():
            for place in self._places(scan):  # one step after the other, however many there are
                self.vector(scan, place)
        found = self.vector(network.graph.output, ())
        if any(isinstance(word, tuple) for word in found):
            raise NotWindows("the fixed encoding of positions reaches the output")
        return found

    def vector(self, node: Node, place: Place) -> Vector:
        """The words of a vector at a position; a single vector stands at every one."""
        key = (node, place if node.positions else ())
        if key not in self._known:
            self._known[key] = self._vector(*key)
        return self._known[key]

    def _places(self, node: Node) -> Iterator[Place]:
        return product(*map(range, self.expander.lengths(node, len(self.document))))

    def _vector(self, node: Node, place: Place) -> Vector:
        vocabulary = self.expander.vocabulary
        match node.op:
            case "input":
                token = self.document[place[0]]
                return {vocabulary.word(("token", token), tokens=(token,)): 1.0}
            case "positions":
                return {vocabulary.word(("position", place)): 1.0}
            case "sinusoid":
                return {(vocabulary.word("sinusoid"), place[0]): 1.0}
            case "bias":
                return {self._letter(node): self._std(node)}
            case "matmul":
                return self._product_with_matrix(node, place)
            case "product":
                return self._product(node, place)
            case "attention":
                return self._attention(node, place)
            case "layer_norm":
                return self._normed(node, place)
            case _:
                return self._mapped(node, place)

    def _mapped(self, node: Node, place: Place) -> Vector:
        found: dict[Word | Fixed, float] = {}
        for argument, there, amount in self.expander.sources(node, place, len(self.document)):
            added(found, self.vector(argument, there), amount)
        return found

    def _product_with_matrix(self, node: Node, place: Place) -> Vector:
        argument, *index = (self.vector(part, place) for part in node.inputs)
        std = self._std(node)
        if not index:
            return {self._times(node, word): std * c for word, c in argument.items()}
        (chosen,) = index
        return {
            self._times(node, word, which): std * c * d
            for which, d in chosen.items()
            for word, c in argument.items()
            if isinstance(which, int)
        }

    def _times(self, node: Node, word: Word | Fixed, which: Word | None = None) -> Word | Fixed:
        """A matrix, or that which the one-hot vector ``which`` chooses, before a word."""
        before = () if which is None else (which,)
        if isinstance(word, tuple):
            return self._letter(node, (*before, word[0])), word[1]
        return self._letter(node, (*before, word))

    def _letter(self, node: Node, words: tuple[Word, ...] = ()) -> Word:
        letter, uses, is_turned = self.expander.letter(node)
        return self.expander.vocabulary.word(letter, words, uses=uses, is_turned=is_turned)

    def _std(self, node: Node) -> float:
        assert node.parameter is not None
        return float(node.parameter.std.value)

    def _product(self, node: Node, place: Place) -> Vector:
        """Every choice of one word from each factor, in the order of their first letters."""
        factors = [self.vector(part, place) for part in node.inputs]
        found: dict[Word | Fixed, float] = {}
        for choice in product(*(factor.items() for factor in factors)):
            words = tuple(word for word, _ in choice if isinstance(word, int))
            if len(words) < len(choice):
                raise NotWindows("a fixed encoding of positions is a factor of a product")
            word = self.expander.vocabulary.word("product", words)
            added(found, {word: prod(c for _, c in choice)})
        return found

    def _normed(self, node: Node, place: Place) -> Vector:
        (argument,) = node.inputs
        vector = self.vector(argument, place)
        size = sqrt(inner(vector, vector) + float(node["eps"]))
        return {word: c / size for word, c in vector.items()}

    def _attention(self, node: Node, place: Place) -> Vector:
        """The values, weighted; queries with the same weights have the same sum."""
        _, _, value = node.inputs
        weights = tuple(self._weights(node, place))
        if (node, weights) not in self._attended:
            found: dict[Word | Fixed, float] = {}
            for there, weight in zip(self._places(value), weights, strict=True):
                added(found, self.vector(value, there), weight)
            self._attended[node, weights] = found
        return self._attended[node, weights]

    def _weights(self, node: Node, place: Place) -> Sequence[float]:
        """The limits of the weights of attention: see `symntk.derivation.attention`."""
        query, key, _ = node.inputs
        if self.expander.network.is_uniform(node):
            (size,) = self.expander.lengths(key, len(self.document))
            return [1 / size] * size
        here = self.vector(query, place)
        logits = [inner(here, self.vector(key, there)) for there in self._places(key)]
        if node["mechanism"] == "identity":
            return logits
        if node["scaling"] == "1/d":
            powers = [exp(logit - max(logits)) for logit in logits]
        else:
            powers = [float(logit >= max(logits) * (1 - 1e-12)) for logit in logits]
        total = sum(powers)
        return [power / total for power in powers]


def inner(first: Vector, second: Vector) -> float:
    """lim (1/n) of the inner product: words are orthonormal, fixed encodings are not."""
    if len(second) < len(first):
        first, second = second, first
    total = 0.0
    for word, c in first.items():
        if isinstance(word, int):
            total += c * second.get(word, 0.0)
            continue
        for other, d in second.items():
            if isinstance(other, tuple) and other[0] == word[0]:
                total += c * d * _sinusoid(abs(word[1] - other[1]))
    return total


@cache
def _sinusoid(difference: int) -> float:
    return float(SinusoidCovariance(sp.Integer(difference)).evalf(17))


def _sources(link: Link, place: Place, size: int) -> Iterator[Source]:
    own = dict(zip(indices(len(place)), map(sp.Integer, place), strict=True))
    ranges = [range(_whole(length, {}, size)) for length in link.lengths]
    if not all(ranges) and link.coefficient != 1:
        raise _too_short(size)
    for bound in product(*ranges):
        numbers = own | dict(zip(link.bound, map(sp.Integer, bound), strict=True))
        amount = _number(link.coefficient, numbers, size)
        if amount:
            yield link.argument, tuple(_whole(i, numbers, size) for i in link.index), amount


def _too_short(size: int) -> UsageError:
    return UsageError(
        f"a document of {size} token{'s' * (size > 1)} leaves no positions for a mean, or for the "
        "first or last vector: leave out documents as short as this"
    )


def _number(expression: sp.Expr, numbers: dict[sp.Symbol, sp.Expr], size: int) -> float:
    return float(_at(expression, numbers, size))


def _whole(expression: sp.Expr, numbers: dict[sp.Symbol, sp.Expr], size: int) -> int:
    return int(_at(expression, numbers, size))


def _at(expression: sp.Expr, numbers: dict[sp.Symbol, sp.Expr], size: int) -> sp.Expr:
    if expression.is_number:
        return expression
    lengths = {s: sp.Integer(size) for s in symbols_in(expression) if isinstance(s, Length)}
    value: sp.Expr = reindex(expression, {**numbers, **lengths})
    if not value.is_number:
        raise NotWindows(f"{expression} depends on more than the length of a document")
    return value
