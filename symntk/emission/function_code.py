"""The source of functions that are integrated, with their panels and kinks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import sympy as sp

from symntk.emission.calls import IntegratedFunction
from symntk.emission.printer import WIDTH, source_text


def edges(functions: tuple[IntegratedFunction, ...]) -> Iterator[str]:
    """Panels and kinks of the functions, as arrays of constants."""
    for function in functions:
        for name, found in (("EDGES", function.edges), ("KINKS", function.kinks)):
            numbers = ", ".join(map(repr, found))
            start = f"{name}_{function.name} = np.array(["
            if len(start) + len(numbers) + 2 <= WIDTH and found:
                yield f"{start}{numbers}])"
            elif found:
                yield start
                yield from _indented_text(numbers)
                yield "])"
            else:
                yield f"{name}_{function.name} = np.empty(0)"


def function_text(function: IntegratedFunction) -> str:
    """The source of a function of x."""
    text = function.text.replace("\\", "")
    lines = ['@njit(cache=True, error_model="numpy")', f"def {function.name}(x):"]
    lines += _indented_text(f'"""{text}"""')
    for end, expression in function.pieces:
        indent = "    "
        if end is not None:
            lines.append(f"    if x < {end!r}:")
            indent = "        "
        shared, (value,) = sp.cse([expression], symbols=sp.numbered_symbols("t"), order="none")
        lines += [f"{indent}{symbol} = {source_text(part)}" for symbol, part in shared]
        lines.append(f"{indent}return {source_text(value)}")
    return "\n".join(lines)


def _indented_text(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 4, initial_indent="    ", subsequent_indent="    ")
