"""The line observer that publishes what one connection of a service brings."""

import json
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall

from ..connection.state import ConnectionState
from ..wire.codec import Message

__all__ = ["SETTLING_TIME", "ConnectionObserver"]

#: Seconds after which a connection that has brought nothing counts as made.  A controller that
#: serves another client accepts a connection and closes it at once.  One that serves this client
#: may have nothing to say on the command port.
SETTLING_TIME = 1.0


class ConnectionObserver:
    """Line observer that publishes the messages and the state of one connection.

    A connection is published as made when it has brought a line, or after `SETTLING_TIME`.
    So the attempts of a service that stands by do not reach the readers.

    Parameters
    ----------
    subject_of
        Returns the subject of a message.
    link_subject
        Subject of the state of the connection.
    put
        Puts a subject and a payload into the lane of this connection's lines.
    put_event
        Puts a subject and a payload into the lane of events, and returns the number of the message.
    later
        Calls a function after some seconds.
    """

    def __init__(
        self,
        subject_of: Callable[[Message], str],
        link_subject: str,
        put: Callable[[str, bytes], object],
        put_event: Callable[[str, bytes], int],
        later: Callable[[float, Callable[[], None]], IDelayedCall],
    ) -> None:
        self._subject_of = subject_of
        self._link_subject = link_subject
        self._put = put
        self._put_event = put_event
        self._later = later
        # Whether the connection is made, but has brought nothing yet.
        self._is_unsure = False
        self._settling: IDelayedCall | None = None
        #: The state of the connection, as readers are told it.
        self.state = ConnectionState.IDLE
        #: Number of the last message about this connection.  0 if there was none yet.
        self.told = 0

    def received(self, line: bytes, message: Message) -> None:
        """Publish a line."""
        if self._is_unsure:
            self.confirm()
        self._put(self._subject_of(message), line)

    def sent(self, line: bytes) -> None:
        """Publish nothing.  Readers see the result of a command in its status messages."""

    def bad(self, line: bytes, reason: str) -> None:
        """Publish nothing.  Readers get valid messages only."""

    def connection(self, state: ConnectionState) -> None:
        """Publish when the connection is lost.  When it is made, wait until that is sure."""
        self.stop()
        self._is_unsure = state is ConnectionState.CONNECTED
        if self._is_unsure:
            self._settling = self._later(SETTLING_TIME, self.confirm)
            return
        was_connected = self.state is ConnectionState.CONNECTED
        self.state = state
        if was_connected:
            self._publish_state()

    def confirm(self) -> None:
        """Publish that the connection is made.  No effect if that is known, or if there is none."""
        if self._is_unsure:
            self.stop()
            self._is_unsure = False
            self.state = ConnectionState.CONNECTED
            self._publish_state()

    def stop(self) -> None:
        """Stop the timer."""
        settling, self._settling = self._settling, None
        if settling is not None and settling.active():
            settling.cancel()

    def _publish_state(self) -> None:
        payload = json.dumps({"state": self.state.value}).encode()
        self.told = self._put_event(self._link_subject, payload)
