"""What an emitted module that runs over rows of positions consists of."""

from __future__ import annotations

from symntk.emission.sequences.template import DIAG, KERNEL

FUNCTIONS = (
    '''\
@njit(cache=True, error_model="numpy")
def _views(lanes, at{lengths}):
    """The numbers of the positions of the sample that begins at ``at``."""
{views}


@njit(cache=True, error_model="numpy")
def _sample({sample_arguments}):
    """What depends on one sample alone, in its columns of ``lanes``."""
{sample}


{stages}


@njit(cache=True, error_model="numpy", nogil=True)
def _samples(thread, threads, {samples}):
    """The numbers of all samples, a row of ``lanes`` each, one column for each position."""
    for n in range(thread, len(starts) - 1, threads):
        _sample({sample_call})


@njit(cache=True, error_model="numpy", nogil=True)
def _pairs({pairs_arguments}):
    """A thread's share of all pairs: sample n of x1 with a block of samples of x2 at a time.

    Without the lower triangle if symmetric, the diagonal alone if diagonal.
    {how}
    """
    count1 = len(starts1) - 1
    parts = 1 if diagonal else len(blocks) - 1
{memory}
    for task in range(thread, count1 * parts, threads):
        # not part = task % parts: a thread would have the same part, and its length, at each n
        n, part = task // parts, (task + task // parts) % parts
        first, last = (n, n + 1) if diagonal else (blocks[part], blocks[part + 1])
        first = max(first, n) if symmetric else first
        if first >= last:
            continue
{block}


def _prepared({prepared_arguments}):
    """What depends on one sample alone."""
{unpack}
{sizes}
    lanes = np.zeros(({count}, starts[-1]{margin}))
    # a thread for some thousands of positions: one begins as slowly as they are done
    on_threads(_samples, starts[-1] // LANES, {samples})
{prepare}
    return {{
{prepared}
    }}


def _run(first, second, symmetric, diagonal):
    count1, count2 = len(first["starts"]) - 1, len(second["starts"]) - 1
    nngp, ntk = np.empty((2, 1 if diagonal else count1, count2), DTYPE)
{shapes}
    on_threads({run_arguments})
    return Kernels(nngp, ntk)


'''
    + KERNEL
    + '''\
    one = _inputs(x1, "x1", vocabularies)
    two = one if x2 is None else _inputs(x2, "x2", vocabularies)
    same_widths(one, two)
{stride}    first = _prepared(one{stride_argument})
    second = first if x2 is None else _prepared(two{stride_argument})
    return _run(first, second, x2 is None, False)


def _inputs(x, name, vocabularies):
    """The inputs, one after the other; ValueError for what is none."""
    inputs = as_positioned(x, name, INPUTS, vocabularies)
{mixed}{requirements}    return inputs


'''
    + DIAG
    + """\
    inputs = _inputs(x, "x", {{}})
{stride_of_one}    sample = _prepared(inputs{stride_argument})
    found = _run(sample, sample, False, True)
    return Kernels(found.nngp[0], found.ntk[0])
"""
)
