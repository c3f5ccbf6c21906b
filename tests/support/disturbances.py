"""What can go wrong between a mirror and its controller, by name."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from m2com_twisted.testing import MirrorBench

__all__ = ["DISTURBANCES"]

#: Seconds that a connection stays away: longer than a power system takes to come on.
_OUTAGE = 50.0


def _outage(*ports: str) -> Callable[[MirrorBench], None]:
    """Return what loses connections, and brings them back after a time."""

    def lose(bench: MirrorBench) -> None:
        bench.lose(*ports)  # type: ignore[arg-type]  # names of ports
        deferLater(bench.clock, _OUTAGE, bench.restore, *ports)

    return lose


def _restart(bench: MirrorBench) -> None:
    Deferred.fromCoroutine(bench.restart(seconds=30.0))


#: Each is done to a bench at any moment; all of them pass.
DISTURBANCES: dict[str, Callable[[MirrorBench], None]] = {
    "nothing": lambda bench: None,
    "command port lost": _outage("command"),
    "both ports lost": _outage("command", "telemetry"),
    "telemetry lost": _outage("telemetry"),
    "late acks": lambda bench: bench.controller.inject("late-ack", count=8, seconds=4.0),
    "missing acks": lambda bench: bench.controller.inject("missing-ack", count=8),
    "missing success": lambda bench: bench.controller.inject("missing-success", count=8),
    "restart": _restart,
}
