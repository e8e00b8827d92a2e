"""From the tree of a formula to the vector that it means, by the graph language itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import mul, truediv

import sympy as sp

from symntk.activations import activation
from symntk.activations.families import FAMILIES
from symntk.activations.resolution import KNOWN
from symntk.activations.vocabulary import FUNCTIONS, SEVERAL
from symntk.graph import (
    Bias,
    Node,
    Weight,
    add,
    concat,
    flatten,
    positions,
    product,
    repeat,
    scan,
    sinusoid,
)
from symntk.graph.weights import IndexedWeight
from symntk.importers.calls import Calls, closest
from symntk.importers.operations import CALLS, NAMES
from symntk.importers.parts import SCALARS
from symntk.importers.scope import Block, Scope
from symntk.importers.syntax import parse
from symntk.importers.tree import (
    Attribute,
    Call,
    Chain,
    Index,
    Lambda,
    MatrixProduct,
    Name,
    Negative,
    Power,
    Several,
    Tree,
)


def read_formula(text: str, scope: Scope) -> Node:
    """The vector that ``text`` means.

    Raises SyntaxProblem where the text is no formula or uses an unknown name, GraphError where the
    vectors do not fit together; both show the place.
    """
    text = " ".join(text.split())
    return _Formula(text, scope).vector(parse(text))


class _Formula(Calls):
    """One formula and what its names mean."""

    # vectors

    def vector(self, tree: Tree) -> Node:
        """The vector that a part means."""
        if self.is_number(tree):
            raise self.problem(tree, "this is a number, and a vector is needed here")
        match tree:
            case Name():
                return self.named(tree)
            case Negative(operand=operand):
                return -self.vector(operand)
            case Chain(is_sum=True):
                return self.sum(tree)
            case Chain():
                return self.product(tree)
            case MatrixProduct(left=left, right=right):
                return self.matrix_product(tree, left, right)
            case Power():
                raise self.problem(tree, "a vector has no powers: write z * z, or monomial(2)(z)")
            case Call():
                return self.call(tree)
            case Index():
                return self.view(tree)
            case Attribute(name=name):
                raise self.problem(name, f"write {name.text}(...) with brackets, as in h.sum()")
            case _:
                raise self.problem(tree, "this is no vector")

    def named(self, tree: Name) -> Node:
        value = self.value(tree)
        if isinstance(value, Weight):
            raise self.problem(tree, f"{tree.text} is a weight: write {tree.text} @ h")
        return add((value, 1)) if isinstance(value, Bias) else value

    def matrix_product(self, tree: Tree, left: Tree, right: Tree) -> Node:
        """W @ h, W[0] @ h, M[x] @ h or W @ flatten(h)."""
        matrix: Weight | IndexedWeight
        if isinstance(left, Index):
            weight = self.weight(left.base, "only a weight can stand on the left of @")
            matrix = weight[self.index(left.index)]
        else:
            matrix = self.weight(left, "only a weight can stand on the left of @")
        match right:
            case Call(function=Name(text="flatten"), arguments=[argument], keywords=()):
                flattened = self.at(right, flatten, self.vector(argument))
                return self.at(tree, lambda: matrix @ flattened)
        vector = self.vector(right)
        return self.at(tree, lambda: matrix @ vector)

    def index(self, tree: Tree) -> int | Node:
        """Which of the matrices of one name: a whole number, or one-hot vectors."""
        return self.whole(tree, "an index") if self.is_number(tree) else self.vector(tree)

    def weight(self, tree: Tree, otherwise: str) -> Weight:
        """The weight that a part names."""
        value = self.value(tree) if isinstance(tree, Name) else None
        if not isinstance(value, Weight):
            raise self.problem(tree, otherwise)
        return value

    def value(self, tree: Name) -> Node | Weight | Bias:
        name, values = tree.text, self.scope.values
        if name not in values:
            if name in self.scope.functions or name in KNOWN or name in NAMES:
                raise self.problem(tree, f"{name} is a function: write {name}(z)")
            raise self.problem(
                tree,
                f"unknown name '{name}'{closest(name, values)}; a name is declared under inputs, "
                "weights or biases, or stands on an earlier line",
            )
        self.scope.used.add(name)
        return values[name]

    def sum(self, tree: Chain) -> Node:
        terms = []
        for sign, term in (("+", tree.first), *tree.rest):
            if self.is_number(term):
                raise self.problem(
                    term, "a number cannot be added to a vector; use a bias, or an activation"
                )
            terms.append((self.vector(term), 1 if sign == "+" else -1))
        return self.at(tree, add, *terms)

    def product(self, tree: Chain) -> Node:
        leading = 0
        while self.is_number(tree.parts[leading]):
            leading += 1
        value = self.vector(tree.parts[leading])
        steps = tree.rest[leading:]
        if leading:
            operator, divisor = tree.rest[leading - 1]
            if operator == "/":
                raise self.problem(divisor, "only a number can divide")
            factor = self.number(tree.first, tree.parts[leading - 1])
            value = self.at(tree, add, (value, factor))
        for operator, part in steps:
            if self.is_number(part):
                scale = truediv if operator == "/" else mul
                value = self.at(part, scale, value, self.number(part, part))
            elif operator == "/":
                raise self.problem(part, "only a number can divide")
            else:
                value = self.at(tree, product, value, self.vector(part))
        return value

    # calls

    def call(self, tree: Call) -> Node:
        function, keywords = tree.function, tree.keywords
        match function:
            case Call():
                return self.apply_configured(tree, function)
            case Attribute():
                return self.method(tree, function)
            case Name(text=name):
                pass
            case _:
                raise self.problem(function, "this is no function")
        special = {
            "repeat": self.repeat, "scan": self.scan, "concat": self.concat,
            "positions": self.along, "sinusoid": self.along,
        }  # fmt: skip
        if name in self.scope.functions:
            self.scope.used.add(name)
            self.no_keywords(tree, name)
            return self.at(tree, self.scope.functions[name], *map(self.vector, tree.arguments))
        if name in special:
            return special[name](tree)
        if name == "flatten":
            raise self.problem(tree, "only a weight applies to all positions: write W @ flatten(h)")
        if name in CALLS:
            found = self.operation(tree, name, CALLS[name])
            assert isinstance(found, Node)
            return found
        if name in self.scope.values:
            times = "@" if isinstance(self.scope.values[name], Weight) else "*"
            raise self.problem(tree, f"{name} is no function: write {name} {times} (...)")
        self.require_known(function)
        if name in FAMILIES:
            usage = FAMILIES[name].usage
            raise self.problem(tree, f"{name} needs its parameters first: write {usage}(z)")
        phi = self.read(activation, function, function)
        if keywords:
            phi = self.at(keywords[0][0], phi.configure, **self.settings(keywords))
        return self.at(tree, phi, self.only(tree, name))

    def require_known(self, function: Name) -> None:
        """Refuse a name that is no activation."""
        name = function.text
        if name in SEVERAL:
            raise self.problem(
                function, f"define a function with {name} under activations, such as {name}(0, x)"
            )
        if name not in KNOWN and name not in FUNCTIONS:
            names = (*self.scope.functions, *KNOWN, *SCALARS, *NAMES)
            raise self.problem(
                function,
                f"unknown function '{name}'{closest(name, names)}; define your own under "
                "activations",
            )

    def apply_configured(self, tree: Call, function: Call) -> Node:
        """``leaky_relu(slope=1/5)(z)``, ``hermite(3)(z)``"""
        if not isinstance(function.function, Name):
            raise self.problem(function, "this is no function")
        for part in (*function.arguments, *(value for _, value in function.keywords)):
            if not self.is_number(part):
                raise self.problem(part, "the parameters of an activation are numbers")
        self.require_known(function.function)
        if function.function.text not in KNOWN:
            raise self.problem(function, "this is a number, and a function is needed here")
        found = self.read(activation, function, function)
        self.no_keywords(tree, found.spec)
        return self.at(tree, found, self.only(tree, found.spec))

    def only(self, tree: Call, name: str) -> Node:
        """The single vector among the arguments."""
        if len(tree.arguments) != 1:
            raise self.problem(tree, f"{name} takes one vector, not {len(tree.arguments)}")
        return self.vector(tree.arguments[0])

    def no_keywords(self, tree: Call, name: str) -> None:
        for keyword, _ in tree.keywords:
            raise self.problem(keyword, f"{name} has no setting '{keyword.text}' here")

    def settings(self, keywords: Iterable[tuple[Name, Tree]]) -> dict[str, sp.Expr]:
        """Numbers given by name."""
        return {word.text: self.single_number(part, word.text) for word, part in keywords}

    # operations that are read in a way of their own

    def concat(self, tree: Call) -> Node:
        self.no_keywords(tree, "concat")
        return self.at(tree, concat, *map(self.vector, tree.arguments))

    def along(self, tree: Call) -> Node:
        """positions(x), sinusoid(x), or of a length: positions(5)"""
        assert isinstance(tree.function, Name)
        name = tree.function.text
        self.no_keywords(tree, name)
        given = [
            self.whole(part, "a length") if self.is_number(part) else self.vector(part)
            for part in tree.arguments
        ]
        return self.at(tree, positions if name == "positions" else sinusoid, *given)

    # repeated blocks and loops

    def repeat(self, tree: Call) -> Node:
        keywords = {keyword.text: part for keyword, part in tree.keywords}
        if len(tree.arguments) != 2 or set(keywords) != {"times"}:
            raise self.problem(tree, "write repeat(lambda h: ..., z, times=L)")
        block, start = tree.arguments
        times = self.count(keywords["times"])
        return self.at(tree, repeat, self.block(block, 1), self.vector(start), times)

    def scan(self, tree: Call) -> Node:
        given = {keyword.text: part for keyword, part in tree.keywords}
        given |= zip(("block", "over", "start"), tree.arguments, strict=False)
        count = len(tree.arguments) + len(tree.keywords)
        if len(given) < count or not {"block"} <= given.keys() <= {"block", "over", "start"}:
            raise self.problem(tree, "write scan(lambda h: tanh(W @ h + U @ x), start=b)")
        match given.get("over"):
            case None:
                over: tuple[Node, ...] = ()
            case Several(parts=parts):
                over = tuple(map(self.vector, parts))
            case part:
                over = (self.vector(part),)
        start = self.vector(given["start"]) if "start" in given else None
        return self.at(tree, scan, self.block(given["block"], 1 + len(over)), over, start)

    def block(self, tree: Tree, count: int) -> Callable[..., Node]:
        """A function of ``count`` vectors."""
        match tree:
            case Lambda(arguments=arguments, body=body):
                names = [argument.text for argument in arguments]
                block = Block(len(names), lambda *h: self.within(names, h).vector(body))
            case Name(text=name) if name in self.scope.blocks:
                self.scope.used.add(name)
                block = self.scope.blocks[name]
            case _:
                raise self.problem(
                    tree, "a function is needed: lambda h: ..., or the name of a block above"
                )
        if block.count != count:
            vectors = "one vector" if count == 1 else f"{count} vectors, the state first"
            raise self.problem(tree, f"this function must take {vectors}, not {block.count}")
        return block.apply

    def within(self, names: Iterable[str], values: Iterable[Node]) -> _Formula:
        scope = self.scope
        for name, value in zip(names, values, strict=True):
            scope = scope.with_value(name, value)
        return _Formula(self.text, scope)
