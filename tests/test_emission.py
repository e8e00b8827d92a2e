"""Emission without compiling: rewritings, gaps, names, source text, and where it is kept."""

from __future__ import annotations

import ast
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from symntk.derivation import derive
from symntk.emission import emit
from symntk.emission.forms import Form, add, constant, product
from symntk.emission.moments import gaps, stable_moment
from symntk.emission.naming import Names
from symntk.emission.printer import source_text
from symntk.emission.stabilise import REWRITINGS, ExponentialDifference, stabilise
from symntk.emission.storage import store
from symntk.emission.symbols import angle, c, g, low, n, q1, q2, r1, r2, root, s, size, small
from symntk.errors import UsageError
from symntk.gaussian import expect
from symntk.gaussian.symbols import x
from symntk.graph import Graph, repeat, vector, weights
from symntk.zoo.mlp import mlp
from tests.interpreted import load

RELU = x * sp.Heaviside(x)
FUNCTIONS = [
    RELU,
    sp.Abs(x),
    RELU**2,
    sp.sign(x),
    x**3 - 3 * x,
    sp.erf(x),
    x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
    sp.sin(x),
    x + sp.sin(x) ** 2,
    sp.cosh(x),
    sp.exp(-(x**2)),
    x * sp.exp(-(x**2) / 2),
]


def law(v1: float, v2: float, rho: float) -> dict[sp.Symbol, sp.Expr]:
    """The symbols of a pair, exactly, with 40 digits."""
    v1, v2, rho = (sp.Rational(repr(value)) for value in (v1, v2, rho))
    norm = sp.sqrt(v1 * v2)
    values = {q1: v1, q2: v2, r1: sp.sqrt(v1), r2: sp.sqrt(v2), n: norm, c: rho * norm}
    values |= {g: norm * (1 - rho), s: norm * (1 + rho), root: norm * sp.sqrt(1 - rho**2)}
    values |= {angle: sp.acos(rho), small: sp.acos(abs(rho)), size: abs(rho) * norm}
    values[low] = norm * (1 - abs(rho))
    return {symbol: value.evalf(40) for symbol, value in values.items()}


def number(expression: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> float:
    plain = expression.replace(
        lambda e: isinstance(e, ExponentialDifference),
        lambda e: sp.exp(e.args[0]) - sp.exp(e.args[1]),
    )
    return float(plain.xreplace(values).evalf(30))


@pytest.mark.parametrize("f", FUNCTIONS, ids=str)
@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.5, 0.99])
def test_rewritings_keep_the_value(f: sp.Expr, rho: float) -> None:
    closed = expect(f, f).value
    values = law(0.7, 2.3, rho)
    assert number(stabilise(closed), values) == pytest.approx(number(closed, values), rel=1e-14)


@pytest.mark.parametrize("f", FUNCTIONS, ids=str)
def test_every_rewriting_keeps_the_value(f: sp.Expr) -> None:
    values = law(1.3, 0.4, -0.6)
    expression = expect(f, f).value
    expected = number(expression, values)
    for rewriting in REWRITINGS:
        expression = rewriting(expression)
        assert number(expression, values) == pytest.approx(expected, rel=1e-14), rewriting.__name__


@pytest.mark.parametrize("f", FUNCTIONS, ids=str)
@pytest.mark.parametrize("rho", [-0.999999, -0.4, 0.6, 0.999999])
def test_gaps_are_the_differences(f: sp.Expr, rho: float) -> None:
    moment = stable_moment(expect(f, f).value)
    values = law(0.7, 2.3, rho)
    first, second = (
        sp.sqrt(number(moment.diagonal, {sp.Symbol("q", positive=True): values[v]}))
        for v in (q1, q2)
    )
    k = number(moment.value, values)
    near, far = (number(part, values) for part in gaps(moment, first, second))
    assert near == pytest.approx(float(first * second) - k, abs=1e-13)
    assert far == pytest.approx(float(first * second) + k, abs=1e-13)


def test_relu_has_no_cancellation_in_its_gap() -> None:
    """1 - K/n for relu at angle t is t^2/2 - t^3/(3 pi) + ..., here far below rounding of K."""
    moment = stable_moment(expect(RELU, RELU).value)
    near, _ = gaps(moment, r1 / sp.sqrt(2), r2 / sp.sqrt(2))
    t = 1e-10
    values = {r1: 1.0, r2: 1.0, q1: 1.0, q2: 1.0, n: 1.0, c: 1.0 - t * t / 2, g: t * t / 2}
    values |= {s: 2.0, root: t, angle: t, small: t, size: 1.0, low: t * t / 2}
    assert float(near.xreplace(values)) == pytest.approx((t * t / 2 - t**3 / (3 * np.pi)) / 2)


