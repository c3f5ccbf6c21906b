"""The scenarios of users in memory, where time is the test's."""

from m2com_twisted import ConnectTimeoutError
from m2com_twisted.simulator import STRICT
from m2com_twisted.testing import MemoryBench, MemoryTestCase
from tests.trial.scenarios import POWER_ON, Scenarios


class MemoryTests(Scenarios, MemoryTestCase):
    """All of them, and what only virtual time can show."""

    bench: MemoryBench

    async def test_refused(self) -> None:
        """If nothing listens, `connect` raises the builtin error."""
        await self.bench.commands.close()
        self.bench.ports["command"].answer = "refuse"
        with self.assertRaises(ConnectionRefusedError):
            await self.bench.commands.connect()

    async def test_no_answer(self) -> None:
        """Without an answer `connect` gives up exactly after its timeout."""
        await self.bench.commands.close()
        self.bench.ports["command"].answer = "nothing"
        began = self.bench.clock.seconds()
        with self.assertRaises(ConnectTimeoutError):
            await self.bench.commands.connect(timeout=10)
        self.assertEqual(self.bench.clock.seconds() - began, 10)

    def test_outage_of_ten_minutes(self) -> None:
        """The client dials at most every 30 s, and is back after the outage."""
        self.bench.run(self.telemetry.close())  # which would take most of the time
        port = self.bench.ports["command"]
        port.answer = "refuse"
        self.bench.controller.inject("reset")
        self.bench.advance(600)
        self.assertFalse(self.bench.commands.connected)
        self.assertLess(port.attempts, 40)
        port.answer = "accept"
        self.bench.advance(30)
        self.assertTrue(self.bench.commands.connected)

    async def test_reboot(self) -> None:
        """A controller that reboots drops both clients half a second later, and takes none."""
        await self.bench.commands.run_command("rebootController")
        await self.bench.sleep(0.49)
        self.assertTrue(self.commands.connected and self.telemetry.connected)
        await self.bench.sleep(60)
        self.assertFalse(self.commands.connected or self.telemetry.connected)
        for port in self.bench.ports.values():
            self.assertGreater(port.attempts, 1)
        await self.bench.start_controller()
        await self.bench.sleep(31)
        self.assertTrue(self.commands.connected and self.telemetry.connected)

    async def test_half_open(self) -> None:
        """A silent connection is given up after the client's timeout, and made anew."""
        self.bench.telemetry.timeout = 5.0
        self.bench.controller.inject("half-open", port="telemetry")
        await self.bench.sleep(5.2)
        self.assertFalse(self.bench.telemetry.connected)
        await self.bench.sleep(2)
        self.assertTrue(self.bench.telemetry.connected)


class RealisticTimes(MemoryTestCase):
    """Against a controller that takes its time."""

    profile = STRICT
    connect = ("command",)

    async def test_power_takes_three_and_a_half_seconds(self) -> None:
        """A command that takes seconds takes none of the test's."""
        outcome = await self.bench.commands.run_command("power", POWER_ON)
        self.assertAlmostEqual(outcome.latency, 3.5, places=3)
        self.assertFalse(self.bench.telemetry.connected)
