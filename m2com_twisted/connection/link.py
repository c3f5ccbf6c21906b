"""The link to one port, which keeps a connection to it."""

import math
from collections.abc import Callable
from itertools import count
from numbers import Real

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from ..errors import ConnectTimeoutError, NotConnectedError
from ..support.log import NamedLog
from ..support.reactor_access import ReactorAccess
from .connections import Connections
from .effect_queue import EffectQueue
from .inputs import Close, Connect, ConnectCancelled, ConnectOvertaken, Input, Start
from .machine import Machine
from .outages import Outages
from .performer import ConnectionUser, Performer
from .protocol import ConnectionOwner, MessageProtocol
from .retry import RetryPolicy
from .state import ConnectionState

__all__ = ["ReconnectingLink", "check_timeout"]


class ReconnectingLink:
    """Keeps one connection to the controller, from `connect` until `close`.

    Every input goes through `_process_input`.  The machine changes its state, and
    the effects that it returns wait in a queue.  Code of users (a waiter's
    callback, a log handler, a retry policy, an endpoint, a canceller) runs only in
    effects, so it always sees a complete change of state.  If it calls a method of
    the link, the state changes at once, and the new effects are performed after
    those that wait.

    Two classes of Twisted were rejected.  `ReconnectingClientFactory` does not
    retry behind an endpoint.  `ClientService` cannot be stopped from its own
    callbacks, and waits for ever for a peer that does not read.

    Parameters
    ----------
    address
        Host and port, for errors.
    endpoint
        Takes the seconds after which an attempt is given up, and returns an endpoint.
    new_protocol
        Takes the owner of a new connection, and returns a protocol for it.
    reactor
        Measures timeouts.
    retry_policy
        Takes the number of failures, and returns the seconds to wait.  None: never
        reconnect.
    user
        Uses the connections.
    outages
        Counts and logs attempts and connections.
    log
        Logs everything else.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        endpoint: Callable[[float], IStreamClientEndpoint],
        new_protocol: Callable[[ConnectionOwner], MessageProtocol],
        reactor: ReactorAccess,
        retry_policy: RetryPolicy | None,
        user: ConnectionUser,
        outages: Outages,
        log: NamedLog,
    ) -> None:
        self._address = address
        self._reactor = reactor
        self._user = user
        self._outages = outages
        self._machine = Machine(retries=retry_policy is not None)
        #: Time of the last change of state; None before the first.
        self.state_since: float | None = None
        self._waiter_numbers = count(1)
        self._waiters: dict[int, Deferred[None]] = {}
        self._connections = Connections(
            endpoint=endpoint,
            new_protocol=new_protocol,
            reactor=reactor,
            log=log,
            report=self._process_input,
            ended=self._connection_ended,
        )
        self._performer = Performer(
            address,
            machine=self._machine,
            connections=self._connections,
            waiters=self._waiters,
            user=user,
            outages=outages,
            retry_policy=retry_policy,
            reactor=reactor,
            log=log,
            report=self._process_input,
        )
        self._queue = EffectQueue(self._performer.perform, reactor, log)

    @property
    def state(self) -> ConnectionState:
        """State of the connection."""
        return self._machine.state

    @property
    def connected(self) -> bool:
        """Whether messages can be written now."""
        return self._machine.connected

    @property
    def should_be_connected(self) -> bool:
        """Whether `connect` or `start` was called, and `close` was not called after it."""
        return self._machine.should_be_connected

    @property
    def read_timeout(self) -> float | None:
        """Seconds of silence after which a connection is given up; None: never."""
        return self._connections.read_timeout

    @read_timeout.setter
    def read_timeout(self, timeout: float | None) -> None:
        if timeout is not None and not (isinstance(timeout, Real) and timeout > 0):
            raise ValueError(f"The timeout must be None or more than 0, not {timeout!r}.")
        self._connections.read_timeout = timeout

    def open_protocol(self) -> MessageProtocol:
        """Return the connection to write to.

        Raises
        ------
        NotConnectedError
            If there is none.
        """
        if not self.connected or self._machine.attempt is None:
            raise NotConnectedError("Client not connected with tcp/ip server.")
        return self._connections[self._machine.attempt]

    # Requests of the user

    def connect(self, timeout: float) -> Deferred[None]:
        """Dial, or join the attempt that is under way.

        Parameters
        ----------
        timeout
            Seconds to wait.  A first attempt is given up when no `connect` waits for it any more.

        Returns
        -------
        connected
            Fires when there is a connection.  Fails with a `ConnectFailedError` or,
            if `close` is called meanwhile, with `ClientClosedError`.  It may be
            cancelled.

        Raises
        ------
        ValueError
            If the timeout is negative or not a number.
        """
        check_timeout(timeout)
        number, waiter = self._new_waiter(self._connect_cancelled)
        self._process_input(Connect(number, timeout))
        while waiter.called and waiter.result is None and not self.connected:
            # This call has made the connection, and has also closed or lost it.
            number, waiter = self._new_waiter(self._connect_cancelled)
            self._process_input(ConnectOvertaken(number))
        if timeout < math.inf and not waiter.called:
            waiter.addTimeout(timeout, self._reactor, self._connect_timed_out)
        return waiter

    def start(self, timeout: float) -> None:
        """Dial, and dial again even if the first attempt fails.

        If the last connection is still being closed, dial as soon as it is
        closed.  If the next attempt is due later, dial at once.

        Parameters
        ----------
        timeout
            Seconds that one attempt may take.

        Raises
        ------
        ValueError
            If the timeout is negative or not a number.
        """
        check_timeout(timeout)
        self._process_input(Start(timeout))

    def close(self) -> Deferred[None]:
        """Close; when this fires, no attempt, connection or timer is left."""
        if self.state is not ConnectionState.CLOSING:
            # Done at once, not as an effect, so that nothing is delivered from now on.
            self._user.drop_waiting()
            self._connections.give_up()
        number, waiter = self._new_waiter(self._close_cancelled)
        self._process_input(Close(number))
        return waiter

    def _process_input(self, what: Input) -> None:
        state = self._machine.state
        effects = self._machine.handle(what)
        if self._machine.state is not state:
            self.state_since = self._reactor.seconds()
        self._queue.add(effects)

    def _connection_ended(self) -> None:
        self._performer.report_teardown_when_done()

    def _new_waiter(self, forget: Callable[[int], object]) -> tuple[int, Deferred[None]]:
        number = next(self._waiter_numbers)

        def cancel(waiter: Deferred[None]) -> None:
            forget(number)

        waiter: Deferred[None] = Deferred(cancel)
        self._waiters[number] = waiter
        return number, waiter

    def _connect_cancelled(self, number: int) -> None:
        # This is done only once, because an effect of the cancelling may cancel it
        # again.
        if self._waiters.pop(number, None) is not None:
            self._process_input(ConnectCancelled(number))

    def _close_cancelled(self, number: int) -> None:
        self._waiters.pop(number, None)

    def _connect_timed_out(self, result: object, timeout: float) -> Failure:
        error = ConnectTimeoutError(*self._address, f"not connected within {timeout:g} s")
        error.__cause__ = self._outages.last_error
        return Failure(error)


def check_timeout(timeout: object) -> None:
    """Raise an error if a timeout is not a number of seconds.

    Raises
    ------
    ValueError
        If it is negative, or not a number of seconds.
    """
    # A bool is a number, but not a time.
    if isinstance(timeout, bool) or not (isinstance(timeout, Real) and float(timeout) >= 0):
        raise ValueError(f"The timeout must be 0 or more, not {timeout!r}.")
