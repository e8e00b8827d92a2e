"""Programs by the names that tables give them, and what the sections on kernels share."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.cases import Bar, Contender, Inputs

OURS, NT, SK, NP = "symntk", "neural-tangents", "scikit-ntk", "NumPy"
PROGRAMS = {OURS: "symntk", NT: "neural_tangents", SK: "scikit_ntk", NP: "plain"}


def race(
    function: str,
    options: Mapping[str, object],
    inputs: Inputs,
    peers: Mapping[str, int],
    cores: int = 2,
) -> tuple[Contender, ...]:
    """symntk and its peers at one network.

    peers: how many samples each gets; fewer than symntk where they take long or much memory.
    """
    return tuple(
        Contender(
            name,
            PROGRAMS[name],
            function,
            options,
            Inputs(inputs.kind, min(samples, inputs.samples), inputs.shape),
            cores,
        )
        for name, samples in {OURS: inputs.samples, **peers}.items()
    )


def at_least(factor: float, peer: str) -> Bar:
    """So many times faster than a peer."""
    return Bar(f"{factor:g} times as fast as {peer}", over=peer, under=OURS, least=factor)
