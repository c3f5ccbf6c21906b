"""The service with both connections, on a Clock."""

from typing import Any

import pytest
from twisted.application.service import IService
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from m2com_twisted import (
    ConnectionState,
    ControllerState,
    MsgType,
    NotConnectedError,
)
from tests.support.embedded_service import Embedded

UP = ConnectionState.CONNECTED
WAITING = ConnectionState.WAITING


def test_provides_iservice() -> None:
    """The service provides IService, so it can be the child of any application."""
    verifyObject(IService, Embedded().service)


def test_dials_when_started_not_before() -> None:
    """The constructor leaves the network alone."""
    embedded = Embedded()
    assert not embedded.command.attempts
    embedded.service.startService()
    assert len(embedded.command.attempts) == len(embedded.telemetry.attempts) == 1


def test_state_says_each_connection_and_both() -> None:
    """`both_up` is true only if both connections are up."""
    embedded = Embedded()
    embedded.service.startService()
    embedded.command.last.accept()
    assert embedded.service.state == ControllerState(UP, ConnectionState.CONNECTING)
    assert not embedded.service.state.both_up
    embedded.telemetry.last.accept()
    assert embedded.service.state.both_up


def test_controller_absent_at_start() -> None:
    """The service keeps trying both ports until they are there."""
    embedded = Embedded()
    embedded.service.startService()
    for _ in range(3):
        embedded.command.last.refuse()
        embedded.telemetry.last.refuse()
        embedded.clock.advance(1)
    embedded.command.last.accept()
    embedded.telemetry.last.accept()
    assert embedded.service.state.both_up
    assert len(embedded.command.attempts) == 4


def test_one_port_up_and_the_other_down() -> None:
    """Events come while the telemetry port is dialled over and over."""
    embedded = Embedded()
    embedded.service.startService()
    embedded.command.last.accept()
    embedded.telemetry.last.refuse()
    embedded.clock.advance(1)
    embedded.telemetry.last.refuse()
    embedded.command.last.receive(b'{"id": "interlock", "state": true}\r\n')
    assert embedded.told[-1] == "interlock"
    assert embedded.service.state == ControllerState(UP, WAITING)


def test_state_is_told_in_order_with_the_messages() -> None:
    """A state is told before the first message of a connection, and after its last."""
    embedded = Embedded()
    embedded.start()
    embedded.command.last.receive(b'{"id": "interlock"}\r\n')
    embedded.telemetry.last.receive(b'{"id": "position"}\r\n')
    embedded.command.last.lose()
    assert embedded.told == [
        ControllerState(UP, ConnectionState.CONNECTING),
        ControllerState(UP, UP),
        "interlock",
        "position",
        ControllerState(WAITING, UP),
    ]


def test_slow_on_state_is_called_for_one_change_at_a_time() -> None:
    """The second change waits until the callback is done with the first."""
    calls: list[Deferred[None]] = []

    def on_state(state: ControllerState) -> Deferred[None]:
        calls.append(Deferred())
        return calls[-1]

    embedded = Embedded(on_state=on_state)
    embedded.start()
    assert len(calls) == 1
    calls[0].callback(None)
    assert len(calls) == 2
    calls[1].callback(None)


def test_loss_is_told_as_loss_though_the_connection_is_back() -> None:
    """A callback that is busy during a loss and a recovery is told of both, in order."""
    calls: list[tuple[ControllerState, Deferred[None]]] = []

    def on_state(state: ControllerState) -> Deferred[None]:
        calls.append((state, Deferred()))
        return calls[-1][1]

    embedded = Embedded(on_state=on_state)
    embedded.service.startService()
    embedded.command.last.accept()
    embedded.command.last.lose()
    embedded.clock.advance(1)
    embedded.command.last.accept()
    calls[0][1].callback(None)
    calls[1][1].callback(None)
    assert [state.command for state, _ in calls] == [UP, WAITING, UP]


def test_raising_on_state_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """An on_state that raises is logged with its traceback, and both ports go on."""
    embedded = Embedded(on_state=lambda state: 1 / 0)
    embedded.start()
    assert embedded.service.stats.command.callback_errors == 1
    assert "ZeroDivisionError" in caplog.text
    assert embedded.service.state.both_up


