"""Recorders in separate processes, each of which is killed at a random moment.

::

    python -m tests.support.killed_recorders DIRECTORY COUNT

This program makes COUNT directories with the names 0, 1 and so on.  It writes the numbers of
messages that were sent to the recorders as a JSON list.

The processes are forked, because to start so many Python processes would take a minute.  The
process of the tests cannot fork, because it has threads.
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

# Largest number of messages before a recorder is killed: enough for several segments.
_MOST_MESSAGES = 1500

# Longest delay of the kill after these messages, in seconds.  It makes the moment random.
_LONGEST_DELAY = 0.005


def _killed(directory: Path, messages: int, delay: float) -> int:
    """Kill a recorder after this number of messages and a delay.  Return how many were sent."""
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
