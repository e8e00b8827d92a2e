"""Notation profiles: which sign a paper uses for which kernel.  To add one, add it to NOTATIONS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from symntk.rendering.heads import Letter
from symntk.rendering.mathematics.layout import Atom, Dotted, Layout


@dataclass(frozen=True, slots=True)
class NotationProfile:
    """How one school writes the kernels.

    name: what the user calls it; source: key of the work that it follows.
    letters: the sign of each kernel.
    bracketed: whether a layer is written (l), as against l.
    dual: the sign of the dual activation E[phi(u) phi(v)] as a function of the covariance.
    """

    name: str
    source: str
    letters: Mapping[Letter, Layout] = field(hash=False)
    bracketed: bool
    dual: str


def _letters(covariance: Layout) -> Mapping[Letter, Layout]:
    return MappingProxyType(
        {
            "Sigma": covariance,
            "dot Sigma": Dotted(covariance),
            "Pi": Atom("Π"),
            "Theta": Atom("Θ"),
            "Lambda": Atom("Λ"),
            "mean": Atom("μ"),
            "scale": Atom("s"),
            "weight": Atom("a"),
            "attention": Atom("A"),
            "tangent": Atom("D"),
        }
    )


NOTATIONS: Mapping[str, NotationProfile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            NotationProfile("jacot", "jacot2018", _letters(Atom("Σ")), bracketed=True, dual="K"),
            NotationProfile(
                "lee", "lee2019", _letters(Atom("K", "script")), bracketed=False, dual="F"
            ),
        )
    }
)
"""Every notation by its name."""
