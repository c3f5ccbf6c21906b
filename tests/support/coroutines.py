"""Coroutines and Deferreds that a test starts, and how they end."""

from collections.abc import Coroutine
from typing import Any, TypeAlias, TypeVar, Union

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["Call", "error_of", "result_of", "start"]

T = TypeVar("T")

# Union and not |, because it is subscripted at run time.
Running: TypeAlias = Union[Deferred[T], Coroutine[Deferred[Any], Any, T]]  # noqa: UP007


def start(coroutine: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """Run a coroutine until it has to wait, and return the Deferred of its result."""
    return Deferred.fromCoroutine(coroutine)


def result_of(running: Running[T]) -> T:
    """Return the result, or raise the error, of a coroutine that ends without waiting."""
    outcome = _outcome_of(running)
    if isinstance(outcome, Failure):
        outcome.raiseException()
    result: T = outcome
    return result


def error_of(running: Running[Any]) -> BaseException:
    """Return the error of a coroutine that fails without waiting."""
    outcome = _outcome_of(running)
    assert isinstance(outcome, Failure), f"It returned {outcome!r}."
    assert outcome.value is not None
    return outcome.value


def _outcome_of(running: Running[Any]) -> Any:
    deferred = running if isinstance(running, Deferred) else start(running)
    outcomes: list[Any] = []
    deferred.addBoth(outcomes.append)
    assert outcomes, "It still waits."
    return outcomes[0]


class Call:
    """A running coroutine.  A test can ask at any time whether and how it has ended."""

    def __init__(self, coroutine: Coroutine[Deferred[Any], Any, Any]) -> None:
        #: Whether it has ended.
        self.done = False
        #: The error it raised, if it did.
        self.error: BaseException | None = None
        self._deferred = start(coroutine)
        self._deferred.addCallbacks(self._returned, self._raised)

    def cancel(self) -> None:
        """Cancel the coroutine."""
        self._deferred.cancel()

    @property
    def returned(self) -> bool:
        """Whether the coroutine has ended without an error."""
        return self.done and self.error is None

    def _returned(self, result: object) -> None:
        self.done = True

    def _raised(self, failure: Failure) -> None:
        self.done = True
        self.error = failure.value
