"""Publishes to the hub the messages that a service receives from its controller."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall

from ..connection.state import ConnectionState
from ..support.log import NamedLog
from ..support.reactor_access import ReactorAccess
from ..wire.codec import Message
from .command_server import CommandServer, RunCommand
from .connection import HubConnection
from .connection_observer import ConnectionObserver
from .other_services import OtherServices
from .outbox import Outbox
from .sending import Sender, SendingStats
from .session import Session, Work
from .settings import HubSettings
from .streams import Retention, stream_configs

__all__ = ["ALIVE_INTERVAL", "HubPublisher", "HubStats"]

#: Seconds between two heartbeats.
ALIVE_INTERVAL = 1.0

# More topics than any controller has.  The limit protects the memory against invented names.
_MOST_TOPICS = 1000


@dataclass(frozen=True)
class HubStats:
    """The counters of a publisher."""

    #: Whether there is a connection to the hub.
    connected: bool
    #: Number of connections made so far.
    connects: int
    #: The reason why the last attempt failed or the last connection was lost.
    last_error: BaseException | None
    #: Number of messages published.  Events count when they are acknowledged.
    telemetry: int
    events: int
    #: Number of messages dropped because the hub did not accept them in time.
    dropped_telemetry: int
    dropped_events: int
    #: Number of messages that the server can never accept.
    unacceptable: int
    #: Number of bytes in the queue.
    waiting_bytes: int
    #: Whether this service receives requests for commands now.
    takes_commands: bool


class HubPublisher(Service):
    """Publishes events, telemetry and the state of the connections to the hub.

    Give its observers to the service, and start the publisher before the service::

        publisher = HubPublisher(HubSettings.parse("nats://hub.example"))
        controller = CellControllerService(
            "m2.example",
            command_observers=[publisher.observer("command")],
            telemetry_observers=[publisher.observer("telemetry")],
        )

    The hub cannot disturb the service: publishing puts the line into a
    bounded queue, and never waits or raises.

    Parameters
    ----------
    settings
        Address and credentials of the hub.
    retention
        Times for which the server keeps messages.  They are used only for streams that do not
        exist yet.
    log
        Its child ``hub`` is used.
    reactor
        None: the reactor that is installed at the start of the service.
    """

    name = "m2com-hub"

    def __init__(
        self,
        settings: HubSettings,
        *,
        retention: Retention | None = None,
        log: logging.Logger | None = None,
        reactor: IReactorFromThreads | None = None,
    ) -> None:
        self.settings = settings
        self.subjects = settings.subjects
        #: Identifies this publisher.  Every publisher has a different source.
        self.source = f"{settings.instance}-{time.time_ns():x}"
        self._log = NamedLog((log or logging.getLogger("m2com")).getChild("hub"), "hub")
        self._reactor = reactor
        self._outbox = Outbox(self.source, later=self._later)
        self._sending = SendingStats()
        configs = stream_configs(self.subjects, retention or Retention())
        sender = Sender(self._outbox, configs, self._sending, self._log)
        self._works: list[Work] = [sender.run]
        self._connection: HubConnection | None = None
        self._alive = LoopingCall(self._send_heartbeat)
        self._connected = False
        self._told_dropped = 0, 0
        self._observers: dict[str, ConnectionObserver] = {}
        self._server: CommandServer | None = None

    @property
    def stats(self) -> HubStats:
        """The present values of the counters."""
        connection, outbox = self._connection, self._outbox
        return HubStats(
            connected=self._connected,
            connects=0 if connection is None else connection.connects,
            last_error=None if connection is None else connection.last_error,
            telemetry=self._sending.telemetry,
            events=self._sending.events,
            dropped_telemetry=outbox.telemetry.dropped,
            dropped_events=outbox.events.dropped,
            unacceptable=self._sending.unacceptable,
            waiting_bytes=outbox.waiting_bytes,
            takes_commands=self._server is not None and self._server.takes_commands,
        )

    def observer(self, connection: str) -> ConnectionObserver:
        """Return the line observer for a connection, ``"command"`` or ``"telemetry"``."""
        outbox = self._outbox
        is_command = connection == "command"
        lane = outbox.events if is_command else outbox.telemetry
        observer = ConnectionObserver(
            self.subjects.of_event if is_command else self._telemetry_subject(),
            self.subjects.of_link(connection),
            partial(outbox.put, lane),
            partial(outbox.put, outbox.events),
            self._call_later,
        )
        self._observers[connection] = observer
        return observer

    def startService(self) -> None:
        """Override: start to connect."""
        if self.running:
            return
        Service.startService(self)
        reactor = self._found_reactor()
        self._connection = HubConnection(
            self.settings,
            f"m2com service of {self.settings.instance}",
            self._work,
            partial(reactor.callFromThread, self._changed),
            reactor=reactor,
            log=self._log,
        )
        self._connection.start()
        self._alive.clock = ReactorAccess(IReactorTime(reactor))
        self._alive.start(ALIVE_INTERVAL)

    def stopService(self) -> Deferred[None]:
        """Override: publish the queued messages if that takes only a moment, then disconnect."""
        Service.stopService(self)
        for observer in self._observers.values():
            observer.stop()
        if self._alive.running:
            self._alive.stop()
            # Readers, and a service that stands by, need not wait until this one is missed.
            self._send_heartbeat(is_last=True)
        connection = self._connection
        stopped: Deferred[None] = Deferred()
        if connection is None:
            stopped.callback(None)
            return stopped
        return connection.stop()

    def serve(self, run_command: RunCommand, allowed: Collection[str]) -> None:
        """Accept some commands from the hub as well.  Call this before `startService`.

        Parameters
        ----------
        run_command
            `CellControllerService.run_command` of the service.
        allowed
            Names of the commands that may be sent through the hub.
        """
        server = CommandServer(
            self.subjects,
            self.source,
            run_command,
            self._is_connected,
            allowed,
            call=self._call,
            reactor=self._found_reactor(),
            log=self._log,
        )
        self._server = server
        self._works.append(server.run)

    def take_over(self, dial_now: Callable[[], object]) -> None:
        """Let a service that stands by dial at once when another one of the instance has ended.

        Call this before `startService`.

        Parameters
        ----------
        dial_now
            `CellControllerService.dial_now` of the service.
        """
        call = partial(self._found_reactor().callFromThread, dial_now)
        self._works.append(OtherServices(self.subjects, self.source, call).run)

    def _is_connected(self) -> bool:
        observer = self._observers.get("command")
        return observer is not None and observer.state is ConnectionState.CONNECTED

    def _call(self, function: Callable[[Session], object]) -> bool:
        """Call a function in the loop of the present connection; see `HubConnection.call`."""
        return self._connection is not None and self._connection.call(function)

    async def _work(self, session: Session) -> None:
        await asyncio.gather(*(work(session) for work in self._works))

    def _changed(self, connected: bool) -> None:
        self._connected = connected
        dropped = self._outbox.telemetry.dropped, self._outbox.events.dropped
        if connected and dropped != self._told_dropped:
            self._log.warning(
                "The hub was away too long: %d messages of telemetry and %d events were dropped "
                "since the start",
                *dropped,
            )
            self._told_dropped = dropped

    def _later(self, function: Callable[[], None]) -> None:
        self._call_later(0, function)

    def _call_later(self, seconds: float, function: Callable[[], None]) -> IDelayedCall:
        return IReactorTime(self._found_reactor()).callLater(seconds, function)

    def _telemetry_subject(self) -> Callable[[Message], str]:
        """Return a function that makes the subject of each topic only once; there are 19 topics."""
        known: dict[object, str] = {}

        def subject_of(message: Message) -> str:
            topic = message.get("id")
            subject = known.get(topic)
            if subject is None:
                if len(known) > _MOST_TOPICS:
                    known.clear()
                subject = known[topic] = self.subjects.of_telemetry(str(topic))
            return subject

        return subject_of

    def _send_heartbeat(self, is_last: bool = False) -> None:
        states: dict[str, object] = {
            name: (ConnectionState.IDLE if is_last else observer.state).value
            for name, observer in self._observers.items()
        }
        states["told"] = {name: observer.told for name, observer in self._observers.items()}
        if is_last:
            states["ended"] = True

        def publish(session: Session) -> None:
            # Read in the thread that sends, so all messages up to this number have been sent.
            sent = self._outbox.telemetry.sent
            told = {"source": self.source, **states, "sent_telemetry": sent}
            session.spawn(session.client.publish(self.subjects.alive, json.dumps(told).encode()))

        self._call(publish)

    def _found_reactor(self) -> IReactorFromThreads:
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = IReactorFromThreads(reactor)
        return self._reactor
