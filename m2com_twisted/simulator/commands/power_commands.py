"""Commands of the power systems and the digital outputs.

Source: :ref:`protocol-commands`, :ref:`protocol-power`.
"""

from collections.abc import Iterator

from ...catalogue import commands
from ...catalogue.enums import DigitalOutput, DigitalOutputStatus, PowerSystemState, PowerType
from ..model import events
from ..model.model import Model
from ..model.power import INSTANT, OUTPUT_BIT, PowerTimes
from .command import CommandRegister, Step, Wait
from .parameters import CommandRefusedError, only_true

__all__ = ["COMMANDS"]

COMMANDS = CommandRegister()


def interlock(model: Model) -> Step:
    """Return the event of the interlock, and record that it was sent."""
    model.interlock_told = model.power.interlock_engaged
    return events.interlock(model.interlock_told)


def _switch(model: Model, power_type: PowerType, on: bool, times: PowerTimes) -> Iterator[Step]:
    """Switch a power system on or off, through its intermediate state."""
    if on:
        states = (PowerSystemState.PoweringOn, PowerSystemState.PoweredOn)
        seconds = times.on
    else:
        states = (PowerSystemState.PoweringOff, PowerSystemState.PoweredOff)
        seconds = times.off
    for state, duration in zip(states, seconds, strict=True):
        if duration:
            yield Wait(duration)
        model.set_power_state(power_type, state)
        yield events.power_system_state(power_type, state)


@COMMANDS.register(commands.Power, status=only_true)
def power(model: Model, power_type: PowerType, status: bool) -> Iterator[Step]:
    """Switch a power system on or off."""
    loop_was_closed = model.mirror.loop_closed
    yield from _switch(model, power_type, status, model.power.times)
    if loop_was_closed and not model.motor_on:
        model.stop_force_balance()
        yield events.force_balance_system_status(False)
    yield events.digital_input(model.power.input)
    yield events.digital_output(model.refresh_output())
    yield interlock(model)
    yield events.open_loop_max_limit(model.open_loop_max_limit)
    if model.motor_on:
        model.raise_fault(6052)  # the monitoring ILCs are missing


@COMMANDS.register(commands.ResetBreakers)
def reset_breakers(model: Model, power_type: PowerType) -> Iterator[Step]:
    """Close the breakers of a power system.  The system must be on.

    The event of the interlock repeats the last value, because the relay is read only afterwards.
    """
    if not model.power.is_on(power_type):
        yield events.digital_input(model.power.input)
        raise CommandRefusedError("the power is off")
    state = model.power.states[power_type]
    model.refresh_output()
    model.power.drive_reset(power_type, True)
    yield events.digital_output(model.power.output)
    yield events.interlock(model.interlock_told)
    model.power.open_breakers(power_type)
    yield events.digital_input(model.power.input)
    model.set_power_state(power_type, PowerSystemState.ResettingBreakers)
    yield events.power_system_state(power_type, PowerSystemState.ResettingBreakers)
    if model.power.times.reset:
        yield Wait(model.power.times.reset)
    model.power.drive_reset(power_type, False)
    model.power.close_breakers()
    model.set_power_state(power_type, state)
    yield events.digital_output(model.power.output)
    yield events.interlock(model.interlock_told)
    yield events.power_system_state(power_type, state)
    yield events.digital_input(model.power.input)


@COMMANDS.register(commands.SwitchDigitalOutput)
def switch_digital_output(
    model: Model, bit: DigitalOutput, status: DigitalOutputStatus
) -> Iterator[Step]:
    """Switch one digital output.  The power bits switch the power systems."""
    high = status is DigitalOutputStatus.BinaryHighLevel
    if status is DigitalOutputStatus.ToggleBit:
        high = not model.power.output & bit
    loop_was_closed = model.mirror.loop_closed
    model.power.set_output(bit, high)
    word = model.power.output
    # The original sends the state of the interlock before the power changes.
    before = [events.digital_output(word), interlock(model)] if model.as_original else []
    told: list[Step] = []
    for power_type in (PowerType.Communication, PowerType.Motor):
        told += _switch(model, power_type, bool(word & OUTPUT_BIT[power_type]), INSTANT)
    yield from before or [events.digital_output(model.power.output), interlock(model)]
    yield from told
    if loop_was_closed and not model.mirror.loop_closed:
        yield events.force_balance_system_status(False)
