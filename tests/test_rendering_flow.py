"""The printed gradient flow is true: its terms are the kernel, and its solutions the flow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.optimize import brentq

import symntk as sn
from symntk.decomposition.polynomials.numbers import value
from symntk.derivation import Derivation, Entry
from symntk.gaussian.evaluation import scalar_function
from symntk.gaussian.symbols import c, q, u, x
from symntk.graph import Graph, Node
from symntk.rendering import FORMATS, NOTATIONS
from symntk.rendering.composition.flow_recursion import Recursion
from symntk.rendering.composition.page import Page
from symntk.rendering.heads import Kernel, at_layer
from symntk.rendering.reading.reading import Statement
from tests import shared
from tests.networks_in_print import NETWORKS, SEQUENCES
from tests.oracle import evaluate as of_vectors
from tests.sentiment import corpus, needed
from tests.sequence_oracle import evaluate as of_documents

U, V, W = sn.weights("U V W")
RELU, TANH = sn.activation("relu"), sn.activation("tanh")

E1, E2 = [0.0, 2.0, 0.0], [-2.0, 0.0, 0.0]
"""Two orthogonal inputs of one norm, |x|^2 / d = 4/3."""


def numeric(expression: sp.Expr, derivation: Derivation) -> float:
    """A coefficient at the network's standard deviations, the inputs being E1 and E2."""
    inputs = {e: sp.Rational(4, 3) for e in expression.atoms(Entry)}
    return value(expression.xreplace(inputs), derivation.values)


def coefficients(derivation: Derivation) -> dict[str, float]:
    found = derivation.flow.coefficients
    return {name: numeric(coefficient, derivation) for name, coefficient in found.items()}


# Features.

FEATURES: dict[str, Callable[[], Graph]] = {
    "relu": lambda: sn.zoo.mlp(w_std=1.2, v_std=0.9),
    "relu with bias": lambda: sn.zoo.mlp(w_std=1.2, b_std=0.7),
    "gelu": lambda: sn.zoo.mlp(act="gelu", w_std=1.2),
    "selu with bias": lambda: sn.zoo.mlp(act="selu", b_std=0.4),
    "tanh": lambda: sn.zoo.mlp(act="tanh", w_std=1.2),
    "silu": lambda: sn.zoo.mlp(act="silu"),
    "erf with bias": lambda: sn.zoo.mlp(act="erf", b_std=0.5),
    "cos": lambda: sn.zoo.mlp(act="cos"),
    "two layers": lambda: sn.zoo.mlp(depth=2, w_std=1.1),
    "linear, four layers": lambda: sn.zoo.mlp(depth=4, act="linear", w_std=1.1),
    "sum of activations": NETWORKS["shared"],
    "frozen readout": NETWORKS["frozen"],
    "gated": NETWORKS["gated"],
    "normalised": NETWORKS["normalised"],
    "two activations": NETWORKS["two_activations"],
}


@pytest.mark.parametrize("name", FEATURES)
def test_two_values_of_the_kernel_of_features(name: str) -> None:
    derivation = sn.derive(FEATURES[name]())
    assert derivation.flow.scope == "features"
    assert not derivation.flow.equations
    found = coefficients(derivation)
    equal, different = (of_vectors(derivation, E1, other)["ntk"] for other in (E1, E2))
    assert found.get("bias", 0.0) == pytest.approx(different, rel=1e-10, abs=1e-14)
    assert sum(found.values()) == pytest.approx(equal, rel=1e-10)


@pytest.mark.parametrize("name", sorted(set(FEATURES) - {"two layers", "two activations"}))
def test_coefficients_with_their_expectations_are_the_same(name: str) -> None:
    derivation = sn.derive(FEATURES[name]())
    for term in derivation.flow.terms:
        kept = numeric(derivation.flow.unevaluated(term), derivation)
        assert kept == pytest.approx(numeric(term.coefficient, derivation), rel=1e-10)


