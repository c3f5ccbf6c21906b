"""Puts the parts of a client together."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from twisted.internet.interfaces import IStreamClientEndpoint

from ..commands.sequence_ids import SequenceIds
from ..commands.table import CommandTable
from ..connection.endpoint import client_endpoint
from ..connection.line_taker import LineTaker
from ..connection.link import ReconnectingLink
from ..connection.outages import Outages
from ..connection.protocol import ConnectionOwner, MessageProtocol
from ..connection.retry import RetryPolicy
from ..delivery.backlog import Overflow
from ..delivery.delivery import Delivery, MessageCallback
from ..support.log import NamedLog
from ..support.reactor_access import ReactorAccess
from ..support.stats import Stats
from .inbound import Inbound
from .observers import LineObserver, LineObservers
from .sender import MessageSender

__all__ = ["Assembly", "ClientSettings", "assemble"]


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """The settings of a client; see `TcpClient`.

    The callbacks are called as they are.  If they need an adapter, the creator of
    the settings puts it around them.
    """

    host: str
    port: int
    callback: MessageCallback
    args: tuple[object, ...]
    connect_callback: Callable[[], object] | None
    observers: Iterable[LineObserver]
    sequence_generator: Iterator[int] | None
    check_message_rate: bool
    endpoint: IStreamClientEndpoint | None
    retry_policy: RetryPolicy | None
    max_line_length: int
    max_waiting_bytes: int
    max_queue_length: int
    overflow: Overflow
    timeout_from_first_message: bool


@dataclass(frozen=True)
class Assembly:
    """The parts of a client that are used from outside."""

    #: Connects and closes.
    link: ReconnectingLink
    #: Writes messages.
    sender: MessageSender
    #: Takes the received lines, and has the counters.
    inbound: Inbound
    #: Gives commands their ids.
    sequence_ids: SequenceIds
    #: The observers, which see each line.
    observers: LineObservers


def assemble(settings: ClientSettings, reactor: ReactorAccess, log: NamedLog) -> Assembly:
    """Return a client's parts.

    Parameters
    ----------
    settings
        Settings of the client.
    reactor
        The reactor, and the clock for durations.
    log
        Reports everything.
    """
    stats = Stats()
    commands = CommandTable(reactor, log)
    outages = Outages(reactor, stats, log)
    sequence_ids = SequenceIds(settings.sequence_generator)
    observers = LineObservers(settings.observers, clock=reactor, stats=stats, log=log)
    inbound = Inbound(
        clock=reactor,
        delivery=_delivery(settings, reactor, stats, log),
        commands=commands,
        observers=observers,
        outages=outages,
        stats=stats,
        log=log,
        log_rate=settings.check_message_rate,
    )
    link = ReconnectingLink(
        (settings.host, settings.port),
        endpoint=_endpoint_maker(settings, reactor),
        new_protocol=_protocol_maker(settings, reactor, stats, log, inbound),
        reactor=reactor,
        retry_policy=settings.retry_policy,
        user=inbound,
        outages=outages,
        log=log,
    )
    sender = MessageSender(link, commands, sequence_ids, reactor)
    return Assembly(link, sender, inbound, sequence_ids, observers)


def _delivery(
    settings: ClientSettings, reactor: ReactorAccess, stats: Stats, log: NamedLog
) -> Delivery:
    return Delivery(
        settings.callback,
        settings.args,
        settings.connect_callback,
        clock=reactor,
        stats=stats,
        log=log,
        max_length=settings.max_queue_length,
        overflow=settings.overflow,
    )


def _protocol_maker(
    settings: ClientSettings,
    reactor: ReactorAccess,
    stats: Stats,
    log: NamedLog,
    receiver: LineTaker,
) -> Callable[[ConnectionOwner], MessageProtocol]:
    """Return the function that returns a protocol for an owner."""
    return partial(
        MessageProtocol,
        receiver=receiver,
        clock=reactor,
        stats=stats,
        log=log,
        max_line_length=settings.max_line_length,
        max_waiting_bytes=settings.max_waiting_bytes,
        waits_for_first_line=settings.timeout_from_first_message,
    )


def _endpoint_maker(
    settings: ClientSettings, reactor: ReactorAccess
) -> Callable[[float], IStreamClientEndpoint]:
    """Return the function that returns an endpoint for a timeout in seconds."""
    endpoint, host, port = settings.endpoint, settings.host, settings.port
    if endpoint is not None:
        return lambda timeout: endpoint
    return lambda timeout: client_endpoint(reactor.get(), host, port, timeout)
