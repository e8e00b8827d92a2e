"""A module's text from its parts: imports for what it uses, and decorators for how it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from symntk.emission.excerpts import names_in

_STANDARD = {
    "concurrent.futures": ("ThreadPoolExecutor",),
    "functools": ("cache",),
    "itertools": ("chain",),
    "typing": ("Any", "NamedTuple"),
}
_NUMBA = ("get_num_threads", "njit")
"""What modules may take from the standard library, beside `math`, and from Numba."""

_INNER = "INNER = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True)  # called by compiled code"


def assembled(docstring: str, parts: Iterable[str]) -> str:
    """A module: its docstring, the imports that its parts need, and the parts.

    Functions that only compiled ones call are compiled for them alone, and not kept in files of
    their own: a tenth of the time of compiling.
    """
    code = "\n\n\n".join(part.strip("\n") for part in parts)
    lines = code.splitlines()
    inner = list(_inner_functions(ast.parse(code)))
    for function in inner:
        number = function.decorator_list[0].lineno - 1
        lines[number] = _for_compiled_code(lines[number])
    if inner:
        lines[:0] = [_INNER]
    text = "\n".join(lines)
    return f"{docstring}\n{_imports(text)}\n\n{text}\n"


def _inner_functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """The compiled functions that no other code names."""
    compiled = [node for node in module.body if _is_compiled(node)]
    others = [node for node in module.body if not _is_compiled(node)]
    called = {name.id for n in others for name in ast.walk(n) if isinstance(name, ast.Name)}
    for node in compiled:
        if isinstance(node, ast.FunctionDef) and node.name not in called:
            yield node


def _is_compiled(node: ast.stmt) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any("njit" in names_in(ast.unparse(decorator)) for decorator in decorators)


def _for_compiled_code(decorator: str) -> str:
    """``@njit(cache=True, ...)`` without a cache of its own, and without wrappers for Python."""
    options = decorator.removeprefix("@njit(").removesuffix(")").split(", ")
    return f"@njit({', '.join([*(o for o in options if o != 'cache=True'), '**INNER'])})"


def _imports(code: str) -> str:
    """The lines that import what ``code`` uses, the standard library first."""
    used = names_in(code)
    lines = ["import math"] if "math" in used else []
    lines += [line for item in _STANDARD.items() for line in _from(*item, used)]
    return "\n".join([*lines, "", "import numpy as np", *_from("numba", _NUMBA, used)])


def _from(module: str, names: Iterable[str], used: set[str]) -> Iterator[str]:
    found = [name for name in names if name in used]
    if found:
        yield f"from {module} import {', '.join(found)}"
