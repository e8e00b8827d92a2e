"""Options that belong together, given to a command as one frozen dataclass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def as_one(kind: type[Any], name: str, options: Sequence[Decorator]) -> Decorator:
    """Give a command ``options``, which make up a ``kind``, as its argument ``name``."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def gathered(*arguments: Any, **given: Any) -> Any:
            one = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            return command(*arguments, **{name: one}, **given)

        found: Callable[..., Any] = gathered
        for option in reversed(options):
            found = option(found)
        return found

    return decorate
