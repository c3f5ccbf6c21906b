"""Parameters that the original accepts although its documentation does not allow them.

The original uses received values in Python without a check.  For an enumeration, 2.0 equals
2.  True equals 1, and -1 is the last item of a list.  The events repeat the received value.
The profile ``original`` does the same if it does not harm the simulator.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any

from ...wire.codec import Message
from ..model.mirror import COUNT
from ..model.model import ILC_COUNT

__all__ = ["arguments_as_given", "echoed", "modes_before_refusal", "tolerated"]

#: Parameters that are an enumeration.  Parameters that are a list of indices, each with the
#: number of items that an index may point to.
_ENUMERATIONS = ("mode", "powerType", "bit", "scriptCommand", "actuatorCommand", "unit")
_INDICES = {"addresses": ILC_COUNT, "actuators": COUNT}

#: Parameters of which the original takes the truth value in Python.
_TRUTHS = {"cmd_switchForceBalanceSystem": "status", "cmd_switchCommandSource": "isRemote"}

#: Events that repeat a parameter of a command: parameter, event, field.
_ECHOES = {
    "cmd_switchForceBalanceSystem": ("status", "forceBalanceSystemStatus", "status"),
    "cmd_switchCommandSource": ("isRemote", "commandableByDDS", "state"),
    "cmd_setEnabledFaultsMask": ("mask", "enabledFaultsMask", "mask"),
    "cmd_setTemperatureOffset": ("ring", "temperatureOffset", "ring"),
}

#: All bits of the mask of the faults.
_MASK = 2**64 - 1

#: Number of temperatures of the ring.  The original checks only this number, so it also accepts
#: text of this length.
_RING_COUNT = 12

#: Commands whose function gets a parameter as the client sent it.
_CLOSE_LOOP, _MOVE_ACTUATORS = "cmd_switchForceBalanceSystem", "cmd_moveActuators"


def tolerated(message: Message) -> Message:
    """Return a command with the values that the original would use for its parameters."""
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
        # `arguments_as_given` returns the actuators that do not exist.
        return [0 if _is_beyond(command, item) else item for item in indices]
    return value


def _is_beyond(command: str, item: Any) -> bool:
    """Whether an item is an index above the last actuator.  The original then moves nothing."""
    return command == _MOVE_ACTUATORS and type(item) is int and item >= COUNT


def arguments_as_given(message: Message) -> dict[str, Any]:
    """Return the arguments that a function needs as the client sent them.

    These are a number for the status of the loop, and the actuators to move, which need not
    exist.  The parameters must have been read before without an error.
    """
    name, status, actuators = message["id"], message.get("status"), message.get("actuators")
    if name == _CLOSE_LOOP and not isinstance(status, bool):
        return {"status": status}
    if name == _MOVE_ACTUATORS and isinstance(actuators, list):
        return {"actuators": [_index(item, COUNT) for item in actuators]}
    return {}


def _index(value: Any, count: int) -> Any:
    """Return an index from the start of a list.  A negative one counts from the end."""
    return value + count if type(value) is int and -count <= value < 0 else value


def modes_before_refusal(message: Message) -> list[int]:
    """Return the ILCs that a refused command names before the first unknown one.

    The original sets their mode before it finds the unknown one.
    """
    addresses = message.get("addresses")
    if message["id"] != "cmd_setInnerLoopControlMode" or not isinstance(addresses, list):
        return []
    indices = [_index(item, ILC_COUNT) for item in addresses]
    return list(takewhile(lambda index: index in range(ILC_COUNT), indices))


def echoed(message: Message, steps: Iterable[Any]) -> Iterator[Any]:
    """Yield the steps of a command.  Its events repeat the parameter as the client sent it."""
    parameter, event, field = _ECHOES.get(message["id"], ("", "", ""))
    replace: Callable[[Any], Any] = _addresses_as_given(message)
    for step in steps:
        value = message.get(parameter)
        if isinstance(step, dict) and step["id"] == event and not isinstance(value, bool):
            # Text means a number only in the mask.
            if parameter == "mask" and isinstance(value, str):
                value = int(value)
            yield step | {field: value}
        else:
            yield replace(step)


def _addresses_as_given(message: Message) -> Callable[[Any], Any]:
    """Return a function that puts the next address of a command into each event of an ILC."""
    addresses = iter(message.get("addresses", ()))

    def replace(step: Any) -> Any:
        if isinstance(step, dict) and step["id"] == "innerLoopControlMode":
            return step | {"address": next(addresses)}
        return step

    return replace
