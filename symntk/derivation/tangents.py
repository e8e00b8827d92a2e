"""The NTK, segment by segment: repeated blocks are derived once, as a recursion."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from symntk.derivation.backward import Backward
from symntk.derivation.forward import Forward
from symntk.derivation.laws import segment
from symntk.derivation.program import Carry, Equation, Loop, Quantity
from symntk.graph import Node
from symntk.graph.nodes import parameters
from symntk.trace import Prose, Step

TOTAL = ""
"""The key under which a table of NTKs by parameter holds their sum."""

Table = dict[str, sp.Expr]
Sources = list[tuple[Node, sp.Expr, Table]]


@dataclass
class Tangents:
    """The NTK at the end of each segment, by parameter, for unit gradient there.

    A repeated block becomes a loop that carries Sigma and the NTK of everything before it:

        Theta^(l+1) = sum over the block's weights of their parts + Pi Theta^(l),

    where Pi is the covariance of the gradient at the block's argument for unit gradient at its
    end.  Since each block has fresh weights this is the sum over all uses of all weights; for a
    perceptron it is the recursion of Jacot et al. (2018), Theorem 1.
    """

    forward: Forward
    tables: dict[Node, Table] = field(default_factory=dict)

    def of(self, root: Node) -> Table:
        """Theta[root; W] at (a, b) for each trainable parameter W before ``root``; the `TOTAL`."""
        for node in segment(root):
            if node.op == "repeat" and node not in self.tables:
                self._derive_loop(node)
        if root in self.tables:
            return self.tables[root]
        backward = Backward(self.forward, root)
        own = backward.contributions()
        sources = [
            (node, backward.gradient(node, node), self.tables[node])
            for node in backward.nodes
            if node in self.tables
        ]
        found: Table = {}
        for name in [*own, *(n for _, _, table in sources for n in table if n != TOTAL)]:
            if name not in found:
                value = own.get(name, sp.S.Zero) + self._through(root, sources, name)
                found[name] = self._define(root, name, value, "sum over uses", _USES)
        found[TOTAL] = self._total(root, own, found, sources)
        return found

    def _through(self, root: Node, sources: Sources, name: str) -> sp.Expr:
        """Pi Theta of the segments before, summed over positions if the root has none."""
        total = sp.S.Zero
        for node, outer, table in sources:
            value = outer * table.get(name, sp.S.Zero)
            total += value if root.positions else Backward.over_positions(value, node, node)
        return total

    def _total(self, root: Node, own: Table, found: Table, sources: Sources) -> sp.Expr:
        through = self._through(root, sources, TOTAL)
        shared = {name for _, _, table in sources for name in table}
        if not shared & set(own):
            direct = sp.Add(*(found[name] for name in own))
        else:
            direct = self._recognise(root, sp.Add(*own.values()))
        return self._define(root, TOTAL, direct + through, "NTK", _TOTAL)

    def _recognise(self, root: Node, direct: sp.Expr) -> sp.Expr:
        """Sigma[root] where that is what the parts of the block's own weights add up to."""
        sigma = self.forward.sigma(root, root)
        for line in self.forward.program:
            if isinstance(line, Equation) and line.target.at("ab") == sigma:
                return sigma if sp.expand(line.value - direct) == 0 else direct
        return direct

    def _define(self, root: Node, name: str, value: sp.Expr, rule: str, reason: Prose) -> sp.Expr:
        target = self._symbol("Theta", root, name)
        return self.forward.equation(target, value, rule, reason, "jacot2018", "ntk")

    def _derive_loop(self, node: Node) -> None:
        forward, (start,) = self.forward, node.inputs
        body, placeholder, times = node["body"], node["placeholder"], node["times"]
        before = self.of(start)
        first = forward.sigma(start, start)

        outside, forward.program = forward.program, []
        sigma = self._symbol("Sigma", placeholder, forward.name(placeholder))
        forward.declare(placeholder, sigma.at("ab"))
        own = [name for name, parameter in parameters(body).items() if parameter.trainable]
        names = [TOTAL, *dict.fromkeys([n for n in before if n != TOTAL] + own)]
        self.tables[placeholder] = {
            name: self._symbol("Theta", placeholder, name).at("ab") for name in names
        }
        after = self.of(body)
        last = forward.sigma(body, body)
        inside, forward.program = forward.program, outside

        result = self._symbol("Sigma", node, forward.name(node))
        carries = [Carry(sigma, first, last, result)]
        for name in names:
            inner, outer = (self._symbol("Theta", end, name) for end in (placeholder, node))
            start_value = before.get(name, sp.S.Zero)
            carries.append(Carry(inner, start_value, after.get(name, sp.S.Zero), outer))
        step = Step(
            "repeated block",
            result.at("ab"),
            last,
            source="jacot2018",
            reason=("the block is derived once; it is applied ", times, " times"),
            stage="forward",
            node=forward.name(node),
        )
        forward.program.append(Loop(forward.name(node), times, tuple(carries), tuple(inside), step))
        forward.declare(node, result.at("ab"))
        self.tables[node] = {name: self._symbol("Theta", node, name).at("ab") for name in names}

    def _symbol(self, kind: str, node: Node, right: str) -> Quantity:
        ranks = (len(node.positions), len(node.positions))
        return Quantity(kind, self.forward.name(node), right, ranks)  # type: ignore[arg-type]


_USES: Prose = ("the derivative of f in a weight is an outer product, summed over its uses",)
_TOTAL: Prose = ("the NTK is the sum over all trainable parameters",)
