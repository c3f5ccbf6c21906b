"""``m2com demo --hub``: a demonstration of a hub with one service and two readers."""

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import deferLater

from ..errors import CommandError, M2ComError
from ..service import CellControllerService
from ..simulator import CellController
from ..wire.codec import Message
from .extras import extra
from .showing_handler import ShowingHandler
from .subcommand import finish

if TYPE_CHECKING:
    from ..hub import HubPublisher, HubSettings, LocalServer, RemoteController

__all__ = ["HubDemo"]

#: Commands that the service of the demo accepts from the hub.
_ALLOWED = ("power", "clearErrors")

#: Longest time of a step, and time between two checks of it, in seconds.
_STEP_TIMEOUT, _CHECK_INTERVAL = 20.0, 0.05

#: Seconds without the hub, enough for some events.
_OUTAGE = 3.0


class HubDemo:
    """A hub on this machine, with a service and two readers.

    Parameters
    ----------
    reactor
        The reactor.
    show
        Takes a line for people to read.
    log_level
        The lowest level of the log lines that are shown.
    """

    def __init__(
        self, reactor: IReactorTime, show: Callable[[str], object], log_level: int = logging.INFO
    ) -> None:
        self._reactor = reactor
        self._threads = IReactorFromThreads(reactor)
        self._show = show
        self._log = logging.getLogger("m2com.demo")
        self._log.propagate = False
        self._log.setLevel(log_level)
        self._handler = ShowingHandler(lambda line: show(f"    log: {line}"))
        self._counts: dict[str, int] = {}

    async def run(self) -> None:
        """Run the demo.

        Raises
        ------
        M2ComError
            If there is no nats-server on this machine, or a step takes too long.
        """
        with extra("hub", "m2com demo --hub"):
            from ..hub import LocalServer
        server = LocalServer()
        self._log.addHandler(self._handler)
        controller = CellController(seed=1)
        try:
            server.start()
            await controller.start()
            await self._until("the server listens", server.is_listening)
            self._show(f"A NATS server listens at {server.url}, and a cell controller.")
            await self._with_service(server, controller)
        finally:
            await finish(controller.stop)
            server.close()
            self._log.removeHandler(self._handler)

    async def _with_service(self, server: "LocalServer", controller: CellController) -> None:
        from ..hub import HubPublisher, HubSettings

        settings = HubSettings.parse(server.url)
        publisher = HubPublisher(settings, log=self._log, reactor=self._threads)
        service = CellControllerService(
            "127.0.0.1",
            controller.command_port,
            controller.telemetry_port,
            command_observers=[publisher.observer("command")],
            telemetry_observers=[publisher.observer("telemetry")],
            log=self._log,
        )
        publisher.serve(service.run_command, _ALLOWED)
        publisher.startService()
        service.startService()
        try:
            await self._with_readers(server, settings, publisher)
        finally:
            await finish(service.stopService, publisher.stopService)

    async def _with_readers(
        self, server: "LocalServer", settings: "HubSettings", publisher: "HubPublisher"
    ) -> None:
        first, second = self._reader("first", settings), self._reader("second", settings)
        try:
            first.startService()
            await self._until("the first reader is up", lambda: first.state.both_up)
            await self._command(first, "power", powerType=1, status=True)
            await self._command(first, "positionMirror", x=1.0)
            second.startService()
            await self._until("the second reader is up", lambda: second.state.both_up)
            await deferLater(self._reactor, 1.0)
            self._show("The second reader came late, and got the last value of each event:")
            self._show_counts()
            await self._lose_server(server, publisher, [first, second])
        finally:
            await finish(first.stopService, second.stopService)
        self._show("")
        self._show("All is closed.")

    def _reader(self, name: str, settings: "HubSettings") -> "RemoteController":
        from ..hub import RemoteController

        self._counts[name] = 0

        def count(message: Message) -> None:
            self._counts[name] += 1

        def missed(port: str, number: int) -> None:
            self._show(f"  {name} reader: {number} messages of the {port} port are missing")

        return RemoteController(
            settings, on_event=count, on_missed=missed, log=self._log, reactor=self._threads
        )

    async def _command(self, reader: "RemoteController", name: str, **details: object) -> None:
        """Send a command through the hub and show its outcome."""
        self._show("")
        self._show(f"> {name} {json.dumps(details)}")
        try:
            outcome = await reader.run_command(name, details)
        except CommandError as error:
            self._show(f"  {error}")
        else:
            self._show(f"  succeeded after {1000 * outcome.latency:.1f} ms")

    async def _lose_server(
        self, server: "LocalServer", publisher: "HubPublisher", readers: list["RemoteController"]
    ) -> None:
        self._show("")
        self._show("The NATS server is killed; the service does not notice:")
        server.kill()
        await deferLater(self._reactor, _OUTAGE)
        self._show(f"  {publisher.stats.waiting_bytes} bytes wait for the server to be back")
        server.start()
        await self._until("all are back", lambda: all(one.state.both_up for one in readers))
        await deferLater(self._reactor, 1.0)
        self._show("Back. No event was lost:")
        self._show_counts()

    def _show_counts(self) -> None:
        for name, count in self._counts.items():
            self._show(f"  {name} reader: {count} events so far")

    async def _until(self, what: str, condition: Callable[[], bool]) -> None:
        give_up_at = self._reactor.seconds() + _STEP_TIMEOUT
        while not condition():
            if self._reactor.seconds() > give_up_at:
                raise M2ComError(f"It took more than {_STEP_TIMEOUT:g} s until {what}.")
            await deferLater(self._reactor, _CHECK_INTERVAL)
