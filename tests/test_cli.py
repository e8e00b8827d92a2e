"""The command line as a user meets it: output, exit codes, messages, files."""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result

import symntk as sn
from symntk.activations import ACTIVATIONS
from symntk.cli.program import COMMANDS, main
from symntk.rendering import FORMATS, NOTATIONS
from symntk.zoo import MODELS

CALLS = [[], *([name] for name in COMMANDS)]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments: str | Path) -> str:
    """Stdout of a call that must succeed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refused(*arguments: str | Path) -> str:
    """Stderr of a call that must be refused as wrong, with a message and nothing else."""
    result = run(*arguments)
    assert result.exit_code == 2, (result.exit_code, result.output)
    assert not result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture
def x(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(0).standard_normal((5, 3)))
    return path


@pytest.mark.parametrize("command", CALLS, ids=lambda command: " ".join(command) or "symntk")
def test_help_fits_a_terminal(command: list[str]) -> None:
    for line in done(*command, "--help").splitlines():
        assert len(line) <= 80
        assert not line.endswith("...") or line.startswith("Usage: ")


def test_derive_prints_latex() -> None:
    latex = done("derive", "mlp", "--act", "relu")
    assert latex == sn.derive(sn.zoo.mlp(act="relu")).render("latex").rstrip() + "\n"


def test_the_whole_process_is_quick() -> None:
    """Below 1.5 s of processor time, which on a quiet machine is the wall time of one thread."""
    command = [sys.executable, "-m", "symntk", "derive", "mlp", "--act", "relu"]
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    used = after.children_user + after.children_system
    assert used - before.children_user - before.children_system < 1.5


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_reachable(name: str) -> None:
    assert done("derive", "mlp", "--format", name).strip()


@pytest.mark.parametrize("name", NOTATIONS)
def test_every_notation_is_reachable(name: str) -> None:
    assert done("derive", "mlp", "--notation", name).strip()


def test_derive_writes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "note.tex"
    assert done("derive", "mlp", "--standalone", "-o", path) == ""
    assert path.read_text().startswith(r"\documentclass")


def test_json_is_json() -> None:
    assert json.loads(done("derive", "mlp", "--format", "json"))


def test_options_reach_the_model() -> None:
    deep = done("derive", "mlp", "--depth", "2", "--act", "erf", "--format", "json")
    assert deep == sn.derive(sn.zoo.mlp(depth=2, act="erf")).render("json").rstrip() + "\n"
    assert deep != done("derive", "mlp", "--act", "erf", "--format", "json")


def test_frozen_weights_leave_the_ntk() -> None:
    frozen = done("derive", "mlp", "--freeze", "v", "--format", "text")
    assert frozen != done("derive", "mlp", "--format", "text")
    assert "nothing" in refused("derive", "mlp", "--freeze", "nothing")


def test_standard_parametrization_is_reachable() -> None:
    standard = done("derive", "mlp", "--parametrization", "standard", "--format", "text")
    assert standard != done("derive", "mlp", "--format", "text")


def test_a_model_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    sn.save(sn.zoo.mlp(act="erf"), path)
    assert done("derive", path) == done("derive", "mlp", "--act", "erf")
    assert "--act" in refused("derive", path, "--act", "relu")
    assert "no file" in refused("derive", tmp_path / "other.yaml")


def test_a_model_from_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own_networks.py").write_text(
        "import symntk as sn\n"
        "def shallow(act='erf'):\n    return sn.zoo.mlp(act=act)\n"
        "def nothing():\n    return 3\n"
        "number = 3\n"
    )
    assert done("derive", "own_networks:shallow") == done("derive", "mlp", "--act", "erf")
    assert done("derive", "own_networks:shallow", "--act", "abs") == done(
        "derive", "mlp", "--act", "abs"
    )
    assert "--depth" in refused("derive", "own_networks:shallow", "--depth", "2")
    assert "int" in refused("derive", "own_networks:nothing")
    assert "number" in refused("derive", "own_networks:number")
    assert "no module" in refused("derive", "own_netwroks:shallow")
    assert "no module" in refused("derive", "own_networks.py:shallow")


def test_a_name_does_not_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's module runs only when MODEL is written as module:function."""
    monkeypatch.chdir(tmp_path)
    Path("trap.py").write_text("raise SystemExit('imported')")
    assert "imported" not in refused("derive", "trap")


