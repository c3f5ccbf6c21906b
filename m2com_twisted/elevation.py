"""The telescope's elevation for the controller, at a steady rate, fresh or not at all."""

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

# Seconds between two reports of what is wrong.  The source is asked 20 times a
# second, and may be wrong every other time.
_REPORT_INTERVAL = 10.0

# How far in the future a measured time may lie, in seconds.  Two readings of one
# clock never differ like this; a second leaves room for a mount's own delay
# compensation, and is far less than the distance to any other clock.
_MOST_AHEAD = 1.0


class Elevation(NamedTuple):
    """Where the telescope points."""

    #: Degrees above the horizon.
    angle: float
    #: When that was so, in seconds of `time.monotonic`.  In a test that passes a
    #: `Clock` in as the reactor: of that `Clock`.  Not of `time.time`, which may
    #: step.
    measured_at: float


class ElevationFeeder:
    """Sends ``tel_elevation``, which the controller's force tables go by.

    Each time the source is asked for its latest angle.  One that is older than
    `max_age` is not sent.  A controller that hears nothing uses its own
    inclinometer or reports a fault; one that hears a frozen angle lifts the
    mirror for the wrong attitude.  What is no angle is not sent either, and
    nothing that the source returns or raises ends the feeding.  What is wrong
    is reported once, and then when it is over.

    An angle that is still waiting for room to be written when the next is due
    is taken back.  What the transport and the operating system have accepted
    cannot be taken back.

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
    angles
        The least and the greatest angle that is sent, in degrees.  By default
        from the horizon to the zenith.

    Raises
    ------
    TypeError
        If the source is no plain function.
    ValueError
        If the rate, the age or the angles make no sense.
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
        #: Whether the source had nothing that could be sent when it was last asked.
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
            Receives what is to be said of the source.
        """
        self._write_message = write_message
        self._seconds = monotonic_clock(clock)
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
        """Send the latest angle, if there is one that can be sent."""
        self._take_back()
        try:
            angle = self._latest()
        except _UnusableElevationError as error:
            self._report(str(error))
        # Whatever it is: SystemExit would end the process, and GeneratorExit
        # the feeding, without a word.
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
        """Say that nothing is sent, once until it is over, and not too often."""
        if not self._is_reported and self._throttle.admit(self._seconds()) is not None:
            level = logging.WARNING if error is None else logging.ERROR
            self._log.log(level, "No elevation is sent: %s", what, exc_info=error)
            self._is_reported = True
        self.stale = True

    def _report_recovery(self) -> None:
        """Say that it is over, where it was said that it began."""
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
        """Cancel the last angle, which does nothing if it has been written."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None


class _UnusableElevationError(Exception):
    """What the source returned cannot be sent; the text says why."""


def _number(name: str, value: object) -> float:
    """Return a value as a float, which may be a foreign one such as NumPy's."""
    # A bool is a number to Python, and text may be converted to one.
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number):
            return number
    raise _UnusableElevationError(f"{name} is {safe_repr(value)}, which is no finite number")
