"""Messages that cannot be read, and what cannot be relied on after one.

A newer controller may tell a state that the catalogue does not have.  Then the state that it told
before is not so any more, though the new one is not known.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ..catalogue import events, telemetry
from .readings import Entry

__all__ = ["doubtful", "kind_of"]

#: The classes of all events and topics by their names on the wire.
_KINDS: dict[str, type] = {**events.BY_NAME, **telemetry.BY_NAME}

#: The field with the key of those that come by key.
_KEY_FIELDS = {
    events.PowerSystemState: "powerType",
    events.InnerLoopControlMode: "address",
}


def kind_of(message: events.Unknown) -> type | None:
    """Return the class that a message is of by its id; None if there is no such class."""
    name = message.raw.get("id")
    return _KINDS.get(name) if isinstance(name, str) else None


def doubtful(
    message: events.Unknown, by_key: Mapping[Any, Entry], latest: Entry | None
) -> Iterable[Entry]:
    """Return what cannot be relied on after a message that could not be read.

    Parameters
    ----------
    message
        The message.
    by_key
        The entries of its class, if they come by key.  If its key cannot be read, either, all
        of them are doubtful.
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
