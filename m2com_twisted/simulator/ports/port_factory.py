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
    """Accepted, then closed without a byte: how the controller refuses."""

    def connectionMade(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()


class PortFactory(ServerFactory):
    """Takes one client at a time; a second is accepted, then closed.

    Parameters
    ----------
    connect
        Makes the protocol of a client.
    log
        Gets the refusals.

    Attributes
    ----------
    client
        The client, or None.
    connections
        All that are open: the client's, and those it has been cut off from.
    open
        Whether it takes clients at all.  If not, it makes no protocols.  A socket would
        decide this by listening; in memory there is none.
    refusals
        How many more connections are closed at once, client or not.
    treatments
        What is to be done to the next client, right after the welcome.
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
        """Return the client's protocol, or one that refuses; None if not open."""
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
        """Do something to the client, or to the next one after its welcome."""
        if self.client is None:
            self.treatments.append(treatment)
        else:
            treatment(self.client)

    def cut_off(self, connection: Connection) -> None:
        """Let a connection hang, and make room for the next client."""
        connection.go_dead()
        if connection is self.client:
            self.client = None

    def forget(self, connection: Connection) -> bool:
        """Remember that a connection is gone; return whether it was the client's."""
        self.connections.remove(connection)
        if connection is not self.client:
            return False
        self.client = None
        return True
