"""Commands with proof: newer than the command, within one deadline."""

import copy
import pickle
from typing import Any

import pytest
from twisted.internet.defer import CancelledError

from m2com_twisted import (
    CommandFailed,
    CommandLost,
    CommandOutcome,
    CommandStage,
    CommandTimeout,
    NotConnectedError,
)
from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.mirror import Condition, NotVerifiedError, Settings, Verified
from tests.support.fake_link import Linked

MASK = commands.SetEnabledFaultsMask(mask=5)
POWER_ON = commands.Power(power_type=PowerType.Motor, status=True)


def timed_out(name: str, sequence_id: int) -> CommandTimeout:
    """Return the error of an acknowledged command that was never answered."""
    return CommandTimeout("was not answered", name, sequence_id, CommandStage.ACKNOWLEDGED)


def lost(name: str, sequence_id: int) -> CommandLost:
    """Return the error of a command whose connection was lost."""
    return CommandLost("was lost", name, sequence_id, CommandStage.SENT)


def test_goes_out_typed() -> None:
    """The command goes to the link by its name, with its details as they are on the wire."""
    linked = Linked()
    linked.run(POWER_ON)
    ((_, name, details, _),) = linked.link.pending
    assert (name, details) == ("power", {"powerType": 1, "status": True})


def test_success_then_proof() -> None:
    """The controller may report success before the effect: it is waited for."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.succeed()
    assert linked.outcome == []
    linked.link.event("enabledFaultsMask", mask=5)
    (verified,) = linked.outcome
    assert isinstance(verified, Verified)
    assert (verified.is_proved, verified.proof) == (True, "mask 0x5")
    assert verified.outcome is not None
    assert verified.outcome.command == "setEnabledFaultsMask"


def test_proof_then_success() -> None:
    """The effect usually comes before success: then there is nothing to wait for."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.event("enabledFaultsMask", mask=5)
    assert linked.outcome == []
    linked.link.succeed()
    assert linked.outcome[0].is_proved


def test_an_older_event_is_no_proof() -> None:
    """An event from before the command does not prove it."""
    linked = Linked()
    linked.link.event("enabledFaultsMask", mask=5)
    linked.run(MASK)
    linked.link.ack()
    linked.link.succeed()
    assert linked.outcome == []
    linked.link.event("enabledFaultsMask", mask=5)
    assert linked.outcome[0].is_proved


def test_an_event_of_the_command_before_is_no_proof() -> None:
    """An event before the acknowledgement is the effect of an earlier command."""
    linked = Linked()
    linked.run(MASK)
    linked.link.event("enabledFaultsMask", mask=5)
    linked.link.ack()
    linked.link.succeed()
    assert linked.outcome == []
    linked.link.event("enabledFaultsMask", mask=5)
    assert linked.outcome[0].is_proved


def test_success_without_acknowledgement() -> None:
    """Without an acknowledgement, messages after the sending count as proof."""
    linked = Linked()
    linked.run(MASK)
    linked.link.event("enabledFaultsMask", mask=5)
    linked.link.succeed()
    assert linked.outcome[0].is_proved


@pytest.mark.parametrize("status", [True, False], ids=["closed", "open"])
def test_a_loop_that_is_denied_at_once(status: bool) -> None:
    """An output bit that says the opposite, after the event of the loop: nothing is proved."""
    linked = Linked()
    linked.run(commands.SwitchForceBalanceSystem(status=status))
    linked.link.ack()
    linked.link.event("forceBalanceSystemStatus", status=status)
    linked.link.event("digitalOutput", value=0x1F | (0 if status else 32))
    linked.link.succeed()
    assert linked.outcome == []
    linked.link.event("digitalOutput", value=0x1F | (32 if status else 0))
    assert linked.outcome[0].is_proved


def test_another_effect_is_no_proof() -> None:
    """An event of the right class with another value does not do."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.event("enabledFaultsMask", mask=6)
    linked.link.succeed()
    assert linked.outcome == []


def test_success_without_effect() -> None:
    """Without a proof the error says what was accepted, what was not seen, and what was seen."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.event("enabledFaultsMask", mask=6)
    linked.link.succeed()
    linked.clock.advance(10.0)
    (error,) = linked.outcome
    assert isinstance(error, NotVerifiedError)
    assert isinstance(error, TimeoutError)
    assert (error.command, error.proof) == ("setEnabledFaultsMask", "mask 0x5")
    assert "EnabledFaultsMask(mask=6)" in error.seen
    assert isinstance(error.outcome, CommandOutcome)
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert str(same) == str(error)
        assert same.seen == error.seen


def test_one_deadline_for_both() -> None:
    """The time that the reply takes is no longer available for the proof."""
    linked = Linked()
    linked.run(MASK, timeout=8.0)
    assert linked.link.timeouts == [(8.0, 8.0)]
    linked.link.ack()
    linked.clock.advance(6.0)
    linked.link.succeed()
    linked.clock.advance(1.9)
    assert linked.outcome == []
    linked.clock.advance(0.2)
    assert isinstance(linked.outcome[0], NotVerifiedError)


def test_time_to_be_acknowledged_is_as_long() -> None:
    """A command waits for its acknowledgement while a power system takes its minute."""
    linked = Linked(Settings(power_timeout=77.0))
    linked.run(POWER_ON)
    assert linked.link.timeouts == [(77.0, 77.0)]


