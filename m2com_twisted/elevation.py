"""Sends the telescope's elevation to the controller at a fixed rate, except old values."""

import inspect
import logging
import math
from collections.abc import Awaitable, Callable
from numbers import Real
from typing import NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.reflect import safe_repr

from .catalogue.enums import MsgType
from .errors import NotConnectedError, WriteBufferFullError
from .support.callables import require_plain_function
from .support.clock import monotonic_clock
from .support.log import NamedLog
from .support.throttle import Throttle
from .wire.codec import Message

__all__ = ["Elevation", "ElevationFeeder"]

# Seconds between two reports about the source.  The source is called 20 times a
# second, and every second call may fail.
_REPORT_INTERVAL = 10.0

# Seconds that a measured time may lie in the future.  A mount may compensate its
# own delay, which is shorter than this.  The time of a wrong clock differs by far
# more.
_MOST_AHEAD = 1.0


class Elevation(NamedTuple):
    """Elevation of the telescope at one time."""

    #: Degrees above the horizon.
    angle: float
    #: Time of the measurement in seconds of `time.monotonic`, or of the `Clock`
    #: that a test passes in as the reactor.  `time.time` must not be used, because
    #: its clock may step.
    measured_at: float


class ElevationFeeder:
    """Sends ``tel_elevation``, which the controller uses for its force tables.

    The source is called for the latest angle each time.  An angle older than
    `max_age` is not sent.  Without an angle, the controller uses its own
    inclinometer or reports a fault.  With an old angle, it would support the mirror
    for a wrong attitude.  A value that is not an angle is not sent either.  Nothing
    that the source returns or raises ends the feeding.  A fault of the source is
    reported when it begins and when it ends.

    If an angle still waits to be written when the next one is due, it is withdrawn.
    Bytes that the transport has accepted cannot be withdrawn.

    Parameters
    ----------
    source
        Plain function that returns the latest elevation, or None.
    rate
        Number of angles per second.  The controller's cycle is 20 Hz.
    max_age
        Seconds after which an angle is stale.  Half a second is ten cycles of the
        controller, which is longer than a short delay.
    angles
        The least and the greatest angle that is sent, in degrees.  The default is
        from the horizon to the zenith.

    Raises
    ------
    TypeError
        If the source is no plain function.
    ValueError
        If the rate, the age or the angles are impossible.
    """

    _write_message: Callable[[MsgType, str, Message, str], Awaitable[None]]
    _seconds: Callable[[], float]
    _log: NamedLog

    def __init__(
        self,
        source: Callable[[], Elevation | None],
        rate: float = 20.0,
        max_age: float = 0.5,
        angles: tuple[float, float] = (0.0, 90.0),
    ) -> None:
        require_plain_function(source)
        for name, value in (("rate", rate), ("max_age", max_age)):
            if not 0 < value < math.inf:
                raise ValueError(f"The {name} must be more than 0 and finite, not {value!r}.")
        least, greatest = angles
        if not -math.inf < least < greatest < math.inf:
            raise ValueError(f"The angles must be a least and a greatest one, not {angles!r}.")
        self._source = source
        self._rate = rate
        self._max_age = max_age
        self._angles = (least, greatest)
        self._loop = LoopingCall(self._feed)
        self._writing: Deferred[None] | None = None
        self._throttle = Throttle(_REPORT_INTERVAL)
        self._is_reported = False
        #: Whether the last call of the source returned no usable angle.
        self.stale = False
        #: Number of angles passed to the connection.
        self.sent = 0

    def start(
        self,
        write_message: Callable[[MsgType, str, Message, str], Awaitable[None]],
        clock: IReactorTime,
        log: NamedLog,
    ) -> None:
        """Start to send.

        Parameters
        ----------
        write_message
            Writes to the telemetry port, as `TcpClient.write_message`.
        clock
            Clock for the rate and the age.
        log
            Receives reports about the source.
        """
        self._write_message = write_message
        self._seconds = monotonic_clock(clock)
        self._log = log
        self._loop.clock = clock
        # The first angle is not sent at once, because there is no connection yet.
        self._loop.start(1 / self._rate, now=False)

    def stop(self) -> None:
        """Stop, and withdraw an angle that waits to be written.  May be called at any time."""
        if self._loop.running:
            self._loop.stop()
        self._take_back()

    def _feed(self) -> None:
        """Send the latest angle, if it is usable."""
        self._take_back()
        try:
            angle = self._latest()
        except _UnusableElevationError as error:
            self._report(str(error))
        # All exceptions are caught.  SystemExit would end the process, and
        # GeneratorExit would silently end the feeding.
        except BaseException as error:
            self._report("the source failed", error)
        else:
            if not self._loop.running:
                return  # stopped by the source
            self._report_recovery()
            self._writing = Deferred.fromCoroutine(self._write(angle))

    def _latest(self) -> float:
        """Return the angle to send.

        Raises
        ------
        _UnusableElevationError
            If there is none.
        """
        elevation = self._source()
        if elevation is None:
            raise _UnusableElevationError("there is none")
        if inspect.iscoroutine(elevation):
            elevation.close()
            raise _UnusableElevationError("the source must be a plain function, not a coroutine's")
        angle, measured_at = elevation
        age = self._seconds() - _number("measured_at", measured_at)
        if age < -_MOST_AHEAD:
            raise _UnusableElevationError(
                f"measured_at is {-age:.1f} s in the future; it must be the time by "
                "time.monotonic(), or by the Clock that was passed in as the reactor"
            )
        if age > self._max_age:
            raise _UnusableElevationError(f"the last is {age:.1f} s old")
        degrees = _number("the angle", angle)
        least, greatest = self._angles
        if not least <= degrees <= greatest:
            raise _UnusableElevationError(
                f"the angle {degrees:g} is not from {least:g} to {greatest:g} degrees"
            )
        return degrees

    def _report(self, what: str, error: BaseException | None = None) -> None:
        """Report a fault of the source when it begins, but not too often."""
        if not self._is_reported and self._throttle.admit(self._seconds()) is not None:
            level = logging.WARNING if error is None else logging.ERROR
            self._log.log(level, "No elevation is sent: %s", what, exc_info=error)
            self._is_reported = True
        self.stale = True

    def _report_recovery(self) -> None:
        """Report the end of a fault whose beginning was reported."""
        self.stale = False
        if self._is_reported:
            self._is_reported = False
            self._log.info("The elevation is sent again")

    async def _write(self, angle: float) -> None:
        try:
            await self._write_message(
                MsgType.Telemetry, "elevation", {"actualPosition": angle}, "MTMount"
            )
            self.sent += 1
        except (NotConnectedError, WriteBufferFullError, CancelledError):
            pass  # too late for this angle; the next one is due soon
        except Exception as error:
            self._report("it cannot be written", error)

    def _take_back(self) -> None:
        """Cancel the last angle; this has no effect if it was written."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None


class _UnusableElevationError(Exception):
    """The source returned no usable angle.  The text is the reason."""


def _number(name: str, value: object) -> float:
    """Return a number as a float.  It may be a number of another package such as NumPy."""
    # Python accepts a bool as a number, and converts text to one.
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number):
            return number
    raise _UnusableElevationError(f"{name} is {safe_repr(value)}, which is no finite number")
