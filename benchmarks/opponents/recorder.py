"""The recorder: what a message costs on its way to the disk, and what that does to the reactor."""

import json
import os
import tempfile
import threading
import time
from pathlib import Path

from mcap.writer import Writer
from twisted.internet import reactor
from twisted.internet.task import deferLater

from m2com_twisted.recording import Recorder
from m2com_twisted.support.switch_interval import shorten_switch_interval
from m2com_twisted.wire.codec import Message

from ..job import Job, Measurement, Meter
from ..loads import Loads
from . import Tasks
from .running import in_reactor

__all__ = ["TASKS"]

# Messages of a cycle of the controller, and the seconds until the next.
_CYCLE = 19
_PERIOD = 0.05

# Messages that may wait to be written before more are sent: a fraction of what the recorder
# keeps before it loses any.
_MOST_WAITING = 5000

# Seconds between two looks whether fewer wait.
_POLL_INTERVAL = 0.005

# Seconds that a write, and an fsync, take on a slow disk.
_SLOW_WRITE = 0.05
_SLOW_SYNC = 0.5

# Seconds between two looks at the clock, and how late the reactor comes to it anyway.
_LOOK_INTERVAL = 0.002


def _messages(job: Job) -> list[tuple[bytes, Message]]:
    lines = Loads().get(job.load).block.split(b"\r\n")[:-1]
    return [(line, json.loads(line)) for line in lines]


async def _record(job: Job) -> Measurement:
    """Measure all threads together, the disk's work included."""
    messages = _messages(job)
    with tempfile.TemporaryDirectory() as directory:
        recorder = Recorder(directory)
        recorder.startService()
        received = recorder.observer("telemetry").received
        meter = Meter()
        for _ in range(job.repeat):
            for start in range(0, len(messages), _CYCLE):
                for line, message in messages[start : start + _CYCLE]:
                    received(line, message)
                while recorder.stats.waiting > _MOST_WAITING:
                    await deferLater(reactor, _POLL_INTERVAL)
        await recorder.stopService()
        assert recorder.recorded == len(messages) * job.repeat, "something was lost"
        return meter.read(recorder.recorded)


async def _arrive(job: Job) -> Measurement:
    """Measure the reactor's thread alone."""
    messages = _messages(job)
    with tempfile.TemporaryDirectory() as directory:
        recorder = Recorder(directory)
        recorder.startService()
        received = recorder.observer("telemetry").received
        cost = 0.0
        for _ in range(job.repeat):
            start = time.thread_time()
            for line, message in messages:
                received(line, message)
            cost += time.thread_time() - start
            while recorder.stats.waiting > _MOST_WAITING:
                start = time.thread_time()
                await deferLater(reactor, _POLL_INTERVAL)
                cost += time.thread_time() - start
        await recorder.stopService()
        return Measurement(cost, recorder.recorded)


def _library(job: Job) -> Measurement:
    """Write the same with the mcap library alone, in chunks of the same size."""
    messages = [(line, message["id"]) for line, message in _messages(job)]
    with tempfile.TemporaryDirectory() as directory, Path(directory, "x").open("wb") as file:
        meter = Meter()
        writer = Writer(file, chunk_size=2**16)
        writer.start()
        channels: dict[str, int] = {}
        for _ in range(job.repeat):
            for line, name in messages:
                if name not in channels:
                    channels[name] = writer.register_channel(name, "json", 0)
                now = time.time_ns()
                writer.add_message(channels[name], now, line, now)
        writer.finish()
        file.flush()
        return meter.read(len(messages) * job.repeat)


def _slow_down() -> None:
    """Have the disk take its time, for threads other than the reactor's."""
    write = os.write

    def slow_write(descriptor: int, data: bytes) -> int:
        if threading.current_thread() is not threading.main_thread():
            time.sleep(_SLOW_WRITE)
        return write(descriptor, data)

    setattr(os, "write", slow_write)  # noqa: B010 - a type checker knows that it is a function
    setattr(os, "fdatasync", lambda descriptor: time.sleep(_SLOW_SYNC))  # noqa: B010


async def _lateness(job: Job) -> Measurement:
    """Measure by how much the reactor is late at the most, at 20 cycles a second.

    Other threads give way as soon as they do in the programs.
    """
    shorten_switch_interval()
    messages = _messages(job)
    _slow_down()
    with tempfile.TemporaryDirectory() as directory:
        recorder = Recorder(directory)
        received = recorder.observer("telemetry").received
        if job.clients:
            recorder.startService()
        late, sent = 0.0, 0
        end = time.monotonic() + job.seconds
        next_cycle = time.monotonic()
        while (before := time.monotonic()) < end:
            if before >= next_cycle:
                next_cycle += _PERIOD
                for number in range(_CYCLE):
                    received(*messages[(sent + number) % len(messages)])
                sent += _CYCLE
            await deferLater(reactor, _LOOK_INTERVAL)
            late = max(late, time.monotonic() - before - _LOOK_INTERVAL)
        await recorder.stopService()
        assert recorder.lost == 0, "something was lost"
        return Measurement(late, recorder.recorded)


TASKS: Tasks = {
    "record": in_reactor(_record),
    "arrive": in_reactor(_arrive),
    "library": _library,
    "lateness": in_reactor(_lateness),
}
