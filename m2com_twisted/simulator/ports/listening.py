"""Two TCP ports that are opened and closed together."""

from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorTCP

from ...support.reactor_access import ReactorAccess
from .port_factory import PortFactory

__all__ = ["PortPair"]


class PortPair:
    """The command port and the telemetry port of one controller.

    Parameters
    ----------
    reactor
        Opens the ports.
    interface
        The address to listen at.
    numbers
        The port numbers, commands first.  0 means any free port.
    factories
        The factories of the two ports, in the same order.

    Attributes
    ----------
    interface
        The address, as given.
    numbers
        The port numbers as given.  After the ports are open, the real numbers.
    """

    def __init__(
        self,
        reactor: ReactorAccess,
        interface: str,
        numbers: tuple[int, int],
        factories: tuple[PortFactory, PortFactory],
    ) -> None:
        self._reactor = reactor
        self.interface = interface
        self.numbers = numbers
        self._factories = factories
        self._listening: list[IListeningPort] = []

    @property
    def is_open(self) -> bool:
        """Whether at least one port is open."""
        return bool(self._listening)

    def listen(self) -> None:
        """Open both ports.

        Raises
        ------
        CannotListenError
            If a port is taken.  The other port may be open then.  `stop` closes it.
        """
        listen = IReactorTCP(self._reactor.get()).listenTCP
        for number, factory in zip(self.numbers, self._factories, strict=True):
            self._listening.append(listen(number, factory, interface=self.interface))
        command, telemetry = map(_port_number, self._listening)
        self.numbers = command, telemetry

    async def stop(self) -> None:
        """Close both ports and all connections.  It may be called at any time."""
        listening, self._listening = self._listening, []
        await DeferredList([maybeDeferred(port.stopListening) for port in listening])
        connections = [one for factory in self._factories for one in factory.connections]
        gone = DeferredList([connection.closed() for connection in connections])
        for connection in connections:
            connection.close()
        await gone


def _port_number(listening: IListeningPort) -> int:
    # The address of a TCP port is an IPv4Address or an IPv6Address.  Both have a port.
    return cast(IPv4Address, listening.getHost()).port
