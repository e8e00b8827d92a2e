"""Kernel matrices in blocks on disk: whole, resumed after kills, and refused over other files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import zarr
from distributed import Client

import symntk as sn
from symntk import Derivation
from symntk.blocks import growing, matrix
from symntk.blocks.journal import Journal
from symntk.blocks.npy import NpyStore
from symntk.errors import MissingExtra, UsageError
from tests.plain_kernel import SOURCE, plain_kernel, rows
from tests.test_cli import done, refused, run

X = rows(33)
NNGP = X @ X.T / 4
NTK = NNGP**2


def read(path: Path, name: str = "ntk") -> np.ndarray:
    """A stored matrix, by the format's own reader."""
    matrix: np.ndarray = np.load(path) if path.suffix == ".npy" else zarr.open(path)[name][:]
    return matrix


def write(path: Path, x: Any = X, **options: Any) -> tuple[int, int]:
    """How many blocks were done when a run began, and how many it computed."""
    calls: list[int] = []
    options = {"block": 5, "progress": lambda ready, total: calls.append(ready)} | options
    sn.write_kernel(options.pop("kernel", None) or plain_kernel(), path, x, **options)
    return (calls[0], len(calls) - 1) if calls else (28, 0)


@pytest.mark.parametrize("name", ["k.npy", "k.zarr"])
@pytest.mark.parametrize("block", [5, 11, 33, 50])
def test_a_matrix_in_blocks_is_the_matrix(name: str, block: int, tmp_path: Path) -> None:
    write(tmp_path / name, block=block)
    assert np.array_equal(read(tmp_path / name), NTK)
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.journal"}


def test_other_columns_both_kernels_and_float32(tmp_path: Path) -> None:
    kernel, y = plain_kernel(), rows(12, seed=1)
    for name in ("k.npy", "k.zarr"):
        write(tmp_path / name, x2=y, which="nngp")
        assert np.array_equal(read(tmp_path / name, "nngp"), X @ y.T / 4)
    both = sn.write_kernel(kernel, tmp_path / "both.zarr", X, which="both", block=10)
    assert np.array_equal(both["ntk"][:], NTK) and np.array_equal(both["nngp"][:], NNGP)
    assert both["ntk"].chunks == (10, 10)
    single = SOURCE.replace("float64", "float32").replace("products**2", "products.astype(DTYPE)")
    found = sn.write_kernel(plain_kernel(single), tmp_path / "single.npy", X, block=8)
    assert found.dtype == np.float32 and np.array_equal(found, NNGP.astype(np.float32))


