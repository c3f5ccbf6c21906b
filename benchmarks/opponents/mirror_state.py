"""Keeping what the controller sends in the state of a mirror, once it is typed."""

import time
from itertools import cycle, islice
from typing import Any

import msgspec

from m2com_twisted.catalogue import events, telemetry
from m2com_twisted.mirror import MirrorState

from ..job import Job, Measurement, Meter
from ..loads import Loads
from . import Tasks

__all__ = ["TASKS"]


def _receive(job: Job) -> Measurement:
    """Let a state take messages; their time of arrival is asked for, too."""
    reader = events if "events" in job.load else telemetry
    to_dict = msgspec.json.Decoder(dict[str, Any]).decode
    lines = Loads().get(job.load).block.splitlines()
    messages = [reader.parse(to_dict(line)) for line in lines]
    state = MirrorState(time.monotonic)
    state.command_connection(True)
    state.telemetry_connection(True)
    for message in messages:  # once before, for what is done only once
        state.receive(message, time.monotonic())
    meter = Meter()
    for message in islice(cycle(messages), job.repeat * len(messages)):
        state.receive(message, time.monotonic())
    return meter.read(job.repeat * len(messages))


TASKS: Tasks = {"receive": _receive}
