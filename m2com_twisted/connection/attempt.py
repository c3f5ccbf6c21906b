"""One attempt to connect, and the connections that it makes."""

import math
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from ..support.log import NamedLog
from .endpoint import is_connected_to_itself
from .protocol import ConnectionOwner, MessageProtocol

__all__ = ["Attempt", "AttemptOwner"]


class AttemptOwner(Protocol):
    """The owner of an attempt, which is told how the attempt ends."""

    def attempt_succeeded(self, attempt: "Attempt", connection: MessageProtocol) -> None:
        """Take the connection."""

    def attempt_failed(self, attempt: "Attempt", reason: BaseException) -> None:
        """Learn that the attempt made no connection."""

    def connection_given_up(self, attempt: "Attempt") -> None:
        """Learn that the client gave the connection up."""

    def connection_lost(
        self, attempt: "Attempt", connection: MessageProtocol, reason: BaseException
    ) -> None:
        """Learn that a connection of the attempt has ended, even if it was never handed over."""


class Attempt(ClientFactory):
    """The factory that an endpoint gets for one attempt.

    An endpoint is foreign code.  It may hand over a connection at once, long after
    it was made, or never.  It may hand over another object than the protocol made
    here.  It may raise when it is cancelled.  So this class relies only on the
    protocols made here, and on the time that passed.

    Parameters
    ----------
    number
        Number of the attempt for `Machine`.
    owner
        Owner of the attempt.
    new_protocol
        Takes the owner of a new connection, and returns a protocol for it.
    reactor
        Measures the timeout.
    log
        Reports an endpoint that raises when it is cancelled.
    """

    noisy = False

    def __init__(
        self,
        number: int,
        owner: AttemptOwner,
        new_protocol: Callable[[ConnectionOwner], MessageProtocol],
        reactor: IReactorTime,
        log: NamedLog,
    ) -> None:
        self.number = number
        self._owner = owner
        self._new_protocol = new_protocol
        self._reactor = reactor
        self._log = log
        self._result: Deferred[IProtocol] | None = None
        # Fires when the attempt has ended or its time is over.
        self._deadline: Deferred[None] = Deferred()
        # Whether it has succeeded, failed or been abandoned.
        self._is_over = False
        self._built: list[MessageProtocol] = []
        self._why_lost: BaseException | None = None

    def begin(self, endpoint: Callable[[float], IStreamClientEndpoint], timeout: float) -> None:
        """Connect.

        Parameters
        ----------
        endpoint
            Takes the seconds after which an attempt is given up, and returns an
            endpoint.
        timeout
            Seconds after which the attempt fails, even if the endpoint does not
            give up.
        """
        if timeout < math.inf:
            # Our own Deferred, because the endpoint's canceller may raise.
            self._deadline.addTimeout(timeout, self._reactor, self._timed_out)
        result = maybeDeferred(lambda: endpoint(timeout).connect(self))
        self._result = result
        # The Deferred may have fired already.
        result.addCallbacks(self._succeeded, self._failed)
        result.addErrback(self._log_unexpected)

    def buildProtocol(self, addr: IAddress | None) -> MessageProtocol:
        """Override: make a protocol; it aborts its connection if the attempt is over."""
        protocol = self._new_protocol(self)
        self._built.append(protocol)
        if self._is_over:
            protocol.abort()
        return protocol

    def abandon(self) -> None:
        """Cancel the attempt, and abort every connection that it made."""
        self._end()
        self._cancel()
        for protocol in self._built:
            protocol.abort()

    @property
    def is_gone(self) -> bool:
        """Whether it is over, and no connection of it is left."""
        return self._is_over and not any(protocol.is_alive for protocol in self._built)

    # Results of the endpoint

    def _succeeded(self, result: IProtocol) -> None:
        if self._is_over:
            self.abandon()  # too late
            return
        # An endpoint may have built a protocol for each address of a host.  Its result
        # comes first, if it is one of these protocols.  It may also be a wrapper.
        usable = sorted(
            (protocol for protocol in self._built if protocol.is_open),
            key=lambda protocol: protocol is not result,
        )
        if not usable:
            self._fail(self._why_lost or ConnectionLost())
            return
        if is_connected_to_itself(usable[0].transport):
            self._fail(
                ConnectionRefusedError("nothing listens, so the port was connected to itself")
            )
            return
        self._end()
        self._result = None
        for other in usable[1:]:
            other.abort()
        self._owner.attempt_succeeded(self, usable[0])

    def _failed(self, reason: Failure) -> None:
        if not self._is_over:
            self._fail(reason.value or ConnectionLost())

    def _timed_out(self, result: object, timeout: float) -> None:
        # Endpoints fail with different errors when they are cancelled.
        self._fail(TimeoutError(f"no answer within {timeout:g} s"))

    def _fail(self, reason: BaseException) -> None:
        self.abandon()
        self._owner.attempt_failed(self, reason)

    def _end(self) -> None:
        self._is_over = True
        if not self._deadline.called:
            self._deadline.callback(None)

    def _cancel(self) -> None:
        # Forgotten first, because the canceller may call back.
        result, self._result = self._result, None
        if result is not None:
            try:
                result.cancel()
            except BaseException:
                self._log.exception("The endpoint failed to cancel an attempt to connect")

    def _log_unexpected(self, failure: Failure) -> None:
        self._log.critical("Connecting failed in an unexpected way", exc_info=failure.value)

    # Events of the connections

    def connection_given_up(self, connection: MessageProtocol) -> None:
        """Implement `ConnectionOwner`."""
        self._owner.connection_given_up(self)

    def connection_lost(self, connection: MessageProtocol, reason: BaseException) -> None:
        """Implement `ConnectionOwner`."""
        self._why_lost = reason
        self._owner.connection_lost(self, connection, reason)
