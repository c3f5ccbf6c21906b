"""Types of the arguments of users: reactors, clocks and endpoints.

Twisted declares its interfaces with zope, which a type checker without a plugin does
not understand: a `Clock` is no IReactorTime to it.  So the public signatures also take
whatever has the methods that are used.
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
    """What has the time and calls later: a reactor, a `Clock`."""

    def seconds(self) -> float:
        """Return the time, in seconds."""

    def callLater(
        self, delay: float, callable: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Call a function after so many seconds."""


class EndpointLike(Protocol):
    """What connects: any of Twisted's client endpoints."""

    def connect(self, protocolFactory: Any, /) -> Any:
        """Return a Deferred of the connected protocol."""


class ProtocolFactoryLike(Protocol):
    """What makes protocols: any of Twisted's factories."""

    def buildProtocol(self, addr: Any, /) -> Any:
        """Return the protocol for a connection."""


#: A reactor, or a clock where no more is needed.
Reactor: TypeAlias = IReactorTime | ReactorLike

#: A client endpoint.
Endpoint: TypeAlias = IStreamClientEndpoint | EndpointLike

#: A factory of protocols.
ProtocolFactory: TypeAlias = IProtocolFactory | ProtocolFactoryLike


def as_endpoint(endpoint: Endpoint) -> IStreamClientEndpoint:
    """Return an endpoint as Twisted names its type."""
    return cast(IStreamClientEndpoint, endpoint)


def as_reactor(reactor: Reactor) -> IReactorTime:
    """Return a reactor as Twisted names its type; what it cannot do shows when it is used."""
    return cast(IReactorTime, reactor)
