"""A small control program, as users write them: it has no errors for either type checker."""

import asyncio
from collections.abc import Generator
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import HostnameEndpoint, clientFromString
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.task import Clock
from typing_extensions import assert_type

from m2com_twisted import (
    ActuatorDisplacementUnit,
    CellControllerService,
    CommandActuator,
    CommandError,
    CommandOutcome,
    ControllerState,
    Elevation,
    ElevationFeeder,
    InnerLoopControlMode,
    MsgType,
    PowerType,
    TcpClient,
    aio,
)
from m2com_twisted.catalogue import actuators, commands, events, faults, feeds, telemetry
from m2com_twisted.simulator import CellController
from m2com_twisted.testing import MemoryBench, MemoryPort, ScriptedController, VirtualClock


class Control:
    """Enables the mirror and keeps what it is told."""

    def __init__(self, service: CellControllerService) -> None:
        self.service = service
        self.power: dict[PowerType, bool] = {}
        self.forces: tuple[float, ...] = ()
        self.unknown: list[str] = []
        service.subscribe(events.PowerSystemState, self.on_power)
        service.subscribe(telemetry.AxialForce, self.on_forces)
        service.subscribe(events.SummaryFaultsStatus, self.on_faults)
        service.subscribe(events.Interlock, lambda event: print(event.state))
        self.subscription = service.subscribe(events.Unknown, self.on_unknown)

    def on_power(self, event: events.PowerSystemState) -> None:
        """Note which power is on."""
        self.power[event.power_type] = event.status

    async def on_forces(self, topic: telemetry.AxialForce) -> None:
        """Note the forces, in N."""
        self.forces = topic.measured
        await self.service.run(commands.ClearErrors())

    @inlineCallbacks
    def on_faults(
        self, event: events.SummaryFaultsStatus
    ) -> Generator[Deferred[Any], object, None]:
        """Take the power away on a fault."""
        for fault in faults.faults_in(event.status):
            print(fault.code, fault.advice)
        off = commands.Power(PowerType.Motor, False)
        yield Deferred.fromCoroutine(self.service.run(off))

    def on_unknown(self, message: events.Unknown) -> None:
        """Note what a newer controller says."""
        self.unknown.append(f"{message.raw}: {message.reason}")
        self.subscription.cancel()

    async def enable(self) -> float:
        """Switch on, and return how long it took."""
        outcome = await self.service.run(commands.Power(PowerType.Motor, True), timeout=90)
        assert_type(outcome, CommandOutcome[commands.Power])
        power = assert_type(outcome.request, commands.Power)
        print(power.power_type.name, self.describe(outcome))
        await self.service.run(
            commands.SetInnerLoopControlMode(range(84), InnerLoopControlMode.Enabled)
        )
        await self.service.run(commands.ApplyForces(axial=[0.0] * 72, tangent=(0, 0, 0, 0, 0, 1)))
        await self.service.run(
            commands.MoveActuators(
                CommandActuator.Start,
                [actuators.BY_NAME["B12"].index],
                5,
                ActuatorDisplacementUnit.Step,
            )
        )
        await self.service.write(feeds.MountElevation(45))
        return outcome.latency

    def describe(self, outcome: CommandOutcome) -> str:
        """Return the name of any command that succeeded."""
        return outcome.command


async def by_name(client: TcpClient) -> str:
    """Send by name, as before there were classes."""
    try:
        outcome = await client.run_command("power", {"powerType": PowerType.Motor, "status": True})
    except CommandError as error:
        return str(error.stage)
    await client.write_message(MsgType.Telemetry, "elevation", {"actualPosition": 1.0}, "MTMount")
    return outcome.command


def read(message: dict[str, Any], line: bytes) -> str:
    """Tell events apart by their classes."""
    event = events.parse(message)
    if isinstance(event, events.PowerSystemState):
        return event.state.name
    if isinstance(event, events.Unknown):
        return event.reason
    topic = telemetry.decode(line)
    if isinstance(topic, telemetry.Position):
        return f"{topic.x:.1f} um"
    return event.name


async def on_message(prefix: str, message: dict[str, Any]) -> None:
    """Take a message."""
    print(prefix, message["id"])


def clients(reactor: IReactorTime, endpoint: IStreamClientEndpoint) -> list[TcpClient]:
    """Make clients with all that users hand in."""
    clock = Clock()
    return [
        TcpClient("m2.example", 50000, on_message, "prefix"),
        TcpClient("m2.example", 50000, on_message, "prefix", reactor=clock),
        TcpClient("m2.example", 50000, on_message, "prefix", reactor=VirtualClock()),
        TcpClient("m2.example", 50000, on_message, "prefix", reactor=reactor, endpoint=endpoint),
        TcpClient(
            "m2.example",
            50000,
            on_message,
            "prefix",
            endpoint=HostnameEndpoint(reactor, "m2.example", 50000),
            connect_callback=lambda client: print(client.connected),
        ),
        TcpClient(
            "m2.example", 1, on_message, "prefix", endpoint=clientFromString(reactor, "tcp:x:1")
        ),
    ]


def with_the_installed_reactor() -> TcpClient:
    """Pass the reactor as it is imported."""
    from twisted.internet import reactor

    return TcpClient("m2.example", 50000, on_message, reactor=reactor)


def service_with_all(script: ScriptedController) -> CellControllerService:
    """Make a service with callbacks and fakes of the kit."""

    def on_state(state: ControllerState) -> None:
        print(state.both_up)

    parent = MultiService()
    service = CellControllerService(
        "m2.example",
        on_event=on_message,
        on_telemetry=lambda message: print(message["id"]),
        on_state=on_state,
        elevation=ElevationFeeder(lambda: Elevation(45.0, 0.0)),
        reactor=Clock(),
        command_endpoint=MemoryPort(script.factory, Clock()),
    )
    service.setServiceParent(parent)
    return service


async def with_the_kit() -> None:
    """Use the simulator in memory."""
    bench = MemoryBench()
    await bench.start()
    bench.clock.advance(1.0)
    client = bench.client("command", on_message)
    await client.connect()
    await bench.commands.run(commands.Power(PowerType.Communication, True))
    await bench.stop()
    controller = CellController(reactor=Clock(), clock=Clock())
    await controller.start()


async def with_asyncio() -> None:
    """Run a command in an asyncio task."""
    async with aio.TcpClient("m2.example", 50000, on_message, "prefix") as client:
        outcome = await asyncio.wait_for(client.run(commands.SetEnabledFaultsMask(1)), 10)
        print(outcome.request.mask)
