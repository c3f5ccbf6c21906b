"""Typed callbacks of the service: any number, of any kind, in the order of the messages."""

import logging
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks

from m2com_twisted.catalogue import commands, events, telemetry
from m2com_twisted.catalogue.enums import PowerSystemState, PowerType
from tests.support.embedded_service import Embedded
from tests.support.lines import line, lines
from tests.support.log_lines import errors, warnings

POWER = line("powerSystemState", powerType=1, status=True, state=5)
MOTOR_ON = events.PowerSystemState(PowerType.Motor, True, PowerSystemState.PoweredOn)
ELEVATION = line("inclinometerAngleTma", inclinometer=45.5)


def interlock(state: bool) -> bytes:
    """Return the line of an event that comes often in these tests."""
    return line("interlock", state=state)


def started(**options: Any) -> Embedded:
    """Return a service with both connections."""
    embedded = Embedded(**options)
    embedded.start()
    embedded.told.clear()
    return embedded


def test_a_callback_gets_the_messages_of_its_class_typed() -> None:
    """A callback gets typed messages of its class, and nothing else."""
    embedded = started()
    heard: list[object] = []
    embedded.service.subscribe(events.PowerSystemState, heard.append)
    embedded.service.subscribe(telemetry.InclinometerAngleTma, heard.append)
    embedded.command.last.receive(interlock(True) + POWER)
    embedded.telemetry.last.receive(ELEVATION)
    assert heard == [MOTOR_ON, telemetry.InclinometerAngleTma(45.5)]


def test_any_number_of_callbacks_in_the_order_in_which_they_subscribed() -> None:
    """Callbacks are called in the order of subscription, after the one for dicts."""
    told: list[object] = []
    embedded = started(on_event=lambda message: told.append(message["state"]))
    embedded.service.subscribe(events.Interlock, lambda event: told.append(("a", event.state)))
    embedded.service.subscribe(events.Interlock, lambda event: told.append(("b", event.state)))
    embedded.command.last.receive(interlock(True) + interlock(False))
    assert told == [True, ("a", True), ("b", True), False, ("a", False), ("b", False)]


def test_any_kind_of_callback_is_waited_for() -> None:
    """Coroutine functions and functions that return a Deferred hold up what comes after."""
    embedded = started(on_event=None)
    told: list[object] = []
    waiting: list[Deferred[None]] = [Deferred(), Deferred()]

    async def coroutine(event: events.Interlock) -> None:
        await waiting[0]
        told.append(("coroutine", event.state))

    @inlineCallbacks
    def deferred(event: events.Interlock) -> Generator[Deferred[None], object, None]:
        yield waiting[1]
        told.append(("deferred", event.state))

    embedded.service.subscribe(events.Interlock, coroutine)
    embedded.service.subscribe(events.Interlock, deferred)
    embedded.service.subscribe(events.PowerSystemState, told.append)
    embedded.command.last.receive(interlock(True) + POWER)
    assert told == []
    waiting[0].callback(None)
    assert told == [("coroutine", True)]
    waiting[1].callback(None)
    assert told == [("coroutine", True), ("deferred", True), MOTOR_ON]


