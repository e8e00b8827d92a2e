"""What may be a name in a network."""

from __future__ import annotations

from keyword import iskeyword

from symntk.errors import GraphError


def require_name(text: object, what: str) -> str:
    """``text`` if it can stand in a formula; GraphError, saying ``what`` it names, if not."""
    if not isinstance(text, str) or not text.isidentifier():
        raise GraphError(
            f"{text!r} is not a name for {what}: use letters, digits and _, a letter first"
        )
    if iskeyword(text):
        raise GraphError(f"{text!r} is a word of the language: choose another name for {what}")
    return text
