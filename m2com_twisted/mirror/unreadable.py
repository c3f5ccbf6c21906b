"""Messages that cannot be read, and the entries that they make old.

A newer controller may report a state that the catalogue does not contain.  Then the new state is
not known, and the state that was reported before is not true any more.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ..catalogue import events, telemetry
from .readings import Entry

__all__ = ["doubtful", "kind_of"]

#: The classes of all events and topics by their names on the wire.
_KINDS: dict[str, type] = {**events.BY_NAME, **telemetry.BY_NAME}

#: The field that contains the key, for the classes that have a message for each key.
_KEY_FIELDS = {
    events.PowerSystemState: "powerType",
    events.InnerLoopControlMode: "address",
}


def kind_of(message: events.Unknown) -> type | None:
    """Return the class that belongs to the id of a message.  None if there is no such class."""
    name = message.raw.get("id")
    return _KINDS.get(name) if isinstance(name, str) else None


def doubtful(
    message: events.Unknown, by_key: Mapping[Any, Entry], latest: Entry | None
) -> Iterable[Entry]:
    """Return the entries that are not reliable after an unreadable message.

    Parameters
    ----------
    message
        The message.
    by_key
        The entries of its class, if there is one entry for each key.  If the key cannot be read
        either, all entries are doubtful.
    latest
        The last message of its class, if there was one.
    """
    found: list[Entry] = [] if latest is None else [latest]
    if by_key:
        kind = kind_of(message)
        key = message.raw.get(_KEY_FIELDS[kind]) if kind in _KEY_FIELDS else None
        is_known = isinstance(key, int) and key in by_key
        found += [by_key[key]] if is_known else by_key.values()
    return found
