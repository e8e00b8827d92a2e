"""The explicit features of a kernel, whichever way they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symntk.decomposition.polynomials.summands import NotWindows
from symntk.derivation import Derivation
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.decomposition.maps.sparse_map import SparseMap


def explicit_map(derivation: Derivation, output: str = "ntk") -> SparseMap:
    """The exact features of a kernel, for lists of tokens: kernel(x, x') = Phi(x) . Phi(x').

    Counts of tokens and n-grams where the kernel is a sum over pairs of windows, else products of
    weights and tokens where the network has no activations.  Raises NotWindows for others.
    """
    from symntk.decomposition.maps.feature_map import FeatureMap
    from symntk.decomposition.maps.statistics import statistics
    from symntk.decomposition.maps.word_map import WordMap

    try:
        return FeatureMap(statistics(derivation, output))
    except NotWindows as not_windows:
        try:
            return WordMap(derivation, output)
        except NotWindows as not_linear:
            raise NotWindows(f"{not_windows}; and {not_linear}") from None


def require_tokens(derivation: Derivation) -> None:
    """UsageError unless the one input of the network is a sequence of tokens."""
    if [node.is_one_hot for node in derivation.graph.inputs] != [True]:
        raise UsageError("features are of token models: their one input is tokens(...)")
