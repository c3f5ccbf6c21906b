"""The attempts and connections of one client, including those that still have to end."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from ..support.log import NamedLog
from .attempt import Attempt
from .inputs import AttemptFailed, AttemptSucceeded, ConnectionLost, GivenUp, Input
from .protocol import ConnectionOwner, MessageProtocol

__all__ = ["Connections"]


class Connections:
    """Begins attempts, and keeps every connection that they made until it has ended.

    Parameters
    ----------
    endpoint
        Takes the seconds after which an attempt is given up, and returns an
        endpoint.
    new_protocol
        Takes the owner of a new connection, and returns a protocol for it.
    reactor
        Measures timeouts.
    log
        Reports endpoints that misbehave.
    report
        Called with each input about the current attempt or the connection in
        use.
    ended
        Called when any other connection has ended.
    """

    def __init__(
        self,
        *,
        endpoint: Callable[[float], IStreamClientEndpoint],
        new_protocol: Callable[[ConnectionOwner], MessageProtocol],
        reactor: IReactorTime,
        log: NamedLog,
        report: Callable[[Input], object],
        ended: Callable[[], object],
    ) -> None:
        self._endpoint = endpoint
        self._new_protocol = new_protocol
        self._reactor = reactor
        self._log = log
        self._report = report
        self._ended = ended
        # Attempts of which something is left, and connections that were handed over.
        self._attempts: dict[int, Attempt] = {}
        self._handed_over: dict[int, MessageProtocol] = {}
        # Connections that may have waiting writers.
        self._written_to: list[MessageProtocol] = []
        self._read_timeout: float | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds of silence after which a connection is given up; None: never."""
        return self._read_timeout

    @read_timeout.setter
    def read_timeout(self, timeout: float | None) -> None:
        self._read_timeout = timeout
        for connection in self._handed_over.values():
            connection.set_timeout(timeout)

    @property
    def all_gone(self) -> bool:
        """Whether no attempt is under way and no connection is left."""
        return all(attempt.is_gone for attempt in self._attempts.values())

    def __getitem__(self, number: int) -> MessageProtocol:
        """Return the connection that an attempt led to, until `forget`."""
        return self._handed_over[number]

    def dial(self, number: int, timeout: float) -> None:
        """Begin an attempt.

        Parameters
        ----------
        number
            Number of the attempt.
        timeout
            Seconds that the attempt may take.
        """
        attempt = Attempt(number, self, self._new_protocol, self._reactor, self._log)
        self._attempts[number] = attempt
        attempt.begin(self._endpoint, timeout)

    def abandon(self, number: int) -> None:
        """Cancel an attempt, and abort every connection that it made."""
        self._handed_over.pop(number, None)
        if number in self._attempts:
            self._attempts[number].abandon()

    def forget(self, number: int) -> None:
        """Forget a connection that is lost."""
        self._handed_over.pop(number, None)

    def give_up(self) -> None:
        """Stop reading from all connections and writing to them."""
        for connection in self._handed_over.values():
            connection.give_up()

    def fail_writers(self) -> None:
        """Fail the writers that wait for a connection which is no longer open."""
        ended = [connection for connection in self._written_to if not connection.is_open]
        self._written_to = [one for one in self._written_to if one not in ended]
        for connection in ended:
            connection.fail_writers()

    def disconnect(self) -> None:
        """Close the connection in use, and abort every other."""
        in_use, self._handed_over = self._handed_over, {}
        for connection in in_use.values():
            connection.disconnect()
        for number, attempt in list(self._attempts.items()):
            if number not in in_use:
                attempt.abandon()

    # Events of attempts

    def attempt_succeeded(self, attempt: Attempt, connection: MessageProtocol) -> None:
        """Implement `AttemptOwner`."""
        self._handed_over[attempt.number] = connection
        self._written_to.append(connection)
        connection.set_timeout(self._read_timeout)
        self._report(AttemptSucceeded(attempt.number))

    def attempt_failed(self, attempt: Attempt, reason: BaseException) -> None:
        """Implement `AttemptOwner`."""
        self._forget_gone()
        self._report(AttemptFailed(attempt.number, reason))

    def connection_given_up(self, attempt: Attempt) -> None:
        """Implement `AttemptOwner`."""
        self._report(GivenUp(attempt.number))

    def connection_lost(
        self, attempt: Attempt, connection: MessageProtocol, reason: BaseException
    ) -> None:
        """Implement `AttemptOwner`."""
        self._forget_gone()
        if self._handed_over.get(attempt.number) is connection:
            self._report(ConnectionLost(attempt.number, reason))
        else:
            self._ended()

    def _forget_gone(self) -> None:
        for number, attempt in list(self._attempts.items()):
            if attempt.is_gone:
                del self._attempts[number]
