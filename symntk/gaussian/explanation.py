"""How a value was found, as steps for a reader: read off the levels and the reductions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from sympy import Add, Basic, Derivative, Expr, Gt, Integer, Mul, S

from symntk.gaussian.algebra import Scalar
from symntk.gaussian.engine import Engine, pairs
from symntk.gaussian.expectation import Expectation
from symntk.gaussian.normal_form import NormalForm, shape_expr
from symntk.gaussian.presentation import expression, real_expression
from symntk.gaussian.price import Level
from symntk.gaussian.problem import Law, Problem, is_constant
from symntk.gaussian.stepwise import derivative
from symntk.gaussian.symbols import c, q, q1, q2, u, v, x
from symntk.gaussian.value import Value
from symntk.trace import Prose, Step


def of_pair(f: Expr, g: Expr) -> Expr:
    """E[f(u) g(v)], unevaluated."""
    return Expectation(f.xreplace({x: u}) * g.xreplace({x: v}), q1, q2, c)


def explain_chain(f: Expr, g: Expr, levels: Sequence[Level]) -> tuple[Step, ...]:
    """Price's theorem down to what is known, and the integrations back."""
    functions = [(f, g)]
    for _ in levels[1:]:
        left, right = functions[-1]
        functions.append((derivative(left), derivative(right)))
    expectations = [of_pair(left, right) for left, right in functions]
    steps = [
        Step(
            "Price",
            Derivative(before, c),
            after,
            source="price1958",
            reason=("differentiating in the covariance differentiates both functions",),
        )
        for before, after in pairwise(expectations)
    ]
    base, known = levels[-1], expectations[-1]
    if isinstance(known, Expectation):
        steps.append(_base_step(base, known))
    for level, before in reversed(list(zip(levels, expectations, strict=True))[:-1]):
        assert level.at_zero is not None
        steps.append(
            Step(
                "integration",
                before,
                real_expression(level.value),
                source="price1958",
                reason=_from_zero(real_expression(level.at_zero)),
            )
        )
    return tuple(steps)


def _base_step(level: Level, before: Expr) -> Step:
    after = real_expression(level.value)
    if level.f.has_diracs or level.g.has_diracs:
        reason: Prose = ("each Dirac fixes its variable, which leaves the joint density there",)
        return Step("Dirac", before, after, source="anderson2003", reason=reason)
    return Step("tilting", before, after, source="brown1986", reason=_REASONS["tilting"])


def _from_zero(value: Expr) -> Prose:
    here: tuple[str | Basic, ...] = (
        "integrating over the covariance from ",
        Integer(0),
        " to ",
        c,
        "; at zero covariance ",
        u,
        " and ",
        v,
        " are independent, and the expectation ",
    )
    return (*here, "vanishes") if value == 0 else (*here, "is ", value)


def explain_pair(
    f: Expr, g: Expr, forms: tuple[NormalForm, NormalForm], engine: Engine, law: Law, closed: Expr
) -> tuple[Step, ...]:
    """The rules applied to E[f(u) g(v)], term by term."""
    return _explain(of_pair(f, g), list(pairs(*forms, law)), engine, closed)


def explain_single(
    f: Expr, form: NormalForm, engine: Engine, law: Law, closed: Expr
) -> tuple[Step, ...]:
    """The rules applied to E[f(u)], term by term."""
    problems = [(Problem((shape,), law), weight) for shape, weight in form]
    return _explain(Expectation(f.xreplace({x: u}), q), problems, engine, closed)


def _explain(
    whole: Expr, problems: list[tuple[Problem, Scalar]], engine: Engine, closed: Expr
) -> tuple[Step, ...]:
    told: set[Problem] = set()
    if len(problems) == 1:
        ((problem, _),) = problems
        chain = tuple(_chain(problem, engine, told))
        if len(chain) <= 1:
            return tuple(replace(step, before=whole, after=closed) for step in chain)
        return (*chain, Step("collection", whole, closed, reason=_TOGETHER))
    split = Add(*(Mul(*weight.factors, problem_expr(part)) for part, weight in problems))
    steps = [Step("linearity", whole, split, reason=_linear_reason(problems))]
    for problem, _ in problems:
        if problem in told or _mirrored(problem) in told or _is_one(problem):
            continue
        details = tuple(_chain(problem, engine, told))
        told.add(problem)
        value = expression(engine.values[problem])
        single = len(details) == 1
        steps.append(replace(details[0], after=value, substeps=() if single else details))
    steps.append(Step("collection", whole, closed, reason=_TOGETHER))
    return tuple(steps)


