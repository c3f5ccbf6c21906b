"""Commands and feeds of the catalogue, sent by the client and by the service."""

import copy
import pickle
from typing import Any

import pytest

from m2com_twisted import CommandFailed, CommandOutcome, InvalidMessageError
from m2com_twisted.catalogue import commands, feeds
from m2com_twisted.catalogue.enums import PowerType
from tests.support.coroutines import error_of, result_of, start
from tests.support.embedded_service import Embedded
from tests.support.lines import lines, status
from tests.support.scripted_peer import Scripted

POWER = commands.Power(PowerType.Motor, True)


def test_a_typed_command_is_sent_as_one_by_name() -> None:
    """The bytes are those that `run_command` sends for the same parameters."""
    typed, named = Scripted(), Scripted()
    start(typed.client.run(commands.PositionMirror(x=1, z=-2.5))).addErrback(lambda _: None)
    details = {"x": 1.0, "y": 0.0, "z": -2.5, "xRot": 0.0, "yRot": 0.0, "zRot": 0.0}
    named.run("positionMirror", details=details).addErrback(lambda _: None)
    assert typed.sent() == named.sent() != b""


def test_the_outcome_has_the_command() -> None:
    """The outcome of a typed command has that command as its request, and can be pickled."""
    scripted = Scripted()
    running = start(scripted.client.run(POWER))
    scripted.reply(("ack", 1), ("success", 1))
    outcome = result_of(running)
    assert outcome.request is POWER
    assert (outcome.command, outcome.sequence_id) == ("power", 1)
    for again in (copy.copy(outcome), pickle.loads(pickle.dumps(outcome))):
        assert again == outcome
        assert isinstance(again, CommandOutcome)


def test_the_outcome_of_a_command_by_name_has_none() -> None:
    """The outcome of a command by name has no request."""
    scripted = Scripted()
    running = scripted.run("power")
    scripted.reply(("ack", 1), ("success", 1))
    assert result_of(running).request is None


def test_errors_and_timeouts_are_those_of_run_command() -> None:
    """A command that fails raises, and the timeouts are passed on."""
    scripted = Scripted()
    running = start(scripted.client.run(POWER, ack_timeout=1.0, timeout=5.0))
    scripted.reply(("ack", 1), ("fail", 1))
    assert isinstance(error_of(running), CommandFailed)
    running = start(scripted.client.run(POWER, ack_timeout=1.0))
    scripted.clock.advance(1.0)
    assert isinstance(error_of(running), TimeoutError)


@pytest.mark.parametrize("nothing", [commands.ClearErrors, "power", None, feeds.MountElevation(1)])
def test_what_is_no_command_is_refused(nothing: Any) -> None:
    """The class of a command, for example; nothing is sent and no id is used."""
    scripted = Scripted()
    assert isinstance(error_of(scripted.client.run(nothing)), InvalidMessageError)
    assert isinstance(error_of(scripted.client.write(POWER)), InvalidMessageError)  # type: ignore[arg-type]  # that is the point
    assert scripted.sent() == b""


def test_the_service_runs_a_command() -> None:
    """The service runs a typed command over its command port."""
    embedded = Embedded()
    embedded.start()
    running = start(embedded.service.run(commands.ClearErrors()))
    embedded.command.last.receive(lines(status("ack", 1), status("success", 1)))
    assert result_of(running).request == commands.ClearErrors()


def test_the_service_writes_a_feed_to_its_port() -> None:
    """The service sends the elevation to the telemetry port, and the event to the command port."""
    embedded = Embedded()
    embedded.start()
    result_of(embedded.service.write(feeds.MountElevation(45)))
    result_of(embedded.service.write(feeds.MountInPosition(True)))
    assert embedded.telemetry.last.transport.value() == (
        b'{"actualPosition": 45.0, "id": "tel_elevation", "compName": "MTMount"}\r\n'
    )
    assert embedded.command.last.transport.value() == (
        b'{"inPosition": true, "id": "evt_mountInPosition", "compName": "MTMount"}\r\n'
    )
