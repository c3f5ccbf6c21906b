"""Names of actuators, ILCs and faults: in texts for people, and in arguments from users."""

from collections.abc import Iterable, Sequence

from ..catalogue import actuators
from ..catalogue.faults import Fault

__all__ = ["actuator_indices", "actuator_names", "fault_names", "ilc_name", "ilc_names"]

#: Largest number of names in a line.  Longer lines are hard to read.
_MOST_NAMES = 12


def ilc_name(address: int) -> str:
    """Return the name of an ILC with its ModBUS id, for example ``B12 (ModBUS 12)``."""
    if 0 <= address < len(actuators.ILCS):
        ilc = actuators.ILCS[address]
        return f"{ilc.name} (ModBUS {ilc.modbus_id})"
    return f"unknown ILC {address}"


def ilc_names(addresses: Iterable[int]) -> str:
    """Return the names of some ILCs in one line."""
    return _listed([ilc_name(address) for address in sorted(addresses)])


def actuator_names(indices: Iterable[int]) -> str:
    """Return the names of some actuators in one line."""
    known = actuators.ACTUATORS
    return _listed(
        [known[index].name if 0 <= index < len(known) else str(index) for index in sorted(indices)]
    )


def actuator_indices(names: Sequence[str | int]) -> tuple[int, ...]:
    """Return the indices of actuators, each given by name or by index from 0.

    Raises
    ------
    ValueError
        If there is no such actuator.
    """
    indices = []
    for name in names:
        if isinstance(name, str):
            known = actuators.BY_NAME.get(name.upper())
            if known is None:
                raise ValueError(f"There is no actuator {name!r}.")
            indices.append(known.index)
        else:
            indices.append(name)
    return tuple(indices)


def fault_names(faults: Iterable[Fault]) -> str:
    """Return codes and names of some faults in one line."""
    return ", ".join(f"{fault.code} {fault.name}" for fault in faults)


def _listed(names: list[str]) -> str:
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
