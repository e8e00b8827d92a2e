"""What all emitted modules are made of: a docstring, constants, quoted helpers, their own code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from sympy import Expr, Symbol

from symntk.emission.assembly import assembled
from symntk.emission.calls import IntegratedFunction
from symntk.emission.excerpts import names_in, quote, without_types
from symntk.emission.function_code import edges, function_text
from symntk.emission.printer import WIDTH

GAPS = (
    "A covariance c that an activation needs is carried by its two gaps, g = sqrt(q1 q2) - c and "
    "s = sqrt(q1 q2) + c, so that nearly parallel and nearly opposite vectors keep their precision "
    "through all layers."
)

_DEFINITIONS = '''\
DTYPE = np.{dtype}
{constants}


class Kernels(NamedTuple):
    """The covariance of the outputs (NNGP) and the neural tangent kernel (NTK)."""

    nngp: np.ndarray
    ntk: np.ndarray
'''


def docstring(
    title: str, formula: str, pair: str, equations: Iterable[str], notes: Iterable[str], dtype: str
) -> str:
    """The docstring of a module: the network, its limit for ``pair``, and notes on how."""
    limit = textwrap.indent("\n".join(equations), "    ")
    stored = " and stored as float32 (relative rounding 6e-8)" if dtype == "float32" else ""
    parts = [title, "The network:\n\n" + textwrap.indent(formula, "    ")]
    if limit:
        parts.append(f"The limit of infinite width, for {pair}:\n\n{limit}")
    *others, last = notes
    parts += [
        "\n".join(textwrap.wrap(note, WIDTH - 4))
        for note in (*others, f"{last} Computed in float64{stored}.")
    ]
    text = "\n\n".join(parts).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""\n'


def composed(
    docstring: str,
    dtype: str,
    known: Iterable[str],
    code: str,
    functions: tuple[IntegratedFunction, ...] = (),
) -> str:
    """A module with ``code``, and whatever of the runtime its names ask for.

    known: lines that define constants of its own.
    functions: that it integrates.
    """
    own = [function_text(function) for function in functions]
    excerpts = quote(names_in("\n".join([code, *own])))
    numbers = [excerpt.text for excerpt in excerpts if excerpt.is_number]
    helpers = [without_types(excerpt.text) for excerpt in excerpts if excerpt.is_function]
    classes = [e.text for e in excerpts if not e.is_number and not e.is_function]
    constants = "\n".join([*known, *dict.fromkeys(numbers), *edges(functions)])
    definitions = _DEFINITIONS.format(dtype=dtype, constants=constants)
    return assembled(docstring, [definitions, *classes, *own, *helpers, code])


def constants(given: tuple[tuple[Symbol, Expr], ...]) -> Iterator[str]:
    """The numbers of scale symbols."""
    for symbol, value in given:
        yield f"{symbol} = {float(value)!r}"