def test_unknown_names_are_refused_with_a_hint() -> None:
    assert "mlp" in refused("derive", "mpl")
    assert refused("derive", "mlp", "--act", "rleu")
    assert "latex" in refused("derive", "mlp", "--format", "latx")
    assert "jacot" in refused("derive", "mlp", "--notation", "yakot")
    assert refused("derive", "mlp", "--depth", "-1")
    assert refused("derive", "mlp", "--w-std", "-1")
    assert refused("derive", "mlp", "--w-std", "nan")
    assert refused("derive")


@pytest.mark.parametrize(
    "text", ["x*", "__import__('os')", "x.__class__", "open(x)", "y", "", "(lambda: 1)()"]
)
def test_activations_are_never_executed(text: str) -> None:
    refused("derive", "mlp", "--act", text)


def test_emit_writes_a_module_that_runs(tmp_path: Path, x: Path) -> None:
    path = tmp_path / "erf_kernel.py"
    done("emit", "mlp", "--act", "erf", "-o", path)
    code = (
        "import sys, numpy as np; from erf_kernel import kernel; "
        f"np.save('out.npy', kernel(np.load({str(x)!r}), None).ntk); "
        "assert 'symntk' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    expected = sn.derive(sn.zoo.mlp(act="erf")).compile()(np.load(x)).ntk
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, rtol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_emitted_whole(name: str) -> None:
    """No name in the module is without a definition: compilation would stumble over it later."""
    tree = ast.parse(done("emit", "mlp", "--act", name, "--depth", "2", "--b-std", "0.1"))
    used, defined = set(), set(dir(builtins))
    for node in ast.walk(tree):
        match node:
            case ast.Name(ctx=ast.Load()):
                used.add(node.id)
            case ast.Name():
                defined.add(node.id)
            case ast.arg():
                defined.add(node.arg)
            case ast.FunctionDef() | ast.ClassDef():
                defined.add(node.name)
            case ast.alias():
                defined.add(node.asname or node.name)
    assert used <= defined


def test_kernel_of_data(tmp_path: Path, x: Path) -> None:
    data = np.load(x)
    np.savetxt(
        tmp_path / "y.csv", data[:2], delimiter=",", header="a,b,c", comments="", fmt="%.17g"
    )
    done("kernel", "mlp", x, "-o", tmp_path / "k.npy")
    done("kernel", "mlp", x, tmp_path / "y.csv", "--which", "nngp", "-o", tmp_path / "c.npy")
    done("kernel", "mlp", x, "-o", tmp_path / "both.npz")
    expected = sn.derive(sn.zoo.mlp()).compile()(data)
    np.testing.assert_array_equal(np.load(tmp_path / "k.npy"), expected.ntk)
    np.testing.assert_allclose(np.load(tmp_path / "c.npy"), expected.nngp[:, :2], rtol=1e-14)
    with np.load(tmp_path / "both.npz") as both:
        np.testing.assert_array_equal(both["ntk"], expected.ntk)
        np.testing.assert_array_equal(both["nngp"], expected.nngp)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3\n", "row 2 has 1 column"),
        ("1,2\n3,x\n", "row 2, column 2: 'x'"),
        ("a,b\n1,2\n3,\n", "row 2, column 2: ''"),
        ("1,2\n3,nan\n", "row 2, column 2 is nan"),
        ("1,inf\n", "row 1, column 2 is inf"),
        ("a,b\n", "empty"),
        ("", "empty"),
    ],
)
def test_bad_csv_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert message in refused("kernel", "mlp", path, "-o", tmp_path / "k.npy")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(3), "(3,)"),
        (np.ones((2, 3, 4)), "(2, 3, 4)"),
        (np.ones((0, 3)), "empty"),
        (np.array([[1.0, np.nan], [np.inf, 0]]), "row 1, column 2 is nan (and 1 more"),
        (np.ones((2, 2), complex), "complex"),
        (np.array([["a"]]), "<U1"),
        (np.array([[object()]]), "not an array of numbers"),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:
    path = tmp_path / "x.npy"
    np.save(path, array, allow_pickle=True)
    assert message in refused("kernel", "mlp", path, "-o", tmp_path / "k.npy")


