"""A few events per interval; the others are counted."""

__all__ = ["Throttle"]


class Throttle:
    """Lets a few events through per interval and counts the others.

    Parameters
    ----------
    interval
        Length of an interval in seconds.  It begins with the first event that is
        let through.
    most
        Number of events that are let through in one interval.
    """

    def __init__(self, interval: float, most: int = 1) -> None:
        self._interval = interval
        self._most = most
        self._ends_at = float("-inf")
        self._admitted = 0
        self._held_back = 0

    def admit(self, now: float) -> int | None:
        """Ask whether an event may pass.

        Parameters
        ----------
        now
            The time of the event, in seconds.

        Returns
        -------
        held_back
            Number of events held back since the last one that passed; None if
            this one is held back as well.
        """
        if now >= self._ends_at:
            self._ends_at = now + self._interval
            self._admitted = 0
        if self._admitted >= self._most:
            self._held_back += 1
            return None
        self._admitted += 1
        held_back, self._held_back = self._held_back, 0
        return held_back
