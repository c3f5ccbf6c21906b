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
        All open connections: that of the client, and those that the client no longer uses.
    open
        Whether clients are accepted.  If not, no protocols are made.  This is for connections in
        memory, which have no listening socket.
    """

    noisy = False

    def __init__(self, connect: Callable[[], Connection], log: logging.Logger) -> None:
        self._connect = connect
        self._log = log
        self.client: Connection | None = None
        self.connections: list[Connection] = []
        self.open = True

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Return a protocol for the client, or one that refuses it.  None if not open."""
        if not self.open:
            return None
        if self.refuses():
            self._log.info("Refused a client at %s.", addr)
            return _Refusal()
        self.client = self._connect()
        self.connections.append(self.client)
        return self.client

    def refuses(self) -> bool:
        """Return whether the connection that was just accepted must be closed at once."""
        return self.client is not None

    def release(self) -> None:
        """Accept the next client, although the connection of the present one stays open."""
        self.client = None

    def forget(self, connection: Connection) -> bool:
        """Remove a closed connection.  Return whether it was that of the client."""
        self.connections.remove(connection)
        if connection is not self.client:
            return False
        self.client = None
        return True
