"""What does not fit into memory: kernel matrices in blocks on disk, here or on many machines.

inputs -> Work -> Tiling -> blocks, computed here or by Dask -> Store, and its Journal
"""

from symntk.blocks.matrix import write_kernel

__all__ = ["write_kernel"]
