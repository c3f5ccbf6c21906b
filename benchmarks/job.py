"""What a process is asked to measure, and what it answers."""

import json
import os
import time
from dataclasses import asdict, dataclass

__all__ = ["HOST", "Job", "Measurement", "Meter", "use_core"]

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Job:
    """One measurement, made by one process that does nothing else."""

    #: The module of `benchmarks.opponents`.
    opponent: str
    #: The entry of its ``TASKS``.
    task: str
    #: What the sender is to send.
    load: str = ""
    #: How often; what else a task takes a number of.
    repeat: int = 1
    #: The most bytes that one read may give; 0: as the opponent has it.
    read_size: int = 0
    #: How many connections share the work, each getting ``repeat`` of it.
    clients: int = 1
    #: How long to look, where the task is to look for a time.
    seconds: float = 0.0
    #: Where the sender listens.
    port: int = 0

    @property
    def request(self) -> dict[str, object]:
        """What makes the sender send the load."""
        return {"load": self.load, "repeat": self.repeat}

    @property
    def request_line(self) -> bytes:
        """The same for those who write bytes."""
        return json.dumps(self.request).encode() + b"\r\n"

    def to_json(self) -> str:
        """Return what `from_json` takes."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Return the job that `to_json` was called on."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Measurement:
    """What a process found."""

    #: In seconds, or in what the task says.
    cost: float
    #: Messages that were received or sent, for the runner to check.
    messages: int


class Meter:
    """Measures the CPU time of this process from now, its kernel time included.

    Not the wall: other programs run at the same time.
    """

    def __init__(self) -> None:
        self._start = time.process_time()

    def read(self, messages: int) -> Measurement:
        """Return the time so far."""
        return Measurement(time.process_time() - self._start, messages)


def use_core(number: int) -> None:
    """Keep this process to one of the machine's cores, where the system can do that.

    The sender has one and whoever is measured has another.  Left to itself the
    system puts the two on one core at times, where a round trip takes two
    thirds of the time: which of two opponents was the faster was chance.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
