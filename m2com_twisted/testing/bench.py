"""A test bench: a simulator and its clients, over sockets."""

from abc import ABC, abstractmethod
from typing import Any, Literal, NamedTuple, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import (
    IListeningPort,
    IReactorTCP,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.task import deferLater

from ..delivery.delivery import MessageCallback
from ..simulator import DEFAULT, CellController, Profile
from ..support.interfaces import Reactor, as_reactor
from ..tcp_client import TcpClient
from ..wire.codec import Message
from .error_log import ErrorLog, owner_of, running_of_ours
from .message_log import MessageLog
from .scripted import ScriptedController

__all__ = ["Address", "Bench", "PortName", "SocketBench"]

#: A port of the simulator.
PortName = Literal["command", "telemetry"]

_HOST = "127.0.0.1"

#: Turns that the reactor gets before the bench looks for what is left running: one to run
#: the calls that are due, one to notice the sockets that closed.
_TURNS = 2


class Address(NamedTuple):
    """The address that a client connects to."""

    host: str
    port: int
    endpoint: IStreamClientEndpoint | None


class Bench(ABC):
    """A running simulator with connected clients, and a check at the end.

    Attributes
    ----------
    clock
        Clock of the simulator and the clients.
    controller
        The simulator.
    commands, telemetry
        A client for each of its ports; set by `start`.
    events, measurements
        The messages that each of the two clients has received.
    """

    commands: TcpClient
    telemetry: TcpClient

    def __init__(
        self, clock: IReactorTime, controller: CellController, connect: tuple[PortName, ...]
    ) -> None:
        self.clock = clock
        self.controller = controller
        self.events = MessageLog(clock)
        self.measurements = MessageLog(clock)
        self._connect = connect
        self._clients: list[TcpClient] = []
        self._scripts: list[ScriptedController] = []
        self._errors = ErrorLog()
        self._flushed_unseen = 0
        self._running_before = [owner_of(one) for one in running_of_ours(clock)]

    @abstractmethod
    async def start_controller(self) -> None:
        """Let the simulator accept clients, also after it was stopped or has rebooted."""

    @abstractmethod
    def _address(self, port: PortName | ScriptedController) -> Address:
        """Return the address of a port."""

    @abstractmethod
    def _offer(self, script: ScriptedController) -> None:
        """Let a scripted controller accept clients."""

    async def _withdraw_scripts(self) -> None:
        """Stop the scripted controllers."""
        for script in self._scripts:
            script.stop()

    async def start(self) -> None:
        """Start the simulator and connect the clients.  A failure leaves nothing running."""
        self._errors.start()
        try:
            await self.start_controller()
            # The method is passed, because a client has to wrap an object that is not itself a
            # coroutine function.
            self.commands = self.client("command", self.events.__call__)
            self.telemetry = self.client("telemetry", self.measurements.__call__)
            for port in self._connect:
                await (self.commands if port == "command" else self.telemetry).connect()
        except BaseException:
            await self.end()
            raise

    async def stop(self) -> None:
        """Close the clients and the simulator, and check what happened.

        Raises
        ------
        AssertionError
            If an error was logged and not flushed, if a script was not
            followed, or if anything of this package is still running.
        """
        await self.end()
        problems = self._problems()
        if problems:
            raise AssertionError("\n".join(problems))

    async def end(self) -> None:
        """Close the clients and the simulator without the check."""
        for client in self._clients:
            await client.close()
        await self._withdraw_scripts()
        await self.controller.stop()
        for _ in range(_TURNS):
            await self.sleep(0)
        self._errors.stop()

    def client(
        self,
        port: PortName | ScriptedController,
        callback: MessageCallback | None = None,
        **options: Any,
    ) -> TcpClient:
        """Return another client, which is not connected yet; the bench closes it at the end.

        Parameters
        ----------
        port
            Port to connect to.
        callback
            Callback for its messages.  None: they are dropped.
        **options
            Options of `TcpClient`.
        """
        host, number, endpoint = self._address(port)
        options.setdefault("name", port if isinstance(port, str) else "scripted")
        client = TcpClient(
            host,
            number,
            _drop if callback is None else callback,
            reactor=self.clock,
            endpoint=endpoint,
            **options,
        )
        self._clients.append(client)
        return client

    def scripted_controller(self) -> ScriptedController:
        """Return a controller that follows a script, in place of the simulator."""
        script = ScriptedController(self.clock)
        self._scripts.append(script)
        self._offer(script)
        return script

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await deferLater(self.clock, seconds)

    def flush_errors(self, *error_types: type[BaseException]) -> list[str]:
        """Forget the errors that were logged so far, and return their texts.

        Call this for errors that the test expects.

        Parameters
        ----------
        *error_types
            Types of the errors to flush.  If none is given, all are flushed.
        """
        if not error_types:
            self._flushed_unseen += self._unseen_errors()
        return [record.getMessage() for record in self._errors.flush_errors(*error_types)]

    def _problems(self) -> list[str]:
        unseen = self._unseen_errors()
        return [
            *self._errors.problems(),
            *([f"{unseen} errors of callbacks did not reach the log."] if unseen > 0 else []),
            *(problem for script in self._scripts for problem in script.problems()),
            *sorted(f"Left running: {running}" for running in self._left_running()),
        ]

    def _unseen_errors(self) -> int:
        """Return how many errors of callbacks did not reach the log.

        A test may have disabled logging or configured it again.
        """
        failed = sum(client.stats.callback_errors for client in self._clients)
        return max(0, failed - self._errors.seen - self._flushed_unseen)

    def _left_running(self) -> list[object]:
        """Return the calls and sockets of this package that are still in the reactor."""
        before = list(self._running_before)
        left: list[object] = []
        for running in running_of_ours(self.clock):
            if owner_of(running) in before:
                before.remove(owner_of(running))
            else:
                left.append(running)
        return left


class SocketBench(Bench):
    """A bench on loopback sockets and a real reactor, with free ports.

    Parameters
    ----------
    reactor
        The reactor.
    profile, seed
        Profile and seed of the simulator.
    connect
        The clients that are connected from the start.
    """

    def __init__(
        self,
        reactor: Reactor,
        *,
        profile: Profile = DEFAULT,
        seed: int | None = 1,
        connect: tuple[PortName, ...] = ("command", "telemetry"),
    ) -> None:
        controller = CellController(profile=profile, seed=seed, reactor=reactor)
        super().__init__(as_reactor(reactor), controller, connect)
        self._listening: dict[ScriptedController, IListeningPort] = {}

    async def start_controller(self) -> None:
        """Override: start on the ports of the last start, if there was one."""
        await self.controller.start()

    def _address(self, port: PortName | ScriptedController) -> Address:
        if port == "command":
            return Address(_HOST, self.controller.command_port, None)
        if port == "telemetry":
            return Address(_HOST, self.controller.telemetry_port, None)
        return Address(_HOST, self.port_of(port), None)

    def port_of(self, script: ScriptedController) -> int:
        """Return the number of the port that a scripted controller listens on."""
        return cast(IPv4Address, self._listening[script].getHost()).port

    def _offer(self, script: ScriptedController) -> None:
        listen = IReactorTCP(self.clock).listenTCP
        self._listening[script] = listen(0, script.factory, interface=_HOST)

    async def _withdraw_scripts(self) -> None:
        for listening in self._listening.values():
            await maybeDeferred(listening.stopListening)
        await super()._withdraw_scripts()


async def _drop(message: Message) -> None:
    """Do nothing with a message."""
