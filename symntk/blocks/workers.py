"""Where work is done: in this process, or by Dask, which alone schedules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from symntk.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connected(scheduler: str | Client) -> Iterator[Client]:
    """A client of ``scheduler``: "local", an address, or a client, which is left open."""
    if not isinstance(scheduler, str):
        yield scheduler
        return
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra("dask", "dask", f"the scheduler {scheduler}") from None
    try:
        if scheduler == "local":
            client = Client(threads_per_worker=1, dashboard_address=None)
        else:
            client = Client(scheduler)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        yield client


@contextmanager
def workers(scheduler: str | Client | None) -> Iterator[Workers]:
    """Those of ``scheduler``, as `connected` takes it; this process where there is none."""
    if scheduler is None:
        yield Here()
        return
    with connected(scheduler) as client:
        yield OnDask(client)


class Workers(ABC):
    """Functions applied to values that stay where they were computed."""

    @abstractmethod
    def send(self, value: Any) -> Any:
        """A value for `start`."""

    @abstractmethod
    def start(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The value of a function of values, for `start` and `results`."""

    @abstractmethod
    def results(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """A function of values, for each of ``arguments`` in order, brought to this process."""


class Here(Workers):
    """This process, one thing after another."""

    def send(self, value: Any) -> Any:
        return value

    def start(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def results(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        return (function(*some) for some in arguments)


TRIES = 3
"""Attempts at what was lost because a worker went away with what was sent to it."""

TERMS = 8
"""Of a sum that one task adds."""


class OnDask(Workers):
    """The workers of a Dask cluster; values are its futures."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sent: tuple[Any, Any] = None, None

    def send(self, value: Any) -> Any:
        (future,) = self._client.scatter([value], hash=False)
        return future

    def start(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._client.submit(function, *map(self._argument, arguments), pure=False)

    def results(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        tasks = [(some, self.start(function, *some)) for some in arguments]
        for some, future in tasks:
            yield self._result(function, some, future)

    def total(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Any:
        """The sum of a function of values for each of ``arguments``.

        Workers add up all but a few terms, which are added here: a round of messages less.
        """
        for _ in range(TRIES):
            parts = [self.start(function, *some) for some in arguments]
            while len(parts) > TERMS:
                groups = range(0, len(parts), TERMS)
                parts = [self.start(_added, *parts[n : n + TERMS]) for n in groups]
            try:
                return _added(*self._client.gather(parts))
            except CancelledError:
                self._sent = None, None
        raise _lost()

    def _result(self, function: Callable[..., Any], arguments: tuple[Any, ...], future: Any) -> Any:
        for _ in range(TRIES):
            try:
                return future.result()
            except CancelledError:
                self._sent = None, None
                future = self.start(function, *arguments)
        raise _lost()

    def _argument(self, value: Any) -> Any:
        """An array is sent by itself, and once where the next task takes it too."""
        if not hasattr(value, "nbytes"):
            return value
        if self._sent[0] is not value:
            self._sent = value, self.send(value)
        return self._sent[1]


def _added(*terms: Any) -> Any:
    return reduce(add, terms)


def _lost() -> UsageError:
    return UsageError(
        "a worker went away with documents that it alone had: give shards as files, which can be "
        "read again"
    )
