"""Documents as an emitted module reads them: lists of tokens, which get numbers."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

KIND = ("kind of tokens",)  # under which a vocabulary holds whether they are strings or numbers
KNOWN = ("whole numbers",)  # under which it holds the tokens that are numbers, in their order
DENSE = 65536  # whole numbers in a range of this, or of four for each token, need not be sorted


def as_tokens(
    x: Any, name: str, length: int | None, vocabulary: dict[Any, Any]
) -> tuple[Any, Any, Any]:
    """Documents one after the other: tokens, where each begins, and lengths (documents, 1).

    x: lists or arrays of tokens, or one array (documents, tokens).  Tokens get numbers, the same
    for the same token in all that is read with one ``vocabulary``, which holds them.
    """
    if isinstance(x, str):
        raise ValueError(f"{name}: a list of sequences of tokens is needed, not one text")
    samples = x if isinstance(x, np.ndarray) and x.ndim == 2 else list(x)
    if len(samples) == 0:
        raise ValueError(f"{name}: there is no sequence in it")
    if samples is not x:
        for row, sample in enumerate(samples):
            if isinstance(sample, str):
                label = f"{name}: sequence {row}"
                raise ValueError(f"{label} is a text: split it into a list of tokens first")
            if not hasattr(sample, "__len__"):
                label = f"{name}: sequence {row}"
                raise ValueError(f"{label} is {sample!r}: a sequence is a list of tokens")
    sizes = np.fromiter(map(len, samples), np.int64, len(samples))
    if sizes.min() == 0:
        raise ValueError(f"{name}: sequence {sizes.argmin()} is empty")
    if length is not None and (sizes != length).any():
        row = int((sizes != length).argmax())
        raise ValueError(
            f"{name}: sequence {row} has {sizes[row]} tokens, the network takes {length}"
        )
    numbers = token_numbers(samples, name, vocabulary)
    return numbers, np.concatenate([[0], np.cumsum(sizes)]), sizes[:, None]


def token_numbers(samples: Any, name: str, vocabulary: dict[Any, Any]) -> Any:
    """The numbers of the tokens of all samples in turn; ValueError for what is no token."""
    tokens: Any
    if are_signed(samples):
        kind = "numbers"
        tokens = samples.ravel() if isinstance(samples, np.ndarray) else np.concatenate(samples)
    else:
        tokens = list(chain.from_iterable(samples))
        kind = kind_of(tokens)
    if not kind or vocabulary.setdefault(KIND, kind) != kind:
        refuse_tokens(samples, name, vocabulary.get(KIND, ""))
    if kind == "numbers":
        return whole_numbers(tokens, vocabulary)
    for token in dict.fromkeys(tokens):
        vocabulary.setdefault(token, len(vocabulary))
    return np.fromiter(map(vocabulary.__getitem__, tokens), np.int64, len(tokens))


def are_signed(samples: Any) -> bool:
    """Whether all samples are vectors of signed integers, which need not be looked at singly."""
    if isinstance(samples, np.ndarray):
        return bool(samples.dtype.kind == "i")
    return all(isinstance(s, np.ndarray) and s.ndim == 1 and s.dtype.kind == "i" for s in samples)


def kind_of(tokens: Any) -> str:
    """What all tokens are, "strings" or whole "numbers"; "" if neither."""
    types = set(map(type, tokens))
    if all(issubclass(one, str) for one in types):
        return "strings"
    if all(issubclass(one, int | np.integer) and one is not bool for one in types):
        return "numbers"
    return ""


def refuse_tokens(samples: Any, name: str, known: str) -> None:
    """ValueError for the first sample whose tokens are not what they should be, or ``known``."""
    for row, sample in enumerate(samples):
        kind = kind_of(sample)
        label = f"{name}: sequence {row}"
        if not kind:
            odd = next(
                t for t in sample if isinstance(t, bool) or not isinstance(t, int | np.integer)
            )
            raise ValueError(
                f"{label}: tokens are strings, or whole numbers; {odd!r} is among others"
            )
        known = known or kind
        if kind != known:
            raise ValueError(f"{label}: some tokens are strings and others numbers")


def whole_numbers(tokens: Any, vocabulary: dict[Any, Any]) -> Any:
    """Numbers from 0 for whole numbers: those that are known keep theirs, and new ones follow.

    Where they lie in a narrow range, their places in it are looked up in a table.
    """
    try:
        tokens = np.asarray(tokens, np.int64)
    except OverflowError:
        tokens = np.array(tokens, object)
    known = vocabulary.get(KNOWN, tokens[:0])
    every = np.concatenate([known, tokens])
    low, high = every.min(), every.max()
    if int(high) - int(low) < max(DENSE, 4 * len(every)):
        values, places = None, (every - low).astype(np.int64)
    else:
        values, places = np.unique(every, return_inverse=True)
    is_new = np.zeros(places.max() + 1, np.bool_)
    is_new[places] = True
    is_new[places[: len(known)]] = False
    new = np.flatnonzero(is_new)
    numbers = np.empty(len(is_new), np.int64)
    numbers[places[: len(known)]] = np.arange(len(known))
    numbers[new] = np.arange(len(known), len(known) + len(new))
    vocabulary[KNOWN] = np.concatenate([known, new + low if values is None else values[new]])
    return numbers[places[len(known) :]]