def forms_of(a: np.ndarray, b: np.ndarray) -> tuple[dict[sp.Symbol, float], Form]:
    """The form of a.b in numbers: 'diagonal' is a symbol that is |a|^2 or |b|^2."""
    tag = random.Random(float(a[0])).getrandbits(40)
    diagonal = sp.Symbol(f"d{tag}", positive=True)
    norm = float(np.sqrt((a @ a) * (b @ b)))
    first, second = sp.Symbol(f"d{tag}_i"), sp.Symbol(f"d{tag}_j")
    values = {first: float(a @ a), second: float(b @ b)}
    return values, Form(diagonal, sp.Float(norm - a @ b, 30), sp.Float(norm + a @ b, 30))


@pytest.mark.parametrize("count", [1, 3, 7])
def test_sums_and_products_of_forms(count: int) -> None:
    rng = np.random.default_rng(0)
    tiny = {sp.Symbol("TINY", positive=True): 0}
    values, parts, vectors = {}, [], []
    for _ in range(count):
        a, b = rng.normal(size=(2, 4))
        more, form = forms_of(a, b)
        values |= more
        parts.append(form)
        vectors.append((a, b))
    parts.append(constant(sp.Float(0.3)))
    vectors.append((np.array([0.3**0.5]), np.array([0.3**0.5])))

    def at(suffix: str):  # type: ignore[no-untyped-def]
        return lambda e: e.xreplace(
            {v: sp.Symbol(f"{v.name}{suffix}") for v in e.free_symbols - {*tiny}}
        )

    total = add(parts, at("_i"), at("_j"))
    a, b = (np.concatenate([pair[k] for pair in vectors]) for k in (0, 1))
    norm = np.sqrt((a @ a) * (b @ b))
    assert float(total.g.xreplace({**values, **tiny})) == pytest.approx(norm - a @ b, rel=1e-12)
    assert float(total.s.xreplace({**values, **tiny})) == pytest.approx(norm + a @ b, rel=1e-12)
    (a, b), (d, e) = vectors[:2]
    both = product(*parts[:2])
    norm = np.sqrt((a @ a) * (b @ b) * (d @ d) * (e @ e))
    assert float(both.g) == pytest.approx(norm - (a @ b) * (d @ e), rel=1e-12)
    assert float(both.s) == pytest.approx(norm + (a @ b) * (d @ e), rel=1e-12)


y, z = sp.symbols("y z", positive=True)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (y**2 * z, "z * y ** 2"),
        (1 / sp.sqrt(y), "1.0 / math.sqrt(y)"),
        (z / y ** sp.Rational(3, 2), "z / (y * math.sqrt(y))"),
        (-(y + z), None),
        (sp.pi * y / 3, None),
        (y - z / (y + z), None),
        (sp.exp(-y) * sp.sin(z), None),
        (sp.Piecewise((y, y < z), (z, True)), None),
        ((y + z) ** sp.Rational(-5, 2), None),
        (sp.Max(y, z) * 2 - sp.Min(y, z), None),
        (sp.Rational(1, 3) * y, None),
        (1 / (y * z**2), None),
        ((1 / (y + z)) ** 3 * -y, None),
    ],
    ids=str,
)
def test_source_text_means_the_expression(expression: sp.Expr, text: str | None) -> None:
    written = source_text(expression)
    if text is not None:
        assert written == text
    tree = ast.parse(written, mode="eval")
    value = interpret(tree.body, {"y": 1.7, "z": 0.6})
    assert value == pytest.approx(float(expression.xreplace({y: 1.7, z: 0.6})), rel=1e-14)


def interpret(node: ast.expr, names: dict[str, float]) -> float:
    """Arithmetic of a syntax tree, without running text."""
    import math
    import operator

    binary = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
    binary |= {ast.Div: operator.truediv, ast.Pow: operator.pow}
    calls = {"max": max, "min": min, "abs": abs, "exponential": math.exp}
    match node:
        case ast.Constant(value=float() | int() as value):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.Attribute(attr=name):
            return getattr(math, name)
        case ast.UnaryOp(operand=inner):
            return -interpret(inner, names)
        case ast.BinOp(left=left, op=op, right=right):
            return binary[type(op)](interpret(left, names), interpret(right, names))
        case ast.IfExp(test=ast.Compare(left=left, comparators=[right]), body=yes, orelse=no):
            chosen = yes if interpret(left, names) < interpret(right, names) else no
            return interpret(chosen, names)
        case ast.Call(func=function, args=arguments):
            values = [interpret(argument, names) for argument in arguments]
            known = isinstance(function, ast.Name)
            call = calls[function.id] if known else getattr(math, function.attr)
            return call(*values)
    raise AssertionError(ast.dump(node))


