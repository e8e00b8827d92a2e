"""The source of a kernel's profile: its values as functions of the angle, at one variance."""

from __future__ import annotations

from symntk.emission.pair_code import feature_arrays, row_arguments, row_count, wrapped
from symntk.emission.plan import KernelPlan
from symntk.emission.printer import source_text

_GIVEN = ("thread", "threads", "roots", "below", "above")

_VALUES = '''

@njit(cache=True, error_model="numpy", nogil=True)
def _grid(
{grid}
):
    """Both kernels of samples i <= j of variances roots^2 at all rho: 1 - rho, 1 + rho are given.

    found: (2, angles, samples, samples).
    """
    count = len(roots)
    for task in range(thread, len(below) * count, threads):
        k, i = task // count, task % count
        n = roots[i] * roots[i:]
        {g}_row, {s}_row = n * below[k], n * above[k]
{covariance}        rows = np.empty(({memory}, count - i))
        nngp_row, ntk_row = found[0, k, i, i:], found[1, k, i, i:]
        _row(
{row}
        )


def _values(variances, below, above):
    """What `_grid` finds, and the diagonals, (2, samples)."""
    *features, nngp, ntk = _samples(True, variances)
    count = len(variances)
    found = np.zeros((2, len(below), count, count))
    on_threads(_grid, len(below) * count, np.sqrt(variances), below, above, *features, found)
    return found, np.stack((nngp, ntk))


def _along(q, below, above):
    """Both kernels of two samples of variance q, at all rho."""
    return _values(np.array([q]), below, above)[0][:, :, 0, 0]

'''

_HOMOGENEOUS = '''
@cache
def _unit_profile():
    """The profile at variance 1: both kernels scale with the lengths of the samples."""
    return fitted(lambda below, above: _along(1.0, below, above))


def _profile(first, second):
    """The profile of both kernels, where there are many pairs."""
    pairs = len(first["nngp"]) * len(second["nngp"])
    return _unit_profile() if pairs >= WORTHWHILE else NO_PROFILE
'''

_ONE_VARIANCE = '''
def _profile(first, second):
    """The profile of both kernels, where there are many pairs, and all samples of one variance."""
    q = one_variance(first["{q}"], second["{q}"])
    if q == 0.0 or len(first["nngp"]) * len(second["nngp"]) < WORTHWHILE:
        return NO_PROFILE
    return fitted(lambda below, above: _along(q, below, above))
'''


def profile_code(plan: KernelPlan) -> str:
    """The functions that make the profile; nothing for a plan without one."""
    if plan.profile is None:
        return ""
    (item,) = plan.inputs
    assert item.gaps is not None
    g, s = map(str, item.gaps)
    covariance = f"        {item.covariance}_row = ({s}_row - {g}_row) / 2.0\n"
    features = [name for name, _ in feature_arrays(plan)]
    both = [name.replace("_of1", "").replace("_of2", "") for name in row_arguments(plan)]
    values = _VALUES.format(
        g=g,
        s=s,
        grid="\n".join(wrapped([*_GIVEN, *features, "found"], "    ")),
        memory=row_count(plan),
        covariance=covariance if item.covariance else "",
        row="\n".join(wrapped(["i", "i", *both, "rows", "nngp_row", "ntk_row"], " " * 12)),
    )
    return values + (
        _ONE_VARIANCE.format(q=item.variance) if plan.profile.powers is None else _HOMOGENEOUS
    )


def profile_data(plan: KernelPlan) -> list[str]:
    """What a batch of samples must have for a profile: what its values are multiplied by."""
    if plan.profile is None:
        return []
    (item,) = plan.inputs
    found = [f'"quarters": {item.variance} ** 0.25,']
    if plan.profile.powers is None:
        return [*found, '"scales": np.ones((2, len(nngp))),']
    powers = ", ".join(f"{item.variance} ** {source_text(k / 2)}" for k in plan.profile.powers)
    return [*found, f'"scales": np.stack([{powers}]),']


def profile_use(plan: KernelPlan) -> list[str]:
    """How `kernel` comes by the profile."""
    if plan.profile is None:
        return []
    return ["profile, shift = _profile(first, second)"]