def test_messages_go_to_the_port_of_their_type() -> None:
    """Commands and events are sent to the command port, telemetry to the telemetry port."""
    embedded = Embedded()
    embedded.start()
    for msg_type in MsgType.Command, MsgType.Event, MsgType.Telemetry:
        Deferred.fromCoroutine(embedded.service.write_message(msg_type, "x"))
    assert embedded.command.last.transport.value() == (
        b'{"id": "cmd_x", "sequence_id": 1}\r\n{"id": "evt_x"}\r\n'
    )
    assert embedded.telemetry.last.transport.value() == b'{"id": "tel_x"}\r\n'


def test_run_command_returns_the_outcome() -> None:
    """A command is awaited to its success."""
    embedded = Embedded()
    embedded.start()
    running = Deferred.fromCoroutine(embedded.service.run_command("clearErrors"))
    embedded.command.last.receive(
        b'{"id": "ack", "sequence_id": 1}\r\n{"id": "success", "sequence_id": 1}\r\n'
    )
    outcomes: list[Any] = []
    running.addCallback(outcomes.append)
    assert outcomes[0].command == "clearErrors"


def test_command_while_stopped_is_refused() -> None:
    """A command is refused while the service is stopped."""
    failures: list[Any] = []
    running = Deferred.fromCoroutine(Embedded().service.run_command("clearErrors"))
    running.addErrback(failures.append)
    assert isinstance(failures[0].value, NotConnectedError)


def test_stop_before_start_does_nothing() -> None:
    """Stopping before the start is done at once, and the service can be started after it."""
    embedded = Embedded()
    stopping = embedded.service.stopService()
    assert stopping.called
    embedded.start()
    assert embedded.service.state.both_up


def test_stop_fires_when_both_are_down() -> None:
    """The Deferred of a stop fires when both connections are down."""
    embedded = Embedded()
    embedded.start()
    stopping = embedded.service.stopService()
    embedded.command.last.lose()
    assert not stopping.called
    embedded.telemetry.last.lose()
    assert stopping.called
    assert embedded.service.state == ControllerState(ConnectionState.IDLE, ConnectionState.IDLE)
    assert not embedded.clock.getDelayedCalls()


def test_stop_while_dialling_and_waiting() -> None:
    """An attempt is given up, a retry is called off."""
    embedded = Embedded()
    embedded.service.startService()
    embedded.telemetry.last.refuse()
    assert embedded.service.stopService().called
    assert embedded.command.last.cancelled
    assert not embedded.clock.getDelayedCalls()


def test_start_after_stop_continues_the_sequence() -> None:
    """A service that is started again continues the sequence ids without a gap."""
    embedded = Embedded()
    for expected in 1, 2:
        embedded.start()
        Deferred.fromCoroutine(embedded.service.write_message(MsgType.Command, "x"))
        assert b'"sequence_id": %d}' % expected in embedded.command.last.transport.value()
        stopping = embedded.service.stopService()
        embedded.command.last.lose()
        embedded.telemetry.last.lose()
        assert stopping.called


def test_start_while_stopping_dials_when_down() -> None:
    """The old connections are closed first: a port serves one client."""
    embedded = Embedded()
    embedded.start()
    stopping = embedded.service.stopService()
    embedded.service.startService()
    assert len(embedded.command.attempts) == 1
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    assert stopping.called
    assert len(embedded.command.attempts) == len(embedded.telemetry.attempts) == 2


def test_started_twice_dials_once() -> None:
    """A second start of a running service does nothing."""
    embedded = Embedded()
    embedded.service.startService()
    embedded.service.startService()
    assert len(embedded.command.attempts) == 1


def test_port_taken_by_another_client_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A port that another client holds is dialled ever more slowly, with one warning."""
    failures: list[int] = []

    def policy(count: int) -> float:
        failures.append(count)
        return 1.0

    embedded = Embedded(retry_policy=policy)
    embedded.service.startService()
    for _ in range(6):
        embedded.command.last.accept().lose()
        embedded.clock.advance(1)
    assert caplog.text.count("another client may hold the port") == 1
    assert failures == [1, 2, 3, 4, 5, 6]


def test_stop_from_a_callback() -> None:
    """A service may be stopped by what it has received."""
    embedded: Embedded = Embedded(on_event=lambda message: embedded.service.stopService())
    embedded.start()
    embedded.command.last.receive(b'{"id": "a"}\r\n')
    assert embedded.command.last.transport.disconnecting
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    assert embedded.service.state == ControllerState(ConnectionState.IDLE, ConnectionState.IDLE)
