"""The endpoint for a host and a port, and the errors for its failures."""

from twisted.internet import defer, error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import (
    ConnectFailedError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostNotFoundError,
)

__all__ = ["check_address", "client_endpoint", "connect_failure", "is_connected_to_itself"]


def check_address(host: object, port: object) -> None:
    """Refuse a host or a port that no connection can be made to.

    Parameters
    ----------
    host
        A name or a literal address.
    port
        The number of a port.

    Raises
    ------
    TypeError
        If the host is not a str, or the port is not an int.
    ValueError
        If the host is empty, or the port is not from 1 to 65535.
    """
    if not isinstance(host, str):
        raise TypeError(f"The host must be a str, not {host!r}.")
    if not host:
        raise ValueError("The host must not be empty.")
    # A bool is an int, but no port.
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"The port must be an int, not {port!r}.")
    if not 0 < port < 2**16:
        raise ValueError(f"The port must be from 1 to 65535, not {port!r}.")


def client_endpoint(reactor: object, host: str, port: int, timeout: float) -> IStreamClientEndpoint:
    """Return the endpoint for a host and a port.

    Parameters
    ----------
    reactor
        The reactor.
    host
        A name or a literal address.  A literal is not looked up.
    port
        The port.
    timeout
        Seconds that one address may take to answer.
    """
    if isIPAddress(host):
        return TCP4ClientEndpoint(reactor, host, port, timeout)
    if isIPv6Address(host):
        return TCP6ClientEndpoint(reactor, host, port, timeout)
    if "_" in host and IReactorPluggableNameResolver.providedBy(reactor):
        return _NameEndpoint(reactor, host, port, timeout)
    return HostnameEndpoint(reactor, host, port, timeout)


def is_connected_to_itself(transport: object) -> bool:
    """Return whether both ends of a TCP connection are the same socket.

    That can happen when nothing listens on a local port in the system's range for
    outgoing connections, such as 50000 on Linux.  The system may give a client that
    dials this port the same port as its own.  Then TCP connects the port to itself.

    Parameters
    ----------
    transport
        The transport of a connection.  A transport without IP addresses is never
        connected to itself.
    """
    if not ITransport.providedBy(transport):
        return False
    own = transport.getHost()
    return isinstance(own, IPv4Address | IPv6Address) and own == transport.getPeer()


@implementer(IStreamClientEndpoint)
class _NameEndpoint:
    """Connects to a name that `HostnameEndpoint` refuses.

    The rules for host names forbid an underscore, but names in container
    networks have one, and the system's resolver accepts it.  The addresses of
    the name are dialled one after the other.

    Parameters
    ----------
    reactor
        Looks up the name.
    host
        The name.
    port
        The port.
    timeout
        Seconds that one address may take to answer.
    """

    def __init__(
        self, reactor: IReactorPluggableNameResolver, host: str, port: int, timeout: float
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Implement `IStreamClientEndpoint`."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        receiver = _Addresses()
        self._reactor.nameResolver.resolveHostName(receiver, self._host, self._port)
        failure: Exception = error.DNSLookupError(f"no address for the host name {self._host!r}")
        for address in await receiver.complete:
            if isinstance(address, IPv4Address | IPv6Address):
                endpoint = client_endpoint(self._reactor, address.host, self._port, self._timeout)
                try:
                    return await endpoint.connect(factory)
                except error.ConnectError as connect_error:
                    failure = connect_error
        raise failure


@implementer(IResolutionReceiver)
class _Addresses:
    """Collects the addresses of a name."""

    def __init__(self) -> None:
        self._found: list[IAddress] = []
        #: Fires with all addresses.
        self.complete: Deferred[list[IAddress]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Implement `IResolutionReceiver`."""

    def addressResolved(self, address: IAddress) -> None:
        """Implement `IResolutionReceiver`."""
        self._found.append(address)

    def resolutionComplete(self) -> None:
        """Implement `IResolutionReceiver`.  This may be called after the waiting was cancelled."""
        if not self.complete.called:
            self.complete.callback(self._found)


def connect_failure(host: str, port: int, reason: Failure) -> ConnectFailedError:
    """Return our error for the failure of an endpoint, with that failure as its cause."""
    failed = _class_for(reason)(host, port, reason.value)
    failed.__cause__ = reason.value
    return failed


def _class_for(reason: Failure) -> type[ConnectFailedError]:
    if reason.check(error.ConnectionRefusedError, ConnectionRefusedError):
        return ConnectRefusedError
    if reason.check(error.TimeoutError, error.TCPTimedOutError, defer.TimeoutError, TimeoutError):
        return ConnectTimeoutError
    if reason.check(error.DNSLookupError, error.UnknownHostError):
        return HostNotFoundError
    return ConnectFailedError
