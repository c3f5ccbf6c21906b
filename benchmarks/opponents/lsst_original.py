"""The asyncio original itself, where it is installed."""

import asyncio
from typing import Any

from lsst.ts import m2com  # type: ignore[import-not-found]  # not a requirement

from ..job import HOST, Job, Measurement, Meter
from . import Tasks
from .asyncio_original import limit_reads

__all__ = ["TASKS"]


class _Counter:
    """Counts, because the original does not, and knows when it has them all."""

    def __init__(self) -> None:
        self.messages = 0

    async def __call__(self, message: dict[str, Any]) -> None:
        self.messages += 1


async def _receive(job: Job) -> Measurement:
    limit_reads(job)
    counter = _Counter()
    client = m2com.TcpClient(HOST, job.port, counter, name="benchmark")
    await client.connect()
    await client.write_message(m2com.MsgType.Event, "start", job.request, "benchmark")
    meter = Meter()
    # Looked at so rarely that it costs nothing.
    while not client._reader.at_eof():
        await asyncio.sleep(0.02)
    measurement = meter.read(counter.messages)
    await client.close()
    return measurement


TASKS: Tasks = {"receive": lambda job: asyncio.run(_receive(job))}
