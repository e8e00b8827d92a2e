"""The angles of emitted modules against mpmath, and where their coefficients come from."""

from __future__ import annotations

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

from symntk.emission.runtime import angles


def test_coefficients_interpolate_the_arctangent():
    """The polynomial is found again from the statement in its docstring."""
    source = Path(angles.__file__).read_text()
    body = source[source.index("def folded_arctangent") : source.index("def angle")]
    found = re.findall(r"p = (?:p \* z )?([+-]?) ?(-?0\.\d+)", body)
    printed = [float(sign + digits) for sign, digits in reversed(found)]
    with mpmath.workdps(60):
        top = mpmath.tan(mpmath.pi / 8) ** 2
        count = len(printed)
        angles_of_points = (mpmath.pi * (2 * k + 1) / (2 * count) for k in range(count))
        points = [(1 + mpmath.cos(a)) / 2 * top for a in angles_of_points]
        values = [(mpmath.atan(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z for z in points]
        matrix = mpmath.matrix([[z**k for k in range(count)] for z in points])
        exact = [float(value) for value in mpmath.lu_solve(matrix, mpmath.matrix(values))]
    assert printed == exact


@pytest.mark.parametrize("function", [angles.arctangent, angles.arctangent.py_func])
def test_arctangent(function):
    fold = float(mpmath.tan(mpmath.pi / 8))
    edges = [np.nextafter(edge, edge + side) for edge in (fold, 1, 1 / fold) for side in (-1, 1)]
    for t in [*np.geomspace(1e-300, 1e300, 601), *np.linspace(0.3, 3, 601), *edges]:
        truth = float(mpmath.atan(mpmath.mpf(float(t))))
        assert abs(function(t) - truth) <= 5e-16 * truth
        assert function(-t) == -function(t)


def test_angle_is_precise_at_both_ends():
    """theta near 0, and pi - theta near pi through the sine, from the gaps alone."""
    with mpmath.workdps(40):
        for ratio in [*np.geomspace(1e-30, 1e30, 301), *np.geomspace(0.1, 10, 301)]:
            g, s = float(ratio), 1.0
            truth = 2 * mpmath.atan2(mpmath.sqrt(mpmath.mpf(g)), 1)
            assert abs(angles.angle(g, s) - float(truth)) <= 1e-15 * float(truth)
    assert angles.angle(0.0, 1.0) == 0.0
    assert angles.angle(0.0, 0.0) == 0.0
    assert angles.angle(1.0, 0.0) == np.pi
