"""Commands that set up the controller, and those about errors and scripts.

Source: :ref:`protocol-commands`, :ref:`protocol-motion`.
"""

from collections.abc import Iterable, Iterator

from ...catalogue import commands
from ...catalogue.enums import (
    ClosedLoopControlMode,
    CommandScript,
    InclinationTelemetrySource,
    InnerLoopControlMode,
)
from ..model import events
from ..model.configuration import config_event
from ..model.model import Model
from ..model.script import ScriptRefusedError
from .command import CommandRegister, Step
from .parameters import IGNORED, CommandRefusedError, as_given, word
from .power_commands import interlock

__all__ = ["COMMANDS"]

COMMANDS = CommandRegister()


@COMMANDS.register(commands.ClearErrors)
def clear_errors(model: Model) -> Iterator[Step]:
    """Clear errors, warnings and limit switches.  Those with a present cause come back."""
    model.faults.clear()
    yield events.summary_faults_status(0)
    yield events.digital_input(model.power.input)
    yield events.digital_output(model.refresh_output())
    yield interlock(model)


@COMMANDS.register(commands.SetEnabledFaultsMask, mask=word)
def set_enabled_faults_mask(model: Model, mask: int) -> Iterator[Step]:
    """Choose the faults that are not ignored."""
    model.faults.enabled = mask
    yield events.enabled_faults_mask(mask)


@COMMANDS.register(commands.RebootController)
def reboot_controller(model: Model) -> Iterable[Step]:
    """Stop the controller half a second later.  It does not start again."""
    model.reboot_requested = True
    return ()


@COMMANDS.register(commands.RunScript)
def run_script(
    model: Model, script_command: CommandScript, script_name: str = ""
) -> Iterable[Step]:
    """Load, run, pause, resume, stop or clear a script."""
    script = model.script
    actions = {
        CommandScript.LoadScript: lambda: script.load(script_name),
        CommandScript.Clear: script.clear,
        CommandScript.Run: script.run,
        CommandScript.Stop: script.stop,
        CommandScript.Pause: script.pause,
        CommandScript.Resume: script.run,
    }
    try:
        actions[script_command]()
    except ScriptRefusedError as error:
        raise CommandRefusedError(str(error)) from error
    return ()


@COMMANDS.register(commands.SwitchCommandSource)
def switch_command_source(model: Model, is_remote: bool) -> Iterator[Step]:
    """Change the commander.  Commands of both sides are still accepted."""
    model.commandable_by_dds = is_remote
    yield events.commandable_by_dds(is_remote)


@COMMANDS.register(commands.SetClosedLoopControlMode)
def set_closed_loop_control_mode(model: Model, mode: ClosedLoopControlMode) -> Iterator[Step]:
    """Announce a control mode.  This does not close or open the loop."""
    model.control_mode = mode
    yield events.closed_loop_control_mode(mode)


@COMMANDS.register(commands.SetInnerLoopControlMode)
def set_inner_loop_control_mode(
    model: Model, addresses: list[int], mode: InnerLoopControlMode
) -> Iterator[Step]:
    """Set the mode of some ILCs.  The communication power must be on."""
    _need_communication(model)
    for address in addresses:
        if mode is InnerLoopControlMode.ClearFaults:
            model.ilc_modes[address] = InnerLoopControlMode.Standby
        elif mode not in (InnerLoopControlMode.NoChange, InnerLoopControlMode.Unknown):
            model.ilc_modes[address] = mode
        yield _ilc_mode(model, address)


@COMMANDS.register(commands.GetInnerLoopControlMode)
def get_inner_loop_control_mode(model: Model, addresses: list[int]) -> Iterator[Step]:
    """Report the mode of some ILCs.  The communication power must be on."""
    _need_communication(model)
    for address in addresses:
        yield _ilc_mode(model, address)


def _need_communication(model: Model) -> None:
    if not model.communication_on:
        raise CommandRefusedError("the communication power is off")


def _ilc_mode(model: Model, address: int) -> Step:
    model.ilc_modes_told[address] = mode = model.ilc_modes[address]
    return events.inner_loop_control_mode(address, mode)


@COMMANDS.register(commands.LoadConfiguration)
def load_configuration(model: Model) -> Iterator[Step]:
    """Report the configuration in use."""
    yield config_event(model.configuration_file)


@COMMANDS.register(commands.SetConfigurationFile)
def set_configuration_file(model: Model, file: str) -> Iterator[Step]:
    """Use another configuration file, whether it exists or not."""
    model.configuration_file = file
    yield config_event(file)


@COMMANDS.register(commands.SetControlParameters, enable_lut_inclinometer=IGNORED)
def set_control_parameters(
    model: Model,
    use_external_elevation_angle: bool,
    enable_angle_comparison: bool,
    max_angle_difference: float,
    enable_lut_temperature: bool,
) -> Iterator[Step]:
    """Choose the sources of elevation and temperatures."""
    model.inclination_source = (
        InclinationTelemetrySource.MTMOUNT
        if use_external_elevation_angle
        else InclinationTelemetrySource.ONBOARD
    )
    model.compare_angles = enable_angle_comparison
    model.max_angle_difference = max_angle_difference
    model.lut_temperature_enabled = enable_lut_temperature
    model.look_up_temperatures()
    yield events.inclination_telemetry_source(model.inclination_source)


@COMMANDS.register(commands.SetTemperatureOffset, ring=as_given, intake=IGNORED, exhaust=IGNORED)
def set_temperature_offset(model: Model, ring: list[float]) -> Iterator[Step]:
    """Set the reference of the ring temperatures."""
    model.temperature_reference = ring
    if not model.as_original:
        model.look_up_temperatures()
    yield events.temperature_offset(ring)
