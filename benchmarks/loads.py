"""What is sent, in blocks that are sent again and again."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

from m2com_twisted.catalogue.enums import PowerSystemState, PowerType
from m2com_twisted.simulator import Model
from m2com_twisted.simulator.model.welcome import welcome
from m2com_twisted.simulator.ports.telemetry_lines import TelemetryLines
from m2com_twisted.wire.codec import Message, encode

__all__ = ["Load", "Loads", "powered_model"]

# Different cycles in a block: enough that numbers do not repeat within what a
# cache holds, and few enough to be made in a moment.
_CYCLES = 50

# The longest lines: numbers of 17 digits, as in telemetry.
_LONG, _LESS_LONG = 8_000_000, 64_000

# Bytes of a random number and what separates it from the next, on average.
_NUMBER = 20.27


@dataclass(frozen=True)
class Load:
    """A block of lines."""

    block: bytes
    messages: int


class Loads:
    """The loads by name, each made when it is first asked for.

    Parameters
    ----------
    capture
        Recorded telemetry to send in place of the simulator's; lines as received.
    """

    def __init__(self, capture: Path | None = None) -> None:
        self._makers: dict[str, Callable[[], Load]] = {
            "telemetry": partial(_captured, capture) if capture is not None else _telemetry,
            "small events": _small_events,
            "all events": _all_events,
            "axialForce": _axial_force,
            "8 MB line": lambda: _long_lines(_LONG, 1),
            "64 kB lines": lambda: _long_lines(_LESS_LONG, _LONG // _LESS_LONG),
        }
        self.get = cache(self._make)

    def _make(self, name: str) -> Load:
        return self._makers[name]()


def _load(messages: Iterable[Message]) -> Load:
    lines = [encode(message) for message in messages]
    return Load(b"".join(lines), len(lines))


def _captured(path: Path) -> Load:
    block = path.read_bytes()
    # Up to the last whole line, since a recording ends anywhere.
    block = block[: block.rindex(b"\r\n") + 2]
    return Load(block, block.count(b"\r\n"))


def powered_model() -> Model:
    """Return a controller's model that has all 19 topics to send."""
    model = Model(seed=1)
    for power_type in PowerType:
        model.set_power_state(power_type, PowerSystemState.PoweredOn)
    model.close_loop()
    return model


def _telemetry() -> Load:
    model = powered_model()
    lines = TelemetryLines(model)
    block = b""
    for _ in range(_CYCLES):
        model.step(0.05)
        block += lines.cycle()
    return Load(block, block.count(b"\r\n"))


def _axial_force() -> Load:
    """Only the longest topic."""
    lines = [line for line in _telemetry().block.splitlines(True) if b'"axialForce"' in line]
    return Load(b"".join(lines), len(lines))


def _all_events() -> Load:
    """What a controller tells a new client: each event once, the ILCs 84 times."""
    return _load(welcome(powered_model()))


def _small_events() -> Load:
    """Events of 30 to 60 bytes, of the kinds that come most often."""
    kinds: list[Message] = [
        {"id": "interlock", "state": False},
        {"id": "m2AssemblyInPosition", "inPosition": True},
        {"id": "digitalOutput", "value": 31},
        {"id": "forceBalanceSystemStatus", "status": True},
        {"id": "summaryFaultsStatus", "status": 2**57},
        {"id": "scriptExecutionStatus", "percentage": 42},
    ]
    modes = ({"id": "innerLoopControlMode", "address": n, "mode": 3} for n in itertools.count())
    return _load(next(modes) if n % 2 else kinds[n // 2 % len(kinds)] for n in range(1000))


def _long_lines(size: int, count: int) -> Load:
    random = Random(1)
    return _load(
        {"id": "long", "values": [random.random() for _ in range(int(size / _NUMBER))]}
        for _ in range(count)
    )
