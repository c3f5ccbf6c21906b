"""A test bench: a simulator and its clients, in memory."""

from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from ..connection.retry import default_retry_policy
from ..delivery.delivery import MessageCallback
from ..simulator import DEFAULT, CellController, Profile
from ..tcp_client import TcpClient
from .bench import Address, Bench, PortName
from .clock import VirtualClock
from .memory import MemoryPort
from .scripted import ScriptedController

__all__ = ["MemoryBench"]

T = TypeVar("T")


class MemoryBench(Bench):
    """A bench without sockets, reactor or real time.

    Parameters
    ----------
    profile
        Profile of the simulator.
    seed
        Seed of the simulator's noise and of the jitter of the clients' delays.
    connect
        The clients that are connected from the start.  Leave out telemetry in a
        long scenario that does not need it.  Telemetry takes most of the time, and
        is made only while a client is connected.

    Attributes
    ----------
    ports
        The simulator's ports in memory, by name.  Each is an endpoint for other
        clients, and can be set to refuse connections.
    """

    clock: VirtualClock

    def __init__(
        self,
        *,
        profile: Profile = DEFAULT,
        seed: int | None = 1,
        connect: tuple[PortName, ...] = ("command", "telemetry"),
    ) -> None:
        clock = VirtualClock()
        controller = CellController(profile=profile, seed=seed, clock=clock)
        super().__init__(clock, controller, connect)
        self.ports: dict[PortName | ScriptedController, MemoryPort] = {
            "command": MemoryPort(controller.command_factory, clock),
            "telemetry": MemoryPort(controller.telemetry_factory, clock),
        }
        self._retry_policy = default_retry_policy(Random(seed).random)

    def client(
        self,
        port: PortName | ScriptedController,
        callback: MessageCallback | None = None,
        **options: Any,
    ) -> TcpClient:
        """Override: the delays before reconnecting are the same in each run."""
        return super().client(port, callback, **{"retry_policy": self._retry_policy, **options})

    def run(self, coroutine: Coroutine[Deferred[Any], Any, T], within: float = 3600.0) -> T:
        """Let time pass until a coroutine is done: see `VirtualClock.run`."""
        return self.clock.run(coroutine, within)

    def advance(self, seconds: float) -> None:
        """Let time pass for the simulator and the clients together."""
        self.clock.advance(seconds)

    async def start_controller(self) -> None:
        """Override: start in memory."""
        self.controller.start_loops()

    def _left_running(self) -> list[object]:
        waiting = [
            f"an attempt to connect to the port {name!r}"
            for name, port in self.ports.items()
            for _ in port.unanswered
        ]
        return [*super()._left_running(), *waiting]

    def _address(self, port: PortName | ScriptedController) -> Address:
        return Address("memory", 0, self.ports[port])

    def _offer(self, script: ScriptedController) -> None:
        self.ports[script] = MemoryPort(script.factory, self.clock)