def test_bad_files_are_refused(tmp_path: Path, x: Path) -> None:
    out = tmp_path / "k.npy"
    (tmp_path / "cut.npy").write_bytes(x.read_bytes()[:50])
    (tmp_path / "binary.csv").write_bytes(b"\xff\x00\xfe")
    np.save(tmp_path / "wide.npy", np.ones((2, 4)))
    (tmp_path / "x.txt").write_text("1 2\n")
    assert "not an array" in refused("kernel", "mlp", tmp_path / "cut.npy", "-o", out)
    assert "binary.csv" in refused("kernel", "mlp", tmp_path / "binary.csv", "-o", out)
    assert "no file" in refused("kernel", "mlp", tmp_path / "none.npy", "-o", out)
    assert ".csv" in refused("kernel", "mlp", tmp_path / "x.txt", "-o", out)
    assert "length 3" in refused("kernel", "mlp", x, tmp_path / "wide.npy", "-o", out)
    assert ".npy or .npz" in refused("kernel", "mlp", x, "-o", tmp_path / "k.txt")
    assert "no folder" in refused("kernel", "mlp", x, "-o", tmp_path / "none" / "k.npy")
    assert not out.exists()


def test_a_kernel_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    """E[exp(2 u^2)] diverges at variance 1."""
    data, out = tmp_path / "x.npy", tmp_path / "k.npy"
    np.save(data, np.ones((2, 3)))
    assert "not finite" in refused("kernel", "mlp", "--act", "exp(x**2)", data, "-o", out)
    assert not out.exists()


def test_check_passes_and_draws(tmp_path: Path) -> None:
    path = tmp_path / "error.png"
    output = done("check", "mlp", "--widths", "64,256", "--seeds", "10", "--plot", path)
    assert "64" in output
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_failed_check_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    report = SimpleNamespace(passed=False, render=lambda: "it failed")
    monkeypatch.setattr("symntk.finite.check", lambda *args, **options: report)
    result = run("check", "mlp")
    assert result.exit_code == 1
    assert "it failed" in result.stdout


@pytest.mark.parametrize("widths", ["", "64", "64,32", "a,b", "64,64", "0,4"])
def test_bad_widths_are_refused(widths: str) -> None:
    assert "--widths" in refused("check", "mlp", "--widths", widths)


def test_a_defect_says_so_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**options: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setitem(MODELS, "broken", broken)
    result = run("derive", "broken")
    assert result.exit_code == 3
    assert "ZeroDivisionError: by nothing" in result.stderr
    assert "--debug" in result.stderr
    assert isinstance(run("--debug", "derive", "broken").exception, ZeroDivisionError)


def test_a_file_that_cannot_be_written_is_no_defect(tmp_path: Path) -> None:
    (tmp_path / "folder.tex").mkdir()
    assert "folder.tex" in refused("derive", "mlp", "-o", tmp_path / "folder.tex")
    assert "no folder" in refused("derive", "mlp", "-o", tmp_path / "none" / "note.tex")
    assert "-o" in refused("derive", "mlp", "--format", "pdf")
    assert ".bib" in refused("derive", "mlp", "--bib", tmp_path / "works.txt")


def test_the_bibliography_holds_what_the_text_cites(tmp_path: Path) -> None:
    latex = done("derive", "mlp", "--bib", tmp_path / "works.bib")
    works = (tmp_path / "works.bib").read_text()
    cited = {key for group in re.findall(r"\\cite{([^}]*)}", latex) for key in group.split(",")}
    assert cited == set(re.findall(r"^@\w+{(\w+),", works, re.MULTILINE))


def test_a_pipe_that_closes_early_is_no_defect() -> None:
    command = f"{sys.executable} -m symntk derive mlp | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert not done.stderr


def test_a_letter_cannot_be_compiled(tmp_path: Path, x: Path) -> None:
    assert "number" in refused("kernel", "mlp", "--depth", "L", x, "-o", tmp_path / "k.npy")
    assert "number" in refused("check", "mlp", "--depth", "L")
    assert "number" in refused("emit", "mlp", "--depth", "L")


def test_list_shows_every_table() -> None:
    everything = done("list")
    for table in (MODELS, ACTIVATIONS, FORMATS, NOTATIONS):
        for name in table:
            assert f"  {name} " in everything
    assert "mlp" in done("list", "models")
    assert "mlp" not in done("list", "notations")
