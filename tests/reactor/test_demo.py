"""The demo, as `m2com demo` runs it but for the time one has to watch."""

import contextlib
import logging
import re
import socket

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError

from m2com_twisted.programs.demo import Demo
from tests.support.marks import unbound_socket
from tests.support.waiting import until


@pytest_twisted.ensureDeferred
async def test_demo_goes_through_it_all() -> None:
    """The demo shows commands, telemetry, a reconnection and the power going down."""
    from twisted.internet import reactor

    lines: list[str] = []
    await Demo(reactor, lines.append, watch_time=0.5).run()
    shown = "\n".join(lines)
    assert "> positionMirror" in shown
    assert " um" in shown
    assert "Connected again after an outage" in shown
    assert '{"id": "powerSystemState", "powerType": 2, "status": false, "state": 2}' in shown
    # What is logged after a demo is no longer its own.
    logging.getLogger("m2com.demo").warning("later")
    assert lines[-1] == "Both clients are closed."


async def first_line(ports: tuple[int | None, int | None], host: str) -> str:
    """Start a demo, and stop it when it has said where it listens."""
    from twisted.internet import reactor

    lines: list[str] = []
    demo = Deferred.fromCoroutine(Demo(reactor, lines.append, ports=ports, host=host).run())
    await until(lambda: lines or demo.called)
    demo.cancel()
    with contextlib.suppress(CancelledError):
        await demo
    return lines[0]


@pytest_twisted.ensureDeferred
async def test_demo_listens_where_the_others_do() -> None:
    """The demo listens on the usual ports of its address if they are free."""
    said = await first_line((None, None), "127.0.0.51")
    assert said == "A cell controller listens on 127.0.0.51:50000 and :50001."


@unbound_socket
@pytest_twisted.ensureDeferred
async def test_demo_goes_elsewhere_if_it_may() -> None:
    """If a port is taken and nobody asked for it, the demo takes free ones and says so."""
    with socket.create_server(("127.0.0.52", 50001)):
        said = await first_line((None, None), "127.0.0.52")
        found = re.fullmatch(
            r"A cell controller listens on 127\.0\.0\.52:(\d+) and :(\d+); port 50001 is taken\.",
            said,
        )
        assert found is not None
        assert "50001" not in found.groups()


@unbound_socket
@pytest.mark.parametrize("named", [0, 1])
@pytest_twisted.ensureDeferred
async def test_demo_does_not_go_elsewhere_if_it_may_not(named: int) -> None:
    """The demo takes the port that was asked for, or fails."""
    with socket.create_server(("127.0.0.53", 0)) as server:
        ports: list[int | None] = [None, None]
        ports[named] = server.getsockname()[1]
        with pytest.raises(CannotListenError, match=f"127.0.0.53:{ports[named]}"):
            await first_line((ports[0], ports[1]), "127.0.0.53")
