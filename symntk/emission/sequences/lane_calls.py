"""Expectations without a closed form in kernels in rows: calls between loops, not in them.

A routine fills in a row of pairs of positions at a time: along a table, by loops without branches,
or else by quadrature.  The code is cut into loops where the gaps that a routine needs are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sympy import Expr, Symbol
from sympy.core.function import AppliedUndef

from symntk.emission.calls import Functions
from symntk.emission.plan import Assign
from symntk.emission.sequences.plan import Along, Call, OfSample


@dataclass
class Calls:
    """The calls of one stage, by their targets.

    sources: of the numbers of samples that the stage reads; temporaries: names.
    """

    functions: Functions
    sources: Mapping[Symbol, OfSample]
    temporaries: Iterator[Symbol]
    found: dict[Symbol, AppliedUndef] = field(default_factory=dict)

    def cut_out(self, lines: Iterable[Assign]) -> list[Assign]:
        """The lines with each call on a line of its own."""
        result: list[Assign] = []
        for line in lines:
            if not line.note and self._is_along(line.value):
                self.found[line.target] = line.value
                result.append(line)
                continue
            targets: dict[AppliedUndef, Symbol] = {}
            for call in sorted(line.value.atoms(AppliedUndef), key=str):
                if self._is_along(call):
                    targets[call] = next(self.temporaries)
                    result.append(Assign(targets[call], call))
            self.found |= {target: call for call, target in targets.items()}
            result.append(Assign(line.target, line.value.xreplace(targets), line.note))
        return result

    def _is_along(self, call: Expr) -> bool:
        kind, *names = str(call.func).split("_")
        return (
            isinstance(call, AppliedUndef)
            and kind in ("gap", "expectation")
            and len(set(names)) == 1
            and self.functions.is_smooth(names[0])
            and all(isinstance(argument, Symbol) for argument in call.args)
        )

    @property
    def rows(self) -> set[Symbol]:
        """The rows of coefficients that calls find by their numbers."""
        return {row for call in self.found.values() for row in call.args[4:6]}

    def with_rows(
        self, lines: list[Assign], reads: Mapping[Symbol, tuple[str, tuple[str, ...]]]
    ) -> list[Assign]:
        """The lines, with copies of what a call needs and no row holds as it is."""
        copies = {}
        for call in self.found.values():
            for symbol in call.args[:2]:
                text, rows = reads.get(symbol, ("", ()))
                if rows and text != f"{rows[0]}[s]" and symbol not in copies:
                    copies[symbol] = next(self.temporaries)
        self.found = {
            target: call.func(*(copies.get(a, a) for a in call.args[:2]), *call.args[2:])
            for target, call in self.found.items()
        }
        return [
            *(Assign(copy, symbol) for symbol, copy in copies.items()),
            *(
                Assign(line.target, self.found.get(line.target, line.value), line.note)
                for line in lines
            ),
        ]

    def in_turn(self, lines: list[Assign]) -> Iterator[tuple[list[Assign], list[Assign]]]:
        """Calls, and the lines that can be computed behind them, from turn to turn."""
        turns: dict[Symbol, int] = {}
        parts: list[tuple[list[Assign], list[Assign]]] = [([], [])]
        for line in lines:
            turn = max((turns.get(s, 0) for s in line.value.free_symbols), default=0)
            is_call = line.target in self.found
            turns[line.target] = turn + is_call
            if turn + is_call == len(parts):
                parts.append(([], []))
            parts[turn + is_call][not is_call].append(line)
        yield from parts

    def along(self, target: Symbol) -> Along:
        """The table of a call, and what it is made by."""
        call = self.found[target]
        kind, name, *_ = str(call.func).split("_")
        array = self.sources[call.args[4]].array
        if kind == "gap":
            slope = self.functions.slope(name)
            return Along(f"gap_{name}_{array}", f"gaps_along_{name}_{slope}", array)
        return Along(f"expectation_{name}_{array}", f"expectations_along_{name}", array)

    def call(self, target: Symbol, text: Mapping[Symbol, str]) -> Call:
        """The call; text: of variables that are rows, or numbers of them."""
        call = self.found[target]
        kind, name, *_ = str(call.func).split("_")
        arguments = tuple(text.get(argument, str(argument)) for argument in call.args)
        return Call(f"{kind}_row_{name}", self.along(target).name, arguments, text[target])
