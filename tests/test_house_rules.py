"""Rules of the code base that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.skips import ALLOWED, is_allowed

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "symntk").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CODE = [*PACKAGE, *TESTS, *sorted((ROOT / "benchmarks").rglob("*.py"))]
LONGEST = 400
"""Lines of the longest module: a longer one usually holds two things."""

names = {"ids": lambda path: str(path.relative_to(ROOT))}


@pytest.mark.parametrize("path", PACKAGE, **names)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_definitions_for_emitted_modules_have_one_name_each() -> None:
    """They are quoted by name, from whatever file they are in."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "symntk" / "emission" / "runtime").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.setdefault(node.name, set()).add(ast.unparse(node))
            elif isinstance(node, ast.Assign):
                found.setdefault(ast.unparse(node.targets[0]), set()).add(ast.unparse(node))
    assert [name for name, texts in found.items() if len(texts) > 1] == []


@pytest.mark.parametrize("path", CODE, **names)
def test_code_names_no_machine(path: Path) -> None:
    """No absolute path of the machine that it was written on."""
    assert not re.search(r"(?<![\w.])/(home|root|work|Users|tmp)/", path.read_text())


@pytest.mark.parametrize("path", PACKAGE, **names)
def test_no_text_is_executed(path: Path) -> None:
    """Neither Python's eval and exec, nor SymPy's parsers, which evaluate, nor pickle."""
    banned = {"eval", "exec", "parse_expr", "pickle", "cloudpickle", "dill"}
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not banned & {alias.name for alias in node.names}, f"line {node.lineno}"
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            assert name not in banned, f"line {node.lineno}"
            strict = any(ast.unparse(keyword) == "strict=True" for keyword in node.keywords)
            assert name != "sympify" or strict, f"line {node.lineno}: it would evaluate a string"


@pytest.mark.parametrize("path", TESTS, **names)
def test_skips_are_on_the_list(path: Path) -> None:
    """The reasons that tests give, word for word, are those that ``skips.py`` lists."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.keyword) and node.arg == "reason":
            written_out = isinstance(node.value, ast.Constant)
            assert not written_out or node.value.value in ALLOWED, f"line {node.value.lineno}"


def test_a_skip_needs_a_true_reason() -> None:
    assert not is_allowed("Skipped: it is raining")
    assert not is_allowed("Skipped: ")


def test_packages_say_what_they_are() -> None:
    missing = [
        str(path.relative_to(ROOT)) for path in PACKAGE if ast.get_docstring(_tree(path)) is None
    ]
    assert not missing


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after ``statement``."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing() -> None:
    assert not loaded_by("import symntk") & {"sympy", "numpy", "numba", "click", "rich"}


def test_starting_the_program_loads_click_alone() -> None:
    assert not loaded_by("import symntk.cli") & {"sympy", "numpy", "numba", "rich"}


def test_deriving_and_printing_loads_sympy_alone() -> None:
    loaded = loaded_by("import symntk as sn\nsn.derive(sn.zoo.mlp()).render('latex')")
    assert "sympy" in loaded
    assert not loaded & {"numpy", "numba", "scipy", "matplotlib", "yaml", "rich"}


def test_printing_a_derivation_loads_no_other_command_format_or_table() -> None:
    call = "from symntk.cli import main\nmain(['derive', 'mlp'], standalone_mode=False)"
    loaded = loaded_by(call)
    assert "symntk.rendering.latex" in loaded
    assert not loaded & {
        "json",
        "symntk.cli.flow",
        "symntk.decomposition.report",
        "symntk.dynamics",
        "symntk.emission",
        "symntk.finite",
        "symntk.importers",
        "symntk.rendering.html",
    }


def test_a_process_ends_without_a_search_for_garbage() -> None:
    code = (
        "import gc\nfrom symntk.cli import main\nmain(['--version'], standalone_mode=False)\n"
        "assert gc.get_freeze_count() > len(gc.get_objects())"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_the_readme_has_two_commands() -> None:
    commands = re.findall(r"^    (python3 -m venv .*)$", (ROOT / "README.rst").read_text(), re.M)
    assert len(commands) == 2
    first, second = commands
    assert first.endswith("symntk derive mlp --act relu")
    assert "pytest" in second
