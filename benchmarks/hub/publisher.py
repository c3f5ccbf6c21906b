"""One service and its controller, measured: ``python -m benchmarks.hub.publisher``."""

import argparse
import json
import logging
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet.task import LoopingCall, deferLater, react

from m2com_twisted import CellControllerService
from m2com_twisted.hub import HubPublisher, HubSettings
from m2com_twisted.support.clock import use_monotonic_clock
from m2com_twisted.support.switch_interval import shorten_switch_interval

from .smallest import SmallestPublisher

#: Seconds between two looks at how late the reactor is.
_BEAT = 0.005

#: Seconds before anything is measured.
_WARM_UP = 2.0

#: Seconds from the last message to the end, for what is still on its way.
_QUIET = 4.0


def _memory() -> int:
    """Return the resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class _Measured:
    """What is seen from inside the process."""

    def __init__(self) -> None:
        self.stall = 0.0
        self.most_memory = _memory()
        self._due = time.monotonic() + _BEAT
        self._beat = LoopingCall(self._look)

    def start(self) -> None:
        self._due = time.monotonic() + _BEAT
        self._beat.start(_BEAT, now=False)

    def stop(self) -> None:
        self._beat.stop()

    def _look(self) -> None:
        now = time.monotonic()
        self.stall = max(self.stall, now - self._due)
        self._due = now + _BEAT
        self.most_memory = max(self.most_memory, _memory())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _run(reactor: Any, arguments: argparse.Namespace) -> None:
    use_monotonic_clock(reactor)
    shorten_switch_interval()
    publisher: HubPublisher | None = None
    observers: list[Any] = []
    telemetry_observers: list[Any] = []
    if arguments.smallest:
        smallest = SmallestPublisher(arguments.hub, reactor)
        smallest.start()
        telemetry_observers = [smallest]
    elif arguments.hub:
        publisher = HubPublisher(HubSettings.parse(arguments.hub))
        observers = [publisher.observer("command")]
        telemetry_observers = [publisher.observer("telemetry")]
        publisher.startService()
    controller = CellControllerService(
        "127.0.0.1",
        arguments.command_port,
        arguments.telemetry_port,
        command_observers=observers,
        telemetry_observers=telemetry_observers,
    )
    controller.startService()
    first = number = arguments.first_event

    def event() -> None:
        """Have an event that says how many there were."""
        nonlocal number
        if observers:
            number += 1
            message = {"id": "benchmark", "n": number}
            observers[0].received(json.dumps(message).encode(), message)

    events = LoopingCall(event)
    await deferLater(reactor, _WARM_UP)
    memory = _memory()
    costs = {} if arguments.no_costs else await _costs(reactor, controller, arguments.seconds)
    events.start(0.05)
    measured = _Measured()
    measured.start()
    await deferLater(reactor, arguments.seconds)
    events.stop()
    await controller.stopService()
    await deferLater(reactor, _QUIET)
    measured.stop()
    found = costs | {
        "stall_ms": 1e3 * measured.stall,
        "memory_mb": (measured.most_memory - memory) / 2**20,
        "events": number - first,
    }
    if publisher is not None:
        stats = publisher.stats
        found |= {
            "telemetry": stats.telemetry + stats.dropped_telemetry,
            "dropped_telemetry": stats.dropped_telemetry,
            "dropped_events": stats.dropped_events,
            "connects": stats.connects,
        }
        await publisher.stopService()
    print(json.dumps(found), flush=True)


async def _costs(
    reactor: Any, controller: CellControllerService, seconds: float
) -> dict[str, float]:
    """Measure the CPU time of a message of the controller's, while nothing else is done.

    To look at the reactor every 5 ms costs more than all messages do.
    """
    cpu, began = _cpu(), time.monotonic()
    reactor_cpu, before = time.thread_time(), _messages(controller.stats)
    await deferLater(reactor, seconds)
    count = _messages(controller.stats) - before
    return {
        "rate": count / (time.monotonic() - began),
        "cpu_us": 1e6 * (_cpu() - cpu) / max(count, 1),
        "reactor_us": 1e6 * (time.thread_time() - reactor_cpu) / max(count, 1),
    }


def _messages(stats: Any) -> int:
    return int(stats.command.messages + stats.telemetry.messages)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hub", default="")
    parser.add_argument("--command-port", type=int, required=True)
    parser.add_argument("--telemetry-port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--first-event", type=int, default=0, help="number of the one before")
    parser.add_argument("--smallest", action="store_true", help="publish as the opponent does")
    parser.add_argument("--no-costs", action="store_true", help="measure stalls from the start")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    react(lambda reactor: _as_deferred(reactor, arguments))


def _as_deferred(reactor: Any, arguments: argparse.Namespace) -> Any:
    from twisted.internet.defer import Deferred

    return Deferred.fromCoroutine(_run(reactor, arguments))


if __name__ == "__main__":
    _main()
