"""The same two threads for everybody; must be called before NumPy, Numba or JAX is imported."""

from __future__ import annotations

import os

THREADS = 2


def limit_threads() -> int:
    """Confine this process and the libraries it will load to two threads; returns their number."""
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(THREADS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # neural-tangents loads TensorFlow
    if hasattr(os, "sched_setaffinity"):  # the size of XLA's pool follows the cores it is given
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
        return len(os.sched_getaffinity(0))
    return THREADS