@pytest.mark.parametrize("act", ["tanh", "relu", "gelu"])
def test_equations_of_a_deep_network(act: str) -> None:
    """Two layers: a block that is there once, so that its equations hold as they stand."""
    derivation = sn.derive(sn.zoo.mlp(depth=2, act=act, w_std=1.3, b_std=0.4))
    flow = derivation.flow
    known: dict[sp.Basic, sp.Expr] = {}
    for equation in flow.equations:
        assert equation.lhs not in known
        known[equation.lhs] = sp.Float(numeric(equation.rhs.xreplace(known), derivation), 17)
    equal, different = (of_vectors(derivation, E1, other)["ntk"] for other in (E1, E2))
    assert flow.coefficients["bias"].xreplace(known) == pytest.approx(different, rel=1e-10)
    both = sum(flow.coefficients.values())
    assert both.xreplace(known) == pytest.approx(equal, rel=1e-10)


@pytest.mark.parametrize("act", ["relu", "erf"])
@pytest.mark.parametrize("b_std", [0, 0.4])
def test_recursion_in_print(act: str, b_std: float) -> None:
    """Layer by layer, at equal inputs and at different ones, up to the kernel."""
    derivation = sn.derive(sn.zoo.mlp(depth=4, act=act, w_std=1.3, b_std=b_std))
    page = Page.of(derivation, NOTATIONS["jacot"])
    shares = "bias" in derivation.flow.coefficients
    assert shares == (act == "relu" or b_std > 0)
    recursion = Recursion(page, shares)
    known: dict[sp.Basic, float] = {Kernel("input", None, "x", "aa"): 4 / 3}

    def number(expression: sp.Expr) -> float:
        plain = expression.xreplace({k: sp.Float(v, 17) for k, v in known.items()})
        return float(plain.xreplace(dict(derivation.values)).evalf(17))

    for statement in (*page.reading.forward, *page.reading.backward):
        for layer, at in instances(statement):
            laws = [law for law in statement.right.atoms(sp.Expr) if hasattr(law, "law")]
            for site in ("aa", "ab") if shares else ("aa",):
                here = at(recursion.value(statement, site))
                for law in laws[:1]:
                    variance, _, covariance = (at(part) for part in law.law)
                    known[q] = known[moved(variance, "aa")]
                    known[c] = known.get(moved(covariance, "ab"), 0.0)
                known[moved(layer, site)] = number(here)
    for site in ("aa", "ab") if shares else ("aa",):
        for statement in page.reading.total:
            for layer, at in instances(statement):
                right = at(statement.right)
                right = right.xreplace({k: moved(k, site) for k in right.atoms(Kernel)})
                known[moved(layer, site)] = number(right)
        expected = of_vectors(derivation, E1, E1 if site == "aa" else E2)["ntk"]
        assert known[moved(page.reading.outputs[1], site)] == pytest.approx(expected, rel=1e-10)


def moved(kernel: Kernel, site: str) -> Kernel:
    return Kernel(kernel.letter, kernel.layer, kernel.vector, site)  # type: ignore[arg-type]


def instances(statement: Statement) -> Iterator[tuple[Kernel, Callable[[sp.Expr], sp.Expr]]]:
    """An equation's left side at every layer that it holds for, and how to go to that layer."""
    if statement.span is None:
        yield statement.left, lambda expression: expression
        return
    index, first, last = statement.span
    for layer in range(int(first), int(last) + 1):

        def at(expression: sp.Expr, layer: int = layer) -> sp.Expr:
            return at_layer(expression, index, sp.Integer(layer))

        yield at(statement.left), at


# Where the bias term comes from.


