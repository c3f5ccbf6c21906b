"""The proof of each command.

The success of a command means that the controller has accepted it.  It may come before the
effect.  A proof is an event or a telemetry message that is newer than the command.

Commands that are not in the table have no proof.  `WITHOUT_PROOF` contains the reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..catalogue import commands, events
from ..catalogue.enums import (
    ClosedLoopControlMode,
    CommandActuator,
    CommandScript,
    DigitalOutputStatus,
    InnerLoopControlMode,
    PowerSystemState,
)
from . import truths
from .memory import Memory
from .motion_proofs import arrived, offsets_are, steps_made
from .names import fault_names, ilc_names
from .proof import Proof, event_proof
from .settings import Settings

__all__ = ["PROVED_BY", "WITHOUT_PROOF", "proof_of"]

C = TypeVar("C", bound=commands.Command)

_Maker = Callable[[Any, Memory, Settings], Proof | None]


@dataclass(frozen=True)
class _Row:
    """The proof of one command, in words and as a function."""

    words: str
    make: _Maker


_TABLE: dict[type[commands.Command], _Row] = {}

#: The commands whose effect no message shows, with the reason.
WITHOUT_PROOF: dict[type[commands.Command], str] = {
    commands.ResetActuatorSteps: "no message is known to show it",
    commands.SaveMirrorPosition: "no message shows it",
}


def _proved(kind: type[C], words: str) -> Callable[[_Maker], _Maker]:
    """Return a decorator that puts a function into the table."""

    def put(make: _Maker) -> _Maker:
        _TABLE[kind] = _Row(words, make)
        return make

    return put


def proof_of(command: commands.Command, memory: Memory, settings: Settings) -> Proof | None:
    """Return the proof of a command that is to be sent.  None if the command has no proof."""
    row = _TABLE.get(type(command))
    return None if row is None else row.make(command, memory, settings)


@_proved(commands.Power, "powerSystemState of that type: PoweredOn or PoweredOff")
def _power(command: commands.Power, memory: Memory, settings: Settings) -> Proof:
    wanted = PowerSystemState.PoweredOn if command.status else PowerSystemState.PoweredOff

    def holds(since: int) -> bool:
        event = memory.last_power_state(command.power_type, since)
        return event is not None and event.state is wanted

    def seen() -> str:
        event = memory.last_power_state(command.power_type)
        return "nothing" if event is None else f"{event.power_type.name} power {event.state.name}"

    what = f"{command.power_type.name} power {wanted.name}"
    return Proof(what, holds, seen, timeout=settings.power_timeout)


@_proved(commands.ResetBreakers, "powerSystemState of that type: PoweredOn")
def _breakers(command: commands.ResetBreakers, memory: Memory, settings: Settings) -> Proof:
    def holds(since: int) -> bool:
        event = memory.last_power_state(command.power_type, since)
        return event is not None and event.state is PowerSystemState.PoweredOn

    def seen() -> str:
        event = memory.last_power_state(command.power_type)
        return "nothing" if event is None else f"{event.power_type.name} power {event.state.name}"

    what = f"{command.power_type.name} power PoweredOn again"
    return Proof(what, holds, seen, timeout=settings.breaker_timeout)


@_proved(
    commands.SwitchForceBalanceSystem,
    "forceBalanceSystemStatus, if bit 5 of digitalOutput does not deny it later",
)
def _loop(command: commands.SwitchForceBalanceSystem, memory: Memory, _: Settings) -> Proof:
    what = f"force balance {'on' if command.status else 'off'}"
    kind = events.ForceBalanceSystemStatus

    def fits(event: events.ForceBalanceSystemStatus) -> bool:
        # A later output bit with the opposite value makes the state of the loop unknown.
        return event.status is command.status is truths.loop_closed(memory).value

    return event_proof(memory, kind, what, fits)


@_proved(commands.ClearErrors, "summaryFaultsStatus 0, and still 0 after two cycles")
def _clear(command: commands.ClearErrors, memory: Memory, settings: Settings) -> Proof:
    def holds(since: int) -> bool:
        event = memory.last_event(events.SummaryFaultsStatus, since)
        return event is not None and not event.status

    def seen() -> str:
        if not memory.faults.is_known:
            return "nothing"
        return fault_names(memory.faults.current) or "no faults"

    return Proof("no faults, for good", holds, seen, hold=settings.clear_hold)


@_proved(commands.SetClosedLoopControlMode, "closedLoopControlMode")
def _mode(command: commands.SetClosedLoopControlMode, memory: Memory, _: Settings) -> Proof:
    wanted: ClosedLoopControlMode = command.mode
    return event_proof(
        memory,
        events.ClosedLoopControlMode,
        f"mode {wanted.name}",
        lambda event: event.mode is wanted,
    )


@_proved(commands.SetInnerLoopControlMode, "innerLoopControlMode of each address")
def _set_ilcs(
    command: commands.SetInnerLoopControlMode, memory: Memory, settings: Settings
) -> Proof:
    wanted: InnerLoopControlMode | None = command.mode
    if wanted is InnerLoopControlMode.ClearFaults:
        wanted = InnerLoopControlMode.Standby
    elif wanted in (InnerLoopControlMode.NoChange, InnerLoopControlMode.Unknown):
        wanted = None
    return _ilc_modes(command.addresses, wanted, memory, settings)


@_proved(commands.GetInnerLoopControlMode, "innerLoopControlMode of each address")
def _get_ilcs(
    command: commands.GetInnerLoopControlMode, memory: Memory, settings: Settings
) -> Proof:
    return _ilc_modes(command.addresses, None, memory, settings)


def _ilc_modes(
    addresses: Any, wanted: InnerLoopControlMode | None, memory: Memory, settings: Settings
) -> Proof:
    """Return the proof that each ILC has reported a mode: a given mode, or any."""

    def missing(since: int) -> list[int]:
        return [address for address in addresses if not fits(memory, address, since)]

    def fits(memory: Memory, address: int, since: int) -> bool:
        entry = memory.ilcs.get(address)
        if entry is None or entry.serial <= max(since, memory.command_since):
            return False
        return wanted is None or getattr(entry.message, "mode", None) is wanted

    def seen() -> str:
        others = missing(0)
        return f"otherwise: {ilc_names(others)}" if others else "an older word of each"

    what = "modes of all addressed ILCs" if wanted is None else f"{wanted.name} of all addressed"
    return Proof(what, lambda since: not missing(since), seen, timeout=settings.ilc_timeout)


@_proved(commands.SetTemperatureOffset, "temperatureOffset.ring")
def _temperature(command: commands.SetTemperatureOffset, memory: Memory, _: Settings) -> Proof:
    wanted = tuple(command.ring)
    kind = events.TemperatureOffset
    return event_proof(memory, kind, "these references", lambda event: tuple(event.ring) == wanted)


@_proved(commands.SwitchCommandSource, "commandableByDDS")
def _source(command: commands.SwitchCommandSource, memory: Memory, _: Settings) -> Proof:
    kind = events.CommandableByDDS
    return event_proof(
        memory, kind, "the new commander", lambda event: bool(event.state is command.is_remote)
    )


@_proved(commands.RunScript, "scriptExecutionStatus, of Run and Resume only")
def _script(command: commands.RunScript, memory: Memory, _: Settings) -> Proof | None:
    if command.script_command not in (CommandScript.Run, CommandScript.Resume):
        return None
    return event_proof(memory, events.ScriptExecutionStatus, "a percentage", lambda event: True)


@_proved(commands.EnableOpenLoopMaxLimit, "openLoopMaxLimit")
def _max_limit(command: commands.EnableOpenLoopMaxLimit, memory: Memory, _: Settings) -> Proof:
    what = f"wider limits {'on' if command.status else 'off'}"
    kind = events.OpenLoopMaxLimit
    return event_proof(memory, kind, what, lambda event: bool(event.status is command.status))


@_proved(commands.SwitchDigitalOutput, "the bit of digitalOutput; a toggled one only that it came")
def _output(command: commands.SwitchDigitalOutput, memory: Memory, _: Settings) -> Proof:
    before = memory.last_event(events.DigitalOutput)
    high: bool | None = command.status is DigitalOutputStatus.BinaryHighLevel
    if command.status is DigitalOutputStatus.ToggleBit:
        high = None if before is None else not before.value & command.bit

    def fits(event: events.DigitalOutput) -> bool:
        return high is None or bool(event.value & command.bit) is high

    return event_proof(memory, events.DigitalOutput, f"output {command.bit.name}", fits)


@_proved(commands.LoadConfiguration, "config")
def _load(command: commands.LoadConfiguration, memory: Memory, settings: Settings) -> Proof:
    timeout = settings.configuration_timeout
    return event_proof(
        memory, events.Config, "a configuration", lambda event: True, timeout=timeout
    )


@_proved(commands.SetConfigurationFile, "config.configuration")
def _file(command: commands.SetConfigurationFile, memory: Memory, _: Settings) -> Proof:
    what = f"configuration {command.file}"
    return event_proof(
        memory, events.Config, what, lambda event: bool(event.configuration == command.file)
    )


@_proved(commands.SetControlParameters, "inclinationTelemetrySource; nothing shows the others")
def _parameters(command: commands.SetControlParameters, memory: Memory, _: Settings) -> Proof:
    wanted = 2 if command.use_external_elevation_angle else 1
    kind = events.InclinationTelemetrySource
    return event_proof(memory, kind, "that source", lambda event: bool(event.source == wanted))


@_proved(commands.SetEnabledFaultsMask, "enabledFaultsMask")
def _mask(command: commands.SetEnabledFaultsMask, memory: Memory, _: Settings) -> Proof:
    kind = events.EnabledFaultsMask
    what = f"mask {command.mask:#x}"
    return event_proof(memory, kind, what, lambda event: bool(event.mask == command.mask))


@_proved(commands.SetHardpointList, "hardpointList, which counts from 1")
def _hardpoints(command: commands.SetHardpointList, memory: Memory, _: Settings) -> Proof:
    wanted = tuple(index + 1 for index in command.actuators)
    kind = events.HardpointList
    return event_proof(
        memory, kind, "these hardpoints", lambda event: tuple(event.actuators) == wanted
    )


@_proved(commands.RebootController, "the command port is lost")
def _reboot(command: commands.RebootController, memory: Memory, _: Settings) -> Proof:
    began = memory.command_since

    def holds(since: int) -> bool:
        return not memory.command_up or memory.command_since != began

    return Proof("the command port lost", holds, lambda: "it is connected", survives_loss=True)


@_proved(commands.ApplyForces, "the offsets in axialForce and tangentForce")
def _forces(command: commands.ApplyForces, memory: Memory, settings: Settings) -> Proof:
    return offsets_are(memory, settings, tuple(command.axial), tuple(command.tangent))


@_proved(commands.ResetForceOffsets, "all offsets 0 in axialForce and tangentForce")
def _no_forces(command: commands.ResetForceOffsets, memory: Memory, settings: Settings) -> Proof:
    return offsets_are(memory, settings, (0.0,) * 72, (0.0,) * 6)


@_proved(commands.PositionMirror, "position within the tolerance, and steady")
def _position(command: commands.PositionMirror, memory: Memory, settings: Settings) -> Proof:
    return arrived(memory, settings, command)


@_proved(commands.SetMirrorHome, "position near 0")
def _home(command: commands.SetMirrorHome, memory: Memory, settings: Settings) -> Proof:
    return arrived(memory, settings, commands.PositionMirror())


@_proved(commands.MoveActuators, "steps = steps before + displacement, of Start only")
def _actuators(command: commands.MoveActuators, memory: Memory, settings: Settings) -> Proof | None:
    if command.actuator_command is not CommandActuator.Start:
        return None
    return steps_made(memory, settings, command)


#: The proof of each command in words, by the class of the command.
PROVED_BY: dict[type[commands.Command], str] = {kind: row.words for kind, row in _TABLE.items()}
