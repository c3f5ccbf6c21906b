"""``m2com demo``: a demonstration of the client with a simulated controller."""

import errno
import json
import logging
from collections.abc import Callable

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ..catalogue.enums import PowerType
from ..catalogue.ports import COMMAND_PORT, TELEMETRY_PORT
from ..simulator import CellController
from ..tcp_client import TcpClient
from ..wire.codec import Message
from .hub_demo import HubDemo
from .options import listening_port_number
from .showing_handler import ShowingHandler
from .subcommand import Subcommand, finish
from .terminal import Terminal

__all__ = ["Demo", "DemoOptions"]

#: Events that are not shown, because they would hide all others.  84 of them come in the welcome,
#: and later 10 a second.
_FREQUENT_EVENTS = ("innerLoopControlMode", "m2AssemblyInPosition")

#: The position to move to, in micrometres and arcseconds.  At 5 um/s
#: (protocol-motion) a person sees the mirror move and arrive.
_POSITION = {"x": 12.0, "y": -6.0, "z": 15.0, "xRot": 0.0, "yRot": 0.0, "zRot": 0.0}

#: Seconds between two lines of telemetry.
_WATCH_INTERVAL = 0.5

#: Longest time of the reconnection, in seconds.  The first delay is at most 1.5 s.
_RECONNECT_TIME = 10.0


