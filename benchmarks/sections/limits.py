"""What the machine does at best."""

from __future__ import annotations

from benchmarks.cases import Case, Contender, Section

SIZE, DIM, SQUARE = 4000, 64, 2000


def cases(quick: bool) -> list[Case]:
    """Bandwidth and arithmetic, on one core and on two; quick enough as they are."""
    cores = {1: "1 core", 2: "2 cores"}
    return [
        *(Case(f"memory, {name}", _moved(number), unit="GB/s") for number, name in cores.items()),
        *(
            Case(f"arithmetic, {name}", _computed(number), unit="GFLOP/s")
            for number, name in cores.items()
        ),
    ]


def _moved(cores: int) -> tuple[Contender, ...]:
    """Amounts in gigabytes."""
    size, written = {"size": SIZE}, 8e-9 * SIZE**2
    return (
        Contender("write in place", "machine", "fill", size, None, cores, written),
        Contender("write anew", "machine", "write", size, None, cores, written),
        Contender("copy", "machine", "copy", size, None, cores, 2 * written),
    )


def _computed(cores: int) -> tuple[Contender, ...]:
    """Amounts in billions of additions and multiplications."""
    return tuple(
        Contender(
            name,
            "machine",
            "multiply",
            {"rows": rows, "inner": inner},
            cores=cores,
            amount=2e-9 * rows**2 * inner,
        )
        for name, rows, inner in (("Gram matrix", SIZE, DIM), ("square matrices", SQUARE, SQUARE))
    )


SECTION = Section(
    "The machine",
    """
Arrays of 4000 x 4000 float64: written where they are, written anew (with the pages that the system
makes), copied (read and written: twice the bytes); the product of 4000 x 64 by 64 x 4000, and of
two square matrices of 2000 rows, by the BLAS of NumPy.
""",
    cases,
)
