"""What the models of the zoo are made of: weights by the letter of their scale, and their ends."""

from __future__ import annotations

import sympy as sp

from symntk.activations import Activation
from symntk.graph import Bias, Node, Scale, Weight, biases, weights
from symntk.zoo.keywords import Depth, Number, Pool


def weight(name: str, std: Number, symbol: str | None = None) -> Weight:
    """A weight matrix with the scale sigma_symbol, or sigma_name."""
    (made,) = weights(name, Scale.of(f"sigma_{symbol or name}", std))
    return made


def bias(name: str, std: Number, symbol: str = "b") -> Bias | None:
    """A bias vector with the scale sigma_symbol; None where ``std`` is 0."""
    if not std:
        return None
    (made,) = biases(name, Scale.of(f"sigma_{symbol}", std))
    return made


def plus(h: Node, b: Bias | None) -> Node:
    """h + b, or h where there is no bias."""
    return h if b is None else h + b


def pooled(h: Node, pool: Pool) -> Node:
    """The sum or the mean over positions, the first or the last vector."""
    result: Node = getattr(h, pool)()
    return result


def layers(depth: Depth) -> int | sp.Symbol:
    """A number of layers; a letter as a symbol."""
    return sp.Symbol(depth, integer=True, positive=True) if isinstance(depth, str) else depth


_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def counted(count: int | sp.Symbol, noun: str) -> str:
    """``one layer``, ``two layers``, ``L layers``."""
    small = isinstance(count, int) and count <= len(_WORDS)
    word = _WORDS[count - 1] if small else count
    return f"{word} {noun}{'' if count == 1 else 's'}"


def with_act(title: str, phi: Activation) -> str:
    """A title that names the activation."""
    return f"{title} ({phi.title})"
