"""The demo, as `m2com demo` runs it but for the time one has to watch."""

import pytest_twisted

from m2com_twisted.demo import Demo


@pytest_twisted.ensureDeferred
async def test_demo_goes_through_it_all() -> None:
    """It shows commands, telemetry, a reconnection and the power going down."""
    from twisted.internet import reactor

    lines: list[str] = []
    await Demo(reactor, lines.append, watch_time=0.5).run()
    shown = "\n".join(lines)
    assert "> positionMirror" in shown
    assert " um" in shown
    assert "Connected again after an outage" in shown
    assert '{"id": "powerSystemState", "powerType": 2, "status": false, "state": 2}' in shown
    assert lines[-1] == "Both clients are closed."
