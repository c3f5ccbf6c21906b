"""The facade's `run_command`, against a controller that answers as scripted."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from m2com_twisted import (
    CommandError,
    CommandFailed,
    CommandLost,
    CommandStage,
    CommandTimeout,
    MsgType,
    NotConnectedError,
    TcpClient,
)
from tests.support.coroutines import error_of, result_of
from tests.support.scripted_peer import Scripted

Message = dict[str, Any]


def test_reply_amid_a_chunk_that_is_half_delivered(caplog: pytest.LogCaptureFixture) -> None:
    """A callback that awaits a command goes on when the reply follows in the same chunk."""
    delivered: list[object] = []

    async def callback(message: Message) -> None:
        delivered.append(message["id"])
        if message["id"] == "first":
            await answered
            delivered.append("answered")

    fixture = Scripted(callback)
    answered: Deferred[None] = Deferred()
    fixture.run().addCallback(lambda outcome: answered.callback(None))
    fixture.reply({"id": "first"}, {"id": "second"}, ("success", 1), {"id": "last"})
    assert delivered == ["first", "answered", "second", "success", "last"]
    assert not caplog.records


@pytest.mark.parametrize("end", ["close", "lose"])
def test_who_sends_on_when_all_commands_fail(end: str) -> None:
    """A command that is sent when another is lost fails, as there is no connection."""
    fixture = Scripted()

    async def insist() -> None:
        try:
            await fixture.client.run_command("power")
        except CommandLost:
            await fixture.client.run_command("power")

    insisting = Deferred.fromCoroutine(insist())
    closing = fixture.close() if end == "close" else None
    fixture.peer.lose()
    assert isinstance(error_of(insisting), NotConnectedError)
    assert fixture.sent_ids == [1]
    result_of(closing or fixture.close())
    assert not fixture.clock.getDelayedCalls()


@pytest.mark.parametrize("blocked", [False, True])
def test_close_by_who_awaited_a_reply(blocked: bool) -> None:
    """After a close in a callback of a reply, not even that reply is delivered."""
    delivered: list[object] = []

    def callback(message: Message) -> Deferred[None] | None:
        delivered.append(message["id"])
        return Deferred() if blocked else None

    fixture = Scripted(callback)
    closing = fixture.run().addCallback(lambda outcome: fixture.close())
    fixture.reply({"id": "first"}, ("success", 1), {"id": "last"})
    fixture.peer.lose()
    result_of(closing)
    fixture.connect()
    assert delivered == ["first"]


def end_by_loss(fixture: Scripted) -> None:
    """Lose the connection."""
    fixture.peer.lose()


def end_by_close(fixture: Scripted) -> None:
    """Close the client, whose peer does not take the rest."""
    fixture.close()


@pytest.mark.parametrize("end", [end_by_loss, end_by_close])
def test_the_end_of_a_connection_fails_commands_at_once(end: Callable[[Scripted], None]) -> None:
    """All that is under way fails at once, with how far it got, before the connect callback."""
    told: list[object] = []

    def connect_callback(client: TcpClient) -> None:
        told.append(client.connected)

    def failed(failure: Failure) -> None:
        error = failure.value
        assert isinstance(error, CommandError)
        told.append((error.command, error.sequence_id, error.stage, error.outcome_unknown))
        assert isinstance(error, CommandLost)
        assert isinstance(error, ConnectionError)
        assert not fixture.client.connected

    fixture = Scripted(connect_callback=connect_callback)
    for name in ("acknowledged", "sent"):
        fixture.run(name).addErrback(failed)
    fixture.reply(("ack", 1))
    fixture.fill_buffer()
    fixture.run("waiting").addErrback(failed)
    end(fixture)
    assert told[:4] == [
        True,
        ("acknowledged", 1, CommandStage.ACKNOWLEDGED, True),
        ("sent", 2, CommandStage.SENT, True),
        ("waiting", None, CommandStage.NEVER_SENT, False),
    ]
    assert len(fixture.endpoint.attempts) == 1


@pytest.mark.parametrize(
    "reply",
    [
        {"id": "success"},
        {"id": "success", "reason": "done"},
        {"id": "success", "sequence_id": "1"},
        {"id": "success", "sequence_id": 1.0},
        {"id": "success", "sequence_id": True},
        {"id": "success", "sequence_id": None},
        {"id": "success", "sequence_id": [1]},
    ],
)
def test_reply_without_a_usable_id(reply: Message, caplog: pytest.LogCaptureFixture) -> None:
    """A status that names no command is warned about and delivered, and completes nothing."""
    fixture = Scripted()
    running = fixture.run()
    caplog.clear()
    fixture.reply(reply)
    assert not running.called
    assert fixture.messages == [reply]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "success without a usable sequence_id" in caplog.text


def test_a_status_of_nothing_is_a_message_like_any_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A status without a sequence id, while no command waits for one, is delivered as it is."""
    fixture = Scripted()
    fixture.reply({"id": "success"})
    assert fixture.messages == [{"id": "success"}]
    assert not caplog.records


