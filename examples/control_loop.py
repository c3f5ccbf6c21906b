"""A small control service.  It enables the mirror and makes it safe after a fault.

Meanwhile it sends the elevation of the telescope to the controller.

    python control_loop.py [HOST COMMAND_PORT TELEMETRY_PORT]

Try it beside ``m2com simulate``, and again beside ``m2com simulate --inject fault-6056:at=10``.
Ctrl-C makes the mirror safe and ends the service.
"""

import logging
import sys
import time
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from m2com_twisted import Elevation, ElevationFeeder, M2ComError
from m2com_twisted.catalogue.commands import SetControlParameters
from m2com_twisted.mirror import Mirror, Report, Settings, StepRecord, StepState

#: The force tables use the telescope's elevation.
SETTINGS = Settings(
    control_parameters=SetControlParameters(
        use_external_elevation_angle=True,
        enable_angle_comparison=False,
        max_angle_difference=2.0,
        enable_lut_temperature=False,
    )
)


class MirrorControl(Service):
    """Keeps the mirror enabled while the telescope moves.

    Parameters
    ----------
    host, command_port, telemetry_port
        The address of the controller.
    elevation
        Returns the direction of the telescope.
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
        self._show = show
        self.mirror = Mirror(
            host,
            command_port,
            telemetry_port,
            elevation=ElevationFeeder(elevation, rate=20.0),
            settings=SETTINGS,
            reactor=reactor,
        )

    def startService(self) -> None:
        """Connect to the controller, and enable the mirror."""
        Service.startService(self)
        self.mirror.startService()
        holding = Deferred.fromCoroutine(self._hold())
        holding.addErrback(lambda failure: logging.error("It failed:\n%s", failure.getTraceback()))

    def stopService(self) -> Deferred[None]:
        """Make the mirror safe, then disconnect."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._leave())

    async def _leave(self) -> None:
        self._show("leaving")
        await self._make_safe()
        await self.mirror.stopService()

    async def _hold(self) -> None:
        """Enable the mirror, and make it safe as soon as its loop opens."""
        try:
            await self.mirror.ready(timeout=3600.0)
            await self.mirror.enable(progress=self._progress)
            self._show("tracking")
            await self.mirror.wait_for(lambda state: not state.loop_closed)
            reason = "the loop is not closed any more"
        except M2ComError as error:
            reason = str(error)
        if not self.running:
            return  # `_leave` makes the mirror safe
        self._show(f"fault: {reason}")
        await self._make_safe()
        for fault in self.mirror.state.faults.current:
            self._show(f"reported: {fault.code} {fault.name}; {fault.advice}")

    async def _make_safe(self) -> None:
        report = await self.mirror.make_safe()
        self._show("the mirror is safe" if report.safe else f"NOT SEEN SAFE: {report}")

    def _progress(self, report: Report, step: StepRecord) -> None:
        if step.state is StepState.RUNNING:
            self._show(f"{report.procedure}: {step.name}")


def main() -> None:
    """Run the service until Ctrl-C, with a telescope that slowly comes down from 80 degrees."""
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
