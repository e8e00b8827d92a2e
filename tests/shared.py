"""The reference files beside the project, read once."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "reference"


@cache
def read(name: str) -> dict[str, Any]:
    """A reference file, or {} where the files are absent."""
    path = FOLDER / name
    return json.loads(path.read_text()) if path.exists() else {}


@dataclass(frozen=True)
class Network:
    """A configuration of networks.json with its inputs and the best values it has."""

    name: str
    config: dict[str, Any]
    x1: np.ndarray
    x2: np.ndarray | None
    nngp: np.ndarray
    ntk: np.ndarray


def networks(names: Collection[str] | None = None, rank: int = 0) -> list[Any]:
    """The configurations over vectors, or over sequences (``rank`` 1), or those with the given
    names, as pytest parameters.
    """
    data = read("networks.json")
    if not data:
        reason = "the reference files are not beside the project"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    configs = [c for c in data["configs"] if len(data["inputs"][c["x1"]]["shape"]) == 2 + rank]
    found = {config["id"]: _network(config, data["inputs"]) for config in configs}
    return list(found.values()) if names is None else [found[name] for name in sorted(names)]


def _network(config: dict[str, Any], inputs: dict[str, Any]) -> Network:
    def array(name: str | None) -> np.ndarray | None:
        return None if name is None else np.array(inputs[name]["data"])

    x1 = array(config["x1"])
    assert x1 is not None
    nngp, ntk = (best(config, key) for key in ("nngp", "ntk"))
    return Network(config["id"], config, x1, array(config["x2"]), nngp, ntk)


def best(config: dict[str, Any], key: str) -> np.ndarray:
    """The most exact values that a configuration has; NaN where there is none."""
    for suffix in ("_mpmath", "_trapz", ""):
        if config.get(key + suffix) is not None:
            rows = config[key + suffix]
            return np.array([[np.nan if value is None else value for value in r] for r in rows])
    raise AssertionError(f"{config['id']} has no {key}")
