"""The interface of a receiver of lines."""

from typing import Protocol

__all__ = ["LineTaker"]


class LineTaker(Protocol):
    """Takes what a connection receives."""

    def lines_received(self, lines: list[bytes]) -> None:
        """Take the lines that a chunk completes; each ends with the CR of its CR LF."""

    def oversize_line_received(self, beginning: bytes, limit: int) -> None:
        """Take the beginning of a line that is longer than the limit; the rest is skipped."""

    def line_sent(self, line: bytes) -> None:
        """Learn of a line, CR LF included, that was handed to the transport."""
