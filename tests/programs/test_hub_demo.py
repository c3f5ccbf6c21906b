"""The demo of the hub, as `m2com demo --hub` runs it."""

import pytest
import pytest_twisted

from m2com_twisted.errors import M2ComError
from m2com_twisted.hub import LocalServer, local_server
from m2com_twisted.programs.hub_demo import HubDemo
from tests.support.nats_server import needs_nats_server
from tests.support.waiting import the_reactor


@needs_nats_server
@pytest_twisted.ensureDeferred
async def test_demo_of_the_hub() -> None:
    """The demo shows a command, a refusal, a late reader, and an outage that costs no event."""
    lines: list[str] = []
    await HubDemo(the_reactor(), lines.append).run()
    shown = "\n".join(lines)
    assert "> power" in shown
    assert "  succeeded after" in shown
    assert "the service does not take it from the hub: never sent" in shown
    assert "messages of the command port are missing" not in shown
    assert "All is closed." in lines


def test_no_server_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a nats-server, one line says how to get one."""
    monkeypatch.setattr(local_server, "nats_server_program", lambda: None)
    with pytest.raises(M2ComError, match="apt install nats-server"):
        LocalServer()
