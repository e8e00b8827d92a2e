"""Operations of the language applied: their arguments, by place or by name, and their errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from difflib import get_close_matches

from symntk.graph import Node, Weight
from symntk.importers.operations import CALLS, METHODS, Operation, Takes
from symntk.importers.parts import Parts
from symntk.importers.tree import Attribute, Call, Index, Name, Tree


def closest(name: str, known: Iterable[str]) -> str:
    """Advice on a name that is not known."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f": did you mean {' or '.join(close)}?" if close else ""


class Calls(Parts, ABC):
    """Calls of the operations in the tables of `symntk.importers.operations`."""

    @abstractmethod
    def vector(self, tree: Tree) -> Node:
        """The vector that a part means."""

    @abstractmethod
    def weight(self, tree: Tree, otherwise: str) -> Weight:
        """The weight that a part names; ``otherwise`` is the problem where it is none."""

    def operation(
        self, tree: Call, name: str, operation: Operation, *before: Node
    ) -> Node | tuple[Node, ...]:
        """An operation applied; ``before``: the vector before the dot."""
        takes = dict(operation.parameters)
        words = list(takes)
        values: dict[str, object] = dict(zip(words, before, strict=False))
        given = dict(zip(words[len(before) :], tree.arguments, strict=False))
        for word, part in tree.keywords:
            if not operation.settings:
                raise self.problem(word, f"{name} has no setting '{word.text}' here")
            if word.text not in takes:
                known = ", ".join(operation.settings)
                raise self.problem(word, f"unknown setting '{word.text}': there is {known}")
            if word.text in values or word.text in given:
                raise self.problem(word, f"'{word.text}' is given twice")
            given[word.text] = part
        if len(tree.arguments) > len(words) - len(before):
            raise self.problem(tree, self._wrong_number(tree, name, operation))
        if not {*words[: operation.required]} <= {*values, *given}:
            raise self.problem(tree, self._wrong_number(tree, name, operation))
        values |= {word: self._argument(part, takes[word], word) for word, part in given.items()}
        return self.at(tree, lambda: operation.build(**values))

    def _wrong_number(self, tree: Call, name: str, operation: Operation) -> str:
        if operation.required == len(operation.parameters) == 1 and name in CALLS:
            return f"{name} takes one vector, not {len(tree.arguments)}"
        return f"write {operation.usage}"

    def _argument(self, tree: Tree, takes: Takes, word: str) -> object:
        match takes:
            case Takes.VECTOR:
                return self.vector(tree)
            case Takes.WEIGHT:
                return self.weight(tree, "a weight is needed here, as in conv(W, h, 3)")
            case Takes.NUMBER:
                return self.single_number(tree, word)
            case Takes.WHOLE:
                return self.whole(tree, word)
            case Takes.SIZE:
                return self.size(tree, word)
            case Takes.CHOICE:
                return self.choice(tree, word)

    def method(self, tree: Call, function: Attribute) -> Node:
        """h.sum(), h.shift(-1)"""
        found = self._applied_method(tree, function)
        if isinstance(found, tuple):
            raise self.problem(
                function.name, "these are several views: write h.taps(3)[0], or conv(W, h, 3)"
            )
        return found

    def _applied_method(self, tree: Call, function: Attribute) -> Node | tuple[Node, ...]:
        name = function.name.text
        if name not in METHODS:
            close = closest(name, METHODS)
            raise self.problem(function.name, f"a sequence has no .{name}(){close}")
        return self.operation(tree, f".{name}", METHODS[name], self.vector(function.base))

    def view(self, tree: Index) -> Node:
        """h.taps(3)[0]"""
        views: Node | tuple[Node, ...] | None = None
        match tree.base:
            case Call(function=Attribute(name=Name(text="taps")) as function):
                views = self._applied_method(tree.base, function)
            case Name(text=name) if isinstance(self.scope.values.get(name), Weight):
                raise self.problem(tree, f"{name}[...] is a weight: write {name}[...] @ h")
        if not isinstance(views, tuple):
            raise self.problem(tree, "only weights and the views h.taps(3) have an index")
        index = self.whole(tree.index, "the index of a view")
        if not 0 <= index < len(views):
            raise self.problem(tree.index, f"there are {len(views)} views, 0 to {len(views) - 1}")
        return views[index]
