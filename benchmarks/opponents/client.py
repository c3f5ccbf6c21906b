"""The client of this package, by its public interface."""

import logging
import statistics
import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from m2com_twisted import MsgType, TcpClient

from ..job import HOST, Job, Measurement, Meter
from ..writes import BURST, ELEVATION, POSITION
from . import Tasks
from .bare_coroutine import suspend
from .running import in_reactor, limit_reads

__all__ = ["TASKS"]

# Above the longest load.
_MAX_LINE_LENGTH = 2**24

# That the sender closes when it is done is no news; an error would be.
logging.basicConfig(level=logging.ERROR)


async def _ignore(message: dict[str, Any]) -> None:
    pass


async def _never(message: dict[str, Any]) -> None:
    await Deferred()


class _Receiver:
    """A client that receives until the sender closes."""

    def __init__(self, job: Job, callback: Any) -> None:
        self._job = job
        self.lost: Deferred[None] = Deferred()
        self.client = TcpClient(
            HOST,
            job.port,
            callback,
            retry_policy=None,
            connect_callback=self._connection_changed,
            max_line_length=_MAX_LINE_LENGTH,
        )

    def _connection_changed(self, client: TcpClient) -> None:
        # After the last message, and for a connection that is lost, not made.
        if not client.connected:
            self.lost.callback(None)

    async def request(self) -> None:
        await self.client.write_message(MsgType.Event, "start", self._job.request)


async def _receive_with(job: Job, callback: Any) -> Measurement:
    limit_reads(job)
    receivers = [_Receiver(job, callback) for _ in range(job.clients)]
    for receiver in receivers:
        await receiver.client.connect()
    for receiver in receivers:
        await receiver.request()
    meter = Meter()
    for receiver in receivers:
        await receiver.lost
    return meter.read(sum(receiver.client.stats.messages for receiver in receivers))


async def _receive(job: Job) -> Measurement:
    return await _receive_with(job, _ignore)


async def _suspend(job: Job) -> Measurement:
    return await _receive_with(job, suspend)


async def _stall(job: Job) -> Measurement:
    """Find by how many bytes memory grows while a callback does not return."""
    receiver = _Receiver(job, _never)
    await receiver.client.connect()
    before = _memory("VmRSS")
    await receiver.request()
    await deferLater(reactor, job.seconds)
    growth = _memory("VmHWM") - before
    messages = receiver.client.stats.messages
    await receiver.client.close()
    return Measurement(growth, messages)


def _memory(field: str) -> float:
    """Return a figure of /proc/self/status in bytes; Linux only.

    Not ``ru_maxrss``, which a process inherits from the one that starts it.
    """
    with open("/proc/self/status") as status:
        (value,) = (line.split()[1] for line in status if line.startswith(field))
    return int(value) * 1024.0


async def _round_trip(job: Job) -> Measurement:
    async with TcpClient(HOST, job.port, _ignore) as client:
        times = []
        for _ in range(job.repeat):
            start = time.perf_counter()
            await client.run_command("answer")
            times.append(time.perf_counter() - start)
    return Measurement(statistics.median(times), job.repeat)


async def _round_trip_by_callback(job: Job) -> Measurement:
    """Do what a user of the original has to: write, and wait for the callback to be called."""
    success: Deferred[None] = Deferred()

    async def status(message: dict[str, Any]) -> None:
        if message["id"] == "success":
            success.callback(None)

    async with TcpClient(HOST, job.port, status) as client:
        times = []
        for _ in range(job.repeat):
            success = Deferred()
            start = time.perf_counter()
            await client.write_message(MsgType.Command, "answer")
            await success
            times.append(time.perf_counter() - start)
    return Measurement(statistics.median(times), job.repeat)


async def _write(
    job: Job, msg_type: MsgType, name: str, details: dict[str, Any], comp_name: str | None
) -> Measurement:
    async with TcpClient(HOST, job.port, _ignore) as client:
        await client.run_command("answer")
        meter = Meter()
        for _ in range(job.repeat):
            for _ in range(BURST):
                await client.write_message(msg_type, name, details, comp_name)
            await client.run_command("answer")  # so that all of it is on its way
        return meter.read(job.repeat * BURST)


async def _write_telemetry(job: Job) -> Measurement:
    return await _write(job, MsgType.Telemetry, "elevation", ELEVATION, "MTMount")


async def _write_commands(job: Job) -> Measurement:
    return await _write(job, MsgType.Command, "positionMirror", POSITION, None)


TASKS: Tasks = {
    "receive": in_reactor(_receive),
    "suspend": in_reactor(_suspend),
    "stall": in_reactor(_stall),
    "round trip": in_reactor(_round_trip),
    "round trip by callback": in_reactor(_round_trip_by_callback),
    "write telemetry": in_reactor(_write_telemetry),
    "write commands": in_reactor(_write_commands),
}
