"""Readers of a hub, measured: ``python -m benchmarks.hub.readers``; SIGINT ends them."""

import argparse
import asyncio
import json
import signal
import time
from typing import Any

from nats.aio.client import Client
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from m2com_twisted.hub import HubSettings, RemoteController
from m2com_twisted.hub.subjects import RECEIVED
from m2com_twisted.support.clock import use_monotonic_clock


async def _raw_readers(url: str, count: int) -> None:
    """Have many plain NATS clients in one process; print how late their messages were."""
    latencies: list[float] = []
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)

    async def take(message: Any) -> None:
        received = (message.headers or {}).get(RECEIVED)
        if received is not None:
            latencies.append((time.time_ns() - int(received)) / 1e6)

    clients = []
    for _ in range(count):
        client = Client()
        await client.connect(url)
        await client.subscribe("m2.main.>", cb=take)
        clients.append(client)
    print("ready", flush=True)
    await stopped.wait()
    for client in clients:
        await client.close()
    latencies.sort()

    def quantile(part: float) -> float:
        return latencies[int(part * (len(latencies) - 1))] if latencies else 0.0

    found = {"messages": len(latencies), "p50_ms": quantile(0.5), "p99_ms": quantile(0.99)}
    print(json.dumps(found), flush=True)


async def _remote(reactor: Any, url: str) -> None:
    """Read as our own readers do; print what came, what came twice, and what was told missing."""
    use_monotonic_clock(reactor)
    numbers: list[int] = []

    def event(message: dict[str, Any]) -> None:
        if message["id"] == "benchmark":
            numbers.append(message["n"])

    controller = RemoteController(HubSettings.parse(url), on_event=event)
    controller.startService()
    stopped: Deferred[None] = Deferred()
    signal.signal(signal.SIGINT, lambda *_: reactor.callFromThread(stopped.callback, None))
    print("ready", flush=True)
    await stopped
    stats = controller.stats
    await controller.stopService()
    found = {
        "events": len(numbers),
        "first_event": min(numbers, default=0),
        "events_twice": len(numbers) - len(set(numbers)),
        "events_in_order": numbers == sorted(numbers),
        "events_missing": stats.command.dropped_messages,
        "telemetry": stats.telemetry.messages,
        "telemetry_missing": stats.telemetry.dropped_messages,
    }
    print(json.dumps(found), flush=True)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hub", required=True)
    parser.add_argument("--count", type=int, default=0, help="0: one RemoteController")
    arguments = parser.parse_args()
    if arguments.count:
        asyncio.run(_raw_readers(arguments.hub, arguments.count))
    else:
        react(lambda reactor: Deferred.fromCoroutine(_remote(reactor, arguments.hub)))


if __name__ == "__main__":
    _main()
