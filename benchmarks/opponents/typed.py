"""Reading what the controller sends: into the classes of the catalogue, or into dicts."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from m2com_twisted.catalogue import events, telemetry

from ..job import Job, Measurement, Meter
from ..loads import Loads
from . import Tasks

__all__ = ["TASKS"]

_to_dict = msgspec.json.Decoder(dict[str, Any]).decode


def _lines(job: Job) -> list[bytes]:
    return Loads().get(job.load).block.splitlines()


def _module(job: Job) -> Any:
    return events if "events" in job.load else telemetry


def _measure(function: Callable[[Any], object], items: Iterable[Any], repeat: int) -> Measurement:
    """Call a function with each item, as often as told; nothing is kept."""
    items = list(items)
    for item in items:  # once before, for what is done only once
        function(item)
    meter = Meter()
    for _ in range(repeat):
        for item in items:
            function(item)
    return meter.read(repeat * len(items))


def _decode(job: Job) -> Measurement:
    return _measure(_module(job).decode, _lines(job), job.repeat)


def _decode_to_dict(job: Job) -> Measurement:
    return _measure(_to_dict, _lines(job), job.repeat)


def _parse(job: Job) -> Measurement:
    return _measure(_module(job).parse, map(_to_dict, _lines(job)), job.repeat)


TASKS: Tasks = {"decode": _decode, "to dict": _decode_to_dict, "parse": _parse}