@pytest.mark.parametrize("act", ["relu", "gelu", "elu", "leaky_relu", "cos", "max(0, x)**2 - x"])
def test_means_of_activations_by_quadrature(act: str) -> None:
    derivation = sn.derive(sn.zoo.bow(act=act, e_std=0.8, w_std=1.3))
    origin = derivation.flow.sources
    assert origin is not None
    assert origin.has_means
    ((mean, closed),) = origin.means.items()
    function = scalar_function(mean.integrand.xreplace({u: x}).xreplace(dict(derivation.values)))
    deviation = 0.8 * 1.3

    def weighted(point: float) -> float:
        return function(deviation * point) * math.exp(-(point**2) / 2) / math.sqrt(2 * math.pi)

    expected = sum(quad(weighted, *ends)[0] for ends in pairwise([-15, 0, 15]))
    assert value(closed, derivation.values) == pytest.approx(expected, rel=1e-10)
    square = derivation.flow.coefficients["bias"]
    assert value(square, derivation.values) == pytest.approx(expected**2, rel=1e-10)


@pytest.mark.parametrize(
    ("graph", "means", "biases"),
    [
        (sn.zoo.mlp(), True, ()),
        (sn.zoo.mlp(b_std=0.1), True, ("b",)),
        (sn.zoo.mlp(act="tanh", b_std=0.1), False, ("b",)),
        (sn.zoo.mlp(act="tanh"), False, ()),
        (sn.zoo.mlp(depth=3, act="erf", b_std=0.1), False, ("b1", "b")),
        (sn.zoo.mlp(depth="L", act="silu"), True, ()),
        (sn.zoo.bow(act="linear", b_std=0.1), False, ("b",)),
        (sn.zoo.bow(depth="L", b_std=0.1), True, ("b1", "b")),
        (sn.zoo.cnn(window=2), True, ()),
        (sn.zoo.mv(), False, ()),
        (sn.zoo.transformer(), True, ()),
        (sn.zoo.sa(p_std=0.5), False, ()),
    ],
    ids=str,
)
def test_sources_of_what_all_inputs_share(
    graph: Graph, means: bool, biases: tuple[str, ...]
) -> None:
    flow = sn.derive(graph).flow
    assert flow.sources is not None
    assert flow.sources.has_means == means
    assert flow.sources.biases == biases
    if means or biases:
        reason = next(term.reason for term in flow.terms if term.name == "bias")
        assert ("E phi(z) != 0" in reason) == means
        assert all(name in reason for name in biases)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (lambda u: V @ RELU(W @ TANH(u)), "E[φ₂(u)] ≠ 0"),
        (lambda u: V @ TANH(W @ RELU(u)), "E[φ₁(u)] ≠ 0"),
        (lambda u: V @ (TANH(u) * u), "E[φ₂(u)] ≠ 0"),
        (lambda u: V @ (u * u), "E[u²] ≠ 0"),
    ],
)
def test_the_reason_names_what_has_a_mean(output: Callable[[Node], Node], reason: str) -> None:
    """Of several functions; those that are odd have none."""
    page = sn.derive(Graph(output(U @ sn.vector("x")))).render("text")
    assert f"is there because {reason}:" in " ".join(page.split())


def test_what_a_trained_bias_adds_is_not_laid_to_the_activation() -> None:
    """In the standard parametrisation a bias is trained at a speed without its deviation."""
    derivation = sn.derive(NETWORKS["standard"]())
    origin = derivation.flow.sources
    assert origin is not None
    assert origin.has_means
    assert origin.biases == ("b",)
    assert len(origin.means) == 1
    width, scale = (
        next(s for s in origin.in_means.free_symbols if s.name == n) for n in ("n", "sigma_W")
    )
    (entry,) = origin.in_means.atoms(Entry)
    square = origin.in_means.xreplace(dict(origin.means))
    assert sp.simplify(square - width * scale**2 * entry / (2 * sp.pi)) == 0


# Documents.

DOCS = ([2, 0, 1, 4, 3, 5, 0], [7, 0, 1, 3, 8, 2])


def with_output_bias() -> Graph:
    (e, w, v), (c,) = sn.weights("E W v", std=0.8), sn.biases("c", std=0.6)
    tokens = sn.activation("relu")(w @ (e @ sn.tokens("x")))
    return Graph(v @ tokens.sum() + c)


