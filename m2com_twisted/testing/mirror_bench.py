"""A mirror on a simulator in memory, and methods that make something go wrong."""

from dataclasses import replace
from typing import Any

from twisted.internet.defer import maybeDeferred

from ..mirror import Limits, Mirror, Settings
from ..service import CellControllerService
from ..simulator import STRICT, Profile
from ..simulator.model.model import Model
from ..simulator.model.power import PowerTimes
from .bench import PortName
from .memory_bench import MemoryBench

__all__ = ["MirrorBench", "slow_power"]


def slow_power(seconds: float, profile: Profile = STRICT) -> Profile:
    """Return a profile in which a power system takes some seconds to switch on.

    Half of this time passes before the power system reports that it is powering on.  Switching
    off takes a tenth of the time.
    """
    half, tenth = seconds / 2, seconds / 20
    times = PowerTimes(on=(half, half), off=(tenth, tenth), reset=seconds / 4)
    return replace(profile, power_times=times)


class MirrorBench(MemoryBench):
    """A `Mirror` on a simulator, without sockets, reactor or real time.

    Parameters
    ----------
    profile
        Profile of the simulator; the strict one has realistic times.
    seed
        Seed of the simulator's noise, and of the delays before a new connection.
    settings, limits
        Settings and limits of the mirror.

    Attributes
    ----------
    mirror
        The mirror.  It runs after `start`.
    link
        The service through which the mirror sends its commands.
    """

    mirror: Mirror
    link: CellControllerService

    def __init__(
        self,
        *,
        profile: Profile = STRICT,
        seed: int | None = 1,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(profile=profile, seed=seed, connect=())
        self._mirror_options: dict[str, Any] = {"settings": settings, "limits": limits}

    @property
    def model(self) -> Model:
        """The true state of the simulated mirror.  The `Mirror` may know less."""
        return self.controller.model

    async def start(self) -> None:
        """Override: also start the mirror, and wait until it is ready."""
        await super().start()
        self.link = CellControllerService(
            "memory",
            command_endpoint=self.ports["command"],
            telemetry_endpoint=self.ports["telemetry"],
            retry_policy=self._retry_policy,
            reactor=self.clock,
        )
        self.mirror = Mirror(link=self.link, reactor=self.clock, **self._mirror_options)
        self.link.startService()
        self.mirror.startService()
        await self.mirror.ready(timeout=30.0)

    async def end(self) -> None:
        """Override: stop the mirror and its link first."""
        if hasattr(self, "mirror"):
            await maybeDeferred(self.mirror.stopService)
            await maybeDeferred(self.link.stopService)
        await super().end()

    def lose(self, *ports: PortName) -> None:
        """Reset connections, and refuse new ones until `restore`."""
        for port in ports:
            self.ports[port].answer = "refuse"
            self.controller.inject("reset", port=port)

    def restore(self, *ports: PortName) -> None:
        """Accept connections again."""
        for port in ports:
            self.ports[port].answer = "accept"

    def fault(self, code: int) -> None:
        """Let the controller report a fault and react to it."""
        self.controller.inject(f"fault-{code}")

    async def restart(self, seconds: float = 5.0) -> None:
        """Restart the controller.  It loses power and connections, and returns after a time."""
        self.model.reboot()
        await self.controller.stop()
        await self.sleep(seconds)
        await self.start_controller()

    async def enable(self) -> None:
        """Bring the mirror into closed loop."""
        await self.mirror.enable()
