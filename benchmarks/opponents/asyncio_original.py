"""The asyncio original as its documentation describes it, without what surrounds it.

A reader task awaits a line, decodes it with `json.loads` and awaits the
callback; `write_message` encodes with `json.dumps`, writes and drains.
"""

import asyncio
import itertools
import json
import statistics
import time
from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]
from collections.abc import Awaitable, Callable
from typing import Any

from ..job import HOST, Job, Measurement, Meter
from ..writes import BURST, ELEVATION, POSITION
from . import Tasks

__all__ = ["TASKS", "limit_reads"]

Callback = Callable[..., Awaitable[None]]


class _Client:
    """The bare loop."""

    def __init__(self, callback: Callback) -> None:
        self._callback = callback
        self._sequence_ids = itertools.count(1)
        self.messages = 0

    async def connect(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection(HOST, port)

    async def read(self) -> None:
        """Deliver messages until the peer closes."""
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.IncompleteReadError:
                return
            message = json.loads(line.decode())
            self.messages += 1
            await self._callback(message=message)

    async def write_message(
        self, name: str, details: dict[str, Any] | None, comp_name: str | None
    ) -> None:
        message = dict(details or {})
        if "id" in message:
            raise ValueError("The 'id' is in the message details already.")
        message["id"] = name
        if comp_name is None:
            message["sequence_id"] = next(self._sequence_ids)
        else:
            message["compName"] = comp_name
        self._writer.write(json.dumps(message).encode() + b"\r\n")
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


def limit_reads(job: Job) -> None:
    """Have each read give no more bytes than the job says."""
    if job.read_size:
        _SelectorSocketTransport.max_size = job.read_size


async def _ignore(message: dict[str, Any]) -> None:
    pass


async def _receive(job: Job) -> Measurement:
    limit_reads(job)
    client = _Client(_ignore)
    await client.connect(job.port)
    await client.write_message("evt_start", job.request, "benchmark")
    meter = Meter()
    await client.read()
    measurement = meter.read(client.messages)
    client.close()
    return measurement


class _Commander:
    """Sends commands and awaits their success."""

    def __init__(self) -> None:
        self.client = _Client(self._status)
        self._success = asyncio.Event()

    async def _status(self, message: dict[str, Any]) -> None:
        if message["id"] == "success":
            self._success.set()

    async def start(self, port: int) -> None:
        await self.client.connect(port)
        self._reading = asyncio.create_task(self.client.read())

    async def run(self) -> None:
        self._success.clear()
        await self.client.write_message("cmd_answer", None, None)
        await self._success.wait()

    def close(self) -> None:
        self._reading.cancel()
        self.client.close()


async def _round_trip(job: Job) -> Measurement:
    commander = _Commander()
    await commander.start(job.port)
    times = []
    for _ in range(job.repeat):
        start = time.perf_counter()
        await commander.run()
        times.append(time.perf_counter() - start)
    commander.close()
    return Measurement(statistics.median(times), job.repeat)


async def _write(
    job: Job, name: str, details: dict[str, Any], comp_name: str | None
) -> Measurement:
    commander = _Commander()
    await commander.start(job.port)
    await commander.run()
    meter = Meter()
    for _ in range(job.repeat):
        for _ in range(BURST):
            await commander.client.write_message(name, details, comp_name)
        await commander.run()  # so that all of it is on its way
    measurement = meter.read(job.repeat * BURST)
    commander.close()
    return measurement


TASKS: Tasks = {
    "receive": lambda job: asyncio.run(_receive(job)),
    "round trip": lambda job: asyncio.run(_round_trip(job)),
    "write telemetry": lambda job: asyncio.run(_write(job, "tel_elevation", ELEVATION, "MTMount")),
    "write commands": lambda job: asyncio.run(_write(job, "cmd_positionMirror", POSITION, None)),
}
