"""Labelled texts in files: what is read, and what is refused with row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from symntk.dynamics import read_corpus
from symntk.dynamics.rows import LONGEST
from symntk.errors import UsageError
from tests.sentiment import FOLDER, corpus, needed


def written(folder: Path, content: str | bytes, suffix: str = ".csv") -> Path:
    path = folder / f"reviews{suffix}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_formats_say_the_same(tmp_path: Path) -> None:
    rows = [("a Good, film", "up"), ('so "bad"\nreally', "down"), ("ça va", "up")]
    quoted = [(text.replace('"', '""'), label) for text, label in rows]
    files = {
        ".csv": "label,text\n" + "".join(f'{label},"{text}"\r\n' for text, label in quoted),
        ".tsv": "text\tid\tlabel\n" + "".join(f'"{t}"\t7\t{label}\n' for t, label in quoted),
        ".jsonl": "\n".join(json.dumps({"text": t, "label": label}) for t, label in rows) + "\n\n",
    }
    for suffix, content in files.items():
        found = read_corpus(written(tmp_path, b"\xef\xbb\xbf" + content.encode(), suffix))
        assert found.docs == [text.split() for text, _ in rows]
        assert found.labels == ["up", "down", "up"]


def test_tokens_by_a_pattern_in_lower_case(tmp_path: Path) -> None:
    path = written(tmp_path, "review,stars\nIt's GOOD (not bad)!,4\nGood!,5\n")
    found = read_corpus(path, "review", "stars", pattern=r"(\w+)(')?", lower=True, numbers=True)
    assert found.docs == [["it'", "s", "good", "not", "bad"], ["good"]]
    assert found.labels == [4.0, 5.0]


def test_rare_tokens_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "text,label\na b a,10\nc,9\nb d,9\n")
    found = read_corpus(path, minimum=2)
    assert found.docs == [["a", "b", "a"], ["b"]]
    assert found.labels == [10, 9]  # whole numbers, in the order of numbers
    assert found.left_out == 1
    with pytest.raises(UsageError, match="no token occurs 5 times"):
        read_corpus(path, minimum=5)


@needed
def test_the_sentiment_treebank() -> None:
    found = read_corpus(FOLDER / "train.csv")
    assert found.docs == corpus("train").docs
    assert [2 * label - 1 for label in found.labels] == corpus("train").labels.tolist()


WRONG: dict[str, tuple[str | bytes, str, dict[str, Any], str]] = {
    "no such column": (
        "text,y\na,1\n",
        ".csv",
        {},
        "no column 'label'; the columns are 'text', 'y'",
    ),
    "column twice": ("text,text,label\na,b,1\n", ".csv", {}, "more than one column 'text'"),
    "nothing": ("", ".csv", {}, "is empty: the first line names the columns"),
    "no names": ("\n\n", ".csv", {}, "is empty"),
    "nothing at all": ("\n", ".jsonl", {}, "has no rows"),
    "no rows": ("text,label\n", ".csv", {}, "has no rows"),
    "empty text": ("text,label\na,1\n  ,0\n", ".csv", {}, "row 2 .*'text': the text has no tokens"),
    "empty label": ("text,label\na,1\nb,\n", ".csv", {}, "row 2 .*'label': the label is empty"),
    "nan": ("text,label\na,NaN\n", ".csv", {}, "row 1 .*'label': the label is NaN"),
    "nan number": ("text,label\na,nan\n", ".csv", {"numbers": True}, "row 1 .*'nan' is no finite"),
    "word": ("text,label\na,good\n", ".csv", {"numbers": True}, "'good' is no finite number"),
    "cells": ("text,label\na,1\nb,c,1\n", ".csv", {}, r"row 2 \(line 3\) has 3 cells"),
    "cells on lines": (
        'text,label\n\n"a\nb",1\n"a\nb"\n',
        ".csv",
        {},
        r"row 2 \(lines 5 to 6\) has 1",
    ),
    "quote": (
        'label,text\n1,"a"\n1,"a\n0,b\n',
        ".csv",
        {},
        r"row 2, column 'text' \(lines 3 to 4\): a quotation mark opens the cell, and none closes",
    ),
    "quote of much": (
        'text,label\na,1\n"' + "word and word,0\n" * 20000,
        ".csv",
        {},
        r"row 2, column 'text' \(lines 3 to \d+\): the cell has more than 131072 characters; is",
    ),
    "letter after quote": (
        'id\ttext\tlabel\n"7"\t"a"b\t1\n',
        ".tsv",
        {},
        r"row 1, column 'text' \(line 2\): '\t' expected after",
    ),
    "quote in names": ('text,"label\na,1\n', ".csv", {}, "the names of the columns .*opens"),
    "bytes": (
        b"id,text,label\n1,a,1\n2,b\xff,0\n",
        ".csv",
        {},
        "row 2, column 'text', line 3, byte 4: this is not UTF-8",
    ),
    "bytes in names": (b"t\xe4xt,label\n", ".csv", {}, "the names of the columns, line 1, byte 2"),
    "bytes in objects": (
        b'{"text": "a", "label": 1}\n{"text": "\xff", "label": 1}\n',
        ".jsonl",
        {},
        "row 2, line 2, byte 11: this is not UTF-8",
    ),
    "suffix": ("a", ".txt", {}, "read from .csv, .tsv, .jsonl files"),
    "json": ('{"text": "a", "label": 1}\n{"text"\n', ".jsonl", {}, r"row 2 \(line 2\) is not JSON"),
    "list": ("[1]\n", ".jsonl", {}, "needed is an object"),
    "key": ('{"text": "a"}\n', ".jsonl", {}, r"row 1 .*no column 'label'"),
    "null": ('{"text": null, "label": 1}\n', ".jsonl", {}, "'text': needed is a text, not None"),
    "float": ('{"text": "a", "label": NaN}\n', ".jsonl", {}, "a class is a word .*not nan"),
    "true": ('{"text": "a", "label": true}\n', ".jsonl", {"numbers": True}, "True is no finite"),
    "pattern": ("text,label\na,1\n", ".csv", {"pattern": "("}, "is no regular expression"),
    "minimum": ("text,label\na,1\n", ".csv", {"minimum": 0}, "at least 1, not 0"),
    "long": (b"text,label\n" + b"a" * (LONGEST + 9), ".csv", {}, "line 2 is longer than"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_well_formed_is_named(case: str, tmp_path: Path) -> None:
    content, suffix, options, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        read_corpus(written(tmp_path, content, suffix), **options)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.csv: No such file"):
        read_corpus(tmp_path / "absent.csv")
