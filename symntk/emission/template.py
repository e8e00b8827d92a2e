"""What every emitted module begins and ends with; the gaps are filled by `module_text`."""

from __future__ import annotations

DOCSTRING = '''\
"""{title}

{body}
"""
'''

DEFINITIONS = '''\
DTYPE = np.{dtype}
{constants}


class Kernels(NamedTuple):
    """The covariance of the outputs (NNGP) and the neural tangent kernel (NTK)."""

    nngp: np.ndarray
    ntk: np.ndarray
'''

FOOTER = '''

def _prepare(x, name):
    """The inputs, and what depends on one sample alone."""
    arrays = as_inputs(x, name, INPUTS)
{prepare}
    return {{
{prepared}
    }}


def kernel(x1, x2=None):
    """The kernels of all pairs of rows of x1 and of x2 (of x1 itself without x2).

    {arguments}
    Returns ``Kernels`` with arrays of shape (n1, n2); symmetric, with exact diagonal, without x2.
    """
    first = _prepare(x1, "x1")
    second = first if x2 is None else _prepare(x2, "x2")
    same_dimensions(first["arrays"], second["arrays"])
    count1, count2 = len(first["nngp"]), len(second["nngp"])
    nngp, ntk = np.empty((count1, count2), DTYPE), np.empty((count1, count2), DTYPE)
{profile}    on_threads(
        _pairs, -(-count1 // ROWS) * -(-count2 // COLUMNS),
{call}
    )
    if x2 is None:
        np.fill_diagonal(nngp, first["nngp"])
        np.fill_diagonal(ntk, first["ntk"])
    return Kernels(nngp, ntk)


def diag(x):
    """The kernels of each row of x with itself, as vectors."""
    sample = _prepare(x, "x")
    return Kernels(sample["nngp"].astype(DTYPE), sample["ntk"].astype(DTYPE))
'''
