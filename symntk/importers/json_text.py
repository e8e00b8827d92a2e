"""JSON, read strictly: no key twice, no NaN, decimals exactly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from symntk.errors import UsageError
from symntk.importers.layout import is_short


def read_json(text: str) -> object:
    """The document in ``text``; UsageError where it is no JSON."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_mapping,
            parse_float=Decimal,
            parse_constant=_refuse,
        )
    except json.JSONDecodeError as error:
        raise UsageError(f"line {error.lineno}: this is no JSON: {error.msg}") from error
    except RecursionError:
        raise UsageError("this is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise UsageError(f"this is no JSON: {error}") from error


def write_json(document: object) -> str:
    """``document`` as JSON, one entry a line."""
    return f"{_written(document, '')}\n"


def _written(value: object, indent: str) -> str:
    """Mappings of mappings or of long text over several lines, others on one."""
    if isinstance(value, Decimal):
        return str(value)
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if not value:
        return "{}"
    inner = indent + "  "
    pairs = [f"{json.dumps(k, ensure_ascii=False)}: {_written(v, inner)}" for k, v in value.items()]
    if is_short(value):
        return "{" + ", ".join(pairs) + "}"
    return "{\n" + ",\n".join(inner + pair for pair in pairs) + f"\n{indent}}}"


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UsageError(f"the key '{key}' is given twice")
        found[key] = value
    return found


def _refuse(constant: str) -> object:
    raise UsageError(f"{constant} is no number that a model can use")
