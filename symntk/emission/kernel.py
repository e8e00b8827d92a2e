"""The compiled kernel of a network: an emitted module, loaded from its file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from symntk.emission.storage import store
from symntk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Samples = ArrayLike | Sequence[ArrayLike] | Sequence[Sequence[str]]
    Inputs = Samples | tuple[Samples, ...] | Mapping[str, Samples]


class Kernels(Protocol):
    """The result: the covariance of the outputs (NNGP) and the neural tangent kernel (NTK)."""

    @property
    def nngp(self) -> NDArray[Any]: ...

    @property
    def ntk(self) -> NDArray[Any]: ...


@cache
def _keep_freed_memory() -> None:
    """Let freed results serve the next call: fresh pages are a third of the time of an entry.

    Of glibc's allocator, which hands large blocks back to the system until one of their size was
    freed; from then on it keeps what is freed of up to this size, and twice as much in all.  What
    is freed here, untouched, has the largest size that it looks at, 32 MB.
    """
    import numpy as np

    np.empty(2**25 - 2**16, np.uint8)


@dataclass(frozen=True)
class Kernel:
    """The kernels of a network as a function of its inputs.

    source: the standalone module that computes them.
    path: the file that holds it.
    """

    source: str = field(repr=False)
    path: Path
    _module: ModuleType = field(repr=False)

    @classmethod
    def load(cls, source: str) -> Kernel:
        """Writes ``source`` into the cache folder, unless it is there, and imports the file."""
        _keep_freed_memory()
        path = store(source)
        name = f"symntk_{path.stem}"
        module = sys.modules.get(name)
        if module is None or getattr(module, "__file__", None) != str(path):
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
        return cls(source, path, module)

    @property
    def dtype(self) -> str:
        """The type of the results: "float64" or "float32"."""
        return str(self._module.DTYPE.__name__)

    def __call__(self, x1: Inputs, x2: Inputs | None = None) -> Kernels:
        """The kernels of all pairs of a sample of ``x1`` and a sample of ``x2``.

        x1, x2: for vectors arrays (N, d); for tokens a list of sequences of strings or of whole
        numbers; for sequences of vectors a list of arrays (T, d), or one array (N, T, d); for
        images a list of arrays (H, W, channels), or one array.  Sequences of one batch may differ
        in length.  Where the network has several inputs, a tuple of these, or a dict by name.
        Without ``x2`` the pairs are those of ``x1`` with itself, at half the work, and the result
        is symmetric with an exact diagonal.
        Returns fields ``nngp`` and ``ntk`` of shape (N1, N2).

        Raises UsageError for other inputs, and where a sample has too few positions.
        """
        return self._checked(self._module.kernel, x1, x2)

    def diag(self, x: Inputs) -> Kernels:
        """The kernels of each sample with itself, as vectors."""
        return self._checked(self._module.diag, x)

    def _checked(self, function: Callable[..., Kernels], *arguments: Any) -> Kernels:
        try:
            return function(*arguments)
        except ValueError as error:
            raise UsageError(str(error)) from error
