"""The source of a kernel's profile: its values as functions of the angle, at one variance."""

from __future__ import annotations

from symntk.emission.pair_code import feature_arrays, row_arguments, row_count
from symntk.emission.plan import KernelPlan
from symntk.emission.printer import source_text

_ALONG = '''

def _along(q, {g}_row, {s}_row):
    """Both kernels of pairs of samples of variance q, from the gaps of the pairs."""
    count = len({g}_row)
    {features}_, _ = _samples(np.full(count, q))
    rows, found = np.empty(({memory}, count)), np.empty((2, count))
{covariance}    _row(0, 0, {arguments}, rows, found[0], found[1])
    return found

'''

_HOMOGENEOUS = '''
@cache
def _unit_profile():
    """The profile at variance 1: both kernels scale with the lengths of the samples."""
    return fitted(lambda g, s: _along(1.0, g, s))


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
    return fitted(lambda g, s: _along(q, q * g, q * s))
'''


def profile_code(plan: KernelPlan) -> str:
    """The functions that make the profile; nothing for a plan without one."""
    if plan.profile is None:
        return ""
    (item,) = plan.inputs
    assert item.gaps is not None
    g, s = map(str, item.gaps)
    covariance = f"{item.covariance}_row"
    features = "".join(f"{name}_of1, " for name, _ in feature_arrays(plan))
    along = _ALONG.format(
        g=g,
        s=s,
        features=features,
        memory=row_count(plan),
        covariance=f"    {covariance} = ({s}_row - {g}_row) / 2.0\n" if item.covariance else "",
        arguments=", ".join(name.replace("_of2", "_of1") for name in row_arguments(plan)),
    )
    return along + (
        _ONE_VARIANCE.format(q=item.variance) if plan.profile.powers is None else _HOMOGENEOUS
    )


def profile_data(plan: KernelPlan) -> list[str]:
    """What a batch of samples must have for a profile: what its values are multiplied by."""
    if plan.profile is None:
        return []
    (item,) = plan.inputs
    found = [f'"quarters": {item.variance} ** 0.25,']
    if plan.profile.powers is None:
        return [
            *found,
            f'"{item.variance}": {item.variance},',
            '"scales": np.ones((2, len(nngp))),',
        ]
    powers = ", ".join(f"{item.variance} ** {source_text(k / 2)}" for k in plan.profile.powers)
    return [*found, f'"scales": np.stack([{powers}]),']


def profile_use(plan: KernelPlan) -> list[str]:
    """How `kernel` comes by the profile."""
    if plan.profile is None:
        return []
    return ["profile, shift = _profile(first, second)"]
