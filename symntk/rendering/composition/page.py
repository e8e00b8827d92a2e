"""What the sections of one document share: the reading, the numbering and the citations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

import sympy as sp

from symntk.derivation import Derivation, Loop
from symntk.gaussian import Expectation
from symntk.gaussian.softmax import MU, MU2, NU, NU2, SoftmaxMoment, SoftmaxTangent
from symntk.rendering.document import (
    Block,
    Cite,
    Display,
    Emphasis,
    Line,
    Math,
    Paragraph,
    Piece,
    Prose,
    Reference,
)
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.attention import LOGITS
from symntk.rendering.mathematics.layout import (
    EQUALS,
    Apply,
    Atom,
    Fence,
    Layout,
    Scripts,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.network import Network
from symntk.rendering.network_positions import PositionNetwork
from symntk.rendering.notation import NotationProfile
from symntk.rendering.reading.activations import Functions, functions
from symntk.rendering.reading.chain import read_layers
from symntk.rendering.reading.layers import NotLayered
from symntk.rendering.reading.reading import Reading, Statement
from symntk.rendering.reading.sequences import read_sequences
from symntk.rendering.reading.vectors import read_vectors
from symntk.trace import Step


@dataclass
class Page:
    """The state of a document while it is written."""

    derivation: Derivation
    typeset: Typesetter
    functions: Functions
    reading: Reading
    cited: dict[str, None] = field(default_factory=dict)
    numbered: int = 0
    logits: set[object] = field(default_factory=set)
    shorthands: Mapping[sp.Expr, sp.Symbol] = field(default_factory=dict)

    @classmethod
    def of(cls, derivation: Derivation, profile: NotationProfile) -> Page:
        """An empty page for a derivation: as layers where it is a chain of them."""
        named = functions(derivation)
        typeset = Typesetter(profile, _dimensions(derivation))
        reading: Reading
        has_positions = any(node.positions for node in derivation.graph.nodes)
        if has_positions and not any(isinstance(line, Loop) for line in derivation.program):
            reading = read_sequences(derivation, named, typeset)
        elif has_positions:
            reading = read_vectors(derivation, named, typeset)
        else:
            try:
                reading = read_layers(derivation, named, typeset)
            except NotLayered:
                reading = read_vectors(derivation, named, typeset)
        return cls(derivation, typeset, named, reading)

    @cached_property
    def network(self) -> Network:
        """The network's formulas."""
        kind = PositionNetwork if self.reading.has_positions else Network
        return kind(self.derivation, self.functions, self.typeset, self.reading)

    def math(self, expression: sp.Basic) -> Math:
        """``expression`` within a sentence."""
        return Math(self.typeset(expression))

    def cite(self, source: str) -> Cite:
        """A citation of ``key`` or ``key:place``."""
        key, _, place = source.partition(":")
        self.cited[key] = None
        return Cite(key, place)

    def short(self, expression: sp.Basic) -> Layout:
        """The layout of ``expression`` with the short-hands that were introduced."""
        return self.typeset(expression.xreplace(dict(self.shorthands)))

    def number(self) -> int:
        """The next equation's number."""
        self.numbered += 1
        return self.numbered

    def line(self, left: Layout, right: Layout) -> Line:
        """A numbered equation."""
        return Line(left, right, self.number())

    def number_laws(self, *expressions: sp.Basic) -> list[tuple[sp.Expr, ...]]:
        """Give numbers to the laws that no letter stands for; those that had none before."""
        known, new = self.typeset.laws, []
        for expression in expressions:
            for expectation in sorted(expression.atoms(Expectation), key=str):
                law = expectation.law
                if law not in known and not self.typeset.is_lettered(law):
                    known[law] = len(known) + 1
                    new.append(law)
        return new

    def laws(self, laws: list[tuple[sp.Expr, ...]]) -> list[Block]:
        """What the numbered expectations are over."""
        typeset = self.typeset
        lines = []
        for law in laws:
            sign = Scripts(Atom("E", "blackboard"), below=Atom(str(typeset.laws[law]), "number"))
            left = row(sign, Atom(":", "punctuation"), typeset.variables(law))
            right = typeset.normal(law, large=True)
            lines.append(Line(left, right, relation=Atom("∼", "relation")))
        if not lines:
            return []
        return [Paragraph(("where the expectations are over",)), Display(tuple(lines))]

    def statement(self, statement: Statement) -> Line:
        """A statement as a numbered equation, with the layers that it holds for."""
        line = self.line(self.typeset(statement.left), self.typeset(statement.right))
        if statement.span is None:
            return line
        return replace(line, remark=self.typeset.range(*statement.span))

    def reason(self, step: Step) -> list[Piece]:
        """A step's reason as a sentence, with its source."""
        pieces: list[Piece] = [
            part if isinstance(part, str) else self.math(part) for part in step.reason
        ]
        if pieces and isinstance(pieces[0], str):
            pieces[0] = capitalised(pieces[0])
        if step.source:
            pieces += [" ", self.cite(step.source)]
        return [*pieces, "."]

    def equations(self, statements: tuple[Statement, ...]) -> list[Block]:
        """Statements as equations, followed by the rules that give them, each with its reason.

        Those of a recursion over time stand by themselves, with where it starts.
        """
        blocks: list[Block] = []
        used: dict[str, tuple[Step, list[int]]] = {}
        for direction, group in groupby(statements, key=lambda statement: statement.direction):
            run = tuple(group)
            if direction:
                blocks.append(Paragraph(recursion(self, run)))
            elif blocks:
                blocks.append(Paragraph(("and from it",)))
            lines: list[Line] = []
            laws: list[tuple[sp.Expr, ...]] = []
            for statement in run:
                laws += self.number_laws(statement.right)
                lines.append(self.statement(statement))
                for step in statement.steps:
                    used.setdefault(step.rule, (step, []))[1].append(self.numbered)
            blocks += [Display(tuple(lines)), *self.laws(laws), *self._logits(run)]
        return [*blocks, *self._rules(used)]

    def _logits(self, statements: tuple[Statement, ...]) -> list[Block]:
        """The law of the logits under expectations of softmaxes, where it was not given before."""
        blocks: list[Block] = []
        for statement in statements:
            for moment in statement.right.atoms(SoftmaxMoment, SoftmaxTangent):
                law = (moment.queries, moment.kernels)
                if law not in self.logits:
                    self.logits.add(law)
                    blocks += logits_of(self, moment, statement.left)
        return blocks

    def _rules(self, used: Mapping[str, tuple[Step, list[int]]]) -> list[Block]:
        """The rules that gave the equations of these numbers."""
        rules: list[Prose] = []
        for rule, (step, numbers) in used.items():
            where: list[Piece] = [" (in ", *references(numbers), ")"]
            reason = self.reason(step) if step.reason or step.source else ["."]
            gap = [". "] if step.reason else []
            rules.append((Emphasis(capitalised(rule)), *where, *gap, *reason))
        if not rules:
            return []
        pieces: list[Piece] = [*rules[0]]
        for rule_prose in rules[1:]:
            pieces += [" ", *rule_prose]
        return [Paragraph(tuple(pieces))]