COUNTS: dict[str, Callable[[], Graph]] = {
    "bow": lambda: sn.zoo.bow(e_std=0.7, w_std=1.2),
    "bow, mean": lambda: sn.zoo.bow(pool="mean", b_std=0.3),
    "bow, silu": lambda: sn.zoo.bow(act="silu"),
    "output bias": with_output_bias,
    "mv": sn.zoo.mv,
    "mv, recursive": lambda: sn.zoo.mv("recursive"),
}


def counted(document: list[int], offsets: list[int]) -> dict[tuple[int, ...], int]:
    """How often tokens stand at some distances."""
    found: dict[tuple[int, ...], int] = {}
    for t in range(len(document) - max(offsets)):
        tokens = tuple(document[t + offset] for offset in offsets)
        found[tokens] = found.get(tokens, 0) + 1
    return found


def summed(derivation: Derivation, docs: tuple[list[int], list[int]]) -> float:
    """The kernel of two documents from the terms in print."""
    flow, kernel = derivation.flow, 0.0
    assert flow.sums is not None
    for term in flow.terms:
        offsets = sorted(a for a, _ in term.matches or ())
        first, second = (counted(document, offsets or [0]) for document in docs)
        pairs = sum(n * second.get(tokens, 0) for tokens, n in first.items())
        lengths = 1 if term.matches is None else len(docs[0]) * len(docs[1])
        number = pairs if offsets else lengths
        kernel += value(term.coefficient, derivation.values) * number
    return kernel / (len(docs[0]) * len(docs[1])) if flow.sums.is_mean else kernel


@pytest.mark.parametrize("name", COUNTS)
def test_kernels_of_documents_in_counts(name: str) -> None:
    derivation = sn.derive(COUNTS[name]())
    assert derivation.flow.sums is not None
    assert derivation.flow.sums.is_exact
    expected = of_documents(derivation, *DOCS)["ntk"]
    assert summed(derivation, DOCS) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("window", [2, 3])
def test_kernels_of_windows_away_from_the_ends(window: int) -> None:
    """Two documents that share an inner part: one more token adds one of each n-gram."""
    derivation = sn.derive(sn.zoo.cnn(window=window, e_std=0.8))
    flow = derivation.flow
    assert flow.sums is not None
    assert not flow.sums.is_exact
    ends = [[90, 91, 92], [80, 81, 82]]
    others = [[93, 94, 95], [83, 84, 85]]

    def kernel(size: int, is_shared: bool) -> float:
        middles = [list(range(size)), list(range(0 if is_shared else 40, 40 + size))[:size]]
        first, second = (a + b + c for a, b, c in zip(ends, middles, others, strict=True))
        return of_documents(derivation, first, second)["ntk"]

    apart = [kernel(size, False) for size in (3, 4, 5)]
    together = [kernel(size, True) for size in (4, 5)]
    found = coefficients(derivation)
    mu = found.pop("bias")
    assert apart[2] - 2 * apart[1] + apart[0] == pytest.approx(2 * mu, rel=1e-9)
    matching = (together[1] - apart[2]) - (together[0] - apart[1])
    assert matching == pytest.approx(sum(found.values()), rel=1e-9)


@pytest.mark.parametrize("depth", [3, "L"])
@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_deep_bags_of_tokens(depth: int | str, act: str) -> None:
    """What a pair of tokens contributes is what the equations give at a match and without one."""
    flow = sn.derive(sn.zoo.bow(depth=depth, act=act)).flow
    assert flow.scope == "windows"
    assert flow.equations
    assert set(flow.coefficients) == (
        {"co-occurrence", "bias"} if act == "relu" else {"co-occurrence"}
    )