def test_missing_success_with_proof() -> None:
    """A command that was acknowledged and seen to take effect has succeeded without a reply."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.event("enabledFaultsMask", mask=5)
    linked.link.fail(timed_out)
    (verified,) = linked.outcome
    assert (verified.outcome, verified.proof) == (None, "mask 0x5")


def test_missing_success_without_proof() -> None:
    """Without reply and without effect, the error of the command is raised."""
    linked = Linked()
    linked.link.event("enabledFaultsMask", mask=5)
    linked.run(MASK)
    linked.link.ack()
    linked.link.fail(timed_out)
    assert isinstance(linked.outcome[0], CommandTimeout)


def test_failure_comes_out() -> None:
    """A command that the controller could not complete raises an error, whatever was seen."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.event("enabledFaultsMask", mask=5)
    linked.link.fail(
        lambda name, number: CommandFailed("failed", name, number, CommandStage.ACKNOWLEDGED)
    )
    assert isinstance(linked.outcome[0], CommandFailed)


def test_loss_comes_out() -> None:
    """A command whose connection was lost claims nothing, even if its effect was seen before."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.event("enabledFaultsMask", mask=5)
    linked.link.connect(command=False)
    linked.link.fail(lost)
    assert isinstance(linked.outcome[0], CommandLost)


def test_a_loss_while_waiting_for_the_proof() -> None:
    """An effect that was not seen before the loss may be told on the next connection."""
    linked = Linked()
    linked.run(MASK)
    linked.link.ack()
    linked.link.succeed()
    linked.link.connect(command=False)
    linked.link.connect()
    assert linked.outcome == []
    linked.link.event("enabledFaultsMask", mask=5)
    assert linked.outcome[0].is_proved


def test_without_proof() -> None:
    """A command that nothing proves is done with its success, and says so."""
    linked = Linked()
    linked.run(commands.SaveMirrorPosition())
    linked.link.ack()
    linked.link.succeed()
    (verified,) = linked.outcome
    assert (verified.is_proved, verified.proof) == (False, "")


def test_cancelled() -> None:
    """A cancelled command stops waiting, and leaves nothing behind."""
    linked = Linked()
    before = len(linked.clock.getDelayedCalls())
    running = linked.run(MASK)
    linked.link.ack()
    linked.link.succeed()
    running.cancel()
    assert isinstance(linked.outcome[0], CancelledError)
    assert len(linked.clock.getDelayedCalls()) == before


def test_faults_must_stay_cleared() -> None:
    """A fault whose cause is still there comes back in the next cycles: it is not cleared."""
    linked = Linked()
    linked.run(commands.ClearErrors())
    linked.link.ack()
    linked.link.event("summaryFaultsStatus", status=0)
    linked.link.succeed()
    linked.clock.advance(0.1)
    linked.link.event("summaryFaultsStatus", status=1 << 6)
    linked.clock.advance(10.0)
    (error,) = linked.outcome
    assert isinstance(error, NotVerifiedError)
    assert error.seen == "6056 limit switch in closed loop"


def _unsettled(linked: Linked) -> bool:
    return linked.mirror.condition is Condition.CHANGING


def _settled_start() -> Linked:
    linked = Linked()
    linked.link.event("powerSystemState", powerType=1, status=False, state=2)
    linked.link.event("powerSystemState", powerType=2, status=False, state=2)
    linked.link.event("forceBalanceSystemStatus", status=False)
    assert linked.mirror.condition is Condition.DISABLED
    return linked


@pytest.mark.parametrize("end", ["timeout", "loss", "cancelled"])
def test_changing_until_a_later_command_is_acknowledged(end: str) -> None:
    """After a power command without an answer the condition is CHANGING until a later command."""
    linked = _settled_start()
    running = linked.run(POWER_ON)
    assert _unsettled(linked)
    if end == "timeout":
        linked.link.fail(timed_out)
    elif end == "loss":
        linked.link.fail(lost)
        linked.link.connect(command=False)
        linked.link.connect()
        for power_type in (1, 2):
            linked.link.event("powerSystemState", powerType=power_type, status=False, state=2)
        linked.link.event("forceBalanceSystemStatus", status=False)
    else:
        running.cancel()
        linked.link.pending.clear()
    assert _unsettled(linked)
    linked.run(MASK)
    assert _unsettled(linked)
    linked.link.ack()
    linked.link.succeed()
    assert linked.mirror.condition is Condition.DISABLED


def test_not_sent_is_not_changing() -> None:
    """A command that was never sent changes nothing."""
    linked = _settled_start()
    linked.run(POWER_ON)
    linked.link.fail(lambda name, number: NotConnectedError("no connection"))
    assert linked.mirror.condition is Condition.DISABLED


def test_several_in_flight() -> None:
    """Commands may be sent beside each other; each has its own outcome."""
    linked = Linked()
    results: list[Any] = linked.outcome
    linked.run(MASK)
    linked.run(commands.SaveMirrorPosition())
    linked.link.ack(0)
    linked.link.event("enabledFaultsMask", mask=5)
    linked.link.succeed()
    linked.link.ack(0)
    linked.link.succeed()
    assert [verified.command for verified in results] == [MASK, commands.SaveMirrorPosition()]
