"""Gaussian expectations by quadrature, for functions without a closed form.

``phi`` and ``psi`` stand for functions of one variable; an emitted module has its own in their
places, and ``phi_psi`` in the name of a function says of which two it is made.  For a function phi,
``EDGES_phi`` are the borders of panels on which it is a polynomial of low degree to rounding error,
``KINKS_phi`` the points where it is not smooth.

For (u, v) normal with standard deviations r1, r2 and correlation rho there are two routes:

1. Mehler's series, E[phi(u) psi(v)] = sum_k a_k(r1) b_k(r2) rho^k, a_k = E[phi(r z) h_k(z)] with
   the normalised Hermite polynomials h_k.  The coefficients belong to one sample.  The rest of the
   series is at most |rho|^TERMS |tail of a| |tail of b|.
2. Where that is not enough, nested Gauss-Legendre panels, v given u on the inside.
"""

# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from symntk.emission.runtime.angles import TINY
from symntk.emission.runtime.exponentials import exponential

TERMS = 256  # of Mehler's series; a multiple of 4
ACCURACY = 2e-15  # of an expectation, relative to sqrt(E phi(u)^2 E psi(v)^2)
NODES = np.polynomial.legendre.leggauss(16)[0]
WEIGHTS = np.polynomial.legendre.leggauss(16)[1]
NORMAL_NODES = np.polynomial.hermite_e.hermegauss(24)[0]
NORMAL_WEIGHTS = np.polynomial.hermite_e.hermegauss(24)[1]
INNER_REACH = 8.5  # standard deviations
STEP = 3.4  # standard deviations that 16 nodes cover
EDGES_phi = EDGES_psi = np.array([-1.0, 1.0])
KINKS_phi = KINKS_psi = np.empty(0)


def phi(x: float) -> float:
    """A function of one variable."""
    return x


psi = phi


@njit(cache=True, error_model="numpy")
def reach_phi(r: float) -> float:
    """Standard deviations beyond which phi(r z)^2 no longer matters under the normal density."""
    largest = 0.0
    reach = 1.0
    while reach < 38.0:
        size = (phi(r * reach) ** 2 + phi(-r * reach) ** 2) * exponential(-0.5 * reach * reach)
        largest = max(largest, size)
        if reach >= 9.0 and not size > 1e-17 * largest:
            break
        reach += 1.0
    return reach


@njit(cache=True, error_model="numpy")
def in_order(points: Any) -> Any:
    """``points`` sorted in place; by insertion, for they are few."""
    for k in range(1, len(points)):
        value, place = points[k], k
        while place > 0 and points[place - 1] > value:
            points[place] = points[place - 1]
            place -= 1
        points[place] = value
    return points


@njit(cache=True, error_model="numpy")
def panels(reach: float, step: float, points: Any, more: Any) -> Any:
    """Borders of panels from -reach to reach, no wider than ``step``, split at all points."""
    regular = math.ceil(2.0 * reach / step)
    borders = np.empty(regular + 1 + len(points) + len(more))
    count = regular + 1
    for k in range(count):
        borders[k] = -reach + k * (2.0 * reach / regular)
    for k in range(len(points) + len(more)):
        point = points[k] if k < len(points) else more[k - len(points)]
        if abs(point) < reach:
            borders[count] = point
            count += 1
    return in_order(borders[:count])


@njit(cache=True, error_model="numpy")
def copied(values: Any, place: Any) -> None:
    """place = values, item by item: assigning a slice takes a second to compile."""
    for k in range(len(place)):
        place[k] = values[k]


