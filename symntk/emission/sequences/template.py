"""What every emitted module for sequences begins and ends with."""

from __future__ import annotations

KERNEL = '''\
def kernel(x1, x2=None):
    """The kernels of all pairs of a sample of x1 and a sample of x2 (of x1 itself without x2).

    {arguments}
    Returns ``Kernels`` with arrays of shape (n1, n2); symmetric without x2.
    """
    vocabularies = {{}}
'''

DIAG = '''\
def diag(x):
    """The kernels of each sample of x with itself, as vectors."""
'''

FUNCTIONS = (
    '''\
@njit(cache=True, error_model="numpy")
def _views(values{lengths}):
    """The arrays of one sample that its pairs need, in one block of memory."""
    at = 0
{views}


@njit(cache=True, error_model="numpy")
def _sample({sample_arguments}):
    """What depends on one sample alone."""
{sample}


@njit(cache=True, error_model="numpy", inline="always")
def _pair({pair_arguments}):
    """The NNGP and the NTK of a pair of samples."""
{pair}


@njit(cache=True, error_model="numpy", nogil=True)
def _samples(thread, threads, {samples_arguments}):
    """The values of all samples, one after the other."""
    for n in range(thread, len(starts) - 1, threads):
        _sample({sample_call})


@njit(cache=True, error_model="numpy", nogil=True)
def _pairs(thread, threads, {pairs_arguments}):
    """All pairs; without the lower triangle if symmetric, the diagonal alone if diagonal."""
    count1, count2 = len(starts1) - 1, len(starts2) - 1
    for both in range(thread, count1 if diagonal else count1 * count2, threads):
        n = both if diagonal else both // count2
        m = both if diagonal else both % count2
        if symmetric and m < n:
            continue
        one, two = _pair({pair_call})
        if diagonal:
            nngp[0, n], ntk[0, n] = one, two
        else:
            nngp[n, m], ntk[n, m] = one, two
        if symmetric:
            nngp[m, n], ntk[m, n] = one, two


def _prepare(x, name, vocabularies):
    """The inputs, and what depends on one sample alone."""
    inputs = as_positioned(x, name, INPUTS, vocabularies)
{mixed}{unpack}
{requirements}
{sizes}
    values = np.zeros(starts[-1])
{encoding}    on_threads(_samples, len(starts) - 1, {samples_call})
{tables}
    return inputs, ({prepared})


def _run(first, second, shape, symmetric, diagonal):
    nngp, ntk = np.empty(shape, DTYPE), np.empty(shape, DTYPE)
{sinusoid}    on_threads(
        _pairs, nngp.size, *first[1], *second[1], symmetric, diagonal, nngp, ntk{sinusoid_argument}
    )
    return Kernels(nngp, ntk)


'''
    + KERNEL
    + """\
    first = _prepare(x1, "x1", vocabularies)
    second = first if x2 is None else _prepare(x2, "x2", vocabularies)
    same_widths(first[0], second[0])
    shape = tuple(len(side[0][0][2]) for side in (first, second))
    return _run(first, second, shape, x2 is None, False)


"""
    + DIAG
    + """\
    sample = _prepare(x, "x", {{}})
    found = _run(sample, sample, (1, len(sample[0][0][2])), False, True)
    return Kernels(found.nngp[0], found.ntk[0])
"""
)

MIXTURE = '''\
@njit(cache=True, error_model="numpy")
def _mixture({data}, {length}, mixed):
    """The rows of one sample, mixed by its attention."""
{body}


@njit(cache=True, error_model="numpy", nogil=True)
def _mixtures(thread, threads, {data}, starts, lengths, mixed):
    """The rows of all samples, mixed."""
    for n in range(thread, len(starts) - 1, threads):
        begin, end = starts[n], starts[n + 1]
        _mixture({data}[begin:end], lengths[n, 0], mixed[begin:end])


'''

MIXED = """\
    rows, starts, lengths = inputs[0]
    mixed = np.empty_like(rows)
    on_threads(_mixtures, len(starts) - 1, rows, starts, lengths, mixed)
    inputs = ((mixed, starts, lengths),)
"""
