"""Bytes that leave one by one."""

import logging
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from .beat import Beat

__all__ = ["Drip"]

#: What is written while this much waits is lost, whole.
_LIMIT = 64 * 1024


class Drip:
    """Writes a byte every so often.

    Parameters
    ----------
    clock
        Tells the time and calls.
    seconds
        From one byte to the next.
    write
        Gets the bytes.
    log
        Gets what it raises.
    """

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        write: Callable[[bytes], object],
        log: logging.Logger,
    ) -> None:
        self._write = write
        self._waiting = bytearray()
        self._beat = Beat(clock, seconds, self._let_go, log)
        self._beat.start()

    def write(self, data: bytes) -> None:
        """Let bytes wait for their turn."""
        if len(self._waiting) < _LIMIT:
            self._waiting += data

    def stop(self) -> None:
        """Write no more."""
        self._beat.stop()

    def _let_go(self, count: int) -> None:
        if self._waiting:
            self._write(bytes(self._waiting[:count]))
            del self._waiting[:count]
