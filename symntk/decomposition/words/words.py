r"""Words: products of weights and tokens, of which a network without activations is a sum.

Such a network is linear in each of its matrices at every step, so that multiplied out it is

    f(x) = sum over words w of  c_w(x) v A_1 A_2 ... A_k e,

A_i a weight matrix (that of a token, for M[x]), e a token's, a position's or no one's vector, c_w a
number that depends on x.  As the width grows different words become orthogonal, and

    Sigma(x, x') = sum_w c_w(x) c_w(x'),     Theta(x, x') = sum_w k_w c_w(x) c_w(x'),

k_w being the number of weights in w that are trained: a derivative by one place of a word leaves
what stands before and behind it, and these agree for one word alone.

Source: Yang, "Tensor Programs II" (2020), Definition 2.7: vectors made by different matrices are
uncorrelated, those by one matrix have the covariance of what it is applied to.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from symntk.decomposition.documents import Token

Word: TypeAlias = int
"""Its number in a `Vocabulary`."""

Fixed: TypeAlias = tuple[Word, int]
"""A word whose vector at the end is the fixed encoding of a position."""

Vector: TypeAlias = Mapping[Word | Fixed, float]
"""A sum of words with their coefficients."""


@dataclass
class Vocabulary:
    """The words met so far, each made of a first letter and of the words it is applied to."""

    uses: list[int] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    _letters: list[tuple[Token, ...]] = field(default_factory=list)
    _inner: list[tuple[Word, ...]] = field(default_factory=list)
    _numbers: dict[tuple[Hashable, tuple[Word, ...]], Word] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.uses)

    def word(
        self,
        letter: Hashable,
        inner: tuple[Word, ...] = (),
        tokens: tuple[Token, ...] = (),
        uses: int = 0,
        is_turned: bool = False,
    ) -> Word:
        """The word that begins with ``letter``; ``tokens`` and ``uses`` are those of the letter.

        is_turned: whether the last of the inner words is read first.
        """
        key = (letter, inner)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.uses)
            self.uses.append(uses + sum(self.uses[part] for part in inner))
            self.orders.append(len(tokens) + sum(self.orders[part] for part in inner))
            self._letters.append(tokens)
            self._inner.append(inner[::-1] if is_turned else inner)
        return number

    def merge(self, other: Vocabulary) -> list[Word]:
        """What the words of another vocabulary are here, where those that are new are added."""
        found: list[Word] = []
        for word, (letter, inner) in enumerate(other._numbers):
            uses = other.uses[word] - sum(other.uses[part] for part in inner)
            is_turned = other._inner[word] != inner
            here = tuple(found[part] for part in inner)
            found.append(self.word(letter, here, other._letters[word], uses, is_turned))
        return found

    def tokens(self, word: Word) -> tuple[Token, ...]:
        """The tokens of a word in the order in which they are read."""
        found: list[Token] = []
        left = [word]
        while left:
            here = left.pop()
            found += self._letters[here]
            left += reversed(self._inner[here])
        return tuple(found)


def added(first: dict[Word | Fixed, float], second: Vector, times: float = 1.0) -> None:
    """Add ``times`` a vector to ``first``."""
    for word, coefficient in second.items():
        first[word] = first.get(word, 0.0) + times * coefficient
