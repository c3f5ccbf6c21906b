"""The way to the controller, and what it means when there is none."""

from twisted.internet import defer, error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from ..errors import (
    ConnectFailedError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostNotFoundError,
)

__all__ = ["client_endpoint", "connect_failure"]


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
    return HostnameEndpoint(reactor, host, port, timeout)


def connect_failure(host: str, port: int, reason: Failure) -> ConnectFailedError:
    """Return the error to raise for what an endpoint failed with, which is its cause."""
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
