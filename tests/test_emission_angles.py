"""The angles of emitted modules against mpmath, and where their coefficients come from."""

from __future__ import annotations

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

from symntk.emission.runtime import angles


def test_coefficients_interpolate_the_arctangent():
    """The polynomial, and where it is folded, are found again from the docstring's statement."""
    source = Path(angles.__file__).read_text()
    body = source[source.index("def ratio_arctangent") : source.index("def angle(")]
    number = r"([+-]?) ?(-?\d\.\d+(?:e-\d+)?)"
    printed = {
        name: [
            float(sign + digits)
            for sign, digits in re.findall(rf"{name} = (?:{name} \* y )?{number}", body)[::-1]
        ]
        for name in ("even", "odd")
    }
    with mpmath.workdps(60):
        top = mpmath.tan(mpmath.pi / 12) ** 2
        count = sum(map(len, printed.values()))
        angles_of_points = (mpmath.pi * (2 * k + 1) / (2 * count) for k in range(count))
        points = [(1 + mpmath.cos(a)) / 2 * top for a in angles_of_points]
        values = [(mpmath.atan(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z for z in points]
        matrix = mpmath.matrix([[z**k for k in range(count)] for z in points])
        exact = [float(value) for value in mpmath.lu_solve(matrix, mpmath.matrix(values))]
        middle = float(mpmath.tan(mpmath.pi / 6))
        turn = mpmath.atan(mpmath.mpf(middle))
        parts = [float(turn - float(turn)), float(turn)]
    assert (printed["even"], printed["odd"]) == (exact[0::2], exact[1::2])
    folds = [float(mpmath.tan(mpmath.pi / 12)), middle, middle]
    assert [float(d) for d in re.findall(r"(\d\.\d+) \*", body)] == folds
    assert [float(d) for d in re.search(r"near \+ (\S+) \+ (\S+) if", body).groups()] == parts


@pytest.mark.parametrize("function", [angles.arctangent, angles.arctangent.py_func])
def test_arctangent(function):
    folds = [float(mpmath.tan(mpmath.pi * k / 12)) for k in (1, 3, 5)]
    edges = [np.nextafter(edge, edge + side) for edge in folds for side in (-1, 1)]
    for t in [*np.geomspace(1e-300, 1e300, 601), *np.linspace(0.2, 4, 601), *edges]:
        truth = float(mpmath.atan(mpmath.mpf(float(t))))
        assert abs(function(t) - truth) <= 5e-16 * truth
        assert function(-t) == -function(t)
    assert function(np.inf) == np.pi / 2
    assert np.isnan(function(np.nan))


def test_angle_is_precise_at_both_ends():
    """theta near 0, and pi - theta near pi through the sine, from the gaps alone."""
    with mpmath.workdps(40):
        for ratio in [*np.geomspace(1e-30, 1e30, 301), *np.geomspace(0.1, 10, 301)]:
            g, s = float(ratio), 1.0
            truth = 2 * mpmath.atan2(mpmath.sqrt(mpmath.mpf(g)), 1)
            by_root = angles.angle_by_root(np.sqrt(g * s), g, s)
            for found in (angles.angle(g, s), by_root):
                assert abs(found - float(truth)) <= 1e-15 * float(truth)
    for g, s, truth in [(0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, np.pi)]:
        assert angles.angle(g, s) == angles.angle_by_root(0.0, g, s) == truth
    assert angles.angle(1e-250, 1e-250) == pytest.approx(np.pi / 2, rel=1e-15)
