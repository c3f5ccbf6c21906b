"""What users do, said once, to be run over sockets and in memory."""

from typing import TYPE_CHECKING, Any

from m2com_twisted import (
    CommandFailed,
    CommandLost,
    CommandRejected,
    MsgType,
    NotConnectedError,
    PowerType,
    TcpClient,
)
from m2com_twisted.testing import Bench, MessageLog

if TYPE_CHECKING:
    # The mixin's users have these assertions from one TestCase or the other.
    from twisted.trial.unittest import SynchronousTestCase as Base
else:
    Base = object

POWER_ON = {"powerType": PowerType.Communication, "status": True}


class Scenarios(Base):
    """Tests of a bench with its two clients."""

    bench: Bench

    async def test_command(self) -> None:
        """A command succeeds, and the events it causes are delivered."""
        outcome = await self.bench.commands.run_command("power", POWER_ON)
        self.assertEqual(outcome.sequence_id, 1)
        event = await self.bench.events.wait_for("powerSystemState", powerType=2, state=5)
        self.assertIs(event["status"], True)
        self.assertTrue(self.bench.controller.model.communication_on)

    async def test_command_that_fails(self) -> None:
        """A command that the controller cannot do raises CommandFailed."""
        with self.assertRaises(CommandFailed):
            await self.bench.commands.run_command("switchForceBalanceSystem", {"status": True})

    async def test_command_that_is_rejected(self) -> None:
        """A command that the controller does not know raises CommandRejected."""
        with self.assertRaises(CommandRejected):
            await self.bench.commands.run_command("moveToTheMoon")

    async def test_welcome(self) -> None:
        """A client that connects is told the state of everything."""
        await self.bench.events.wait_for("tcpIpConnected", isConnected=True)
        await self.bench.events.wait_for("innerLoopControlMode", address=83)

    async def test_event_and_telemetry_to_the_controller(self) -> None:
        """Messages of the telescope mount arrive, and its elevation comes back in telemetry."""
        await self.bench.commands.write_message(
            MsgType.Event, "mountInPosition", {"inPosition": True}, "MTMount"
        )
        await self.bench.telemetry.write_message(
            MsgType.Telemetry, "elevation", {"actualPosition": 42.5}, "MTMount"
        )
        for power_type in (PowerType.Communication, PowerType.Motor):
            await self.bench.commands.run_command("power", {**POWER_ON, "powerType": power_type})
        await self.bench.measurements.wait_for("inclinometerAngleTma", inclinometer=42.5)
        received = [message["id"] for message in self.bench.controller.received]
        self.assertIn("evt_mountInPosition", received)

    async def test_telemetry(self) -> None:
        """Telemetry comes cycle by cycle while a client is connected."""
        first = await self.bench.measurements.wait_for("displacementSensors")
        second = await self.bench.measurements.wait_for("displacementSensors")
        self.assertEqual(first.keys(), {"id", "thetaZ", "deltaZ"})
        self.assertIsNot(first, second)

    async def test_reconnection(self) -> None:
        """A dropped client fails what waits, connects by itself, and is welcomed again."""
        changes: list[bool] = []
        await self.bench.commands.close()
        events = MessageLog(self.bench.clock)
        client = self.bench.client(
            "command",
            events,
            connect_callback=lambda client: changes.append(client.connected),
            retry_policy=lambda failures: 0.01,
        )
        await client.connect()
        await events.wait_for("innerLoopControlMode", address=83)
        self.bench.controller.inject("missing-success")
        self.bench.controller.inject("drop", at=0.05)
        with self.assertRaises(CommandLost):
            await client.run_command("clearErrors")
        await events.wait_for("innerLoopControlMode", address=83)
        self.assertTrue(client.connected)
        self.assertEqual(client.stats.connects, 2)
        self.assertEqual(changes, [True, False, True])

    async def test_stopped_controller(self) -> None:
        """A stopped controller drops and refuses clients, which are back once it is started."""
        client = await self._telemetry_client()
        await self.bench.controller.stop()
        await self._until(client, connected=False)
        other = self.bench.client("telemetry")
        with self.assertRaises(ConnectionRefusedError):
            await other.connect()
        await self.bench.start_controller()
        await self._until(client, connected=True)
        self.assertEqual(client.stats.connects, 2)

    async def _telemetry_client(self) -> TcpClient:
        """Return one, in place of the bench's, that dials again at once."""
        await self.bench.telemetry.close()
        client = self.bench.client("telemetry", retry_policy=lambda failures: 0.01)
        await client.connect()
        return client

    async def _until(self, client: TcpClient, *, connected: bool) -> None:
        while client.connected is not connected:
            await self.bench.sleep(0.01)

    async def test_close(self) -> None:
        """A closed client stays closed, refuses to write, and connects again when told to."""
        client = self.bench.commands
        await client.close()
        self.assertFalse(client.connected)
        with self.assertRaises(NotConnectedError):
            await client.write_message(MsgType.Command, "clearErrors")
        await client.connect()
        await client.run_command("clearErrors")

    async def test_failing_callback(self) -> None:
        """A callback that raises is logged, and the next message is delivered."""
        seen: list[str] = []

        def callback(message: dict[str, Any]) -> None:
            seen.append(message["id"])
            if len(seen) == 1:
                raise ZeroDivisionError

        await self.bench.commands.close()
        client = self.bench.client("command", callback)
        await client.connect()
        await client.run_command("clearErrors")
        self.assertGreater(len(seen), 1)
        self.assertEqual(len(self.bench.flush_errors(ZeroDivisionError)), 1)

    async def test_script(self) -> None:
        """A scripted controller is followed step by step, events and delays included."""
        script = self.bench.scripted_controller()
        script.greet().send("tcpIpConnected", isConnected=True)
        script.expect_command("power", {"powerType": 2, "status": True}).ack().after(0.05).send(
            "powerSystemState", powerType=2, status=True, state=5
        ).success()
        script.expect_command("clearErrors", {}).noack()
        script.expect("evt_mountInPosition", {"inPosition": True, "compName": "MTMount"}).close()
        client = self.bench.client(script, self.bench.events, retry_policy=None)
        await client.connect()
        outcome = await client.run_command("power", POWER_ON)
        self.assertGreaterEqual(outcome.latency, 0.05)
        await self.bench.events.wait_for("powerSystemState", state=5)
        with self.assertRaises(CommandRejected):
            await client.run_command("clearErrors")
        await client.write_message(
            MsgType.Event, "mountInPosition", {"inPosition": True}, "MTMount"
        )
        while client.connected:
            await self.bench.sleep(0)
