"""Parameters that the original accepts against its documentation.

The original hands received values to Python unchanged: for an enumeration 2.0 equals 2,
1 equals true, and -1 is the last item of a list.  It echoes the received value.  The
profile ``original`` does the same as long as no harm comes to the simulator.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any

from ...wire.codec import Message
from ..model.mirror import COUNT
from ..model.model import ILC_COUNT

__all__ = ["arguments_as_given", "echoed", "modes_before_refusal", "tolerated"]

#: Parameters that are an enumeration or a list of indices, with the length of the list.
_ENUMERATIONS = ("mode", "powerType", "bit", "scriptCommand", "actuatorCommand", "unit")
_INDICES = {"addresses": ILC_COUNT, "actuators": COUNT}

#: Parameters that the original takes for true or false as Python would.
_TRUTHS = {"cmd_switchForceBalanceSystem": "status", "cmd_switchCommandSource": "isRemote"}

#: The event that echoes a parameter of a command: parameter, event, field.
_ECHOES = {
    "cmd_switchForceBalanceSystem": ("status", "forceBalanceSystemStatus", "status"),
    "cmd_switchCommandSource": ("isRemote", "commandableByDDS", "state"),
    "cmd_setEnabledFaultsMask": ("mask", "enabledFaultsMask", "mask"),
    "cmd_setTemperatureOffset": ("ring", "temperatureOffset", "ring"),
}

#: The bits of the mask of the faults.
_MASK = 2**64 - 1

#: Temperatures of the ring.  The original only counts them; text has a length, too.
_RING_COUNT = 12

#: Commands whose function gets a parameter as it was given.
_CLOSE_LOOP, _MOVE_ACTUATORS = "cmd_switchForceBalanceSystem", "cmd_moveActuators"


def tolerated(message: Message) -> Message:
    """Return a command with the parameters that the original would understand from it."""
    return {key: _tolerated(message["id"], key, value) for key, value in message.items()}


def _tolerated(command: str, key: str, value: Any) -> Any:
    if key == _TRUTHS.get(command) and isinstance(value, int | float):
        return bool(value)
    if key in _ENUMERATIONS and isinstance(value, float) and value.is_integer():
        return int(value)
    if key == "mask" and isinstance(value, int) and not isinstance(value, bool):
        return value & _MASK
    if key == "ring" and isinstance(value, str | list) and len(value) == _RING_COUNT:
        return [item if type(item) in (int, float) else 0.0 for item in value]
    if key in _INDICES and isinstance(value, list):
        indices = [_index(item, _INDICES[key]) for item in value]
        # `arguments_as_given` has the actuators that do not exist.
        return [0 if _is_beyond(command, item) else item for item in indices]
    return value


def _is_beyond(command: str, item: Any) -> bool:
    """Whether an item is an actuator beyond the last; the original moves nothing for it."""
    return command == _MOVE_ACTUATORS and type(item) is int and item >= COUNT


def arguments_as_given(message: Message) -> dict[str, Any]:
    """Return the arguments that a function needs as the client gave them, of a readable command.

    These are a number given for the status of the loop, and the actuators to move, which may
    be ones that do not exist.
    """
    name, status, actuators = message["id"], message.get("status"), message.get("actuators")
    if name == _CLOSE_LOOP and not isinstance(status, bool):
        return {"status": status}
    if name == _MOVE_ACTUATORS and isinstance(actuators, list):
        return {"actuators": [_index(item, COUNT) for item in actuators]}
    return {}


def _index(value: Any, count: int) -> Any:
    """Return an index that may count from the end of a list."""
    return value + count if type(value) is int and -count <= value < 0 else value


def modes_before_refusal(message: Message) -> list[int]:
    """Return the ILCs that a refused command names before the first unknown one.

    The original sets the mode of these before it notices.
    """
    addresses = message.get("addresses")
    if message["id"] != "cmd_setInnerLoopControlMode" or not isinstance(addresses, list):
        return []
    indices = [_index(item, ILC_COUNT) for item in addresses]
    return list(takewhile(lambda index: index in range(ILC_COUNT), indices))


def echoed(message: Message, steps: Iterable[Any]) -> Iterator[Any]:
    """Yield the steps of a command, its events with the parameter as it was given."""
    parameter, event, field = _ECHOES.get(message["id"], ("", "", ""))
    replace: Callable[[Any], Any] = _addresses_as_given(message)
    for step in steps:
        value = message.get(parameter)
        if isinstance(step, dict) and step["id"] == event and not isinstance(value, bool):
            # Only of the mask, text means a number.
            if parameter == "mask" and isinstance(value, str):
                value = int(value)
            yield step | {field: value}
        else:
            yield replace(step)


def _addresses_as_given(message: Message) -> Callable[[Any], Any]:
    """Return a function that gives each event of an ILC the next address of a command."""
    addresses = iter(message.get("addresses", ()))

    def replace(step: Any) -> Any:
        if isinstance(step, dict) and step["id"] == "innerLoopControlMode":
            return step | {"address": next(addresses)}
        return step

    return replace
