"""What a report says was sent: nothing that the link says it never sent."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred

from m2com_twisted import CommandFailed, CommandRejected, CommandStage, NotConnectedError
from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.mirror import ProcedureCancelledError, ProcedureError, Report
from tests.support.fake_link import Linked


def refused(name: str, sequence_id: int) -> CommandRejected:
    """Return the error of a command that the service on a hub does not take."""
    return CommandRejected("was refused", name, None, CommandStage.NEVER_SENT)


def failed(name: str, sequence_id: int) -> CommandFailed:
    """Return the error of a command that the controller could not complete."""
    return CommandFailed("failed", name, sequence_id, CommandStage.ACKNOWLEDGED)


def unconnected(name: str, sequence_id: int) -> NotConnectedError:
    """Return the error of a command without a connection."""
    return NotConnectedError("Nothing was sent.")


def begin(procedure: Coroutine[Deferred[Any], Any, Report]) -> tuple[Deferred[Any], list[Any]]:
    """Begin with a procedure; return it, and a list that its error comes into."""
    outcome: list[Any] = []
    running = Deferred.fromCoroutine(procedure)
    running.addBoth(lambda result: outcome.append(getattr(result, "value", result)))
    return running, outcome


def test_make_safe_that_the_hub_refuses() -> None:
    """`make_safe` shows a refused stop as refused, and not as sent."""
    linked = Linked()
    linked.link.connect()
    running, outcome = begin(linked.mirror.make_safe())
    linked.link.fail(refused)
    linked.link.fail(failed)
    running.cancel()
    (error,) = outcome
    assert isinstance(error, ProcedureCancelledError)
    script, actuators, loop, motor = error.report.steps
    assert (script.sent, script.seen) == ([], "Command runScript was refused: never sent.")
    # The controller had this one.  The other two may have been sent.
    for step in actuators, loop, motor:
        assert len(step.sent) == 1
    lines = str(error.report).splitlines()
    assert not [line for line in lines if "sent runScript" in line]


def test_any_procedure_whose_command_is_not_sent() -> None:
    """The report of a procedure lists a command that failed, and none that was not sent."""
    for cause, expected in (unconnected, 0), (refused, 0), (failed, 1):
        linked = Linked()
        linked.link.connect()
        _, outcome = begin(linked.mirror.run_script("any"))
        linked.link.fail(cause)
        (error,) = outcome
        assert isinstance(error, ProcedureError)
        assert len(error.report.sent) == expected, cause


def test_a_refused_command_ends_no_earlier_one() -> None:
    """A refusal by the hub says nothing about a command before it, which may still take effect."""
    linked = Linked()
    linked.link.connect()
    linked.run(commands.Power(power_type=PowerType.Motor, status=True))
    linked.run(commands.ClearErrors())
    power = linked.link.pending.pop(0)
    linked.link.fail(refused)
    linked.link.pending.append(power)
    running, outcome = begin(linked.mirror.make_safe())
    running.cancel()
    assert "may still take effect: power(powerType=1, status=True)" in outcome[0].report.notes
