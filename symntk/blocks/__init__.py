"""What does not fit into memory: kernel matrices in blocks on disk, and corpora in shards.

inputs -> Work -> Tiling -> blocks, computed here or by Dask -> Store, and its Journal
files -> ShardedCorpus -> feature maps that are merged -> shards of features -> Flow
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symntk.blocks.corpus import open_shards as open_shards
    from symntk.blocks.matrix import write_kernel as write_kernel

__all__ = ["open_shards", "write_kernel"]


def __getattr__(name: str) -> object:
    if name == "open_shards":
        from symntk.blocks.corpus import open_shards

        return open_shards
    if name == "write_kernel":
        from symntk.blocks.matrix import write_kernel

        return write_kernel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
