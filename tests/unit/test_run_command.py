"""The facade's `run_command`, against a controller that answers as scripted."""

from typing import Any

from twisted.internet.defer import Deferred

from .scripted_peer import Scripted

Message = dict[str, Any]


def test_reply_amid_a_chunk_that_is_half_delivered() -> None:
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
