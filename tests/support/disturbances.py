"""Faults between a mirror and its controller, by name."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from m2com_twisted.testing import MirrorBench

__all__ = ["DISTURBANCES"]

#: Length of an outage in seconds.  It is longer than a power system takes to switch on.
_OUTAGE = 50.0


def _outage(*ports: str) -> Callable[[MirrorBench], None]:
    """Return a function that loses connections, and restores them after a time."""

    def lose(bench: MirrorBench) -> None:
        bench.lose(*ports)  # type: ignore[arg-type]  # names of ports
        deferLater(bench.clock, _OUTAGE, bench.restore, *ports)

    return lose


def _restart(bench: MirrorBench) -> None:
    Deferred.fromCoroutine(bench.restart(seconds=30.0))


#: Functions that disturb a bench at any moment.  Every disturbance ends by itself.
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
