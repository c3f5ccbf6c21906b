"""The faults: those of now, all that there were, and which came first."""

from m2com_twisted.catalogue.faults import Severity
from tests.support.told_mirror import FAULT_6056, WARNING_6078, Told


def test_not_told() -> None:
    """Before the first status of the faults is received, the faults are not known."""
    faults = Told().state.faults
    assert not faults.is_known
    assert faults.current == ()


def test_current_is_the_last_word() -> None:
    """A fault that is not in the last word is no fault of now, whoever cleared it."""
    told = Told()
    told.event("summaryFaultsStatus", status=FAULT_6056 | WARNING_6078)
    assert [fault.code for fault in told.state.faults.current] == [6056, 6078]
    told.event("summaryFaultsStatus", status=0)
    assert told.state.faults.current == ()
    assert told.state.faults.is_known


def test_latched_with_times_and_count() -> None:
    """A fault stays latched with the times of its first and last word, and how often it came."""
    told = Told()
    told.event("summaryFaultsStatus", status=FAULT_6056)
    told.now = 103.0
    told.event("summaryFaultsStatus", status=FAULT_6056 | WARNING_6078)
    told.event("summaryFaultsStatus", status=0)
    told.now = 110.0
    told.event("summaryFaultsStatus", status=FAULT_6056)
    told.event("summaryFaultsStatus", status=0)
    latched = told.state.faults.latched[6]
    assert (latched.fault.code, latched.count) == (6056, 2)
    assert (latched.first_seen, latched.last_seen) == (100.0, 110.0)
    assert told.state.faults.latched[21].last_seen == 103.0


def test_forget_keeps_what_is_still_there() -> None:
    """`forget` removes latched faults, but not the current ones."""
    told = Told()
    told.event("summaryFaultsStatus", status=FAULT_6056)
    told.event("summaryFaultsStatus", status=WARNING_6078)
    told.state.faults.forget()
    assert set(told.state.faults.latched) == {21}


def test_after_a_loss() -> None:
    """After a loss the current faults are not known, and the latched ones stay."""
    told = Told()
    told.event("summaryFaultsStatus", status=FAULT_6056)
    told.reconnect_command()
    assert not told.state.faults.is_known
    assert told.state.faults.current == ()
    assert set(told.state.faults.latched) == {6}


def test_told_again_after_a_loss_is_nothing_new() -> None:
    """A fault that was there before the loss is not counted again when it is told again."""
    told = Told()
    told.event("summaryFaultsStatus", status=FAULT_6056)
    told.reconnect_command()
    told.event("summaryFaultsStatus", status=FAULT_6056)
    assert told.state.faults.latched[6].count == 1
    assert told.state.faults.new == []


def test_faults_and_warnings() -> None:
    """Faults and warnings can be told apart."""
    told = Told()
    told.event("summaryFaultsStatus", status=FAULT_6056 | WARNING_6078)
    assert [fault.code for fault in told.state.faults.serious()] == [6056]


def test_reserved_bits_are_shown() -> None:
    """A bit that no table knows is shown as what it is, and latched."""
    told = Told()
    told.event("summaryFaultsStatus", status=1 << 40)
    (fault,) = told.state.faults.current
    assert (fault.bit, fault.severity) == (40, Severity.RESERVED)
    assert told.state.faults.latched[40].count == 1


def test_masked_faults_are_shown() -> None:
    """Current faults that the mask excludes are shown apart."""
    told = Told()
    told.event("enabledFaultsMask", mask=(1 << 64) - 1 & ~FAULT_6056)
    told.event("summaryFaultsStatus", status=FAULT_6056 | WARNING_6078)
    mask, names = told.state.masked_faults
    assert mask is not None
    assert names == ("limit switch in closed loop",)


def test_each_fault_has_advice() -> None:
    """Each latched fault has advice for a person."""
    told = Told()
    told.event("summaryFaultsStatus", status=(1 << 64) - 1)
    latched = told.state.faults.latched
    assert len(latched) == 64
    assert all(seen.fault.advice for seen in latched.values())


def test_first_out() -> None:
    """The fault that came first is kept, whatever follows it."""
    told = Told()
    told.event("summaryFaultsStatus", status=WARNING_6078)
    told.now = 101.0
    told.event("summaryFaultsStatus", status=WARNING_6078 | FAULT_6056)
    first = told.state.faults.first_out
    assert first is not None
    assert [fault.code for fault in first.faults] == [6078]
    assert (first.at, first.opened_loop) == (100.0, False)


def test_first_out_of_the_next_time() -> None:
    """After the faults were cleared, the next fault counts as the first."""
    told = Told()
    told.event("summaryFaultsStatus", status=WARNING_6078)
    told.event("summaryFaultsStatus", status=0)
    told.event("summaryFaultsStatus", status=FAULT_6056)
    first = told.state.faults.first_out
    assert first is not None
    assert [fault.code for fault in first.faults] == [6056]


def test_the_opened_loop_belongs_to_the_fault() -> None:
    """The event of the opened loop, just before the word, is the first sign of the fault."""
    told = Told()
    told.event("forceBalanceSystemStatus", status=True)
    told.now = 200.0
    told.event("forceBalanceSystemStatus", status=False)
    told.now = 200.1
    told.event("summaryFaultsStatus", status=FAULT_6056)
    first = told.state.faults.first_out
    assert first is not None
    assert (first.at, first.opened_loop) == (200.0, True)


def test_a_loop_opened_long_before_does_not() -> None:
    """A loop that was opened two seconds before has another reason, such as a command."""
    told = Told()
    told.event("forceBalanceSystemStatus", status=True)
    told.event("forceBalanceSystemStatus", status=False)
    told.now += 2.0
    told.event("summaryFaultsStatus", status=FAULT_6056)
    first = told.state.faults.first_out
    assert first is not None
    assert not first.opened_loop


def test_a_loop_told_open_twice_does_not() -> None:
    """A loop that was open already was not opened by the fault."""
    told = Told()
    told.event("forceBalanceSystemStatus", status=False)
    told.event("summaryFaultsStatus", status=FAULT_6056)
    first = told.state.faults.first_out
    assert first is not None
    assert not first.opened_loop