def test_only_the_upper_triangle_is_computed_and_never_more_than_a_block(tmp_path: Path) -> None:
    kernel = plain_kernel()
    asked: list[tuple[int, int | None]] = []

    class Counted:
        source, dtype, diag = kernel.source, kernel.dtype, kernel.diag

        def __call__(self, first: Any, second: Any = None) -> Any:
            asked.append((len(first), None if second is None else len(second)))
            return kernel(first, second)

    write(tmp_path / "k.npy", kernel=Counted())
    assert len(asked) == 28 and max(first for first, _ in asked) == 5
    assert sum(one * (one + 1) // 2 if two is None else one * two for one, two in asked) == 561


@pytest.mark.parametrize("name", ["k.npy", "k.zarr"])
def test_killed_at_any_line_a_run_goes_on(name: str, tmp_path: Path) -> None:
    """Processes killed after more and more lines of the package; each goes on from the last."""
    path = tmp_path / name
    command = [sys.executable, "-m", "tests.killed_writer", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert ran.returncode == 0, ran.stderr
    ready = list(map(int, ran.stdout.split()))
    assert ready == sorted(ready) and ready[0] == 0 and len(set(ready)) > 5
    assert np.array_equal(read(path), NTK)
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.journal"}
    assert not list(tmp_path.rglob("*.partial"))


def test_a_block_is_noted_when_its_data_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not flushed when a line of the journal is written would be lost with the power."""
    path, part = tmp_path / "k.npy", tmp_path / "k.part.npy"
    durable, noted = [b""], []
    flush, note = os.fsync, Journal.add

    def fsync(descriptor: int) -> None:
        flush(descriptor)
        if part.exists() and os.path.samestat(os.fstat(descriptor), part.stat()):
            durable.append(part.read_bytes())

    def add(journal: Journal, tiles: Any) -> None:
        found = list(tiles)
        (tmp_path / "durable.npy").write_bytes(durable[-1])
        for row, column in found:
            here = slice(5 * row, 5 * row + 5), slice(5 * column, 5 * column + 5)
            flushed = np.load(tmp_path / "durable.npy")
            assert np.array_equal(flushed[here], NTK[here])
            assert np.array_equal(flushed.T[here], NTK[here])
        noted.extend(found)
        note(journal, found)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Journal, "add", add)
    monkeypatch.setattr(growing, "OFTEN", 0.0)
    write(path)
    assert len(noted) == 28


class Stop(Exception):
    """What ends a run in these tests."""


def stop_at(count: int) -> Callable[[int, int], None]:
    def progress(ready: int, total: int) -> None:
        if ready == count:
            raise Stop

    return progress


def interrupted(path: Path, blocks: int = 10) -> None:
    """Leave a matrix with so many of its 28 blocks done."""
    with pytest.raises(Stop):
        write(path, progress=stop_at(blocks))


@pytest.mark.parametrize("name", ["k.npy", "k.zarr"])
def test_an_interrupted_run_goes_on_and_a_whole_one_is_known(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    interrupted(path)
    assert not path.exists()
    assert write(path) == (10, 18)
    before = read(path)
    assert write(path) == write(path, block=None) == (28, 0)
    assert np.array_equal(before, NTK) and np.array_equal(read(path), NTK)
    path.rename(tmp_path / f"moved{path.suffix}")
    assert write(path) == (0, 28)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X[:32]}, r"the inputs x1, its shape \(\[33, 33\] there\)"),
        ({"x": X + (np.arange(33) == 7)[:, None]}, "the inputs x1:"),
        ({"x2": X}, "the inputs x2:"),
        ({"block": 6}, r"the size of blocks \(5 there\)"),
        ({"which": "nngp"}, "the kernels that it holds"),
        ({"kernel": plain_kernel(SOURCE + "\n")}, "the kernel or the version of symntk"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
@pytest.mark.parametrize("blocks", [10, 28])
def test_other_work_is_refused(
    change: dict[str, Any], message: str, blocks: int, tmp_path: Path
) -> None:
    path = tmp_path / "k.npy"
    interrupted(path, blocks) if blocks < 28 else write(path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=message):
        write(path, **change)
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert write(path) == (blocks, 28 - blocks)
    assert np.array_equal(read(path), NTK)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "k.npy", x2=X[:7])
    with pytest.raises(UsageError, match="differs in the inputs x2:"):
        write(tmp_path / "k.npy", x2=X[1:8])


def test_a_journal_of_which_a_part_is_missing_or_wrong(tmp_path: Path) -> None:
    """Lines that are cut short or changed are blocks to be computed."""
    path, journal = tmp_path / "k.npy", tmp_path / "k.npy.journal"
    interrupted(path)
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"block 0 2", b"block 6 6")
    journal.write_bytes(b"".join(lines)[:-4])
    assert write(path) == (8, 20)
    with Journal(journal) as whole:
        assert len(whole.done) == 28
    assert np.array_equal(read(path), NTK)
    for text in ("", "symntk bl", "notes\n", "symntk blocks 1 {} 00000000\n"):
        path, journal = tmp_path / f"{len(text)}.npy", tmp_path / f"{len(text)}.npy.journal"
        journal.write_text(text)
        if text.endswith("\n"):
            with pytest.raises(UsageError, match="not a journal"):
                write(path)
            assert journal.read_text() == text
        else:
            assert write(path) == (0, 28)


def test_blocks_of_slow_kernels_are_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a millisecond a pair: ten seconds are 20 000 pairs, or a block of 141, so of 128."""
    kernel, now = plain_kernel(), 0.0

    class Slow:
        source, dtype, diag = kernel.source, kernel.dtype, kernel.diag

        def __call__(self, first: Any, second: Any = None) -> Any:
            nonlocal now
            now += 0.05 + 5e-4 * len(first) ** 2 / 2
            return kernel(first, second)

    monkeypatch.setattr(matrix, "perf_counter", lambda: now)
    for name, one, side in (("fast.zarr", kernel, 150), ("slow.zarr", Slow(), 128)):
        group = sn.write_kernel(one, tmp_path / name, rows(150))
        assert group["ntk"].chunks == (side, side)


@pytest.mark.parametrize("name", ["k.npy", "k.part.npy"])
def test_files_of_others_are_not_touched(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="no journal says what it holds"):
        write(tmp_path / "k.npy")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {name: "mine"}


def test_a_matrix_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.npy"
    write(path)
    np.save(path, NTK + 1)
    with pytest.raises(UsageError, match="changed after it was computed"):
        write(path)
    interrupted(tmp_path / "other.npy")
    (tmp_path / "other.part.npy").write_bytes(b"")
    with pytest.raises(UsageError, match="not what its journal says"):
        write(tmp_path / "other.npy")


def test_two_processes_do_not_write_one_matrix(tmp_path: Path) -> None:
    path = tmp_path / "k.npy"

    def meanwhile(ready: int, total: int) -> None:
        if ready == 3:
            with pytest.raises(UsageError, match="another process"):
                write(path)

    write(path, progress=meanwhile)
    assert np.array_equal(read(path), NTK)


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "k.npy"

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match=r"No space left on device; the matrix takes 8.71e-06 GB"):
            write(path)
        assert not list(tmp_path.iterdir())
    interrupted(path)
    with monkeypatch.context() as patch:
        patch.setattr(NpyStore, "write", full)
        with pytest.raises(OSError, match="No space"):
            write(path)
    with monkeypatch.context() as patch:
        patch.setattr(growing, "OFTEN", 0.0)
        patch.setattr(NpyStore, "sync", full)
        with pytest.raises(OSError, match="No space"):
            write(path)
    assert write(path) == (10, 18)
    assert np.array_equal(read(path), NTK)


def test_inputs_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    bad = X.copy()
    bad[17, 2] = np.nan
    with pytest.raises(UsageError, match=r"in x1\[15:20\]: x: a number is nan"):
        write(tmp_path / "k.npy", bad)
    with pytest.raises(UsageError, match="row 1 with row 1 is not finite"):
        write(tmp_path / "k.npy", X + 1e160)
    for options in ({"which": "all"}, {"block": 0}, {"which": "both"}, {"x": X[:0]}):
        with pytest.raises(UsageError):
            write(tmp_path / "k.npy", **options)
    for name in ("k.txt", "none/k.npy"):
        with pytest.raises(UsageError):
            write(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("package", "name"), [("zarr", "k.zarr"), ("distributed", "k.npy")])
def test_what_needs_an_extra_says_so(
    package: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match="pip install"):
        write(tmp_path / name, scheduler="local")
    assert not list(tmp_path.iterdir())


def test_memory_mapped_inputs_and_documents(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    write(tmp_path / "k.npy", np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert write(tmp_path / "k.npy") == (28, 0)
    assert np.array_equal(read(tmp_path / "k.npy"), NTK)
    source = SOURCE.replace("np.asarray(x, dtype=float)", "np.array([[len(d), 1] for d in x])")
    docs = [["a", "b"], ["b"], ["c", "a", "a"], ["b", "b"], ["d"]]
    path = tmp_path / "docs.npy"
    write(path, docs, kernel=plain_kernel(source.replace("/ x.shape[1]", "/ 2")), block=2)
    lengths = np.array(list(map(len, docs)))
    assert np.array_equal(read(path), ((np.outer(lengths, lengths) + 1) / 2) ** 2)
    with pytest.raises(UsageError, match="the inputs x1"):
        write(path, [*docs[:-1], ["e"]], kernel=plain_kernel(source), block=2)


def test_blocks_on_dask(tmp_path: Path) -> None:
    with Client(processes=False, n_workers=2, threads_per_worker=2, dashboard_address=None) as dask:
        write(tmp_path / "k.npy", scheduler=dask)
        write(tmp_path / "k.zarr", x2=X[:7], scheduler=dask.scheduler.address)
    assert np.array_equal(read(tmp_path / "k.npy"), NTK)
    assert np.array_equal(read(tmp_path / "k.zarr"), NTK[:, :7])


def test_threads_are_no_more_than_they_may_be(tmp_path: Path) -> None:
    """The entries of this kernel are the number of threads that it would take."""
    source = SOURCE.replace("products**2", "np.full_like(products, numba.get_num_threads())")
    kernel = plain_kernel(source.replace("import numpy", "import numba\nimport numpy"))
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as dask:
        write(tmp_path / "dask.npy", kernel=kernel, scheduler=dask)
    assert (read(tmp_path / "dask.npy") == 1).all()
    write(tmp_path / "all.npy", kernel=kernel)
    assert (read(tmp_path / "all.npy") == numba.get_num_threads()).all()
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        write(tmp_path / "one.npy", kernel=kernel)
    finally:
        numba.set_num_threads(before)
    assert (read(tmp_path / "one.npy") == 1).all()


def test_blocks_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Derivation, "compile", lambda self, dtype: plain_kernel())
    x, out = tmp_path / "x.npy", tmp_path / "k.npy"
    np.save(x, X)
    interrupted(out)
    assert "10 of 28 blocks were there" in run("kernel", "mlp", x, "-o", out, "--block", "5").stderr
    assert "k.npy was whole" in run("kernel", "mlp", x, "-o", out, "--block", "5").stderr
    assert np.array_equal(read(out), NTK)
    done("kernel", "mlp", x, "-o", tmp_path / "k.zarr", "--which", "both")
    assert np.array_equal(read(tmp_path / "k.zarr", "nngp"), NNGP)
    assert "--which" in refused("kernel", "mlp", x, "-o", out, "--which", "both")
    assert ".zarr" in refused("kernel", "mlp", x, "-o", tmp_path / "k.npz", "--block", "4")
    assert "(5 there)" in refused("kernel", "mlp", x, "-o", out, "--block", "6")
    np.save(x, X[0])
    assert "2 axes" in refused("kernel", "mlp", x, "-o", out, "--block", "5")
