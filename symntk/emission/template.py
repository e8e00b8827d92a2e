"""The end of an emitted module for vectors; the gaps are filled by `module_text`."""

from __future__ import annotations

FOOTER = '''

def _prepare(x, name):
    """The inputs, and what every pair needs of them."""
    arrays = as_inputs(x, name, INPUTS)
{prepare}
    return {{
{prepared}
    }}


def _with_features(sample, wanted):
    """``sample`` and what depends on one sample alone, layer by layer; features if wanted."""
{features}
    return sample | {{
{found}
    }}


def _through_layers(first, second, symmetric, nngp, ntk):
    """Fills in both kernels of all pairs, each pair by itself."""
    first = _with_features(first, True)
    second = first if symmetric else _with_features(second, True)
    count1, count2 = nngp.shape
{profile}    on_threads(
        _pairs, -(-count1 // ROWS) * -(-count2 // COLUMNS),
{call}
    )
    if symmetric:
        np.fill_diagonal(nngp, first["nngp"])
        np.fill_diagonal(ntk, first["ntk"])

{table}
def kernel(x1, x2=None):
    """The kernels of all pairs of rows of x1 and of x2 (of x1 itself without x2).

    {arguments}
    Returns ``Kernels`` with arrays of shape (n1, n2); symmetric, with exact diagonal, without x2.
    """
    first = _prepare(x1, "x1")
    second = first if x2 is None else _prepare(x2, "x2")
    same_dimensions(first["arrays"], second["arrays"])
    shape = len(first["arrays"][0]), len(second["arrays"][0])
    found = Kernels(np.empty(shape, DTYPE), np.empty(shape, DTYPE))
    {compute}(first, second, x2 is None, found.nngp, found.ntk)
    return found


def diag(x):
    """The kernels of each row of x with itself, as vectors."""
    sample = _with_features(_prepare(x, "x"), False)
    return Kernels(sample["nngp"].astype(DTYPE), sample["ntk"].astype(DTYPE))
'''