@pytest.mark.parametrize(
    "message",
    [
        {"id": "powerSystemState", "sequence_id": 1},
        {"id": "SUCCESS", "sequence_id": 1},
        {"id": ["success"], "sequence_id": 1},
        {"sequence_id": 1},
    ],
)
def test_what_is_no_status(message: Message, caplog: pytest.LogCaptureFixture) -> None:
    """A message of another kind completes nothing, whatever its fields, and is delivered."""
    fixture = Scripted()
    running = fixture.run()
    caplog.clear()
    fixture.reply(message)
    assert not running.called
    assert fixture.messages == [message]
    assert not caplog.records


def test_success() -> None:
    """A command goes out as write_message writes it, and its outcome says when what happened."""
    fixture = Scripted()
    running = fixture.run(details={"powerType": 2, "status": True}, timeout=30)
    assert fixture.sent() == (
        b'{"powerType": 2, "status": true, "id": "cmd_power", "sequence_id": 1}\r\n'
    )
    fixture.clock.advance(0.5)
    fixture.reply(("ack", 1))
    fixture.clock.advance(20)
    fixture.reply(("success", 1))
    outcome = result_of(running)
    assert (outcome.command, outcome.sequence_id, outcome.reply) == (
        "power",
        1,
        {"id": "success", "sequence_id": 1},
    )
    assert (outcome.sent_at, outcome.accepted_at, outcome.finished_at) == (0.0, 0.5, 20.5)
    assert fixture.messages == [{"id": name, "sequence_id": 1} for name in ("ack", "success")]
    assert not fixture.clock.getDelayedCalls()


def test_many_in_flight() -> None:
    """Replies may come in any order, beside commands that nobody awaits."""
    fixture = Scripted()
    first = fixture.run("first")
    Deferred.fromCoroutine(fixture.client.write_message(MsgType.Command, "other"))
    second = fixture.run("second")
    assert fixture.sent_ids == [1, 2, 3]
    fixture.reply(("success", 2), ("success", 3), ("fail", 1))
    assert result_of(second).command == "second"
    assert isinstance(error_of(first), CommandFailed)


def test_from_a_callback_that_blocks_delivery() -> None:
    """A callback may await a command: its replies need not be delivered to be matched."""
    delivered: list[object] = []

    async def callback(message: Message) -> None:
        delivered.append(message["id"])
        if message["id"] == "event":
            outcome = await fixture.client.run_command("power")
            delivered.append(outcome.command)

    fixture = Scripted(callback)
    fixture.reply({"id": "event"}, {"id": "next"})
    fixture.reply(("ack", 1))
    assert delivered == ["event"]
    fixture.reply(("success", 1))
    assert delivered == ["event", "power", "next", "ack", "success"]


def test_cancelling_forgets_only_the_waiter(caplog: pytest.LogCaptureFixture) -> None:
    """The id of a cancelled command stays used, and its reply is recognised."""
    caplog.set_level(logging.INFO)
    fixture = Scripted()
    cancelled = fixture.run("first")
    running = fixture.run("second")
    cancelled.cancel()
    assert isinstance(error_of(cancelled), CancelledError)
    fixture.clock.advance(1)
    fixture.reply(("success", 1))
    assert "A late Success for first (1), 1.000 s after it was cancelled" in caplog.text
    assert not running.called
    fixture.reply(("success", 2))
    assert result_of(running).command == "second"
    third = fixture.run("third")
    third.cancel()
    assert isinstance(error_of(third), CancelledError)
    assert fixture.sent_ids == [1, 2, 3]
    assert not fixture.clock.getDelayedCalls()


def test_late_reply_after_a_reconnection(caplog: pytest.LogCaptureFixture) -> None:
    """After a loss nothing is sent again, and a late reply completes no new command."""
    caplog.set_level(logging.INFO)
    fixture = Scripted()
    lost = fixture.run("first")
    fixture.peer.receive(b'{"id": "success", "sequence')  # lost in the middle of a line
    fixture.peer.lose()
    assert isinstance(error_of(lost), CommandLost)
    fixture.clock.advance(30)
    fixture.peer = fixture.endpoint.last.accept()
    assert fixture.sent() == b""
    running = fixture.run("second")
    fixture.reply(("success", 1))
    assert not running.called
    assert "A late Success for first (1), 30.000 s after it was lost" in caplog.text
    fixture.reply(("success", 2))
    assert result_of(running).command == "second"
    assert fixture.sent_ids == [2]


def test_a_late_reply_while_no_command_waits(caplog: pytest.LogCaptureFixture) -> None:
    """A reply that comes when the last command has timed out is told of all the same."""
    caplog.set_level(logging.INFO)
    fixture = Scripted()
    running = fixture.run("power", timeout=5, ack_timeout=5)
    fixture.clock.advance(5)
    assert isinstance(error_of(running), CommandTimeout)
    fixture.clock.advance(2)
    fixture.reply(("success", 1))
    assert "A late Success for power (1), 2.000 s after it timed out" in caplog.text
