"""Recorders that are killed, each in a process of its own, at a random moment.

::

    python -m tests.support.killed_recorders DIRECTORY COUNT

Makes COUNT directories with the names 0, 1 and so on, and writes the number of messages that were
sent to each recorder as a JSON list.

The processes are forked: to start so many would take a minute.  This is not done by the process
of the tests, because it has threads.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.support.limited_recorder import run

__all__: list[str] = []

# Messages after which a recorder is killed: enough for several segments.
_MOST_MESSAGES = 1500

# Seconds in which it is killed then, so that it is not always at the same place.
_LONGEST_DELAY = 0.005


def _killed(directory: Path, messages: int, delay: float) -> int:
    """Kill a recorder when it was sent so many messages; return how many it was sent."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            run(directory, 10**9, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as progress:
        sent = next(count for count in map(int, progress) if count >= messages)
        time.sleep(delay)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return max(sent, *map(int, progress.read().split("\n")[:-1]), 0)


def _main(directory: str, count: str) -> None:
    generator = random.Random(5)
    sent = [
        _killed(
            Path(directory) / str(number),
            generator.randrange(_MOST_MESSAGES),
            generator.uniform(0, _LONGEST_DELAY),
        )
        for number in range(int(count))
    ]
    print(json.dumps(sent))


if __name__ == "__main__":
    _main(*sys.argv[1:])
