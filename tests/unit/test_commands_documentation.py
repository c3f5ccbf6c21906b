"""What the documentation of commands says is what happens."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from examples.switch_power import switch_power_on
from tests.support.coroutines import error_of, result_of
from tests.support.scripted_peer import Scripted

TEXT = (Path(__file__).parents[2] / "docs" / "commands.rst").read_text()


@pytest.mark.parametrize(
    ("replies", "told"),
    [
        (["ack", "success"], "Switched on in 0.0 s"),
        (["ack", "fail"], "It did not succeed. Command power (sequence id 1) failed"),
        (
            ["ack"],
            "Check the state before you repeat it. Command power (sequence id 1) timed out",
        ),
    ],
)
def test_example(replies: list[str], told: str) -> None:
    """The example tells success, failure and the unknown apart."""
    fixture = Scripted()
    running = Deferred.fromCoroutine(switch_power_on(fixture.client))
    assert fixture.sent().startswith(b'{"powerType": 2, "status": true, "id": "cmd_power"')
    fixture.reply(*((name, 1) for name in replies))
    fixture.clock.advance(90)
    assert result_of(running).startswith(told)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        (["noack"], {}),
        (["ack", "fail"], {}),
        ([10], {}),
        (["ack", 60], {}),
        (["ack", "lose"], {}),
        (["full", 10], {}),
        ([], {"timeout": 0}),
    ],
)
def test_messages(script: list[str | int], arguments: dict[str, Any]) -> None:
    """The messages that the documentation quotes are those of the errors."""
    fixture = Scripted()
    if "full" in script:
        fixture.fill_buffer()
    running = fixture.run(**arguments)
    for step in script:
        if isinstance(step, int):
            fixture.clock.advance(step)
        elif step == "lose":
            fixture.peer.lose()
        elif step != "full":
            fixture.reply((step, 1))
    assert f"\n    {error_of(running)}\n" in TEXT


def test_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    """The log lines that the documentation quotes are those of the client."""
    caplog.set_level("INFO")
    fixture = Scripted(sequence_generator=iter([1, 3]))
    running = fixture.run()
    fixture.reply(("ack", 1))
    fixture.clock.advance(60)
    error_of(running)
    fixture.clock.advance(2.5)
    rejected = fixture.run()
    fixture.reply(("success", 1), ("noack", 2), {"id": "success"})
    error_of(rejected)
    quoted = [line.strip("`") for line in TEXT.splitlines() if line.startswith("``")]
    lines = [line for line in quoted if any(line in text for text in caplog.messages)]
    assert len(lines) == 3