def logits_of(page: Page, moment: SoftmaxMoment | SoftmaxTangent, of: Kernel) -> list[Block]:
    """Cov(l_mu, l_nu) = Sigma_q(t, t) Sigma_k(mu, nu), and so on."""
    typeset = page.typeset
    pairs = (
        ((MU, False), (NU, False)),
        ((MU2, True), (NU2, True)),
        ((MU, False), (MU2, True)),
    )
    lines: list[Line] = []
    for pair, query, key in zip(pairs, moment.queries, moment.kernels, strict=True):
        shown = separated([typeset.logit(*place) for place in pair])
        left = Apply(Atom("Cov", "operator"), Fence(shown))
        lines.append(page.line(left, typeset(query * key)))
    both = [Math(LOGITS), Math(primed(LOGITS))]
    opening: Prose = (
        "Under ", Math(page.typeset(of.bare())), " the logits ", both[0], " and ", both[1],
        " are centred and Gaussian, with covariances",
    )  # fmt: skip
    return [Paragraph(opening), Display(tuple(lines))]


def recursion(page: Page, run: tuple[Statement, ...]) -> Prose:
    """What is solved position by position, in which direction, and from where."""
    targets = {statement.left.bare(): statement.left for statement in run}
    earlier = {
        kernel.bare(): None
        for statement in run
        for kernel in sorted(statement.right.atoms(Kernel), key=str)
        if kernel.bare() in targets
        and kernel.site == "ab"
        and kernel.left != targets[kernel.bare()].left
    }
    forwards = run[0].direction == "forwards"
    what = "the covariances" if forwards else "the covariances of the gradients"
    pieces: list[Piece] = [
        f"Along the sequences {what} obey a recursion, solved {run[0].direction} from "
    ]
    for index, bare in enumerate(earlier):
        if index:
            pieces.append(" and ")
        pieces.append(Math(_beyond(page, targets[bare], forwards)))
    return (*pieces, ":")


def _beyond(page: Page, kernel: Kernel, forwards: bool) -> Layout:
    """K(0, t') = K(t, 0) = 0, or K(T + 1, t') = K(t, T' + 1) = 0."""
    ends = page.reading.ends if not forwards else (sp.S.Zero, sp.S.Zero)
    first, second = (end if forwards else end + 1 for end in ends)
    kernels = [
        Kernel(kernel.letter, None, kernel.vector, "ab", (first,), kernel.right),
        Kernel(kernel.letter, None, kernel.vector, "ab", kernel.left, (second,)),
    ]
    return separated([*map(page.typeset, kernels), Atom("0", "number")], EQUALS)


def references(numbers: list[int]) -> list[Piece]:
    """(3), (4) and (5)."""
    found: list[Piece] = []
    unique = list(dict.fromkeys(numbers))
    if len(unique) > 2 and unique == list(range(unique[0], unique[-1] + 1)):
        return [Reference(unique[0]), "–", Reference(unique[-1])]
    for index, number in enumerate(unique):
        if index:
            found.append(" and " if index == len(unique) - 1 else ", ")
        found.append(Reference(number))
    return found


def capitalised(text: str) -> str:
    """``text`` with a capital letter first."""
    return text[:1].upper() + text[1:]


def _dimensions(derivation: Derivation) -> dict[str, Layout]:
    """The length of each input: its number, or d; d_x where there are several."""
    inputs = derivation.graph.inputs
    found: dict[str, Layout] = {}
    for node in inputs:
        label = str(node["name"])
        if isinstance(node.width, int):
            found[label] = Atom(str(node.width), "number")
        else:
            found[label] = Atom("d") if len(inputs) == 1 else name(f"d_{label}")
    return found


def bare(kernel: Kernel) -> Kernel:
    """A kernel without its arguments."""
    return Kernel(kernel.letter, kernel.layer, kernel.vector, "")
