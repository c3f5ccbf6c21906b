"""The topics that a user wants to see, and those of them that never came."""

from collections.abc import Iterable

from ..support.topic_names import topic_names
from .terminal import Terminal

__all__ = ["WantedTopics"]


class WantedTopics:
    """Channels such as ``/telemetry/position``, or message ids such as ``position``.

    Parameters
    ----------
    topics
        The topics.  If there are none, all are wanted.
    """

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = frozenset(topics)
        self._missing = set(self._topics)

    def takes(self, channel: str) -> bool:
        """Return whether a channel is wanted.  Take note that it came."""
        if not self._topics:
            return True
        found = self._topics.intersection(topic_names(channel))
        self._missing -= found
        return bool(found)

    def tell_missing(self, where: str, terminal: Terminal) -> int:
        """Tell which topics had no message.

        Returns
        -------
        code
            The exit code: 1 if a topic is missing, else 0.
        """
        for topic in sorted(self._missing):
            terminal.show_error(f"{where} has no message of {topic!r} in this time")
        return 1 if self._missing else 0
