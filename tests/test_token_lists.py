"""Documents as emitted kernels read them: lists, arrays, strings and any whole numbers."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from symntk.emission.runtime import token_lists
from symntk.emission.runtime.token_lists import as_tokens

DOCUMENTS = [[3, 1, 3, 9], [1, 7], [9]]


def same_tokens(numbers: Any, tokens: list[Any]) -> bool:
    """Whether two tokens have the same number if and only if they are the same."""
    assert len(numbers) == len(tokens)
    return all(
        (numbers[i] == numbers[j]) == (tokens[i] == tokens[j])
        for i, j in combinations(range(len(tokens)), 2)
    )


@pytest.mark.parametrize(
    "documents",
    [
        DOCUMENTS,
        [tuple(document) for document in DOCUMENTS],
        [np.array(document) for document in DOCUMENTS],
        [np.array(document, np.uint8) for document in DOCUMENTS],
        [np.array(DOCUMENTS[0]), DOCUMENTS[1], np.array(DOCUMENTS[2], np.uint64)],
        [[str(token) for token in document] for document in DOCUMENTS],
        [np.array([str(token) for token in document]) for document in DOCUMENTS],
    ],
)
def test_documents_in_every_form(documents: Any) -> None:
    numbers, starts, lengths = as_tokens(documents, "x", None, {})
    assert same_tokens(numbers, [token for document in DOCUMENTS for token in document])
    assert starts.tolist() == [0, 4, 6, 7]
    assert lengths.tolist() == [[4], [2], [1]]


@pytest.mark.parametrize("kind", [np.int16, np.int64, np.uint64, object])
def test_an_array_is_read_like_lists(kind: Any) -> None:
    array = np.array([[5, 2, 5], [2, 0, 9]]).astype(kind)
    for found in (as_tokens(array, "x", 3, {}), as_tokens(array.T.copy().T, "x", 3, {})):
        for one, other in zip(found, as_tokens(array.tolist(), "x", 3, {}), strict=True):
            assert one.dtype == np.int64
            assert np.array_equal(one, other)


def test_numbers_are_the_same_in_all_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones, negative ones, those far apart and those of more than 64 bits, in any order."""
    monkeypatch.setattr(token_lists, "DENSE", 8)
    batches: list[Any] = [
        np.array([[4, 1, 4], [0, 2, 1]]),
        [[-3, 4], [10**12, 0]],
        np.array([[2**63 + 5, 4]], np.uint64),
        [[-3, 2**100, 2], [2**63 + 5]],
        [np.array([10**12, -(2**63), 7]), np.array([7], np.int8)],
    ]
    for order in (batches, batches[::-1]):
        vocabulary: dict[Any, Any] = {}
        numbers = np.concatenate([as_tokens(batch, "x", None, vocabulary)[0] for batch in order])
        assert same_tokens(
            numbers, [int(token) for batch in order for document in batch for token in document]
        )
        assert sorted(set(numbers.tolist())) == list(range(numbers.max() + 1))


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (np.zeros((2, 3)), r"sequence 0: tokens are strings, or whole numbers; .*0\.0"),
        (np.ones((2, 3), np.bool_), "sequence 0: tokens are strings"),
        ([[1, 2], [3, True]], "sequence 1: .*True is among others"),
        ([np.array([1, 2]), np.array([1.5])], "sequence 1: .*1.5"),
        ([[1], [2, "a"]], "sequence 1: .*'a' is among others"),
        ([["a"], [1]], "sequence 1: some tokens are strings and others numbers"),
        (np.zeros((3, 0), np.int64), "sequence 0 is empty"),
        (np.zeros((0, 3), np.int64), "there is no sequence"),
        (np.zeros((2, 2, 2), np.int64), "sequence 0: tokens are strings"),
        ([[1, 2, 3], [1]], "sequence 1 has 1 tokens, the network takes 3"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_named(documents: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"x: {words}"):
        as_tokens(documents, "x", 3 if "takes 3" in words else None, {})


def test_a_batch_of_words_after_one_of_numbers() -> None:
    vocabulary: dict[Any, Any] = {}
    as_tokens([[1, 2]], "x1", None, vocabulary)
    with pytest.raises(ValueError, match="x2: sequence 0: some tokens are strings and others"):
        as_tokens([["a"]], "x2", None, vocabulary)
