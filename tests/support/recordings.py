"""A recorder on a Clock, and the messages that can be read from its recording."""

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
        Directory of the recording.
    **options
        Options of the recorder.
    """

    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.clock = Clock()
        #: Seconds by which the wall clock has been changed.
        self.step = 0.0
        self.recorder = Recorder(
            directory,
            reactor=self.clock,
            utc=lambda: START + round((self.clock.seconds() + self.step) * 1e9),
            **options,
        )
        self.observer = self.recorder.observer("telemetry")
        #: Number of messages sent so far, and number in the next message.
        self.sent = 0
        self._random = random.Random(1)
        self.recorder.startService()

    def send(self, count: int = 1, *, size: int = 0) -> None:
        """Let messages arrive.

        Parameters
        ----------
        count
            Number of messages.
        size
            Number of random characters in each message.
        """
        for _ in range(count):
            filling = self._random.randbytes((size + 1) // 2).hex()
            message = {"id": "position", "number": self.sent, "filling": filling}
            self.observer.received(json.dumps(message).encode(), message)
            self.sent += 1

    def write(self, count: int = 1, *, size: int = 0) -> None:
        """Let messages arrive, and let time pass until they are written."""
        self.send(count, size=size)
        self.clock.advance(2)

    def stop(self) -> None:
        """Stop the recorder.  On a Clock, this needs no time."""
        stopping = self.recorder.stopService()
        assert stopping.called, "still writes"
        assert not self.clock.getDelayedCalls()

    def check(self) -> list[int]:
        """Stop, and check that each sent message can be read or was reported as lost.

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
