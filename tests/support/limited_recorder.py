"""A recorder as a program, for tests that limit or kill its process.

It sends numbered messages to a recorder, some for each tenth of a second of a clock that it
advances itself, and tells on stdout how far it is::

    python -m tests.support.limited_recorder DIRECTORY COUNT [NAME=LIMIT ...]

NAME is the name of a limit of the ``resource`` module; a LIMIT with a plus is so many more than
there are descriptors open.  COUNT is the number of messages.  At its end it writes the counters as
JSON.
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
    """Record so many messages; write the number of those sent to a descriptor before each step."""
    recording = Recording(directory, limits=SegmentLimits(size=100_000))
    while recording.sent < count:
        os.write(progress, b"%d\n" % recording.sent)
        recording.send(_PER_STEP, size=random.Random(recording.sent).randrange(2000))
        recording.clock.advance(_PER_STEP / PER_SECOND)
    return recording


def _main(directory: str, count: str, *limits: str) -> None:
    # Before the limit: a program has its reactor when it begins to record.
    importlib.import_module("twisted.internet.reactor")
    # It has the highest number of all that are open.
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