def test_an_error_of_one_is_reported_and_does_not_keep_the_message_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error of a callback is logged and counted; the others are called."""

    def fail(event: object = None, message: object = None) -> None:
        raise RuntimeError("that callback")

    embedded = started(on_event=fail)
    heard: list[object] = []
    embedded.service.subscribe(events.Interlock, fail)
    embedded.service.subscribe(events.Interlock, heard.append)
    embedded.command.last.receive(interlock(True))
    embedded.command.last.receive(interlock(False))
    assert heard == [events.Interlock(True), events.Interlock(False)]
    assert embedded.service.stats.command.callback_errors == 4
    assert embedded.service.stats.telemetry.callback_errors == 0
    assert len(errors(caplog)) == 4
    assert all("'id': 'interlock'" in text for text in errors(caplog))


def test_a_cancelled_subscription_is_told_nothing_more() -> None:
    """A cancelled subscription is told nothing more, not even of the present message."""
    embedded = started()
    heard: list[object] = []
    first = embedded.service.subscribe(events.Interlock, lambda event: second.cancel())
    second = embedded.service.subscribe(events.Interlock, heard.append)
    third = embedded.service.subscribe(events.Interlock, lambda event: heard.append("third"))
    embedded.command.last.receive(interlock(True))
    embedded.command.last.receive(interlock(False))
    assert heard == ["third", "third"]
    assert (first.active, second.active, third.active) == (True, False, True)
    second.cancel()


@pytest.mark.parametrize("kind", [events.LimitSwitchStatus, events.Unknown])
def test_cancelled_subscriptions_are_not_kept(kind: Any) -> None:
    """Callbacks that come and go take no memory, even if no message of the class ever comes."""
    embedded = started()
    callbacks = []
    for _ in range(10):

        def callback(event: object) -> None: ...

        embedded.service.subscribe(kind, callback).cancel()
        callbacks.append(weakref.ref(callback))
    del callback
    assert sum(kept() is not None for kept in callbacks) <= 1


def test_a_callback_may_subscribe() -> None:
    """A callback that is subscribed in a callback gets the next message."""
    embedded = started()
    heard: list[object] = []

    def subscribe(event: events.Interlock) -> None:
        if event.state:
            embedded.service.subscribe(events.Interlock, heard.append)

    embedded.service.subscribe(events.Interlock, subscribe)
    embedded.command.last.receive(interlock(True))
    embedded.command.last.receive(interlock(False))
    assert heard == [events.Interlock(False)]


def test_what_does_not_fit_is_for_those_who_ask_for_it(caplog: pytest.LogCaptureFixture) -> None:
    """A message that does not fit its class is `Unknown`; without a callback for that, a line."""
    embedded = started()
    heard: list[object] = []
    embedded.service.subscribe(events.Interlock, heard.append)
    embedded.command.last.receive(lines({"id": "interlock", "state": "yes"}, {"id": ["odd"]}))
    assert heard == []
    assert "interlock that does not fit its class: Expected `bool`" in warnings(caplog)[0]
    unknown: list[events.Unknown] = []
    embedded.service.subscribe(events.Unknown, unknown.append)
    embedded.command.last.receive(lines({"id": "interlock", "state": "yes"}, {"id": ["odd"]}))
    embedded.telemetry.last.receive(lines({"id": "brandNew"}) + ELEVATION)
    assert [one.raw.get("id") for one in unknown] == ["interlock", ["odd"], "brandNew"]


def test_statuses_of_commands_can_be_heard() -> None:
    """The statuses of commands can be subscribed to, as messages of the command port."""
    embedded = started()
    heard: list[object] = []
    embedded.service.subscribe(events.NoAck, heard.append)
    embedded.command.last.receive(lines({"id": "noack", "sequence_id": 7}))
    assert heard == [events.NoAck(7)]


@pytest.mark.parametrize("kind", [commands.Power, int, events.Event, "interlock", events.Status])
def test_a_class_that_the_controller_does_not_send_is_refused(kind: Any) -> None:
    """A subscription to a class that the controller never sends is refused."""
    with pytest.raises(TypeError, match="no class of what the controller sends"):
        Embedded().service.subscribe(kind, print)


def test_what_cannot_be_a_callback_is_refused() -> None:
    """A subscription refuses the same callbacks as a client."""

    def generator(event: object) -> Generator[None, None, None]:
        yield

    service: Any = Embedded().service
    for callback in (generator, None, "text"):
        with pytest.raises(TypeError, match="callback"):
            service.subscribe(events.Interlock, callback)


@pytest.mark.parametrize("stop_from", ["outside", "the callback"])
def test_nothing_is_told_after_the_service_was_stopped(
    stop_from: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The callback that runs is cancelled, and the others are not called for its message."""
    embedded = started()
    heard: list[object] = []
    cancelled: list[object] = []

    async def wait(event: events.Interlock) -> None:
        if stop_from == "the callback":
            embedded.service.stopService()
            return
        try:
            await Deferred()
        except CancelledError:
            cancelled.append(event)
            raise

    embedded.service.subscribe(events.Interlock, wait)
    embedded.service.subscribe(events.Interlock, heard.append)
    embedded.command.last.receive(interlock(True) + interlock(False))
    if stop_from == "outside":
        embedded.service.stopService()
        assert cancelled == [events.Interlock(True)]
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    assert heard == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_callback_that_is_cancelled_by_somebody_else_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A callback that others cancel is logged as an error, and the next one is called."""
    embedded = started()
    heard: list[object] = []

    def cancelled(event: events.Interlock) -> None:
        raise CancelledError

    embedded.service.subscribe(events.Interlock, cancelled)
    embedded.service.subscribe(events.Interlock, heard.append)
    embedded.command.last.receive(interlock(True))
    assert heard == [events.Interlock(True)]
    assert len(errors(caplog)) == 1


def test_a_subscription_outlives_a_restart() -> None:
    """The service may be stopped and started again, and the callbacks stay."""
    embedded = started()
    heard: list[object] = []
    embedded.service.subscribe(events.Interlock, heard.append)
    embedded.service.stopService()
    embedded.command.last.lose()
    embedded.telemetry.last.lose()
    embedded.start()
    embedded.command.last.receive(interlock(True))
    assert heard == [events.Interlock(True)]


def test_a_change_of_the_message_by_the_first_callback_is_not_seen() -> None:
    """The typed message is what was received."""
    spoil: Callable[..., object] = lambda message: message.update(state="spoilt")  # noqa: E731
    embedded = started(on_event=spoil)
    heard: list[object] = []
    embedded.service.subscribe(events.Interlock, heard.append)
    embedded.command.last.receive(interlock(True))
    assert heard == [events.Interlock(True)]
