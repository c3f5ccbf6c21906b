"""The rule that a port has one client.

Source: :ref:`protocol-transport`, :ref:`protocol-lifetime`.
"""

import logging
from collections.abc import Callable

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory

from .connection import Connection

__all__ = ["PortFactory"]


class _Refusal(Protocol):
    """Closes an accepted connection without sending a byte, as the controller refuses clients."""

    def connectionMade(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()


class PortFactory(ServerFactory):
    """Accepts one client at a time.  The connection of a second client is closed at once.

    Parameters
    ----------
    connect
        Makes the protocol of a client.
    log
        Logs the refusals.

    Attributes
    ----------
    client
        The connection of the present client, or None.
    connections
        All open connections: that of the client, and those that were cut off.
    open
        Whether clients are accepted.  If not, no protocols are made.  This is for connections in
        memory, which have no listening socket.
    refusals
        Number of next connections that are closed at once in any case.
    treatments
        Functions that are called with the next connection just after the welcome.
    """

    noisy = False

    def __init__(self, connect: Callable[[], Connection], log: logging.Logger) -> None:
        self._connect = connect
        self._log = log
        self.client: Connection | None = None
        self.connections: list[Connection] = []
        self.open = True
        self.refusals = 0
        self.treatments: list[Callable[[Connection], None]] = []

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Return a protocol for the client, or one that refuses it.  None if not open."""
        if not self.open:
            return None
        if self.client is not None or self.refusals:
            self.refusals = max(0, self.refusals - 1)
            self._log.info("Refused a client at %s.", addr)
            return _Refusal()
        self.client = self._connect()
        self.client.treatments, self.treatments = self.treatments, []
        self.connections.append(self.client)
        return self.client

    def treat(self, treatment: Callable[[Connection], None]) -> None:
        """Call a function with the present connection, or with the next one after the welcome."""
        if self.client is None:
            self.treatments.append(treatment)
        else:
            treatment(self.client)

    def cut_off(self, connection: Connection) -> None:
        """Leave a connection open without using it, and accept the next client."""
        connection.go_dead()
        if connection is self.client:
            self.client = None

    def forget(self, connection: Connection) -> bool:
        """Remove a closed connection.  Return whether it was that of the client."""
        self.connections.remove(connection)
        if connection is not self.client:
            return False
        self.client = None
        return True
