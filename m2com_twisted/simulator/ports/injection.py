"""The faults that can be injected.  A client must survive them.

A fault of a connection is injected into the connection of the present client.  If there is no
client, it is injected into the next connection.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ...catalogue.faults import FAULTS

__all__ = [
    "ANSWER_INJECTIONS",
    "CONNECTION_INJECTIONS",
    "FAULT_INJECTIONS",
    "INJECTIONS",
    "Injection",
]

#: Faults of a connection: name and meaning.
CONNECTION_INJECTIONS = {
    "drop": "close the connection in order",
    "reset": "reset the connection",
    "half-open": "neither send nor read any more, as if the cable were cut; "
    "the port takes a new client meanwhile",
    "silence": "send nothing any more, but read and act",
    "slow-drip": "send byte by byte, one in so many SECONDS",
    "accept-then-close": "close the next COUNT connections as soon as they are accepted",
    "garbage-line": "send a line that is not JSON",
    "oversize-line": "send a line of 2 MiB",
    "invalid-utf8": "send a line that is not UTF-8",
}

#: Faults of the replies to the next COUNT commands: name and meaning.
ANSWER_INJECTIONS = {
    "late-ack": "wait for so many SECONDS before the acknowledgement, and all after it",
    "missing-ack": "leave out the acknowledgement",
    "missing-success": "leave out the final answer, be it success or fail",
    "duplicate-success": "give the final answer twice",
    "wrong-id": "give the final answer with the sequence id of a command never sent",
}

#: Faults of the mirror, raised in the model: name and meaning.
FAULT_INJECTIONS = {
    f"fault-{fault.code}": f"{fault.severity.value}: {fault.name}" for fault in FAULTS
}

#: All injections.
INJECTIONS = CONNECTION_INJECTIONS | ANSWER_INJECTIONS | FAULT_INJECTIONS


@dataclass(frozen=True)
class Injection:
    """One fault to be injected.

    Attributes
    ----------
    name
        One of `INJECTIONS`.
    port
        The port whose connection is affected.  Not used for replies and for faults of the mirror.
    count
        Number of commands or connections.
    seconds
        Delay, or seconds between two bytes.  None: a delay of 1 s, or 10 ms between bytes.
    at
        Seconds from now until the fault is injected.

    Raises
    ------
    ValueError
        If there is no such injection, or a number is out of range.
    """

    name: str
    port: Literal["command", "telemetry"] = "command"
    count: int = 1
    seconds: float | None = None
    at: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in INJECTIONS:
            raise ValueError(f"no injection is called {self.name!r}")
        if self.port not in ("command", "telemetry"):
            raise ValueError(f"no port is called {self.port!r}")
        if self.count < 1 or not 0 <= self.at < math.inf:
            raise ValueError("count must be at least 1, and at a time from now")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise ValueError("seconds must be positive")

    @classmethod
    def parse(cls, text: str) -> "Injection":
        """Parse an injection, written as ``name:key=value:...``.

        Raises
        ------
        ValueError
            If the text is not an injection.
        """
        name, *settings = text.split(":")
        values: dict[str, object] = {}
        for setting in settings:
            key, separator, value = setting.partition("=")
            if not separator or key not in _READERS:
                raise ValueError(f"{setting!r} is none of {', '.join(_READERS)} = a value")
            values[key] = _READERS[key](value)
        return cls(name, **values)  # type: ignore[arg-type]  # checked on construction


#: The functions that parse the settings of an injection.
_READERS: dict[str, Callable[[str], object]] = {
    "port": str,
    "count": int,
    "seconds": float,
    "at": float,
}