def test_names_are_identifiers_and_different() -> None:
    names = Names()
    wanted = ["z1", "h'", "h-", "lambda", "1st", "Σ", "z1"]
    found = [names.unique(text, (text, k)) for k, text in enumerate(wanted)]
    assert all(name.isidentifier() for name in found)
    assert len(set(found)) == len(wanted)


def test_an_emitted_module_imports_numpy_and_numba_alone() -> None:
    for act in ("relu", "gelu", "tanh"):
        tree = ast.parse(emit(derive(mlp(2, act, b_std=0.1))))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        for node in ast.walk(tree):
            imported |= {a.name for a in node.names} if isinstance(node, ast.Import) else set()
        standard = {"concurrent.futures", "functools", "math", "typing"}
        assert imported <= {*standard, "numpy", "numba"}


def test_source_says_what_it_computes() -> None:
    source = emit(derive(mlp(3, "relu", b_std=0.1)))
    head = ast.get_docstring(ast.parse(source))
    assert head is not None
    assert "f = v @ relu(" in head and "Sigma[" in head and "2 times:" in head
    assert "SIGMA_B = 0.1" in source
    assert max(map(len, source.splitlines())) <= 140


def test_source_does_not_grow_with_the_depth() -> None:
    lengths = [len(emit(derive(mlp(depth, "relu", b_std=0.1)))) for depth in (3, 300)]
    assert abs(lengths[0] - lengths[1]) < 100


def test_names_of_the_user_cannot_break_the_source(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Names of vectors that mean something to the module; the kernel of a deep linear network."""
    network = vector("nngp")
    words = ["angle", "np", "count", "phi1", "math", "kernel", "prange", "i", "second", "STRIP"]
    for k, name in enumerate(words):
        (w,) = weights(f"{name}_{k}")
        network = (w @ network * 2).named(name)
    (v,) = weights("features0")
    kernels = load(emit(derive(Graph(v @ network))), tmp_path).kernel(np.eye(3))
    assert kernels.nngp == pytest.approx(4.0 ** len(words) * np.eye(3) / 3)


def test_a_symbolic_depth_is_refused() -> None:
    with pytest.raises(UsageError, match="give the depth a number"):
        emit(derive(mlp("L", "relu")))


def test_an_unknown_width_is_refused() -> None:
    hidden, readout = weights("W v", parametrization="standard")
    graph = Graph(readout @ (hidden @ vector("x")))
    with pytest.raises(UsageError, match="width"):
        emit(derive(graph))


def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(UsageError, match="float64, float32"):
        emit(derive(mlp()), dtype="float16")


def test_modules_are_kept_by_their_content(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("SYMNTK_CACHE", str(tmp_path / "new" / "folder"))
    first, again, other = store("a = 1\n"), store("a = 1\n"), store("a = 2\n")
    assert first == again != other
    assert first.read_text() == "a = 1\n"
    assert first.parent == tmp_path / "new" / "folder"
    assert sorted(path.name for path in first.parent.iterdir()) == sorted([first.name, other.name])
    first.write_text("somebody changed it")
    assert store("a = 1\n").read_text() == "a = 1\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SYMNTK_CACHE", str(tmp_path / "file" / "inside"))
    with pytest.raises(UsageError, match="SYMNTK_CACHE"):
        store("a = 1\n")


def test_nested_blocks_are_nested_loops() -> None:
    def inner(h):  # type: ignore[no-untyped-def]
        (w,) = weights("B")
        return w @ h

    def outer(h):  # type: ignore[no-untyped-def]
        (a,) = weights("A")
        return a @ repeat(inner, h, 2)

    (w, v) = weights("W v")
    source = emit(derive(Graph(v @ repeat(outer, w @ vector("x"), 3))))
    assert "for layer in range(3)" in source and "for layer2 in range(2)" in source


def test_diagonals_take_no_memory_but_theirs(tmp_path: Path) -> None:
    """Rows of coefficients, 2 kB for each sample and expectation, belong to pairs."""
    module = load(emit(derive(mlp(1, "tanh"))), tmp_path)
    data = np.random.default_rng(0).standard_normal((20, 3))
    module.diag(data[:2])
    tracemalloc.start()
    module.diag(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2000 * len(data)
