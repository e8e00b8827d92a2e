"""Emitted modules as text: their imports, how their functions are compiled, and their threads."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import symntk as sn
from symntk.emission import emit
from symntk.emission.assembly import assembled
from symntk.emission.excerpts import without_types
from symntk.emission.runtime.threads import on_threads
from tests.interpreted import load

INNER = '@njit(cache=True, error_model="numpy")\ndef inner(x):\n    return math.sqrt(x)'
OUTER = "@njit(cache=True)\ndef outer(x):\n    return inner(x)"
CALLER = '"""It calls inner, in words."""\n\n\ndef kernel(x):\n    return outer(x)'


def test_functions_for_compiled_code_alone_have_no_wrappers() -> None:
    text = assembled('"""Title."""\n', [INNER, OUTER, CALLER])
    assert '@njit(error_model="numpy", **INNER)\ndef inner' in text
    assert "@njit(cache=True)\ndef outer" in text
    assert "import math\n\nimport numpy as np\nfrom numba import njit\n" in text


def test_what_python_calls_as_well_keeps_its_wrapper() -> None:
    text = assembled('"""Title."""\n', [INNER, OUTER, CALLER + "(inner(0))"])
    assert '@njit(cache=True, error_model="numpy")\ndef inner' in text and "INNER" not in text


TYPED = """\
@njit(cache=True)
def f(
    a: Any, b: dict[str,
        int], *rest: Any, k: int = 2
) -> tuple[float, Any]:
    \'\'\'x -> y: any, é.\'\'\'
    found: tuple[Any,
        Any]
    total: Any = {"a": b}
    return lambda x: (x, total[1:2])"""

UNTYPED = """\
@njit(cache=True)
def f(
    a, b, *rest, k = 2
):
    \'\'\'x -> y: any, é.\'\'\'
    total = {"a": b}
    return lambda x: (x, total[1:2])"""


def test_types_are_taken_out_and_nothing_else() -> None:
    assert without_types(TYPED) == UNTYPED


@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_modules_have_no_types(act: str) -> None:
    for node in ast.walk(ast.parse(emit(sn.derive(sn.zoo.rnn(act))))):
        assert not (isinstance(node, ast.arg) and node.annotation)
        assert not (isinstance(node, ast.FunctionDef) and node.returns)


@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_modules_import_what_they_use(act: str) -> None:
    tree = ast.parse(emit(sn.derive(sn.zoo.mlp(2, act))))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    known = {alias.asname or alias.name for node in imports for alias in node.names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert known <= used
    assert {"math", "np", "njit", "ThreadPoolExecutor", "get_num_threads", "cache"} & used <= known


@pytest.mark.parametrize(("threads", "tasks"), [(1, 5), (2, 5), (2, 1), (2, 0)])
def test_each_task_is_done_once(threads: int, tasks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And by no more threads than there are tasks, or Numba may use."""
    monkeypatch.setattr("symntk.emission.runtime.threads.get_num_threads", lambda: threads)
    done: list[int] = []
    on_threads(lambda thread, step, end: done.extend(range(thread, end, step)), tasks, tasks)
    assert sorted(done) == list(range(tasks))


def test_an_error_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symntk.emission.runtime.threads.get_num_threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        on_threads(lambda thread, threads: 1 / (1 - thread), 2)


def test_the_number_of_threads_changes_no_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and columns of tiles that are not whole, several tasks."""
    kernel = load(emit(sn.derive(sn.zoo.mlp())), tmp_path)
    x = np.random.default_rng(0).normal(size=(70, 3))
    monkeypatch.setattr(kernel, "get_num_threads", lambda: 1)
    alone = kernel.kernel(x).ntk
    monkeypatch.setattr(kernel, "get_num_threads", lambda: 3)
    assert np.array_equal(kernel.kernel(x).ntk, alone)
