"""Readers of a hub, measured: ``python -m benchmarks.hub.readers``; SIGINT ends them."""

import argparse
import json
import re
import selectors
import signal
import socket
import time
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from m2com_twisted.hub import HubSettings, RemoteController
from m2com_twisted.hub.subjects import RECEIVED
from m2com_twisted.support.clock import use_monotonic_clock

#: Seconds after the first message that are not measured: the service makes its streams then, and
#: sends what has waited meanwhile.
_WARM_UP = 2.0

#: One message with headers, to the end of its headers.
_MESSAGE = re.compile(
    rb"HMSG \S+ \S+ (?P<headers>\d+) (?P<total>\d+)\r\n"
    rb"(?P<header>NATS/1\.0\r\n(?:[^\r]+\r\n)*?"
    + RECEIVED.encode()
    + rb": (?P<received>\d+)\r\n(?:[^\r]+\r\n)*\r\n)"
)


class _TimedReader:
    """A plain subscription whose bytes are kept with the time at which they could be read.

    They are parsed after the end.  Fifty clients that parse in one Python process, which shares the
    processors with all others, would measure themselves: a message takes each of them 30 us.

    Parameters
    ----------
    address
        Host and port of the server, without TLS and password.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.sendall(
            b'CONNECT {"verbose": false, "headers": true}\r\nSUB m2.main.> 1\r\nPING\r\n'
        )
        self._chunks: list[tuple[int, bytes]] = []

    def read(self) -> None:
        """Take what has arrived."""
        chunk = self.socket.recv(2**20)
        self._chunks.append((time.time_ns(), chunk))
        if chunk.endswith(b"PING\r\n"):
            self.socket.sendall(b"PONG\r\n")

    def latencies(self) -> Iterator[float]:
        """Yield how late each message was complete, in ms, without those of the first seconds."""
        data = b"".join(chunk for _, chunk in self._chunks)
        ends = list(accumulate(len(chunk) for _, chunk in self._chunks))
        times = [read_at for read_at, _ in self._chunks]
        begun = 0
        for found in _MESSAGE.finditer(data):
            end = found.end("header") + int(found["total"]) - int(found["headers"])
            received = int(found["received"])
            begun = begun or received
            if received - begun > _WARM_UP * 1e9 and end <= ends[-1]:
                yield (times[bisect_left(ends, end)] - received) / 1e6


def _timed_readers(url: str, count: int) -> None:
    """Have many subscriptions; print how late their messages were."""
    server = urlsplit(url)
    selector = selectors.DefaultSelector()
    readers = [_TimedReader((str(server.hostname), server.port or 4222)) for _ in range(count)]
    for reader in readers:
        selector.register(reader.socket, selectors.EVENT_READ, reader)
    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    print("ready", flush=True)
    while not stopped:
        for key, _ in selector.select(0.5):
            key.data.read()
    latencies = sorted(late for reader in readers for late in reader.latencies())

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
        _timed_readers(arguments.hub, arguments.count)
    else:
        react(lambda reactor: Deferred.fromCoroutine(_remote(reactor, arguments.hub)))


if __name__ == "__main__":
    _main()
