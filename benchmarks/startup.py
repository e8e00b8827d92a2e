"""How long whole processes take: to print a derivation, to call a kernel; SymPy's import beside."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.timing import medians

_CALL = (
    "import numpy, symntk; "
    "symntk.derive(symntk.zoo.mlp(depth=3, b_std=0.1)).compile()(numpy.eye(3))"
)

COMMANDS = {
    "python -c 'import sympy'": ["-c", "import sympy"],
    "symntk derive mlp --act relu": ["-m", "symntk", "derive", "mlp", "--act", "relu"],
    "symntk derive mlp --act gelu": ["-m", "symntk", "derive", "mlp", "--act", "gelu"],
    "symntk derive mlp --depth L": ["-m", "symntk", "derive", "mlp", "--depth", "L"],
    "derive, load, call a kernel": ["-c", _CALL],
}


def time_startup(repeats: int) -> None:
    """Print the median wall time of each process, machine code being cached already."""
    print(f"Whole processes, medians of {repeats} paired runs")
    runs = {
        name: lambda arguments=arguments: subprocess.run(  # type: ignore[misc]
            [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL
        )
        for name, arguments in COMMANDS.items()
    }
    for name, seconds in medians(runs, repeats).items():
        print(f"{name:32} {seconds:6.2f} s")
