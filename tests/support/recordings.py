"""A recorder in time that the test passes, and what can be read of it."""

import json
import random
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock

from m2com_twisted.recording import Recorder, read_recording

__all__ = ["START", "Recording", "numbers_in"]

#: UTC at second 0 of a recording's clock, in ns.
START = 1_700_000_000 * 10**9


class Recording:
    """A recorder on a Clock, and numbered messages for it.

    Parameters
    ----------
    directory
        Where it records.
    **options
        For the recorder.
    """

    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.clock = Clock()
        #: Seconds by which the wall clock was set.
        self.step = 0.0
        self.recorder = Recorder(
            directory,
            reactor=self.clock,
            utc=lambda: START + round((self.clock.seconds() + self.step) * 1e9),
            **options,
        )
        self.observer = self.recorder.observer("telemetry")
        #: Messages sent so far; the next has this number.
        self.sent = 0
        self._random = random.Random(1)
        self.recorder.startService()

    def send(self, count: int = 1, *, size: int = 0) -> None:
        """Have messages arrive.

        Parameters
        ----------
        count
            How many.
        size
            Bytes of each that no compression makes smaller.
        """
        for _ in range(count):
            filling = self._random.randbytes((size + 1) // 2).hex()
            message = {"id": "position", "number": self.sent, "filling": filling}
            self.observer.received(json.dumps(message).encode(), message)
            self.sent += 1

    def write(self, count: int = 1, *, size: int = 0) -> None:
        """Have messages arrive, and let the time pass in which they are written."""
        self.send(count, size=size)
        self.clock.advance(2)

    def stop(self) -> None:
        """Stop the recorder, which is done at once on a Clock."""
        stopping = self.recorder.stopService()
        assert stopping.called, "still writes"
        assert not self.clock.getDelayedCalls()

    def check(self) -> list[int]:
        """Stop, and see that what was sent is what can be read and what was reported lost.

        Returns
        -------
            The numbers that can be read.
        """
        self.stop()
        numbers = numbers_in(self.directory)
        assert numbers == sorted(set(numbers)), "out of order, or twice"
        assert self.recorder.stats.waiting == 0
        assert self.recorder.recorded == len(numbers)
        assert self.sent == len(numbers) + self.recorder.lost
        return numbers


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of the messages in a recording."""
    return [one.message["number"] for one in read_recording(path) if one.kind == "received"]
