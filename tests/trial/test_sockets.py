"""The scenarios of users on loopback sockets."""

from m2com_twisted import TcpClient
from m2com_twisted.testing import SocketBench, SocketTestCase
from tests.trial.scenarios import Scenarios


class SocketTests(Scenarios, SocketTestCase):
    """All of them, and what only sockets can show."""

    bench: SocketBench

    async def test_refused(self) -> None:
        """If nothing listens any more, `connect` raises the builtin error."""
        port = self.bench.controller.command_port
        await self.bench.controller.stop()
        client = TcpClient("127.0.0.1", port, print)
        with self.assertRaises(ConnectionRefusedError):
            await client.connect()

    async def test_second_client(self) -> None:
        """A port takes one client: a second connects, and is closed at once."""
        second = self.bench.client("command", retry_policy=None)
        await second.connect()
        while second.connected:
            await self.bench.sleep(0)
        self.assertTrue(self.bench.commands.connected)


class OwnSetUp(SocketTestCase):
    """A TestCase that adds to what is set up."""

    connect = ("command",)

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes a coroutine too
        """Connect one client more."""
        await super().setUp()
        self.third = TcpClient("127.0.0.1", self.bench.controller.telemetry_port, dict)
        await self.third.connect()

    async def tearDown(self) -> None:  # type: ignore[override]  # likewise
        """Close it."""
        await self.third.close()
        await super().tearDown()

    async def test_both(self) -> None:
        """A TestCase that adds a client in setUp has that client and those of the bench."""
        self.assertTrue(self.commands.connected)
        self.assertFalse(self.telemetry.connected)
        self.assertTrue(self.third.connected)
