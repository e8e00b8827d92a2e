"""What different networks learn from a text, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from symntk.decomposition.report.features import Features, features
from symntk.decomposition.report.profile import Profile
from symntk.derivation import Derivation
from symntk.errors import UsageError
from symntk.graph import Graph


@dataclass(frozen=True)
class Comparison:
    """The features of several networks by name, order by order up to ``highest``.

    by: what tells them apart.
    """

    profiles: Mapping[str, Profile]
    highest: int
    by: Literal["network", "activation"] = "network"

    def render(self, format: str = "text", standalone: bool = False) -> str:
        """The comparison as text, markdown, latex, html or json.

        standalone: a whole document where the format knows the difference (LaTeX, HTML).
        """
        from symntk.rendering.comparison import render_comparison

        return render_comparison(self, format, standalone=standalone)


def compare(
    graphs: Mapping[str, Graph | Derivation],
    order: int = 2,
    by: Literal["network", "activation"] = "network",
) -> Comparison:
    """Which products of matching tokens the kernels of ``graphs`` contain, and which not.

    Each is taken apart by `features`, up to products of ``order`` matches; where a network has to
    be shown by documents of ``order`` + 1 tokens, that order is shown for all.

    graphs: networks by the names that they are to have.
    by: what the names are, "activation" where the networks differ by their activations alone: the
        constant that all tokens share is then shown with the mean that makes it.

    Raises UsageError without graphs, and, with its name, for a network that `features` refuses.
    """
    if not graphs:
        raise UsageError("there are no networks to compare")
    if by not in ("network", "activation"):
        raise UsageError(f"networks are told apart by network or by activation, not by {by!r}")
    tables = {name: _features(name, graph, order) for name, graph in graphs.items()}
    highest = max(order, *(table.size for table in tables.values() if table.scope == "document"), 0)
    for name, table in tables.items():
        if table.scope == "window" and min(table.size, highest) > order:
            tables[name] = features(table.derivation, highest)
    profiles = {name: Profile(table, highest) for name, table in tables.items()}
    return Comparison(profiles, highest, by)


def _features(name: str, graph: Graph | Derivation, order: int) -> Features:
    try:
        return features(graph, order)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
