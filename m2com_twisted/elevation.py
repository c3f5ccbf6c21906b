"""The telescope's elevation for the controller, at a steady rate, fresh or not at all."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from .catalogue.enums import MsgType
from .errors import NotConnectedError, WriteBufferFullError
from .support.log import NamedLog
from .support.throttle import Throttle
from .wire.codec import Message

__all__ = ["Elevation", "ElevationFeeder"]

# Seconds between two log lines about a source that fails, which may be asked
# 20 times a second.
_ERROR_LOG_INTERVAL = 10.0


class Elevation(NamedTuple):
    """Where the telescope points."""

    #: Degrees above the horizon.
    angle: float
    #: When that was so: `time.monotonic`, or the time of the `Clock` that was
    #: passed in as the reactor.
    measured_at: float


class ElevationFeeder:
    """Sends ``tel_elevation``, which the controller's force tables go by.

    Each time the source is asked for its latest angle.  One that is older than
    `max_age` is not sent: a controller that hears nothing uses its own
    inclinometer or reports a fault, one that hears a frozen angle lifts the
    mirror for the wrong attitude.  An angle that is still waiting for room to
    be written when the next is due is taken back.  What the transport and the
    operating system have accepted is out of reach.

    Parameters
    ----------
    source
        Returns the latest elevation, or None where there is none.  A plain
        function.
    rate
        Times per second.  The controller's cycle is 20 Hz.
    max_age
        Seconds after which an angle is stale.  Half a second is ten of the
        controller's cycles: more than a hiccup.
    """

    _write_message: Callable[[MsgType, str, Message, str], Awaitable[None]]
    _clock: IReactorTime
    _log: NamedLog

    def __init__(
        self,
        source: Callable[[], Elevation | None],
        rate: float = 20.0,
        max_age: float = 0.5,
    ) -> None:
        for name, value in (("rate", rate), ("max_age", max_age)):
            if not value > 0:
                raise ValueError(f"The {name} must be more than 0, not {value!r}.")
        self._source = source
        self._rate = rate
        self._max_age = max_age
        self._loop = LoopingCall(self._feed)
        self._writing: Deferred[None] | None = None
        self._throttle = Throttle(_ERROR_LOG_INTERVAL)
        #: Whether the source had nothing fresh when it was last asked.
        self.stale = False
        #: Angles handed to the connection.
        self.sent = 0

    def start(
        self,
        write_message: Callable[[MsgType, str, Message, str], Awaitable[None]],
        clock: IReactorTime,
        log: NamedLog,
    ) -> None:
        """Begin to feed.

        Parameters
        ----------
        write_message
            Writes to the telemetry port, as `TcpClient.write_message`.
        clock
            Sets the rate and tells the age.
        log
            Where a source that is stale or fails is reported.
        """
        self._write_message = write_message
        self._clock = clock
        self._log = log
        self._loop.clock = clock
        # Not now: there is no connection yet.
        self._loop.start(1 / self._rate, now=False)

    def stop(self) -> None:
        """Stop, and take back what waits to be written.  Harmless at any time."""
        if self._loop.running:
            self._loop.stop()
        self._take_back()

    def _feed(self) -> None:
        """Send the latest angle, if it is fresh."""
        self._take_back()
        angle: float | None = None
        age = float("inf")
        try:
            elevation = self._source()
            if elevation is not None:
                angle, measured_at = elevation
                age = self._clock.seconds() - measured_at
        except Exception:
            self._report_failure("The source of the elevation failed")
        self._note_staleness(age)
        if angle is not None and not self.stale:
            self._writing = Deferred.fromCoroutine(self._write(angle))

    def _note_staleness(self, age: float) -> None:
        """Log when the source becomes stale, and when it is fresh again."""
        # Not age > max_age, which not-a-number would pass.
        stale = not age <= self._max_age
        if stale and not self.stale:
            self._log.warning("No fresh elevation, so none is sent: the last is %g s old", age)
        elif self.stale and not stale:
            self._log.info("The elevation is fresh again")
        self.stale = stale

    async def _write(self, angle: float) -> None:
        try:
            await self._write_message(
                MsgType.Telemetry, "elevation", {"actualPosition": angle}, "MTMount"
            )
            self.sent += 1
        except (NotConnectedError, WriteBufferFullError, CancelledError):
            pass  # too late for this angle; the next one is due soon
        except Exception:
            self._report_failure("The elevation cannot be sent")

    def _take_back(self) -> None:
        """Cancel the last angle, which does nothing if it has been written."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _report_failure(self, what: str) -> None:
        if self._throttle.admit(self._clock.seconds()) is not None:
            self._log.exception(what)
