"""The source text of a kernel of counts: a module that needs NumPy and Numba alone."""

from __future__ import annotations

from collections.abc import Iterator
from pprint import pformat

from symntk.emission.composition import composed, constants, docstring
from symntk.emission.counts.plan import CountPlan, WeightedPlan
from symntk.emission.printer import WIDTH
from symntk.emission.sequences.text import PAIR, items_text

_SUM = ": kernel(x, x') = sum_f F_f(x) F_f(x')."

_FUNCTIONS = '''\
def _features(batches):
    """The features of the documents of all batches, and how many the first has."""
    vocabularies = {}
    read = []
    for x, name in batches:
        (batch,) = as_positioned(x, name, INPUTS, vocabularies)
        for beyond, _ in filter(None, MEANS):
            words = f"T - {-beyond}" if beyond < 0 else f"T + {beyond}"
            require_positions(batch[2][:, 0] + beyond, name, words)
        read.append(batch)
    count = len(read[0][2])
    return features(STATISTICS, joined(read), MEANS, count), count
'''

_WEIGHTED = '''\
@njit(cache=True, error_model="numpy")
def _weight({data}, {length}, weights{encoding}):
    """The weights of the positions of one document."""
{body}


@njit(cache=True, error_model="numpy", nogil=True)
def _weights(thread, threads, tokens, starts, lengths, weights{encoding}):
    """The weights of all documents."""
    for n in range(thread, len(lengths), threads):
        begin, end = starts[n], starts[n + 1]
        _weight(tokens[begin:end], lengths[n, 0], weights[:, begin:end]{encoding})


def _features(batches):
    """The features of the documents of all batches, and how many the first has."""
    vocabularies = {{}}
    read = [as_positioned(x, name, INPUTS, vocabularies)[0] for x, name in batches]
    batch = joined(read)
    weights = np.empty(({count}, len(batch[0])))
{encode}    on_threads(_weights, len(batch[2]), *batch, weights{encoding})
    count = len(read[0][2])
    return [weighted(statistic, batch, weights, count) for statistic in STATISTICS], count
'''

_KERNELS = '''\
def kernel(x1, x2=None):
    """The kernels of all pairs of a document of x1 and one of x2 (of x1 itself without x2).

    x1, x2: lists of documents, each a list of tokens: strings, or whole numbers; or an array of
    whole numbers, a document a row.
    Returns ``Kernels`` with arrays of shape (n1, n2); symmetric without x2.
    """
    batches = [(x1, "x1")] if x2 is None else [(x1, "x1"), (x2, "x2")]
    return Kernels(*count_products(*_features(batches), DTYPE))


def diag(x):
    """The kernels of each document of x with itself, as vectors."""
    found, _ = _features([(x, "x")])
    return Kernels(*squared(found).astype(DTYPE))
'''


_ENCODE = """\
    SINUSOID = sinusoid_covariances(int(batch[2].max()))
"""


def module_text(plan: CountPlan, dtype: str) -> str:
    """The module that computes ``plan``, its results in arrays of type ``dtype``."""
    note = (
        "A token matches another or not, so that these kernels are polynomials in matches. Summed "
        "over positions they are inner products of features, which are counts of tokens and "
        "n-grams times the factors below"
    )
    text = docstring(plan.title, plan.formula, PAIR, (), [note + _SUM], dtype)
    return composed(text, dtype, _data(plan), _FUNCTIONS + _KERNELS)


def weighted_text(plan: WeightedPlan, dtype: str) -> str:
    """The same for sums of weights of positions."""
    note = (
        "Summed over positions these kernels are inner products of features, which are sums of the "
        "weights of the positions with the same token (and place) times the factors below"
    )
    code = plan.code
    lines = "\n".join(items_text(code.body, "    "))
    is_encoded = "SINUSOID[" in lines
    functions = _WEIGHTED.format(
        data=code.input.data,
        length=code.input.lengths[0],
        body=lines,
        count=plan.count,
        encode=_ENCODE if is_encoded else "",
        encoding=", SINUSOID" if is_encoded else "",
    )
    text = docstring(plan.title, plan.formula, PAIR, plan.equations, [note + _SUM], dtype)
    return composed(text, dtype, _weighted_data(plan), functions + _KERNELS)


def _data(plan: CountPlan) -> Iterator[str]:
    yield _inputs(*plan.token_input)
    means = tuple(None if mean is None else tuple(mean) for mean in plan.means)
    yield f"MEANS = {means!r}  # NNGP, NTK: (k, p) where features are divided by (T + k)^p"
    yield "STATISTICS = [  # groups of readings, see met_readings"
    for label, groups in plan.statistics:
        yield f"    # {label}"
        lines = pformat(list(groups), width=WIDTH - 6, compact=True).splitlines()
        yield from (f"    {line}" for line in lines[:-1])
        yield f"    {lines[-1]},"
    yield "]"


def _weighted_data(plan: WeightedPlan) -> Iterator[str]:
    item = plan.code.input
    yield _inputs(item.name, item.fixed[0])
    yield from constants(plan.code.constants)
    yield "STATISTICS = [  # see weighted"
    yield from (f"    {tuple(feature)!r}," for feature in plan.features)
    yield "]"


def _inputs(name: str, length: int | None) -> str:
    return f"INPUTS = {{{name!r}: ('tokens', ({length},), None)}}  # length, None for any"