def test_equations_of_deep_bags_of_tokens() -> None:
    derivation = sn.derive(sn.zoo.bow(depth=3, act="erf", b_std=0.3))
    known: dict[sp.Basic, sp.Expr] = {}
    for equation in derivation.flow.equations:
        found = value(equation.rhs.xreplace(known), derivation.values)
        known[equation.lhs] = sp.Float(found, 17)
    rho, mu = (derivation.flow.coefficients[name] for name in ("co-occurrence", "bias"))
    numbers = {s: v.xreplace(known) for s, v in ((rho, rho), (mu, mu))}
    rho_value, mu_value = (value(numbers[s], derivation.values) for s in (rho, mu))
    assert mu_value == pytest.approx(of_documents(derivation, [1], [2])["ntk"], rel=1e-9)
    assert rho_value + mu_value == pytest.approx(
        of_documents(derivation, [1], [1])["ntk"], rel=1e-9
    )


SHORT = ("lrnn", "lrnn_affine", "lrnn_multiplicative", "attention", "rnn", "shifted")


@pytest.mark.parametrize("name", SHORT)
def test_kernels_of_short_documents(name: str) -> None:
    """All ways in which two short documents can agree position by position."""
    derivation = sn.derive(SEQUENCES[name]())
    flow = derivation.flow
    assert flow.scope == "documents"
    values = {t.matches: value(t.coefficient, derivation.values) for t in flow.terms}
    document = list(range(flow.size))
    for size in range(flow.size + 1):
        for same in combinations(range(flow.size), size):
            other = [t if t in same else 10 + t for t in document]
            expected = of_documents(derivation, document, other)["ntk"]
            agree = {(t, t) for t in same}
            found = sum(v for matches, v in values.items() if (matches or set()) <= agree)
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


# The flow.


@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_initial_slopes_of_label_scores(act: str) -> None:
    docs = [["good", "film"], ["bad", "film", "film"], ["so", "good"], ["not", "good"], ["bad"]]
    labels = np.array([1, -1, 1, -1, -1])
    graph = sn.zoo.bow(act=act, w_std=1.2)
    flow = sn.flow(graph, docs, labels, times=[0], eta=0.3)
    derivation = sn.derive(graph)
    found = coefficients(derivation)
    assert set(flow.terms) == set(found)
    residuals, lengths = labels / 2, np.array([len(document) for document in docs])
    for number, token in enumerate(flow.tokens):
        counts = np.array([document.count(str(token)) for document in docs])
        slope = 0.3 * found["co-occurrence"] * (residuals @ counts)
        slope += 0.3 * found.get("bias", 0.0) * (residuals @ lengths)
        assert flow.initial_slopes[number, 0] == pytest.approx(slope, rel=1e-12)


@needed
@pytest.mark.skipif(
    not shared.read("sst.json"), reason="the reference files are not beside the project"
)
@pytest.mark.parametrize("act", ["linear", "relu", "tanh", "gelu"])
def test_slopes_of_tokens_of_a_real_text(act: str) -> None:
    docs, labels = corpus("train")
    found = coefficients(sn.derive(sn.zoo.bow(act=act)))
    shift = found.get("bias", 0.0) * float(labels @ [len(document) for document in docs])
    for entry in shared.read("sst.json")["tokens"].values():
        difference = entry["count_pos"] - entry["count_neg"]
        slope = (found["co-occurrence"] * difference + shift) / (2 * len(docs))
        assert slope == pytest.approx(entry["slope"][act], abs=1e-10)


def test_a_count_has_one_weight() -> None:
    """Bigrams that match in either order are counted once, and both matches drive them."""
    e = U @ sn.tokens("x")
    page = sn.derive(Graph(V @ RELU(e + e.shift(1)).sum())).render("text")
    page = " ".join(page[page.index("Sums of matches") :].split())
    assert page.count("how often w w′ stand") == 1
    assert page.count("d a_{w w′} / (d τ) =") == 1
    assert "+ η β_{12,21} ∑_j r_j ω_{w′ w}(x_j)" in page


