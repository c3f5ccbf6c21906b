"""The scripted controller: what is not in its script fails the test."""

from typing import Any

from m2com_twisted import CommandFailed, CommandRejected, MsgType
from m2com_twisted.testing import MemoryBench, ScriptedController


class Conversation:
    """A scripted controller, and a client connected to it."""

    def __init__(self) -> None:
        self.bench = MemoryBench(connect=())
        self.script: ScriptedController = self.bench.scripted_controller()
        self.client = self.bench.client(self.script, self.bench.events, retry_policy=None)

    def run(self, *commands: tuple[str, dict[str, Any]]) -> list[Any]:
        """Connect, run commands one after the other, return what came of each; then stop."""
        return self.bench.run(self._run(commands))

    async def _run(self, commands: tuple[tuple[str, dict[str, Any]], ...]) -> list[Any]:
        outcomes: list[Any] = []
        await self.client.connect()
        for name, details in commands:
            try:
                outcomes.append(await self.client.run_command(name, details))
            except (CommandFailed, CommandRejected) as error:
                outcomes.append(type(error))
        return outcomes

    def problems(self) -> list[str]:
        """Stop the bench and return what it finds."""
        try:
            self.bench.run(self.bench.stop())
        except AssertionError as error:
            return str(error).splitlines()
        return []


def test_script_is_followed() -> None:
    """Expected commands are answered as told, after the delays."""
    talk = Conversation()
    talk.script.expect_command("power", {"status": True}).after(1).ack().after(2).success()
    talk.script.expect_command("clearErrors").fail()
    talk.script.expect_command("reset", {}).noack()
    outcome, failed, rejected = talk.run(
        ("power", {"status": True}), ("clearErrors", {"any": 1}), ("reset", {})
    )
    assert (outcome.ack_latency, outcome.latency) == (1, 3)
    assert (failed, rejected) == (CommandFailed, CommandRejected)
    assert talk.problems() == []


def test_unexpected_command() -> None:
    """Another command than expected is rejected, and the problem says which was expected."""
    talk = Conversation()
    talk.script.expect_command("clearErrors").success()
    talk.script.expect_command("power", {"powerType": 2}).success()
    assert talk.run(("clearErrors", {}), ("power", {"powerType": 1}))[1] is CommandRejected
    assert talk.problems() == [
        'It expected the command power {"powerType": 2} (step 2 of 2), '
        'but it received the command power {"powerType": 1}.',
        'It expected the command power {"powerType": 2}, which never came.',
    ]


def test_command_after_the_end() -> None:
    """A command after the end of the script fails the test."""
    talk = Conversation()
    assert talk.run(("clearErrors", {})) == [CommandRejected]
    assert talk.problems() == [
        "It expected nothing more, but it received the command clearErrors {}."
    ]


def test_missing_command() -> None:
    """A command that is expected and never comes fails the test."""
    talk = Conversation()
    talk.script.expect_command("clearErrors")
    talk.run()
    assert talk.problems() == [
        "It expected the command clearErrors with any details, which never came."
    ]


def test_other_messages() -> None:
    """Events and telemetry can be expected, and an unexpected one is not answered."""
    talk = Conversation()
    talk.script.expect("tel_elevation", {"compName": "MTMount", "actualPosition": 1.5})

    async def scenario() -> None:
        await talk.client.connect()
        write = talk.client.write_message
        await write(MsgType.Telemetry, "elevation", {"actualPosition": 1.5}, "MTMount")
        await write(MsgType.Event, "inPosition", {"x": 1}, "MTMount")

    talk.bench.run(scenario())
    talk.bench.advance(1)
    assert [message["id"] for message in talk.script.received] == [
        "tel_elevation",
        "evt_inPosition",
    ]
    assert not talk.bench.events.messages
    assert talk.problems() == [
        'It expected nothing more, but it received evt_inPosition {"x": 1, "compName": "MTMount"}.'
    ]


def test_answers_do_not_overtake_each_other() -> None:
    """A command that comes meanwhile is answered when the one before it is."""
    talk = Conversation()
    talk.script.expect_command("power").after(5).success()
    talk.script.expect_command("clearErrors").success()

    async def scenario() -> None:
        await talk.client.connect()
        await talk.client.write_message(MsgType.Command, "power")
        assert (await talk.client.run_command("clearErrors")).latency == 5

    talk.bench.run(scenario())
    assert talk.problems() == []


def test_greeting_and_bad_lines() -> None:
    """Each connection is greeted, with whatever lines, and closed or reset when told."""
    talk = Conversation()
    talk.script.greet().send("tcpIpConnected", isConnected=True).send_line(b"garbage")
    talk.script.expect_command("reset").reset()
    talk.script.expect_command("close").after(1).close()

    async def scenario() -> None:
        for command in ("reset", "close"):
            await talk.client.connect()
            await talk.bench.events.wait_for("tcpIpConnected", isConnected=True)
            await talk.client.write_message(MsgType.Command, command)
            while talk.client.connected:
                await talk.bench.sleep(0.1)

    talk.bench.run(scenario())
    assert talk.client.stats.bad_lines == 2
    assert talk.problems() == []


def test_line_that_is_no_message() -> None:
    """A line that cannot be understood fails the test; one that only shows life does not."""
    talk = Conversation()
    talk.run()
    (connection,) = talk.script.factory.connections
    connection.dataReceived(b"heartbeat\r\n\r\nrubbish\r\n")
    (problem,) = talk.problems()
    assert problem.startswith("It expected nothing more, but it received a bad line: not JSON")


def test_answer_to_a_client_that_left() -> None:
    """Answers that are still to come are dropped with their connection."""
    talk = Conversation()
    talk.script.expect_command("power").after(5).success()

    async def scenario() -> None:
        await talk.client.connect()
        await talk.client.write_message(MsgType.Command, "power")
        await talk.bench.sleep(1)
        await talk.client.close()
        await talk.client.connect()
        await talk.bench.sleep(10)

    talk.bench.run(scenario())
    assert not talk.bench.events.messages
    assert talk.problems() == []


def test_greeting_after_an_answer_that_was_dropped() -> None:
    """A client that is back is greeted at once, whatever its former connection waited for."""
    talk = Conversation()
    talk.script.greet().send("tcpIpConnected", isConnected=True)
    talk.script.expect_command("power").after(500).success()

    async def scenario() -> None:
        await talk.client.connect()
        await talk.client.write_message(MsgType.Command, "power")
        await talk.bench.sleep(1)
        await talk.client.close()
        talk.bench.events.skip()
        await talk.client.connect()
        await talk.bench.events.wait_for("tcpIpConnected", within=1)

    talk.bench.run(scenario())
    assert talk.problems() == []


def test_stop_in_the_midst_of_an_answer() -> None:
    """A bench that is stopped while an answer waits leaves nothing running."""
    talk = Conversation()
    talk.script.expect_command("power").after(5).success()

    async def scenario() -> None:
        await talk.client.connect()
        await talk.client.write_message(MsgType.Command, "power")
        await talk.bench.sleep(1)

    talk.bench.run(scenario())
    assert talk.problems() == []
