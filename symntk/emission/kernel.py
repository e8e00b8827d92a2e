"""The compiled kernel of a network: an emitted module, loaded from its file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from symntk.emission.storage import store
from symntk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Inputs = ArrayLike | tuple[ArrayLike, ...] | Mapping[str, ArrayLike]


class Kernels(Protocol):
    """The result: the covariance of the outputs (NNGP) and the neural tangent kernel (NTK)."""

    @property
    def nngp(self) -> NDArray[Any]: ...

    @property
    def ntk(self) -> NDArray[Any]: ...


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

    def __call__(self, x1: Inputs, x2: Inputs | None = None) -> Kernels:
        """The kernels of all pairs of a row of ``x1`` and a row of ``x2``.

        x1, x2: arrays of shape (N, d); a tuple of them, or a dict by name, where the network has
        several inputs.  Without ``x2`` the pairs are those of ``x1`` with itself, at half the
        work, and the result is symmetric with an exact diagonal.
        Returns fields ``nngp`` and ``ntk`` of shape (N1, N2).

        Raises UsageError for inputs that are not such arrays of finite real numbers.
        """
        return self._checked(self._module.kernel, x1, x2)

    def diag(self, x: Inputs) -> Kernels:
        """The kernels of each row with itself, as vectors, in time proportional to their number."""
        return self._checked(self._module.diag, x)

    def _checked(self, function: Callable[..., Kernels], *arguments: Any) -> Kernels:
        try:
            return function(*arguments)
        except ValueError as error:
            raise UsageError(str(error)) from error
