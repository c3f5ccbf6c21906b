"""Write the tables of protocol.rst from those of the simulator.

    python docs/generate_protocol.py

replaces what stands between ``.. begin NAME`` and ``.. end NAME``; a test
compares, so that page and simulator cannot drift apart.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum, IntFlag
from pathlib import Path

from m2com_twisted.catalogue import enums
from m2com_twisted.catalogue.faults import FAULTS
from m2com_twisted.simulator.commands.table import COMMANDS
from m2com_twisted.simulator.model.profiles import PROFILES
from m2com_twisted.simulator.ports.injection import INJECTIONS

__all__ = ["EVENTS", "PAGE", "TELEMETRY", "page"]

PAGE = Path(__file__).with_name("protocol.rst")

#: Type and meaning of each field of each event.
EVENTS: dict[str, dict[str, tuple[str, str]]] = {
    "tcpIpConnected": {"isConnected": ("bool", "true")},
    "commandableByDDS": {"state": ("bool", "whether the CSC may command")},
    "hardpointList": {"actuators": ("int[6]", "counted from 1")},
    "bypassedActuatorILCs": {"ilcs": ("int[]", "counted from 1; of the hardpoints the first")},
    "interlock": {"state": ("bool", "whether it is engaged")},
    "inclinationTelemetrySource": {"source": ("int", "InclinationTelemetrySource")},
    "temperatureOffset": {
        "ring": ("float[12]", "degC"),
        "intake": ("float[2]", "degC, always 0"),
        "exhaust": ("float[2]", "degC, always 0"),
    },
    "digitalInput": {"value": ("int", "bits of DigitalInput")},
    "digitalOutput": {"value": ("int", "bits of DigitalOutput")},
    "config": {
        "configuration": ("str", "name of the file"),
        "version": ("str", "from the name; empty if it does not parse, as the next two"),
        "controlParameters": ("str", "name of a folder"),
        "lutParameters": ("str", "name of a folder"),
        "powerWarningMotor": ("float", "percent"),
        "powerFaultMotor": ("float", "percent"),
        "powerThresholdMotor": ("float", "A"),
        "powerWarningComm": ("float", "percent"),
        "powerFaultComm": ("float", "percent"),
        "powerThresholdComm": ("float", "A"),
        "inPositionAxial": ("float", "N"),
        "inPositionTangent": ("float", "N"),
        "inPositionSample": ("float", "s"),
        "timeoutSal": ("float", "s"),
        "timeoutCrio": ("float", "s"),
        "timeoutIlc": ("int", "cycles"),
        "inclinometerDelta": ("float", "degrees"),
        "inclinometerDiffEnabled": ("bool", ""),
        "cellTemperatureDelta": ("float", "degC"),
    },
    "closedLoopControlMode": {"mode": ("int", "ClosedLoopControlMode")},
    "enabledFaultsMask": {"mask": ("int", "u64, bits of the faults below")},
    "configurationFiles": {"files": ("str[]", "names")},
    "powerSystemState": {
        "powerType": ("int", "PowerType"),
        "status": ("bool", "true in the states 3, 4 and 5"),
        "state": ("int", "PowerSystemState"),
    },
    "innerLoopControlMode": {
        "address": ("int", "0 to 83"),
        "mode": ("int", "InnerLoopControlMode"),
    },
    "forceBalanceSystemStatus": {"status": ("bool", "whether the loop is closed")},
    "summaryFaultsStatus": {"status": ("int", "u64, bits of the faults below")},
    "limitSwitchStatus": {
        "retract": ("int[]", "actuators from 0, sorted, newly triggered"),
        "extend": ("int[]", "the same"),
    },
    "openLoopMaxLimit": {"status": ("bool", "whether the wider limits hold")},
    "m2AssemblyInPosition": {
        "inPosition": ("bool", "true in every cycle; false only from commands")
    },
    "cellTemperatureHiWarning": {"hiWarning": ("bool", "true; false is never sent")},
    "scriptExecutionStatus": {"percentage": ("int", "1 to 100, in every cycle of a run")},
}

_FORCE = ("float", "N")
_MOMENT = ("float", "N m")
_VOLT = ("float", "V")
_AMPERE = ("float", "A")
_ARCSEC = ("float", "arcsec")
_UM = ("float", "um")
_POWER = {
    "motorVoltage": _VOLT,
    "motorCurrent": _AMPERE,
    "commVoltage": _VOLT,
    "commCurrent": _AMPERE,
}
_TILT = ("float", "arcsec; an exact 0 as int")
_POSE = {"x": _UM, "y": _UM, "z": _UM, "xRot": _TILT, "yRot": _TILT, "zRot": _ARCSEC}

#: Type and unit of each field of each telemetry topic.
TELEMETRY: dict[str, dict[str, tuple[str, str]]] = {
    "powerStatusRaw": _POWER,
    "powerStatus": _POWER,
    "displacementSensors": {"thetaZ": ("float[6]", "um"), "deltaZ": ("float[6]", "um")},
    "ilcData": {"status": ("int[78]", "high nibble: counter of the broadcast, 0 to 15")},
    "netForcesTotal": {"fx": _FORCE, "fy": _FORCE, "fz": _FORCE},
    "netMomentsTotal": {"mx": _MOMENT, "my": _MOMENT, "mz": _MOMENT},
    "axialForce": {
        "lutGravity": ("float[72]", "N"),
        "lutTemperature": ("float[72]", "N"),
        "applied": ("float[72]", "N"),
        "measured": ("float[72]", "N"),
        "hardpointCorrection": ("float[72]", "N"),
    },
    "tangentForce": {
        "lutGravity": ("float[6]", "N"),
        "lutTemperature": ("float[0]", "always empty"),
        "applied": ("float[6]", "N"),
        "measured": ("float[6]", "N"),
        "hardpointCorrection": ("float[6]", "N"),
    },
    "forceBalance": {
        "fx": _FORCE,
        "fy": _FORCE,
        "fz": _FORCE,
        "mx": _MOMENT,
        "my": _MOMENT,
        "mz": _MOMENT,
    },
    "position": _POSE,
    "positionIMS": _POSE | {"xRot": _ARCSEC, "yRot": _ARCSEC},
    "temperature": {
        "ring": ("float[12]", "degC"),
        "intake": ("float[2]", "degC"),
        "exhaust": ("float[2]", "degC"),
    },
    "zenithAngle": {
        "measured": ("float", "degrees"),
        "inclinometerRaw": ("float", "degrees"),
        "inclinometerProcessed": ("float", "degrees of elevation"),
    },
    "axialEncoderPositions": {"position": ("float[72]", "um")},
    "tangentEncoderPositions": {"position": ("float[6]", "um")},
    "axialActuatorSteps": {"steps": ("int[72]", "steps")},
    "tangentActuatorSteps": {"steps": ("int[6]", "steps")},
    "forceErrorTangent": {"force": ("float[6]", "N"), "weight": _FORCE, "sum": _FORCE},
    "inclinometerAngleTma": {"inclinometer": ("float", "degrees of elevation")},
}


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a list-table."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        for index, cell in enumerate(row):
            lines.append(f"   {'*' if index == 0 else ' '} - {cell}".rstrip())
    return "\n".join(lines)


def _commands() -> str:
    rows = []
    for command in COMMANDS.values():
        rows.append((f"``{command.name}``", "", "", command.summary))
        for parameter in command.parameters:
            notes = [parameter.meaning]
            if parameter.ignored:
                notes = ["ignored"]
            elif parameter.optional:
                notes.append("may be missing")
            rows.append(("", f"``{parameter.name}``", parameter.kind, "; ".join(notes)))
    return _table(("Command", "Parameter", "Type", "Effect or meaning"), rows)


def _fields(title: str, messages: dict[str, dict[str, tuple[str, str]]]) -> str:
    rows = []
    for name, fields in messages.items():
        shown = f"``{name}``"
        for field, (kind, meaning) in fields.items():
            rows.append((shown, f"``{field}``", kind, meaning))
            shown = ""
    return _table((title, "Field", "Type", "Meaning or unit"), rows)


def _faults() -> str:
    rows = [(str(fault.bit), str(fault.code), fault.severity.value, fault.name) for fault in FAULTS]
    return _table(("Bit", "Code", "Severity", "Name"), rows)


def _enums() -> str:
    rows = []
    for name in enums.__all__:
        members = getattr(enums, name)
        # What exists only in client code is not of the wire.
        if name in ("MsgType", "CommandStatus") or not issubclass(members, IntEnum | IntFlag):
            continue
        values = ", ".join(f"{member.value} {member.name}" for member in members)
        rows.append((name, values))
    return _table(("Enumeration", "Values"), rows)


def _profiles() -> str:
    rows = [
        (
            f"``{profile.name}``",
            "consecutive" if profile.consecutive_ids else "not checked",
            "every connection" if profile.welcome_always else "the first connection",
            "goes on" if profile.runs_alone else "stands still",
            f"one in {1000 * profile.command_interval:g} ms"
            if profile.command_interval
            else "at once",
            f"{sum(profile.power_times.on):g} s / {sum(profile.power_times.off):g} s",
        )
        for profile in PROFILES.values()
    ]
    header = ("Profile", "Sequence ids", "Welcome", "Without a client", "Commands", "Power on/off")
    return _table(header, rows)


def _injections() -> str:
    rows = [
        (f"``{name}``", meaning)
        for name, meaning in INJECTIONS.items()
        if not name.startswith("fault-")
    ]
    rows.append(("``fault-CODE``", "raise the fault of this code"))
    return _table(("Name", "What happens"), rows)


def page(text: str) -> str:
    """Return the text of the page with its tables as they should be."""
    tables = {
        "commands": _commands(),
        "events": _fields("Event", EVENTS),
        "telemetry": _fields("Topic", TELEMETRY),
        "faults": _faults(),
        "enumerations": _enums(),
        "profiles": _profiles(),
        "injections": _injections(),
    }
    for name, table in tables.items():
        begin, end = f".. begin {name}\n", f".. end {name}\n"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{table}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
