"""``python -m benchmarks``: every comparison in one run.  Needs ``pip install '.[bench]'``."""

from __future__ import annotations

import argparse

from benchmarks.threads import limit_threads


def main() -> None:
    """Print the timings of kernels, of whole processes, and of the flow on a text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 3, 10], metavar="L")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000], metavar="N")
    parser.add_argument("--repeats", type=int, default=7, metavar="R")
    options = parser.parse_args()
    print(f"{limit_threads()} threads for each")
    from benchmarks.flow import time_flow
    from benchmarks.kernels import compare_kernels
    from benchmarks.startup import time_startup

    compare_kernels(options.depths, options.sizes, options.repeats)
    print()
    time_startup(options.repeats)
    print()
    time_flow(options.repeats)


if __name__ == "__main__":
    main()
