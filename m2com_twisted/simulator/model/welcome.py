"""The messages that greet a command client.

Source: :ref:`protocol-events`.
"""

from ...catalogue.enums import PowerType
from ...wire.codec import Message
from . import events
from .configuration import CONFIGURATION_FILES, config_event
from .model import Model

__all__ = ["welcome"]


def welcome(model: Model) -> list[Message]:
    """Return the 99 messages of the present state, in order.

    The state of the interlock is the one last sent.  The original says that it is not engaged,
    even if the digital words show the opposite.
    """
    power = model.power
    messages = [
        events.tcp_ip_connected(),
        events.commandable_by_dds(model.commandable_by_dds),
        events.hardpoint_list(model.mirror.hardpoints),
        events.bypassed_actuator_ilcs(model.mirror.hardpoints),
        events.interlock(model.interlock_told),
        events.inclination_telemetry_source(model.inclination_source),
        events.temperature_offset(model.temperature_reference),
        events.digital_input(power.input),
        events.digital_output(model.output),
        config_event(model.configuration_file),
        events.closed_loop_control_mode(model.control_mode),
        events.enabled_faults_mask(model.faults.enabled),
        events.configuration_files(CONFIGURATION_FILES),
    ]
    for power_type in (PowerType.Communication, PowerType.Motor):
        messages.append(events.power_system_state(power_type, power.states[power_type]))
    for address, mode in enumerate(model.ilc_modes_told):
        messages.append(events.inner_loop_control_mode(address, mode))
    return messages
