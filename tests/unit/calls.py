"""Coroutines of the client that a test starts, and what becomes of them."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["Call"]


class Call:
    """A coroutine under way; it neither waits nor raises, so a test may ask what became of it."""

    def __init__(self, coroutine: Coroutine[Deferred[Any], Any, Any]) -> None:
        #: Whether it has ended.
        self.done = False
        #: What it raised.
        self.error: BaseException | None = None
        self._deferred = Deferred.fromCoroutine(coroutine)
        self._deferred.addCallbacks(self._returned, self._raised)

    def cancel(self) -> None:
        """Cancel it."""
        self._deferred.cancel()

    @property
    def returned(self) -> bool:
        """Whether it has ended without an error."""
        return self.done and self.error is None

    def _returned(self, result: object) -> None:
        self.done = True

    def _raised(self, failure: Failure) -> None:
        self.done = True
        self.error = failure.value
