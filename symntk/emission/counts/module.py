"""The source text of a kernel of counts: a module that needs NumPy and Numba alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pprint import pformat

from symntk.emission.assembly import assembled
from symntk.emission.counts.plan import CountPlan
from symntk.emission.excerpts import names_in, quote
from symntk.emission.template import DEFINITIONS, DOCSTRING

_WIDTH = 100

_FUNCTIONS = '''\
def _features(batches):
    """The features of the first batch and of the other, their number, and all squares."""
    vocabularies = {}
    read = []
    for x, name in batches:
        (batch,) = as_positioned(x, name, INPUTS, vocabularies)
        for beyond, _ in filter(None, MEANS):
            words = f"T - {-beyond}" if beyond < 0 else f"T + {beyond}"
            require_positions(batch[2][:, 0] + beyond, name, words)
        read.append(batch)
    count = len(read[0][2])
    rows, width, squares = features(STATISTICS, joined(read), MEANS, count)
    return *parted(rows, count), width, squares


def kernel(x1, x2=None):
    """The kernels of all pairs of a document of x1 and one of x2 (of x1 itself without x2).

    x1, x2: lists of documents, each a list of tokens: strings, or whole numbers.
    Returns ``Kernels`` with arrays of shape (n1, n2); symmetric without x2.
    """
    if x2 is None:
        rows, _, width, squares = _features([(x1, "x1")])
        return Kernels(*count_products(rows, None, width, squares, DTYPE))
    return Kernels(*count_products(*_features([(x1, "x1"), (x2, "x2")]), DTYPE))


def diag(x):
    """The kernels of each document of x with itself, as vectors."""
    *_, squares = _features([(x, "x")])
    return Kernels(*squares.astype(DTYPE))
'''


def module_text(plan: CountPlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    excerpts = quote(names_in(_FUNCTIONS))
    numbers = [excerpt.text for excerpt in excerpts if not excerpt.is_function]
    helpers = [excerpt.text for excerpt in excerpts if excerpt.is_function]
    known = "\n".join([*_data(plan), *dict.fromkeys(numbers)])
    return assembled(
        DOCSTRING.format(title=plan.title, body=_documentation(plan, dtype)),
        [DEFINITIONS.format(dtype=dtype, constants=known), *helpers, _FUNCTIONS],
    )


def _data(plan: CountPlan) -> Iterator[str]:
    name, length = plan.token_input
    yield f"INPUTS = {{{name!r}: ('tokens', ({length},), None)}}  # length, None for any"
    means = tuple(None if mean is None else tuple(mean) for mean in plan.means)
    yield f"MEANS = {means!r}  # NNGP, NTK: (k, p) where features are divided by (T + k)^p"
    yield "STATISTICS = [  # groups of readings, see met_readings"
    for label, groups in plan.statistics:
        yield f"    # {label}"
        lines = pformat(list(groups), width=_WIDTH - 6, compact=True).splitlines()
        yield from (f"    {line}" for line in lines[:-1])
        yield f"    {lines[-1]},"
    yield "]"


def _documentation(plan: CountPlan, dtype: str) -> str:
    stored = " and stored as float32 (relative rounding 6e-8)" if dtype == "float32" else ""
    notes = [
        "A token matches another or not, so that these kernels are polynomials in matches. Summed "
        "over positions they are inner products of features, which are counts of tokens and "
        "n-grams times the factors below: kernel(x, x') = sum_f F_f(x) F_f(x'). "
        f"Computed in float64{stored}."
    ]
    parts = ["The network:\n\n" + textwrap.indent(plan.formula, "    ")]
    parts += ["\n".join(textwrap.wrap(note, _WIDTH - 4)) for note in notes]
    return "\n\n".join(parts).replace("\\", "\\\\").replace('"""', "'''")
