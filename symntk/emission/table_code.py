"""The source of a kernel's table, and of the kernels of all pairs along it."""

from __future__ import annotations

from symntk.emission.plan import KernelPlan

_TABLE = '''

@cache
def _table(low, high):
    """The table for variances with logarithms from ``low`` to ``high``."""
    return tabulated(_values, low, high)


def _along_table(first, second, symmetric, nngp, ntk):
    """Fills in both kernels of all pairs: along a table where that is quicker, else by layers."""
    q1, q2 = first["{q}"], second["{q}"]
    span = table_range(q1, q2, nngp.size)
    table = None if span is None else _table(*span)
    if table is None:
        _through_layers(first, second, symmetric, nngp, ntk)
        return
    one = table_samples(table, q1)
    two = one if symmetric else table_samples(table, q2)
    count1, count2 = nngp.shape
    on_threads(
        tabulated_pairs, -(-count1 // ROWS) * -(-count2 // COLUMNS),
        symmetric, table.curve, table.parity, first["{x}_rows"], second["{x}_columns"],
        second["{x}_rows"], first["{x}_root"], second["{x}_root"], one.polynomials, one.scales,
        table.core, table.widths, two.bases, nngp, ntk
    )
    if symmetric:
        np.fill_diagonal(nngp, one.scales[0] ** 2)
        np.fill_diagonal(ntk, one.scales[1] ** 2)
    if len(one.outside):
        few = _prepare(first["arrays"][0][one.outside], "x1")
        blocks = _apart(few, second, False)
        if symmetric:
            for matrix, block, corner in zip((nngp, ntk), blocks, _apart(few, few, True)):
                block[:, one.outside] = corner
                matrix[:, one.outside] = block.T
        nngp[one.outside], ntk[one.outside] = blocks
    if len(two.outside) and not symmetric:
        few = _prepare(second["arrays"][0][two.outside], "x2")
        nngp[:, two.outside], ntk[:, two.outside] = _apart(first, few, False)


def _apart(first, second, symmetric):
    """Both kernels of all pairs in arrays of their own, pair by pair."""
    shape = len(first["arrays"][0]), len(second["arrays"][0])
    found = np.empty(shape, DTYPE), np.empty(shape, DTYPE)
    _through_layers(first, second, symmetric, *found)
    return found

'''


def is_tabulated(plan: KernelPlan) -> bool:
    """Whether the kernel has a table."""
    return plan.profile is not None and plan.profile.tabulated


def table_code(plan: KernelPlan) -> str:
    """The functions that make and use the table; nothing for a plan without one."""
    if not is_tabulated(plan):
        return ""
    (item,) = plan.inputs
    return _TABLE.format(q=item.variance, x=item.stem)
