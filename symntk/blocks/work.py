"""What a matrix on disk is the result of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from symntk.blocks.samples import count, fingerprint
from symntk.blocks.tiling import Tiling

if TYPE_CHECKING:
    from symntk.emission.kernel import Inputs, Kernel


@dataclass(frozen=True)
class Work:
    """All that a matrix on disk depends on: two of equal works are equal to the last digit.

    kernel: a hash of the kernel's source.
    x1, x2: hashes of the inputs; no x2 where the pairs are those of x1 with itself.
    shape: of the matrix.
    block: rows and columns of a block.
    dtype: of the entries.
    which: the kernels that are stored, "ntk" and "nngp".
    """

    kernel: str
    x1: str
    x2: str | None
    shape: tuple[int, int]
    block: int
    dtype: str
    which: tuple[str, ...]

    @classmethod
    def of(
        cls, kernel: Kernel, x1: Inputs, x2: Inputs | None, which: tuple[str, ...], block: int
    ) -> Work:
        """The work of a call."""
        rows = count(x1, "x1")
        return cls(
            hashlib.sha256(kernel.source.encode()).hexdigest(),
            fingerprint(x1),
            None if x2 is None else fingerprint(x2),
            (rows, rows if x2 is None else count(x2, "x2")),
            block,
            kernel.dtype,
            which,
        )

    @property
    def tiling(self) -> Tiling:
        """Its blocks."""
        return Tiling(*self.shape, self.block, self.x2 is None)

    @property
    def fields(self) -> dict[str, Any]:
        """As a journal keeps it."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def differences(self, fields: Mapping[str, Any]) -> list[str]:
        """In what the work that a journal keeps is another, in words."""
        own = self.fields
        return [
            f"{words} ({fields.get(name)} there)" if name in _SHOWN else words
            for name, words in _WORDS.items()
            if own[name] != fields.get(name)
        ]


_WORDS = {
    "kernel": "the kernel or the version of symntk",
    "x1": "the inputs x1",
    "x2": "the inputs x2",
    "shape": "its shape",
    "block": "the size of blocks",
    "dtype": "its dtype",
    "which": "the kernels that it holds",
}
_SHOWN = ("shape", "block", "dtype")
"""What the fields of a work are called; and of which of them the value is shown."""
