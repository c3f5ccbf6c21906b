"""Write the tables of protocol.rst from the catalogue and the simulator.

    python -m docs.generate_protocol

replaces the tables between the markers of the page.  A test checks that the page has the tables
that the code gives.
"""

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from pathlib import Path

from docs.generated_tables import list_table, with_tables
from m2com_twisted.catalogue import enums, events, feeds, telemetry
from m2com_twisted.catalogue.describe import Field, fields_of, summary_of
from m2com_twisted.catalogue.faults import FAULTS
from m2com_twisted.catalogue.messages import TypedMessage
from m2com_twisted.simulator.commands.parameters import IGNORED
from m2com_twisted.simulator.commands.table import COMMANDS
from m2com_twisted.simulator.model.profiles import PROFILES
from m2com_twisted.simulator.ports.injection import INJECTIONS

__all__ = ["EVENTS", "PAGE", "page"]

PAGE = Path(__file__).with_name("protocol.rst")

#: The classes of the events; the statuses, which the page explains in words, are left out.
EVENTS = {
    name: event for name, event in events.BY_NAME.items() if not issubclass(event, events.Status)
}


def _commands() -> str:
    rows: list[tuple[str, ...]] = []
    for command in COMMANDS.values():
        rows.append((f"``{command.name}``", "", "", command.summary))
        for field in fields_of(command.declaration):
            notes = [_meaning(field)]
            if command.readers.get(field.name, field) is IGNORED:
                notes.append("The simulator ignores it.")
            elif not field.always_sent:
                notes.append("May be missing.")
            rows.append(("", f"``{field.wire_name}``", _kind(field), " ".join(notes)))
    return list_table(("Command", "Parameter", "Type", "Effect or meaning"), rows)


def _messages(title: str, messages: Mapping[str, type[TypedMessage]]) -> str:
    rows: list[tuple[str, ...]] = []
    for name, message in messages.items():
        rows.append((f"``{name}``", "", "", summary_of(message)))
        rows += [
            ("", f"``{field.wire_name}``", _kind(field), _meaning(field))
            for field in fields_of(message)
        ]
    return list_table((title, "Field", "Type", "Meaning"), rows)


def _kind(field: Field) -> str:
    """Return the type as it is on the wire, where enumerations are integers."""
    return f"int, {field.kind}" if field.options else field.kind


def _meaning(field: Field) -> str:
    """Return description, unit and range."""
    facts = ", ".join(filter(None, [field.unit, str(field.limits)]))
    return f"{field.description.rstrip('.')} ({facts})." if facts else field.description


def _faults() -> str:
    rows = [
        (
            str(fault.bit),
            str(fault.code),
            fault.severity.value,
            fault.name,
            fault.meaning,
            fault.advice,
        )
        for fault in FAULTS
    ]
    return list_table(("Bit", "Code", "Severity", "Name", "Meaning", "Advice"), rows)


def _enums() -> str:
    rows = []
    for name in enums.__all__:
        members = getattr(enums, name)
        # Names that exist only in client code are not on the wire.
        if name in ("MsgType", "CommandStatus") or not issubclass(members, IntEnum | IntFlag):
            continue
        values = ", ".join(f"{member.value} {member.name}" for member in members)
        rows.append((name, values))
    return list_table(("Enumeration", "Values"), rows)


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
    return list_table(header, rows)


def _injections() -> str:
    rows = [
        (f"``{name}``", meaning)
        for name, meaning in INJECTIONS.items()
        if not name.startswith("fault-")
    ]
    rows.append(("``fault-CODE``", "raise the fault of this code"))
    return list_table(("Name", "What happens"), rows)


def page(text: str) -> str:
    """Return the text of the page with tables that are up to date."""
    tables = {
        "commands": _commands(),
        "events": _messages("Event", EVENTS),
        "feeds": _messages("Message", feeds.BY_NAME),
        "telemetry": _messages("Topic", telemetry.BY_NAME),
        "faults": _faults(),
        "enumerations": _enums(),
        "profiles": _profiles(),
        "injections": _injections(),
    }
    return with_tables(text, tables)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
