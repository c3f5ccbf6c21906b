"""Types of the reactors, clocks and endpoints that users pass in.

Twisted declares its interfaces with zope, which a type checker does not understand without
a plugin: it does not accept a `Clock` as an IReactorTime.  So the public signatures also
accept any object that has the methods that are used.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

from twisted.internet.interfaces import IProtocolFactory, IReactorTime, IStreamClientEndpoint

__all__ = [
    "Endpoint",
    "EndpointLike",
    "ProtocolFactory",
    "ProtocolFactoryLike",
    "Reactor",
    "ReactorLike",
    "as_endpoint",
    "as_reactor",
]


class ReactorLike(Protocol):
    """Tells the time and calls functions later: a reactor or a `Clock`."""

    def seconds(self) -> float:
        """Return the time, in seconds."""

    def callLater(
        self, delay: float, callable: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Call a function after so many seconds."""


class EndpointLike(Protocol):
    """Makes connections: any of Twisted's client endpoints."""

    def connect(self, protocolFactory: Any, /) -> Any:
        """Return a Deferred of the connected protocol."""


class ProtocolFactoryLike(Protocol):
    """Makes protocols: any of Twisted's factories."""

    def buildProtocol(self, addr: Any, /) -> Any:
        """Return the protocol for a connection."""


#: A reactor, or a clock if only the time is needed.
Reactor: TypeAlias = IReactorTime | ReactorLike

#: A client endpoint.
Endpoint: TypeAlias = IStreamClientEndpoint | EndpointLike

#: A factory of protocols.
ProtocolFactory: TypeAlias = IProtocolFactory | ProtocolFactoryLike


def as_endpoint(endpoint: Endpoint) -> IStreamClientEndpoint:
    """Return an endpoint with the type that Twisted declares."""
    return cast(IStreamClientEndpoint, endpoint)


def as_reactor(reactor: Reactor) -> IReactorTime:
    """Return a reactor with the type that Twisted declares.

    The object is not checked.  If it lacks a method, an error is raised when that
    method is called.
    """
    return cast(IReactorTime, reactor)
