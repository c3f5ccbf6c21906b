"""The outages of a client: they decide the next delay and the level of the log lines.

Operators read this log at night.  An outage gets one warning when it begins
and one line when it is over; everything in between is logged at debug.
"""

import logging

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..errors import SilentPeerError
from ..support.log import NamedLog
from ..support.stats import Stats

__all__ = ["Outages"]

# A connection that has lived this many seconds counts as good, even if it has
# brought no message.  A controller that has a client already closes a second
# connection after a millisecond (protocol-transport), so such a connection never
# counts.
_GOOD_AFTER = 10.0

# Another client may hold the port if the controller closes this many connections in
# a row, each within this many seconds and without sending a byte.
_TAKEN_PORT_CLOSES = 3
_TAKEN_PORT_TIME = 1.0


class Outages:
    """Counts the failed attempts and lost connections of one client.

    Parameters
    ----------
    clock
        Measures outages.
    stats
        Counts connections.
    log
        Reports them.
    """

    def __init__(self, clock: IReactorTime, stats: Stats, log: NamedLog) -> None:
        self._clock = clock
        self._stats = stats
        self._log = log
        self._good_check: IDelayedCall | None = None
        self.forget()

    def forget(self) -> None:
        """Forget all attempts and connections."""
        self._cancel_good_check()
        #: How many attempts in a row led to no good connection.
        self.failures = 0
        self._connected_at = 0.0
        self._good = False
        self._outage_since: float | None = None
        # Whether the outage has had connections that did not prove good.
        self._saw_empty_connection = False
        self._closed_empty = 0

    def attempt_failed(self, error: Exception) -> None:
        """Count an attempt that made no connection."""
        self.failures += 1
        self._stats.note_error(error)
        self._begin_outage()
        self._log.log(self._failure_level(), "%s", error)

    @property
    def last_error(self) -> BaseException | None:
        """The reason why the last attempt failed or the last connection was lost."""
        return self._stats.last_error

    def connection_made(self) -> None:
        """Count a connection, which has not proved good yet."""
        self._stats.connects += 1
        self._connected_at = self._clock.seconds()
        self._good = False
        if not self._saw_empty_connection:
            self._log_connected()
        else:
            self._log.debug("Connected")
            # A good connection may bring no message.  Then this call writes its log line.
            self._good_check = self._clock.callLater(_GOOD_AFTER, self.proved_good)

    def proved_good(self) -> None:
        """Note that the connection has proved good."""
        if self._good:
            return
        self._cancel_good_check()
        if self._saw_empty_connection:
            self._log_connected()
        self._good = True
        self.failures = 0
        self._outage_since = None
        self._saw_empty_connection = False

    def connection_lost(self, reason: BaseException, received_bytes: int) -> None:
        """Count the loss of the connection.

        Parameters
        ----------
        reason
            The reason why it was lost.
        received_bytes
            Bytes that had been received over it.
        """
        self._stats.note_error(reason)
        uptime = self._clock.seconds() - self._connected_at
        if uptime >= _GOOD_AFTER:
            self.proved_good()
        self._cancel_good_check()
        self._begin_outage()
        if self._good:
            level = logging.WARNING
        else:
            self.failures += 1
            self._saw_empty_connection = True
            level = self._failure_level()
        self._log.log(level, "Lost the connection after %.1f s: %s", uptime, reason)
        by_peer = not isinstance(reason, SilentPeerError)
        self._look_for_taken_port(by_peer and received_bytes == 0 and uptime < _TAKEN_PORT_TIME)

    def _cancel_good_check(self) -> None:
        if self._good_check is not None and self._good_check.active():
            self._good_check.cancel()

    def _begin_outage(self) -> None:
        if self._outage_since is None:
            self._outage_since = self._clock.seconds()

    def _failure_level(self) -> int:
        return logging.WARNING if self.failures == 1 else logging.DEBUG

    def _log_connected(self) -> None:
        if self._outage_since is None:
            self._log.info("Connected")
        else:
            outage = self._connected_at - self._outage_since
            again = " again" if self._stats.connects > 1 else ""
            # A warning told the outage, so its end must be as visible.
            self._log.warning("Connected%s after an outage of %.1f s", again, outage)

    def _look_for_taken_port(self, closed_empty: bool) -> None:
        self._closed_empty = self._closed_empty + 1 if closed_empty else 0
        if self._closed_empty == _TAKEN_PORT_CLOSES:
            self._log.warning(
                "The controller closed %d connections in a row at once: "
                "another client may hold the port, which serves only one",
                _TAKEN_PORT_CLOSES,
            )
