"""A small control service: enables the mirror, tracks the elevation, faults safely.

    python control_loop.py [HOST COMMAND_PORT TELEMETRY_PORT]

Try it beside ``m2com simulate``, and again beside ``m2com simulate --inject fault-6056:at=10``.
Ctrl-C disables the mirror and ends it.
"""

import enum
import logging
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from m2com_twisted import (
    CellControllerService,
    CommandError,
    ControllerState,
    Elevation,
    ElevationFeeder,
    M2ComError,
    PowerType,
)
from m2com_twisted.catalogue.faults import Severity, faults_in

Message = dict[str, Any]

#: What brings the mirror up, in this order: the motors carry it only under power, errors
#: of the past are cleared before the forces are balanced.
ENABLE: list[tuple[str, Message]] = [
    ("power", {"powerType": PowerType.Communication, "status": True}),
    ("power", {"powerType": PowerType.Motor, "status": True}),
    (
        "setControlParameters",
        {
            "useExternalElevationAngle": True,
            "enableAngleComparison": False,
            "enableLutTemperature": False,
            "maxAngleDifference": 2.0,
        },
    ),
    ("clearErrors", {}),
    ("switchForceBalanceSystem", {"status": True}),
]

#: What makes it safe, whatever it was at: each is tried though the one before it fails.
DISABLE: list[tuple[str, Message]] = [
    ("switchForceBalanceSystem", {"status": False}),
    ("power", {"powerType": PowerType.Motor, "status": False}),
    ("power", {"powerType": PowerType.Communication, "status": False}),
]


class Mode(enum.Enum):
    """What the control service is at."""

    OFFLINE = "offline"  #: not both connections are up
    ENABLING = "enabling"
    TRACKING = "tracking"
    FAULT = "fault"  #: the mirror is, or is being, made safe; a person must look at it


class MirrorControl(Service):
    """Holds the mirror against gravity while the telescope moves.

    Parameters
    ----------
    host, command_port, telemetry_port
        The controller.
    elevation
        Returns where the telescope points.
    reactor
        The reactor.
    show
        Takes a line for people to read.
    """

    def __init__(
        self,
        host: str,
        command_port: int,
        telemetry_port: int,
        elevation: Callable[[], Elevation | None],
        reactor: IReactorTime,
        show: Callable[[str], object] = print,
    ) -> None:
        self.mode = Mode.OFFLINE
        self._show = show
        self.controller = CellControllerService(
            host,
            command_port,
            telemetry_port,
            on_event=self._event,
            on_state=self._changed,
            elevation=ElevationFeeder(elevation, rate=20.0),
            reactor=reactor,
        )

    def startService(self) -> None:
        """Start to look for the controller."""
        Service.startService(self)
        self.controller.startService()

    def stopService(self) -> Deferred[None]:
        """Disable the mirror, then let go of the controller."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._leave())

    async def _leave(self) -> None:
        if self.mode in (Mode.ENABLING, Mode.TRACKING):
            self._enter(Mode.OFFLINE, "leaving")
            await self._make_safe()
        await self.controller.stopService()

    def _changed(self, state: ControllerState) -> None:
        """Enable the mirror when the controller is there; a mirror that was lost is a fault.

        What takes long is begun here and not waited for: events wait for this.
        """
        if state.both_up and self.mode is Mode.OFFLINE and self.running:
            _begin(self._enable())
        elif state.both_up and self.mode is Mode.FAULT:
            _begin(self._make_safe())
        elif not state.both_up and self.mode in (Mode.ENABLING, Mode.TRACKING):
            self._enter(Mode.FAULT, "a connection was lost")

    def _event(self, message: Message) -> None:
        """See what the controller reports while the mirror is held, and after a fault."""
        reason = ""
        if message["id"] == "summaryFaultsStatus" and self.mode in (Mode.TRACKING, Mode.FAULT):
            faults = [f for f in faults_in(message["status"]) if f.severity is Severity.FAULT]
            for fault in faults:
                self._show(f"reported: {fault.code} {fault.name}")
            reason = "faults were reported" if faults else ""
        elif message["id"] == "forceBalanceSystemStatus" and not message["status"]:
            reason = "the forces are no longer balanced"
        if reason and self.mode is Mode.TRACKING:
            _begin(self._fault(reason))

    async def _enable(self) -> None:
        self._enter(Mode.ENABLING)
        for name, details in ENABLE:
            try:
                await self.controller.run_command(name, details)
            except M2ComError as error:
                if self.mode is Mode.ENABLING:
                    await self._fault(str(error))
                return
            if self.mode is not Mode.ENABLING:
                return  # a fault, or the end, has come in between
        self._enter(Mode.TRACKING)

    async def _fault(self, reason: str) -> None:
        self._enter(Mode.FAULT, reason)
        await self._make_safe()

    async def _make_safe(self) -> None:
        """Open the loop and take the power away; without a connection, when it is back."""
        for name, details in DISABLE:
            try:
                await self.controller.run_command(name, details, timeout=10.0)
            except CommandError as error:
                self._show(f"not done: {error}")
            except M2ComError as error:
                self._show(f"the mirror is out of reach: {error}")
                return
        self._show("the mirror is safe")

    def _enter(self, mode: Mode, reason: str = "") -> None:
        self.mode = mode
        self._show(f"{mode.value}: {reason}" if reason else mode.value)


def _begin(work: Coroutine[Deferred[object], object, None]) -> None:
    """Run a coroutine by itself; its failure, which would be a mistake in here, is logged."""

    def failed(failure: Failure) -> None:
        logging.error("It failed:\n%s", failure.getTraceback())

    Deferred.fromCoroutine(work).addErrback(failed)


def main() -> None:
    """Run it until Ctrl-C, with a telescope that slowly comes down from 80 degrees."""
    from twisted.internet import reactor

    logging.basicConfig(level=logging.INFO)
    host, *ports = sys.argv[1:] or ["127.0.0.1", "50000", "50001"]
    command_port, telemetry_port = map(int, ports)
    started = time.monotonic()

    def elevation() -> Elevation:
        now = time.monotonic()
        return Elevation(max(20.0, 80.0 - 0.5 * (now - started)), now)

    control = MirrorControl(host, command_port, telemetry_port, elevation, reactor)
    control.startService()
    reactor.addSystemEventTrigger("before", "shutdown", control.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
