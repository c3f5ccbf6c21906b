"""Mistakes that both type checkers find, each marked with ``# error`` where they report it."""

from m2com_twisted import CellControllerService, CommandOutcome, PowerType, TcpClient
from m2com_twisted.catalogue import actuators, commands, enums, events, feeds, telemetry


async def wrong_commands(client: TcpClient, service: CellControllerService) -> None:
    """Names, parameters and values that do not exist, or are of another kind."""
    commands.Powre(PowerType.Motor, True)  # error
    commands.Power(PowerType.Motors, True)  # error
    commands.Power(1, True)  # error
    commands.Power(PowerType.Motor, "on")  # error
    commands.Power(PowerType.Motor)  # error
    commands.PositionMirror(x_rotation=1.0)  # error
    commands.PositionMirror(x="10 um")  # error
    commands.ApplyForces(axial=5.0, tangent=[0.0] * 6)  # error
    commands.ApplyForces([0.0] * 72)  # error
    commands.MoveActuators(enums.CommandActuator.Start, ["B12"], 1.0)  # error
    commands.MoveActuators(
        enums.CommandActuator.Start,
        [1],
        1.0,
        enums.ActuatorDisplacementUnit.Inch,  # error
    )
    commands.SetEnabledFaultsMask("0xFF")  # error
    await client.run("power")  # error
    await client.run(commands.ClearErrors)  # error
    await client.run(feeds.MountElevation(45.0))  # error
    await client.run(commands.ClearErrors(), timout=5.0)  # error
    await service.write(commands.ClearErrors())  # error
    await client.write_message("command", "power")  # error
    command = commands.PositionMirror(x=1.0)
    command.x = 2.0  # error


async def wrong_outcomes(client: TcpClient) -> CommandOutcome[commands.ClearErrors]:
    """Use the outcome of one command as that of another."""
    outcome = await client.run(commands.Power(PowerType.Motor, True))
    print(outcome.request.mode)  # error
    return outcome  # error


def wrong_callbacks(service: CellControllerService) -> None:
    """Callbacks of another message, with other parameters, or none at all."""

    def on_power(event: events.PowerSystemState) -> None:
        print(event.power_type.name)

    def nothing() -> None: ...

    service.subscribe(events.Interlock, on_power)  # error
    service.subscribe(events.PowerSystemState, nothing)  # error
    service.subscribe(events.PowerSystemState, on_power(None))  # error
    service.subscribe(commands.Power, print)  # error
    service.subscribe(events.PowerSystemState, lambda event: event.powerType)  # error
    service.subscribe(int, print)  # error
    CellControllerService("m2.example", on_state=lambda: None)  # error


def wrong_fields(message: dict[str, object]) -> None:
    """Fields that an event or a topic does not have."""
    event = events.parse(message)
    print(event.power_type)  # error
    if isinstance(event, events.PowerSystemState):
        print(event.power_typ)  # error
    topic = telemetry.parse(message)
    if isinstance(topic, telemetry.AxialForce):
        topic.measured.append(1.0)  # error
    print(actuators.BY_NAME["B12"].ilc)  # error
    TcpClient("m2.example", 50000, print, reactor="reactor")  # error
    TcpClient("m2.example", 50000, print, endpoint="tcp:m2.example:50000")  # error
