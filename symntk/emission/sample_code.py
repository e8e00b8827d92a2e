"""The source of what belongs to one sample: features for its pairs, and diagonals."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symntk.emission.pair_code import (
    assignment,
    feature_arrays,
    places,
    signature,
    wrapped,
)
from symntk.emission.plan import Assign, KernelPlan, SampleItem, Segment, Store
from symntk.emission.printer import source_text

_DOCUMENTATION = '    """Diagonals, and if wanted what the pairs of a sample need of it."""'


def sample_code(plan: KernelPlan) -> Iterator[str]:
    """The function ``_samples``, and ``_each_sample`` that does the work."""
    given = [str(item.variance) for item in plan.inputs]
    given += [str(cross.diagonal) for cross in plan.crosses if cross.diagonal is not None]
    names = [f"{name}_" for name in given]
    lengths = [str(item.length) for item in plan.inputs if item.length is not None]
    arrays = list(feature_arrays(plan))
    results = [*(name for name, _ in arrays), "nngp", "ntk"]
    yield '@njit(cache=True, error_model="numpy", nogil=True)'
    yield from signature(
        "_each_sample", ["thread", "threads", "wanted", *names, *lengths, *results]
    )
    yield _DOCUMENTATION
    yield "    for i in range(thread, len(nngp), threads):"
    for name, array in zip(given, names, strict=True):
        yield f"        {name} = {array}[i]"
    features = {segment.index: segment for segment, _ in plan.segments()}
    yield from _sample_items(plan.samples, features, (), "        ")
    yield f"        nngp[i] = {plan.nngp[1]}"
    yield f"        ntk[i] = {plan.ntk[1]}"
    yield ""
    yield ""
    yield f"def _samples(wanted, {', '.join([*names, *lengths])}):"
    yield _DOCUMENTATION
    if arrays:
        yield f"    count = len({names[0]}) if wanted else 0"
    for name, shape in arrays:
        yield f"    {name} = np.empty({shape})"
    yield f"    nngp, ntk = np.empty((2, len({names[0]})))"
    # only coefficients take long enough for several threads
    call = "on_threads(_each_sample, len(nngp)," if plan.has_rows() else "_each_sample(0, 1,"
    yield f"    {call}"
    yield from wrapped(["wanted", *names, *lengths, *results], "        ")
    yield "    )"
    yield f"    return {', '.join(results)}"


def _sample_items(
    items: tuple[SampleItem, ...],
    segments: dict[int, Segment],
    counters: tuple[str, ...],
    indent: str,
) -> Iterator[str]:
    for item in items:
        if isinstance(item, Assign):
            yield from assignment(item, indent)
        elif isinstance(item, Store):
            before = "".join(f"{counter}, " for counter in counters)
            segment = segments[item.segment]
            if segment.features:
                yield f"{indent}if wanted:"
            names = sp.numbered_symbols(f"w{segment.index}_")
            shared, values = sp.cse(
                [feature.value for feature in segment.features], symbols=names, order="none"
            )
            for name, part in shared:
                yield f"{indent}    {name} = {source_text(part)}"
            for value, (feature, array, place) in zip(values, places(segment), strict=True):
                target, text = f"{array}[{before}{place.format(sample='i')}]", source_text(value)
                copied = f"copied({text}, {target})"
                yield f"{indent}    " + (copied if feature.is_row else f"{target} = {text}")
        else:
            yield f"{indent}for {item.counter} in range({item.times}):"
            yield from _sample_items(
                item.body, segments, (*counters, item.counter), indent + "    "
            )


def sample_call(plan: KernelPlan, results: list[str], arguments: list[str]) -> Iterator[str]:
    """The call of ``_samples``; coefficients take long, and equal samples share them."""
    left = ", ".join(results)
    if not plan.has_rows() or len(arguments) > 1:
        yield f"{left} = _samples(wanted, {', '.join(arguments)})"
        return
    (variance,) = arguments
    yield f"is_one = one_variance({variance}) > 0.0"
    yield f"{left} = _samples(wanted, {variance}[:1] if is_one else {variance})"
    yield "if is_one:"
    for name in results:
        axis = -2 if name.startswith("rows") else -1
        yield f"    {name} = np.repeat({name}, len({variance}), axis={axis})"
