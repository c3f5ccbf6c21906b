"""The state of a mirror, with messages that a test chooses."""

from typing import Any

from m2com_twisted.catalogue import events, telemetry
from m2com_twisted.mirror import MirrorState

#: A summary with the fault of the limit switch in closed loop, and one with a warning, which does
#: not open the loop.
FAULT_6056, WARNING_6078 = 1 << 6, 1 << 21


class Told:
    """The state of a mirror, with a clock and methods that give it messages."""

    def __init__(self) -> None:
        self.now = 100.0
        self.state = MirrorState(lambda: self.now)
        self.state.command_connection(True)
        self.state.telemetry_connection(True)

    def event(self, name: str, **fields: Any) -> None:
        """Let the controller send an event, with the names on the wire."""
        typed = events.parse({"id": name, **fields})
        assert not isinstance(typed, events.Unknown), typed
        self.state.receive(typed, self.now)

    def telemetry(self, name: str, **fields: Any) -> None:
        """Let the controller send telemetry, with the names on the wire."""
        typed = telemetry.parse({"id": name, **fields})
        assert not isinstance(typed, telemetry.Unknown), typed
        self.state.receive(typed, self.now)

    def power(self, power_type: int, state: int) -> None:
        """Let the controller send the state of a power system."""
        status = state in (3, 4, 5)
        self.event("powerSystemState", powerType=power_type, status=status, state=state)

    def position(self, x: float = 0.0) -> None:
        """Let the controller send a position."""
        self.telemetry("position", x=x, y=0, z=0, xRot=0, yRot=0, zRot=0)

    def loop(self, closed: bool, *, bit: bool | None = None, mode: int | None = None) -> None:
        """Let the controller send the state of the loop.  The bit or the mode may contradict it."""
        bit = closed if bit is None else bit
        self.event("forceBalanceSystemStatus", status=closed)
        self.event("closedLoopControlMode", mode=mode or (4 if closed else 3))
        self.event("digitalOutput", value=0x1F | (32 if bit else 0))

    def reconnect_command(self) -> None:
        """Lose the connection to the command port, and connect again."""
        self.state.command_connection(False)
        self.state.command_connection(True)
