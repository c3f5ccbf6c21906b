"""One event per interval; the others are counted."""

__all__ = ["Throttle"]


class Throttle:
    """Lets one event through per interval and counts the others.

    Parameters
    ----------
    interval
        Seconds from one event that is let through to the next.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._open_at = float("-inf")
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
            How many were held back since the last one that passed, or None
            if this one is held back as well.
        """
        if now < self._open_at:
            self._held_back += 1
            return None
        self._open_at = now + self._interval
        held_back, self._held_back = self._held_back, 0
        return held_back
