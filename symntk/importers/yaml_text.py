"""YAML by PyYAML's safe loader, read strictly: no key twice, no aliases, decimals exactly."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from symntk.errors import MissingExtra, UsageError
from symntk.importers.layout import is_short

_DECIMAL = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


def read_yaml(text: str) -> object:
    """The document in ``text``; UsageError where it is no YAML, MissingExtra without PyYAML."""
    yaml = _yaml()
    try:
        return yaml.load(text, _loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        hint = ": quote a text that contains ': '" if "mapping values" in str(error.problem) else ""
        raise UsageError(f"{line}this is no YAML: {error.problem}{hint}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"this is no YAML: {error}") from error
    except RecursionError:
        raise UsageError("this is nested too deeply") from None
    except ValueError as error:  # a date of month 13, a number of thousands of digits
        raise UsageError(f"this is no YAML: {error}") from error


def write_yaml(document: object) -> str:
    """``document`` as YAML; the settings of one thing on one line."""
    text: str = _yaml().dump(
        document, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100
    )
    return text


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingExtra("pyyaml", "yaml", "a model in YAML (JSON needs nothing)") from None
    return yaml


@cache
def _loader() -> Any:
    """PyYAML's safe loader, made strict."""
    yaml = _yaml()

    class Loader(yaml.SafeLoader):  # type: ignore[name-defined]
        """Refuses what would be read as something else than it looks like."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event = self.get_event()
                raise _problem(event, f"the alias *{event.anchor}: write the value out")
            return super().compose_node(parent, index)

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | bool | Decimal | None):
                raise _problem(key_node, "a name is needed here")
            if key in found:
                raise _problem(key_node, f"the key '{key}' is given twice")
            found[key] = loader.construct_object(value_node, deep=True)
        return found

    def decimal(loader: Any, node: Any) -> Decimal:
        text = loader.construct_scalar(node)
        if _DECIMAL.fullmatch(text) is None:
            raise _problem(node, f"'{text}' is no number that a model can use")
        return Decimal(text)

    def whole(loader: Any, node: Any) -> int:
        text = loader.construct_scalar(node)
        if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", text) is None:
            raise _problem(node, f"'{text}' is an unusual number: write it plainly, or in quotes")
        return int(text)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    Loader.add_constructor("tag:yaml.org,2002:float", decimal)
    Loader.add_constructor("tag:yaml.org,2002:int", whole)
    return Loader


def _problem(node: Any, message: str) -> UsageError:
    return UsageError(f"line {node.start_mark.line + 1}: {message}")


@cache
def _dumper() -> Any:
    """PyYAML's safe dumper with exact decimals and short mappings in line."""
    yaml = _yaml()

    class Dumper(yaml.SafeDumper):  # type: ignore[name-defined]
        """Knows the layout of a model file."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def mapping(dumper: Any, value: dict[str, Any]) -> Any:
        return dumper.represent_mapping(
            "tag:yaml.org,2002:map", value.items(), flow_style=is_short(value)
        )

    def sequence(dumper: Any, value: list[Any]) -> Any:
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)

    def decimal(dumper: Any, value: Decimal) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:float", _yaml_decimal(value))

    Dumper.add_representer(dict, mapping)
    Dumper.add_representer(list, sequence)
    Dumper.add_representer(Decimal, decimal)
    return Dumper


def _yaml_decimal(value: Decimal) -> str:
    """YAML 1.1 sees a number in 1.0e-6 and text in 1e-6."""
    text = str(value).lower()
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{exponent}" if mark else text
