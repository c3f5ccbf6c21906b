"""Ten minutes of a night, in about a second of the test's."""

from typing import Any

import pytest

from m2com_twisted import InnerLoopControlMode, PowerType
from m2com_twisted.testing import MemoryTestCase

# Coverage makes a long night three times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover

HOME = dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot"), 0.0)


class TenMinutes(MemoryTestCase):
    """With both clients: 20 times a second, all of the telemetry."""

    async def test_night(self) -> None:
        """A night with a fault and three lost connections takes ten virtual minutes."""
        await self.power(True)
        await self.enable()
        await self.move(z=100.0)
        await self.lose_connection("reset")
        await self.move(z=50.0)
        self.controller.inject("fault-6056")
        await self.bench.events.wait_for("forceBalanceSystemStatus", status=False)
        await self.lose_connection("drop")
        await self.enable()
        await self.move(z=0.0)
        await self.lose_connection("garbage-line", "drop")
        await self.power(False)
        await self.bench.sleep(600 - self.bench.clock.seconds())
        assert self.commands.stats.connects == 4
        assert self.commands.stats.bad_lines == 1
        assert self.bench.clock.seconds() == 600
        self.check_telemetry()

    def check_telemetry(self) -> None:
        """Check that it came all the time: three topics always, all 19 with the motors on."""
        cycles = 600 * 20
        assert 3 * cycles < self.telemetry.stats.messages < 19 * cycles
        assert self.telemetry.stats.connects == 1
        assert self.bench.measurements.latest["position"]["z"] == pytest.approx(0, abs=0.02)

    async def run_command(self, name: str, **details: Any) -> None:
        """Run a command that must succeed."""
        await self.commands.run_command(name, details)

    async def power(self, status: bool) -> None:
        """Switch both power systems, in the order that goes with it."""
        order = [PowerType.Communication, PowerType.Motor]
        for power_type in order if status else reversed(order):
            await self.run_command("power", powerType=power_type, status=status)
            state = 5 if status else 2
            await self.bench.events.wait_for("powerSystemState", powerType=power_type, state=state)

    async def enable(self) -> None:
        """Clear the errors, enable the actuators and close the loop."""
        await self.run_command("clearErrors")
        addresses = list(range(78))
        await self.run_command(
            "setInnerLoopControlMode", addresses=addresses, mode=InnerLoopControlMode.Enabled
        )
        await self.run_command("switchForceBalanceSystem", status=True)

    async def move(self, z: float) -> None:
        """Move the mirror, and wait for it to arrive: 100 um take 20 s."""
        await self.run_command("positionMirror", **{**HOME, "z": z})
        await self.bench.sleep(30)
        assert abs(self.controller.model.mirror.pose.z - z) < 0.02

    async def lose_connection(self, *injections: str) -> None:
        """Lose the connection, and wait for the welcome on the next."""
        self.bench.events.skip()
        for injection in injections:
            self.controller.inject(injection)
        await self.bench.events.wait_for("innerLoopControlMode", address=83)


class TenMinutesOfCommands(TenMinutes):
    """With a command client only: nobody reads telemetry, so none is made."""

    connect = ("command",)

    def check_telemetry(self) -> None:
        """Check that there was none."""
        assert self.telemetry.stats.messages == 0
