"""A recorder as a program, for tests that limit or kill its process.

It advances a clock and sends numbered messages to a recorder in each tenth of a second.  Usage::

    python -m tests.support.limited_recorder DIRECTORY COUNT [NAME=LIMIT ...]

COUNT is the number of messages.  NAME is the name of a limit of the ``resource`` module.  If
LIMIT begins with a plus, it is added to the number of open descriptors.  At the end, the program
writes its counters to stdout as JSON.
"""

import importlib
import json
import os
import random
import resource
import sys
from pathlib import Path

from m2com_twisted.recording import SegmentLimits
from tests.support.recordings import Recording

__all__ = ["PER_SECOND", "run"]

#: Messages in a second of the clock.
PER_SECOND = 50

_PER_STEP = 5


def run(directory: Path, count: int, progress: int) -> Recording:
    """Record messages.  Before each step, write the number sent so far to a descriptor."""
    recording = Recording(directory, limits=SegmentLimits(size=100_000))
    while recording.sent < count:
        os.write(progress, b"%d\n" % recording.sent)
        recording.send(_PER_STEP, size=random.Random(recording.sent).randrange(2000))
        recording.clock.advance(_PER_STEP / PER_SECOND)
    return recording


def _main(directory: str, count: str, *limits: str) -> None:
    # The reactor is made before the limit is set, as in a program that records.
    importlib.import_module("twisted.internet.reactor")
    # This descriptor has the highest number of all open ones.
    progress = os.open(os.devnull, os.O_WRONLY)
    for limit in limits:
        name, _, value = limit.partition("=")
        number = int(value) + (progress + 1 if value.startswith("+") else 0)
        resource.setrlimit(getattr(resource, name), (number, number))
    recording = run(Path(directory), int(count), progress)
    recording.stop()
    recorder = recording.recorder
    print(json.dumps({"recorded": recorder.recorded, "lost": recorder.lost}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
