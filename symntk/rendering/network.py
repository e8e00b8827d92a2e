"""The network as the formula that it is, with the factors of its parametrisation."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symntk.derivation import Derivation
from symntk.gaussian.symbols import x as variable
from symntk.graph import Node, Weight, ancestors
from symntk.graph.positions import Index
from symntk.rendering.document import Line
from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Fence,
    Fraction,
    Layout,
    Root,
    Row,
    Scripts,
    Sum,
    row,
    separated,
)
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.reading.activations import Functions
from symntk.rendering.reading.reading import Reading

_ODOT = Atom("⊙", "binary")


Span = tuple[sp.Symbol, sp.Expr, sp.Expr]


class Network:
    """Writes the vectors of a graph by formulas in one another."""

    def __init__(
        self,
        derivation: Derivation,
        functions: Functions,
        typesetter: Typesetter,
        reading: Reading,
    ) -> None:
        self.graph = derivation.graph
        self.functions, self.typesetter = functions, typesetter
        self.vectors, self.layered = reading.vectors, reading.layered
        self.reading = reading
        self._name_parameters()

    def _name_parameters(self) -> None:
        """A block's parameters have an index: of the layer that they make, where blocks are layers,
        else of the block.  W1 of layer 1 is W^(1).
        """
        for body in self.graph.bodies():
            inside = body != self.graph.output
            for node in ancestors(body):
                index = self.vectors[node].index if node in self.vectors else None
                if index is None or node.op == "repeat":
                    continue
                if inside and not self.layered:
                    index = next(iter(index.free_symbols), index)
                for label in self._parameters_of(node):
                    stem = label.rstrip("0123456789")
                    if inside:
                        if not self.layered:
                            self.typesetter.gathered.add(label)
                        self._index_parameter(label, label, index)
                    elif label == f"{stem}{index}":
                        self._index_parameter(label, stem, index)

    def _index_parameter(self, label: str, shown: str, index: sp.Expr) -> None:
        layer = self.typesetter.layer(index)
        self.typesetter.subjects[label] = self.typesetter.indexed(name(shown), layer)

    def _parameters_of(self, node: Node) -> Iterator[str]:
        """The parameters in the formula of one vector."""
        if node.parameter is not None:
            yield str(node.parameter)
        for part in node.inputs:
            if part not in self.vectors:
                yield from self._parameters_of(part)

    def fan_in(self, label: str) -> Layout:
        """The length of the vectors that a weight is applied to."""
        for body in self.graph.bodies():
            for node in ancestors(body):
                if node.op == "matmul" and str(node.parameter) == label:
                    return fan_in_of(node.inputs[0], self.typesetter)
        raise KeyError(label)

    def lines(self) -> Iterator[Line]:
        """vector(x) = its formula, in the order of dependence; blocks in place."""
        yield from self._body(self.graph.output, None, set())

    def _body(self, output: Node, span: Span | None, seen: set[Node]) -> Iterator[Line]:
        for node in ancestors(output):
            if node in seen:
                continue
            seen.add(node)
            if node.op == "repeat":
                yield from self._block(node, seen)
            elif self.is_defined(node):
                yield from self.definition(node, span)

    def definition(self, node: Node, span: Span | None) -> Iterator[Line]:
        """The lines that define a vector."""
        yield self._line(self.vectors[node].layout, self.formula(node, top=True), span)

    def is_defined(self, node: Node) -> bool:
        """Whether a line defines ``node``."""
        return node in self.vectors and node.op not in ("input", "block_input")

    def _block(self, node: Node, seen: set[Node]) -> Iterator[Line]:
        """What enters the first block, then one block."""
        body, placeholder, times = node["body"], node["placeholder"], node["times"]
        assert isinstance(body, Node) and isinstance(placeholder, Node)
        assert isinstance(times, sp.Expr)
        index = self.vectors[placeholder].index
        if isinstance(index, sp.Integer):  # a layer that is there once
            yield from self._body(body, None, seen)
            return
        if not isinstance(index, sp.Symbol):
            raise NotImplementedError(f"a block without an index: {node}")
        first = sp.S.Zero
        if self.reading.span is not None:
            first = self.reading.span[1]
        else:
            start = self.typesetter.indexed(
                name(self.graph.names[placeholder]), self.typesetter.layer(first)
            )
            at = self.own(node)
            yield Line(self.placed(start, at), self.formula(node.inputs[0], at))
        yield from self._body(body, (index, first, first + times - 1), seen)

    def _line(self, vector: Layout, formula: Layout, span: Span | None) -> Line:
        remark = None if span is None else self.typesetter.range(*span)
        return Line(self.at_point(vector), formula, remark=remark)

    def own(self, node: Node) -> Index:
        """The position at which a vector is defined."""
        return ()

    def placed(self, vector: Layout, at: Index) -> Layout:
        """``vector`` at a position, or at the input x."""
        return self.at_point(vector)

    def at_point(self, vector: Layout) -> Layout:
        """``vector`` at the input x."""
        return Apply(vector, Fence(self.typesetter.point))

    def formula(self, node: Node, at: Index = (), top: bool = False) -> Layout:
        """``node`` in terms of the vectors that have a name, at its position ``at``."""
        if not top and node in self.vectors:
            return self.vector(node, at)
        match node.op:
            case "input":
                return name(str(node["name"]))
            case "matmul":
                return self._matmul(node, at)
            case "bias":
                return self._bias(node)
            case "sum":
                return self._sum(node, at)
            case "product":
                return separated([self._factor(part, at) for part in node.inputs], _ODOT)
            case "elementwise":
                return self._elementwise(node, at)
            case "repeat" | "block_input":
                return self.placed(name(self.graph.names[node]), at)
            case _:
                arguments = separated([self.formula(part, at) for part in node.inputs])
                return Apply(Atom(node.op.replace("_", " "), "words"), Fence(arguments))

    def vector(self, node: Node, at: Index) -> Layout:
        """A vector that has a name."""
        return self.placed(self.vectors[node].layout, at)

    def _factor(self, node: Node, at: Index) -> Layout:
        layout = self.formula(node, at)
        return Fence(layout) if isinstance(layout, Sum | Row) and not _is_sum(layout) else layout

    def _matmul(self, node: Node, at: Index) -> Layout:
        weight = node.parameter
        assert isinstance(weight, Weight)
        return self.scaled(node, row(self.matrix(node, at), self.argument(node, at)))

    def argument(self, node: Node, at: Index) -> Layout:
        """What a matrix is applied to; a further product needs no brackets."""
        (part, *_) = node.inputs
        return self.formula(part, at) if part.op == "matmul" else self._factor(part, at)

    def scaled(self, node: Node, product: Layout) -> Layout:
        """A matrix product with the factor of its parametrisation."""
        weight = node.parameter
        assert isinstance(weight, Weight)
        if weight.parametrization == "standard":
            return product
        scale = self.typesetter(weight.std.symbol)
        fan_in = fan_in_of(node.inputs[0], self.typesetter)
        if fan_in == Atom("1", "number"):
            return row(scale, product)
        return row(Fraction(scale, Root(fan_in)), product)

    def matrix(self, node: Node, at: Index) -> Layout:
        """The matrix of a product, that of a readout transposed."""
        matrix = self.parameter(node)
        return transposed(matrix) if self.is_readout(node) else matrix

    def is_readout(self, node: Node) -> bool:
        """Whether a product is the output or a term of it."""
        output = self.graph.output
        return node == output or (output.op == "sum" and node in output.inputs)

    def _bias(self, node: Node) -> Layout:
        parameter = node.parameter
        assert parameter is not None
        vector = self.parameter(node)
        if parameter.parametrization == "standard":
            return vector
        return row(self.typesetter(parameter.std.symbol), vector)

    def parameter(self, node: Node) -> Layout:
        """The name of a weight or bias; in a block with the block's index."""
        label = str(node.parameter)
        return self.typesetter.subject(label)

    def terms(self, node: Node, at: Index) -> Iterator[tuple[sp.Expr, Layout]]:
        """The coefficients and terms of a sum."""
        for part, coefficient in zip(node.inputs, node["coefficients"], strict=True):
            yield coefficient, self.formula(part, at)

    def _sum(self, node: Node, at: Index) -> Layout:
        terms = []
        for coefficient, layout in self.terms(node, at):
            negative = bool(coefficient.is_negative)
            size = -coefficient if negative else coefficient
            if size != 1:
                inner = Fence(layout) if isinstance(layout, Sum) else layout
                layout = row(self.typesetter(size), inner)
            elif isinstance(layout, Sum):
                layout = Fence(layout)
            terms.append(("−" if negative else "+", layout))
        return Sum(tuple(terms)) if len(terms) > 1 or terms[0][0] == "−" else terms[0][1]

    def _elementwise(self, node: Node, at: Index) -> Layout:
        variables, phi = node["variables"], node["phi"]
        assert isinstance(variables, tuple) and isinstance(phi, sp.Expr)
        arguments = Fence(separated([self.formula(part, at) for part in node.inputs]))
        if len(variables) == 1:
            found = self.functions.applied.get(phi.xreplace({variables[0]: variable}))
            if found is not None:
                return Apply(self.typesetter(found[0]), arguments)
        label = str(node["label"]) or "phi"
        return Apply(name(label), arguments)


def _is_sum(layout: Layout) -> bool:
    """Whether a row begins with the sign of a sum, which needs no brackets after a matrix."""
    parts = layout.parts[:2] if isinstance(layout, Row) else (layout,)
    if isinstance(parts[0], Fraction):
        parts = parts[1:]
    return any(isinstance(p, Scripts) and p.base == Atom("∑", "operator") for p in parts[:1])


def transposed(matrix: Layout) -> Layout:
    """The transpose of a matrix."""
    mark = Atom("⊤")
    if isinstance(matrix, Scripts):
        above = mark if matrix.above is None else row(matrix.above, mark)
        return Scripts(matrix.base, above=above, below=matrix.below)
    return Scripts(matrix, above=mark)


def fan_in_of(node: Node, typesetter: Typesetter) -> Layout:
    """The length of a vector: a number, d for an input, n for a hidden one, 1 if one-hot."""
    width = node.width
    if node.is_one_hot:
        return Atom("1", "number")
    if isinstance(width, int):
        return Atom(str(width), "number")
    if isinstance(width, str) and width.startswith("d:"):
        return typesetter.dimensions.get(width[2:], Atom("d"))
    return Atom("n")