class Demo:
    """The controller, a client for each of its ports, and the steps of the demonstration.

    Parameters
    ----------
    reactor
        The reactor.
    show
        Takes a line for people to read.
    watch_time
        Seconds for which telemetry is shown.
    ports, host
        Ports for commands and telemetry, and address of the controller.  0 means
        any free port.  None means the usual port, or a free one if that is taken.
    log_level
        The lowest level of the clients' log lines that are shown.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        show: Callable[[str], object],
        watch_time: float = 4.0,
        *,
        ports: tuple[int | None, int | None] = (0, 0),
        host: str = "127.0.0.1",
        log_level: int = logging.INFO,
    ) -> None:
        self._reactor = reactor
        self._show = show
        self._watch_time = watch_time
        self._ports = ports
        self._host = host
        self._latest: dict[str, Message] = {}
        self._log = logging.getLogger("m2com.demo")
        self._log.propagate = False
        self._log.setLevel(log_level)
        self._log_handler = ShowingHandler(lambda line: show(f"    log: {line}"))

    async def run(self) -> None:
        """Run the demo.

        Raises
        ------
        CannotListenError
            If a given port is taken.
        """
        controller = await self._start()
        self._log.addHandler(self._log_handler)
        try:
            await self._talk(controller)
        finally:
            await finish(controller.stop)
            self._log.removeHandler(self._log_handler)

    async def _start(self) -> CellController:
        """Start the controller.  If a default port is in use, take a free one."""
        taken = ""
        try:
            controller = await self._start_on(COMMAND_PORT, TELEMETRY_PORT)
        except CannotListenError as error:
            if None not in self._ports or error.socketError.errno != errno.EADDRINUSE:
                raise
            taken = f"; port {error.port} is taken"
            controller = await self._start_on(0, 0)
        where = f"{controller.interface}:{controller.command_port} and :{controller.telemetry_port}"
        self._show(f"A cell controller listens on {where}{taken}.")
        return controller

    async def _start_on(self, command_port: int, telemetry_port: int) -> CellController:
        """Start the controller on the given ports.  The arguments replace ports that are None."""
        command, telemetry = self._ports
        controller = CellController(
            command_port if command is None else command,
            telemetry_port if telemetry is None else telemetry,
            self._host,
            seed=1,
        )
        await controller.start()
        return controller

    async def _talk(self, controller: CellController) -> None:
        host = controller.interface
        commands = TcpClient(
            host, controller.command_port, self._show_event, log=self._log, name="command"
        )
        telemetry = TcpClient(
            host, controller.telemetry_port, self._keep_telemetry, log=self._log, name="telemetry"
        )
        async with commands, telemetry:
            await self._power(commands, on=True)
            await self._run(commands, "clearErrors")
            await self._run(commands, "switchForceBalanceSystem", status=True)
            await self._run(commands, "positionMirror", **_POSITION)
            await self._watch(telemetry)
            await self._lose_connection(commands, controller)
            await self._run(commands, "switchForceBalanceSystem", status=False)
            await self._power(commands, on=False)
        self._show("Both clients are closed.")

    async def _power(self, client: TcpClient, on: bool) -> None:
        """Switch communication on before the motors, and off after them."""
        order = [PowerType.Communication, PowerType.Motor]
        for power_type in order if on else reversed(order):
            await self._run(client, "power", powerType=power_type, status=on)

    async def _run(self, client: TcpClient, name: str, **details: object) -> None:
        self._show("")
        self._show(f"> {name} {json.dumps(details)}")
        outcome = await client.run_command(name, details)
        # The outcome is known before the messages of its chunk are delivered.
        await deferLater(self._reactor, 0)
        self._show(f"  succeeded after {1000 * outcome.latency:.1f} ms")

    async def _watch(self, telemetry: TcpClient) -> None:
        """Show the position of the mirror for a while."""
        self._show("")
        self._show("Telemetry while it moves:")
        for _ in range(int(self._watch_time / _WATCH_INTERVAL)):
            await deferLater(self._reactor, _WATCH_INTERVAL)
            self._show(self._summary(telemetry.stats.message_rate))

    def _summary(self, rate: float) -> str:
        position = self._latest.get("position", {})
        where = "  ".join(f"{axis} {position.get(axis, 0.0):7.2f} um" for axis in "xyz")
        speed = f"{rate:3.0f} messages/s" if rate else ""
        force = self._latest.get("netForcesTotal", {}).get("fz", 0.0)
        zenith = self._latest.get("zenithAngle", {}).get("measured", 0.0)
        return f"  {where}   fz {force:8.1f} N   zenith {zenith:5.2f} deg   {speed}"

    async def _lose_connection(self, client: TcpClient, controller: CellController) -> None:
        """Let the controller drop the client, and wait until it is back."""
        self._show("")
        self._show("The controller drops the command connection:")
        controller.inject("drop")
        while client.connected:
            await deferLater(self._reactor, _WATCH_INTERVAL)
        await client.connect(_RECONNECT_TIME)

    async def _show_event(self, message: Message) -> None:
        if message["id"] not in _FREQUENT_EVENTS:
            self._show(f"  < {json.dumps(message):.110}")

    async def _keep_telemetry(self, message: Message) -> None:
        self._latest[message["id"]] = message


_COMMAND_HELP, _TELEMETRY_HELP = (
    f"Port for {what}; by default {port}, or a free one where that is taken."
    for what, port in (("commands and events", COMMAND_PORT), ("telemetry", TELEMETRY_PORT))
)


class DemoOptions(Subcommand):
    """Options of ``m2com demo``."""

    synopsis = "Usage: m2com demo [options]"
    longdesc = """Start a simulated controller, connect to it, power it up, move the mirror,
    lose the connection and get it back, power it down: ten seconds to watch."""
    example = "m2com demo"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["host", None, "127.0.0.1", "Address to listen at."],
        # None instead of the number.  A demo must run on any machine, so it may take
        # another port unless one is given.
        ["command-port", "c", None, _COMMAND_HELP, listening_port_number],
        ["telemetry-port", "t", None, _TELEMETRY_HELP, listening_port_number],
    ]
    optFlags = [  # noqa: RUF012
        ["hub", None, "Show the hub: a NATS server that is started here, and two readers."],
        ["verbose", "v", "Show all of the client's log."],
    ]

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        log_level = logging.DEBUG if self["verbose"] else logging.INFO
        if self["hub"]:
            await HubDemo(reactor, terminal.say, log_level).run()
            return 0
        demo = Demo(
            reactor,
            terminal.say,
            ports=(self["command-port"], self["telemetry-port"]),
            host=self["host"],
            log_level=log_level,
        )
        await demo.run()
        return 0