@njit(cache=True, error_model="numpy")
def hermite_phi(r: float, terms: int = TERMS) -> Any:
    """Row of a sample: a_k(r) for k < terms, |tail|, sqrt(E phi^2), and the reach of phi."""
    row = np.zeros(terms + 3)
    reach = reach_phi(r)
    row[terms + 2] = reach
    if r == 0.0:
        row[0] = phi(0.0)
        row[terms + 1] = abs(row[0])
        return row
    # h_k oscillates with wave numbers up to sqrt(k)
    borders = panels(max(13.0, reach), 12.8 / math.sqrt(terms), EDGES_phi / r, KINKS_phi[:0])
    count = 16 * (len(borders) - 1)
    z, now, before, weighted = np.empty(count), np.empty(count), np.zeros(count), np.empty(count)
    square = 0.0
    for panel in range(len(borders) - 1):
        half = 0.5 * (borders[panel + 1] - borders[panel])
        middle = 0.5 * (borders[panel + 1] + borders[panel])
        for k in range(16):
            at = 16 * panel + k
            z[at] = middle + half * NODES[k]
            decay = exponential(-0.25 * z[at] * z[at])
            value = phi(r * z[at])
            now[at] = decay
            weighted[at] = value * decay * half * WEIGHTS[k] / math.sqrt(2.0 * math.pi)
            square += weighted[at] * value * decay
    captured = 0.0
    for k in range(terms):
        up, down = 1.0 / math.sqrt(k + 1.0), math.sqrt(k / (k + 1.0))
        total = 0.0
        for at in range(count):
            total += weighted[at] * now[at]
        for at in range(count):
            following = up * z[at] * now[at] - down * before[at]
            before[at] = now[at]
            now[at] = following
        row[k] = total
        captured += total * total
    # below rounding the rest is not known from the sums; the last quarter is larger, as terms fall
    rest = square - captured
    if rest < 1e-14 * square:
        rest = 0.0
        for k in range(3 * terms // 4, terms):
            rest += row[k] * row[k]
    row[terms] = math.sqrt(rest)
    row[terms + 1] = math.sqrt(square)
    return row


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def mean_phi(q: float) -> float:
    """E phi(u), u ~ N(0, q)."""
    if q == 0.0:
        return phi(0.0)
    r = math.sqrt(q)
    borders = panels(reach_phi(r), STEP, EDGES_phi / r, KINKS_phi[:0])
    total = 0.0
    for panel in range(len(borders) - 1):
        half = 0.5 * (borders[panel + 1] - borders[panel])
        middle = 0.5 * (borders[panel + 1] + borders[panel])
        for k in range(16):
            z = middle + half * NODES[k]
            total += half * WEIGHTS[k] * exponential(-0.5 * z * z) * phi(r * z)
    return total / math.sqrt(2.0 * math.pi)


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def mean_phi_psi(q: float) -> float:
    """E phi(u) psi(u), u ~ N(0, q)."""
    if q == 0.0:
        return phi(0.0) * psi(0.0)
    r = math.sqrt(q)
    borders = panels(max(reach_phi(r), reach_psi(r)), STEP, EDGES_phi / r, EDGES_psi / r)
    total = 0.0
    for panel in range(len(borders) - 1):
        half = 0.5 * (borders[panel + 1] - borders[panel])
        middle = 0.5 * (borders[panel + 1] + borders[panel])
        for k in range(16):
            z = middle + half * NODES[k]
            total += half * WEIGHTS[k] * exponential(-0.5 * z * z) * phi(r * z) * psi(r * z)
    return total / math.sqrt(2.0 * math.pi)


reach_psi = reach_phi


@njit(cache=True, error_model="numpy")
def series_is_enough(rho: float, row1: Any, row2: Any) -> bool:
    """Whether what Mehler's series leaves out is below ACCURACY."""
    rest = abs(rho) ** TERMS * row1[TERMS] * row2[TERMS]
    return bool(rest <= ACCURACY * row1[TERMS + 1] * row2[TERMS + 1])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def mehler(rho: float, row1: Any, row2: Any) -> float:
    """sum_k a_k b_k rho^k."""
    square = rho * rho
    fourth = square * square
    total = 0.0
    for k in range(TERMS - 4, -1, -4):
        even = row1[k] * row2[k] + square * (row1[k + 2] * row2[k + 2])
        odd = row1[k + 1] * row2[k + 1] + square * (row1[k + 3] * row2[k + 3])
        total = total * fourth + (even + rho * odd)
    return total


@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def given_phi_psi(value: float, m: float, w: float, side: float, squared: bool) -> float:
    """E of value psi(v), or of (value - side psi(v))^2 / 2; v = side (m + w y), y ~ N(0, 1)."""
    if w == 0.0:
        there = psi(side * m)
        return 0.5 * (value - side * there) ** 2 if squared else value * there
    last = len(EDGES_psi) - 1
    right_edge = 1
    while right_edge < last and EDGES_psi[right_edge] < side * m:
        right_edge += 1
    left_end, right_end = EDGES_psi[right_edge - 1], EDGES_psi[right_edge]
    # a little beyond its borders, beside the neighbour's width, it is still the same polynomial
    inside = True
    if right_edge > 1:
        spare = 0.1 * min(right_end - left_end, left_end - EDGES_psi[right_edge - 2])
        inside = inside and side * m - 8.0 * w > left_end - spare
    if right_edge < last:
        spare = 0.1 * min(right_end - left_end, EDGES_psi[right_edge + 1] - right_end)
        inside = inside and side * m + 8.0 * w < right_end + spare
    for kink in KINKS_psi:
        inside = inside and bool(abs(side * kink - m) > INNER_REACH * w)
    total = 0.0
    if inside:
        for k in range(24):
            there = psi(side * (m + w * NORMAL_NODES[k]))
            part = 0.5 * (value - side * there) ** 2 if squared else value * there
            total += NORMAL_WEIGHTS[k] * part
        return total / math.sqrt(2.0 * math.pi)
    left = -INNER_REACH
    edge = 0
    while left < INNER_REACH:
        right = min(left + STEP, INNER_REACH)
        while edge <= last:
            ahead = (side * EDGES_psi[edge if side > 0.0 else last - edge] - m) / w
            if ahead >= right:
                break
            edge += 1
            if ahead > left:
                right = ahead
                break
        half, middle = 0.5 * (right - left), 0.5 * (right + left)
        for k in range(16):
            y = middle + half * NODES[k]
            there = psi(side * (m + w * y))
            part = 0.5 * (value - side * there) ** 2 if squared else value * there
            total += half * WEIGHTS[k] * exponential(-0.5 * y * y) * part
        left = right
    return total / math.sqrt(2.0 * math.pi)


@njit(cache=True, error_model="numpy")
def blurred_phi(side: float, slope: float, w: float) -> Any:
    """Borders in z of panels on which E phi(side (slope z + w y)), y ~ N(0, 1), is resolved.

    Those of phi where w is small beside them.  A kink, or a feature that is narrow beside w, is
    blurred: around it the expectation varies on the scale of w.
    """
    last = len(EDGES_phi) - 1
    found = np.empty(5 * (last + 1))
    count = 0
    if slope <= 0.0 or w >= slope:
        return found[:0]
    for k in range(1, last):
        at = side * EDGES_phi[k]
        width = min(EDGES_phi[k + 1] - EDGES_phi[k], EDGES_phi[k] - EDGES_phi[k - 1])
        found[count] = at / slope
        count += 1
        blurred = w > 0.2 * width
        for kink in KINKS_phi:
            blurred |= kink == EDGES_phi[k]
        if blurred:
            for step in (-2.0, -1.0, 1.0, 2.0):
                found[count] = (at + step * STEP * w) / slope
                count += 1
    points = in_order(found[:count])
    kept = 0
    for k in range(1, count):
        if points[k] - points[kept] > w / slope:
            kept += 1
            points[kept] = points[k]
    return points[: kept + 1] if count else points


blurred_psi = blurred_phi


@njit(cache=True, error_model="numpy")
def nested_phi_psi(g: float, s: float, r1: float, r2: float, reach: float, squared: bool) -> float:
    """E[phi(u) psi(v)], or E[(phi(u) - side psi(v))^2] / 2, side the sign of the covariance.

    u = r1 z and v = side (slope z + w y) for independent normal z, y.  Panels in z follow those of
    phi, and those of psi blurred by w.
    """
    # a sample of variance 0 never comes here: its series has one term
    side = 1.0 if g <= s else -1.0
    n = 0.5 * (g + s)
    slope = r2 * (0.5 * abs(s - g) / n)
    w = r2 * (math.sqrt(g * s) / n)
    borders = panels(reach, STEP, EDGES_phi / r1, blurred_psi(side, slope, w))
    total = 0.0
    for panel in range(len(borders) - 1):
        half = 0.5 * (borders[panel + 1] - borders[panel])
        middle = 0.5 * (borders[panel + 1] + borders[panel])
        if half <= 0.0:
            continue
        for k in range(16):
            z = middle + half * NODES[k]
            inner = given_phi_psi(phi(r1 * z), slope * z, w, side, squared)
            total += half * WEIGHTS[k] * exponential(-0.5 * z * z) * inner
    return total / math.sqrt(2.0 * math.pi)


@njit(cache=True, error_model="numpy")
def expectation_phi_psi(g: float, s: float, r1: float, r2: float, row1: Any, row2: Any) -> float:
    """E[phi(u) psi(v)] for standard deviations r1, r2 and gaps g, s of the covariance."""
    rho = (s - g) / max(s + g, TINY)
    if series_is_enough(rho, row1, row2):
        return mehler(rho, row1, row2)
    reach = max(row1[TERMS + 2], row2[TERMS + 2])
    return nested_phi_psi(g, s, r1, r2, reach, False)


@njit(cache=True, error_model="numpy")
def gap_phi(
    g: float, s: float, r1: float, r2: float, row1: Any, row2: Any, root1: float, root2: float
) -> float:
    """The gap of E[phi(u) phi(v)] on the side of the covariance: n - K for g <= s, else n + K.

    root1, root2: sqrt(E phi(u)^2), sqrt(E phi(v)^2), and n is their product.  Nearly parallel u
    and v have n - K = (E[(phi(u) - phi(v))^2] - (root1 - root2)^2) / 2, without cancellation.
    """
    rho = (s - g) / max(s + g, TINY)
    if series_is_enough(rho, row1, row2):
        value = mehler(rho, row1, row2)
        gap = root1 * root2 - value if g <= s else root1 * root2 + value
        rounded = min(g, s) == 0.0 and r1 == r2 and gap < 1e-13 * root1 * root2
        return 0.0 if rounded else max(0.0, gap)
    reach = max(row1[TERMS + 2], row2[TERMS + 2])
    distance = nested_phi_phi(g, s, r1, r2, reach, True)
    return max(0.0, distance - 0.5 * (root1 - root2) ** 2)


nested_phi_phi = nested_phi_psi