_TOGETHER: Prose = ("putting the parts together",)
_REASONS: dict[str, Prose] = {
    "Dirac": ("the Dirac fixes its variable, and the other one is conditioned on it",),
    "Stein": ("integrating by parts lowers the power",),
    "orthant": ("a Heaviside or normal distribution function is the probability of an event",),
    "tilting": ("completing the square absorbs the exponential into the measure",),
}


def _linear_reason(problems: list[tuple[Problem, Scalar]]) -> Prose:
    reason: list[str | Basic] = ["the expectation is linear in both functions"]
    complex_ = any(not shape.linear.is_real for problem, _ in problems for shape in problem.shapes)
    if complex_:
        reason.append(", and sine and cosine are sums of complex exponentials")
    present = {problem for problem, _ in problems}
    if any(_mirrored(problem) in present for problem in present if _mirrored(problem) != problem):
        reason += ["; terms that differ by exchanging ", u, " and ", v, " are found alike"]
    return tuple(reason)


def _mirrored(problem: Problem) -> Problem:
    """With the two functions exchanged; the problem itself where there is one variable."""
    return Problem(problem.shapes[::-1], problem.law)


def _chain(problem: Problem, engine: Engine, told: set[Problem]) -> Iterator[Step]:
    """The reduction of a problem, then those of its parts that were not told before."""
    if problem in told or _is_one(problem):
        return
    told.add(problem)
    reduction = engine.reductions[problem]
    after = expression(reduction.value)
    rest: list[Problem] = []
    for weight, part in reduction.parts:
        if _is_one(part):
            after += expression(weight)
        else:
            after += _weighted(weight, problem_expr(part))
            rest.append(part)
    yield Step(
        reduction.rule,
        problem_expr(problem),
        after,
        assumption=", ".join(f"{condition} > 0" for condition in reduction.condition),
        source=reduction.source,
        reason=_REASONS[reduction.rule] + _needed(reduction.condition),
    )
    for part in rest:
        yield from _chain(part, engine, told)


def _needed(conditions: Sequence[Expr]) -> Prose:
    """What must be positive for the rule to apply, as the end of a sentence."""
    prose: Prose = ()
    *others, last = conditions or (None,)
    if last is None:
        return prose
    for condition in others:
        prose += (", " if prose else ", which needs ", Gt(condition, 0, evaluate=False))
    return (*prose, " and " if prose else ", which needs ", Gt(last, 0, evaluate=False))


def _weighted(weight: Value, expectation: Expr) -> Expr:
    factor = expression(weight)
    return Mul(*Mul.make_args(factor), expectation)


def _is_one(problem: Problem) -> bool:
    return all(is_constant(shape) for shape in problem.shapes)


def problem_expr(problem: Problem) -> Expr:
    """A problem as an expectation under a centred law: the mean is moved into the integrand."""
    law = problem.law
    variables = (u, v)[: len(problem.shapes)]
    integrand = Mul(
        *(
            shape_expr(shape, variable + mean.expr)
            for shape, variable, mean in zip(problem.shapes, variables, law.mean, strict=True)
        )
    )
    entries = [variance.expr for variance in law.variance]
    if len(entries) == 2:
        entries.append(law.cross.expr)
    if integrand == S.One:
        return integrand
    return Expectation(integrand, *entries)


def unexplained(expectation: Expr, reason: Prose = ()) -> tuple[Step, ...]:
    """One step that says that the expectation stays."""
    said: Prose = ("no rule reduces this expectation, and it is integrated numerically",)
    return (Step("no closed form", expectation, expectation, reason=said + reason),)
