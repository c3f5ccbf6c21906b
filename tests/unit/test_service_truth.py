"""What the service says of its connections is true, above all in the end."""

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted import CellControllerService, ConnectionState, ControllerState
from tests.support.embedded_service import Embedded
from tests.support.lines import line

IDLE = ConnectionState.IDLE
CONNECTED = ConnectionState.CONNECTED
STOPPED = ControllerState(IDLE, IDLE)
BOTH_UP = ControllerState(CONNECTED, CONNECTED)


def lose_all(embedded: Embedded) -> None:
    """End the connections of a service that is being stopped."""
    for endpoint in (embedded.command, embedded.telemetry):
        if endpoint.last.connected:
            endpoint.last.lose()


@pytest.mark.parametrize("slow", [False, True])
def test_on_state_ends_on_the_truth(slow: bool) -> None:
    """After the stop the last state told is that of a stopped service."""
    told: list[ControllerState] = []
    waits: Deferred[None] = Deferred()

    async def on_state(state: ControllerState) -> None:
        told.append(state)
        if slow and len(told) == 1:
            await waits

    embedded = Embedded(on_state=on_state)
    embedded.start()
    stopping = embedded.service.stopService()
    lose_all(embedded)
    assert stopping.called
    if slow:
        assert len(told) == 1
        waits.callback(None)
    assert told[-1] == STOPPED
    assert embedded.clock.getDelayedCalls() == []


@pytest.mark.parametrize("first", [False, True])
def test_on_state_may_await_the_stop(first: bool) -> None:
    """`on_state` may stop the service and await that, and is not cancelled."""
    told: list[ControllerState] = []
    seen: list[str] = []
    waits: Deferred[None] = Deferred()

    async def on_state(state: ControllerState) -> None:
        told.append(state)
        if state == BOTH_UP:
            if not first:
                await waits
            try:
                await embedded.service.stopService()
                seen.append("stopped")
            except CancelledError:
                seen.append("cancelled")

    embedded = Embedded(on_state=on_state)
    embedded.start()
    if not first:
        waits.callback(None)
    lose_all(embedded)
    assert seen == ["stopped"]
    assert told[-1] == STOPPED
    assert embedded.clock.getDelayedCalls() == []


def test_a_restart_is_told_from_the_beginning() -> None:
    """A service that is started again tells of its connections again."""
    told: list[ControllerState] = []
    embedded = Embedded(on_state=told.append)
    for _ in range(2):
        embedded.start()
        assert told[-1] == BOTH_UP
        embedded.service.stopService()
        lose_all(embedded)
        assert told[-1] == STOPPED


def test_a_state_has_its_times() -> None:
    """Beside each state are the time of its beginning and the age of the last message."""
    embedded = Embedded()
    assert embedded.service.state.command_since is None
    embedded.clock.advance(1)
    embedded.start()
    embedded.clock.advance(2)
    embedded.telemetry.last.receive(line("position"))
    embedded.clock.advance(3)
    state = embedded.service.state
    assert (state.command_since, state.telemetry_since) == (1.0, 1.0)
    assert (state.command_age, state.telemetry_age) == (None, 3.0)


def test_a_silent_telemetry_port_is_dialled_again() -> None:
    """10 s of silence after the first telemetry are a loss; before it they are not."""
    embedded = Embedded(retry_policy=lambda failures: 1.0)
    embedded.start()
    embedded.clock.advance(1000)
    assert not embedded.telemetry.last.transport.aborted
    embedded.telemetry.last.receive(line("position"))
    embedded.clock.advance(9.9)
    embedded.telemetry.last.receive(line("position"))
    embedded.clock.advance(9.9)
    assert not embedded.telemetry.last.transport.aborted
    embedded.clock.advance(0.1)
    assert embedded.telemetry.last.transport.aborted
    assert not embedded.command.last.transport.aborted
    embedded.telemetry.last.lose()
    embedded.clock.advance(1)
    embedded.telemetry.last.accept()
    embedded.clock.advance(1000)
    assert not embedded.telemetry.last.transport.aborted


def test_silence_timeouts_are_settings() -> None:
    """Either port may be given up when it is silent, or never."""
    embedded = Embedded(command_silence_timeout=60.0, telemetry_silence_timeout=None)
    embedded.start()
    for endpoint in (embedded.command, embedded.telemetry):
        endpoint.last.receive(line("first"))
    embedded.clock.advance(60)
    assert embedded.command.last.transport.aborted
    assert not embedded.telemetry.last.transport.aborted


@pytest.mark.parametrize("timeout", [None, -1, float("nan"), "10", True])
def test_a_bad_timeout_is_refused_when_the_service_is_made(timeout: Any) -> None:
    """A bad timeout is refused when the service is made."""
    with pytest.raises(ValueError, match="timeout"):
        CellControllerService("m2.example", connect_timeout=timeout)