def test_squared_loss_in_time_without_a_bias_term() -> None:
    docs = [["a"]] * 3 + [["b"]] * 2 + [["c"]]
    labels = [1.0, 2.0, 0.5, -1.0, 0.0, 3.0]
    times = [0.1, 0.7, 3.0]
    graph = sn.zoo.bow(act="tanh")
    flow = sn.flow(graph, docs, labels, loss="squared", times=times, eta=0.4)
    rho = coefficients(sn.derive(graph))["co-occurrence"]
    for number, (count, mean) in enumerate([(3, 3.5 / 3), (2, -0.5), (1, 3.0)]):
        expected = mean * (1 - np.exp(-0.4 * rho * count * np.array(times)))
        assert flow.label_scores[:, number, 0] == pytest.approx(expected, rel=1e-9)


def test_squared_loss_in_time_with_a_bias_term() -> None:
    """Features that come twice each."""
    docs = [[token] for token in "aabbcc"]
    labels = np.array([1.0, 2.0, 0.5, -1.0, 0.0, 3.0])
    times = [0.1, 0.7, 3.0]
    graph = sn.zoo.bow()
    flow = sn.flow(graph, docs, labels, loss="squared", times=times, eta=0.4)
    found = coefficients(sn.derive(graph))
    rho, mu = found["co-occurrence"], found["bias"]
    fast = 1 - np.exp(-0.4 * (rho + 3 * mu) * 2 * np.array(times))
    slow = 1 - np.exp(-0.4 * rho * 2 * np.array(times))
    for number, mean in enumerate(labels.reshape(3, 2).mean(axis=1)):
        expected = labels.mean() * fast + (mean - labels.mean()) * slow
        assert flow.label_scores[:, number, 0] == pytest.approx(expected, rel=1e-9)


def test_rates_are_the_roots_in_print() -> None:
    """sum_e mu n_e / (lambda - rho n_e) = 1, between the poles and above the last."""
    found = coefficients(sn.derive(sn.zoo.bow()))
    rho, mu, counts = found["co-occurrence"], found["bias"], np.array([1.0, 2.0, 5.0, 9.0])
    matrix = (rho * np.eye(4) + mu) * counts
    rates = np.sort(np.linalg.eigvals(matrix).real)

    def excess(rate: float) -> float:
        return float(np.sum(mu * counts / (rate - rho * counts)) - 1)

    ends = [*(rho * counts), 2 * rates[-1]]
    roots = [brentq(excess, low + 1e-9, high - 1e-9) for low, high in pairwise(ends)]
    assert roots == pytest.approx(rates, rel=1e-8)


# In print.

MODELS: dict[str, Callable[[], Graph]] = {
    **{name: NETWORKS[name] for name in ("residual", "gated", "normalised", "two_blocks")},
    **SEQUENCES,
}


@pytest.mark.parametrize("name", MODELS)
def test_every_derivation_ends_with_the_flow(name: str) -> None:
    text = sn.derive(MODELS[name]()).render("text")
    *_, ending = text.split("Gradient flow")
    assert ending.count("d s(x)/(d τ)") >= 1
    assert "With squared loss" in ending
    assert "nan" not in ending
    assert "zoo" not in ending


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_terms_in_every_format(format: str, notation: str, act: str) -> None:
    printed = sn.derive(sn.zoo.mlp(act=act)).render(format, notation=notation)
    if format == "json":
        assert ('"name": "bias"' in printed) == (act == "relu")
        return
    assert "Co-occurrence" in printed
    assert ("Asymmetric bias of the rectified linear unit" in printed) == (act == "relu")


def test_why_a_kernel_is_not_taken_apart() -> None:
    for graph, reason in (
        (NETWORKS["two_inputs"](), "the network has several inputs"),
        (sn.zoo.cnn(inputs="images"), "its inputs are no tokens"),
    ):
        derivation = sn.derive(graph)
        assert derivation.flow.scope == "kernel"
        assert derivation.flow.reason == reason
        text = " ".join(derivation.render("text").split())
        assert f"The kernel is not taken apart into terms: {reason}." in text


def test_networks_that_are_not_trained_do_not_flow() -> None:
    assert "Gradient flow" not in sn.derive(NETWORKS["untrained"]()).render("text")
