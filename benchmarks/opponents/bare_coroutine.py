"""A Twisted coroutine that suspends as often as there are messages, and no client."""

from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater

from ..job import Job, Measurement, Meter
from ..loads import Loads
from . import Tasks
from .running import in_reactor

__all__ = ["TASKS", "suspend"]


async def suspend(message: dict[str, Any]) -> None:
    """Wait for the next turn of the reactor, the least that a callback can wait for."""
    await deferLater(reactor, 0)


async def _suspend(job: Job) -> Measurement:
    count = Loads().get(job.load).messages * job.repeat
    meter = Meter()
    for _ in range(count):
        await suspend(message={})
    return meter.read(count)


TASKS: Tasks = {"suspend": in_reactor(_suspend)}
